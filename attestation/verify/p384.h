/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA over P-384 with SHA-384 where signatures are raw numbers R and S, big-endian, 48 bytes each. */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum { COF_P384_NUMBER_LEN = 48, COF_P384_POINT_LEN = 1 + 2 * COF_P384_NUMBER_LEN };

/* An uncompressed point. Freed with EVP_PKEY_free; NULL when it is none of the curve. */
COF_WUR EVP_PKEY *cof_p384_key(cof_span point);
/* From 1 to the order of the curve less 1. */
bool cof_p384_in_range(const uint8_t n[COF_P384_NUMBER_LEN]);
/* *ret: it holds; false for numbers out of range too. key: on P-384. Fails for memory alone. */
COF_WUR int cof_p384_verify(EVP_PKEY *key, cof_span message, const uint8_t r[COF_P384_NUMBER_LEN],
			    const uint8_t s[COF_P384_NUMBER_LEN], bool *ret, cof_err *err);
