/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA over P-256 with SHA-256 where keys and signatures are raw numbers: x||y and R||S, big-endian, 64 bytes each.
 * Every failure, memory too, is "no": a caller can only refuse.
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum { COF_P256_RAW_LEN = 64 };

/* Freed with EVP_PKEY_free; NULL when the numbers are no point of the curve. like: a key on P-256, whose curve is taken
 * over, or NULL: that is slower. */
COF_WUR EVP_PKEY *cof_p256_key(cof_span xy, EVP_PKEY *like);
/* An EC key of the named curve; explicit parameters are refused, they may describe another one. */
COF_WUR bool cof_p256_is(const EVP_PKEY *key);
/* The same with a signature in DER, as certificates have it. */
COF_WUR bool cof_p256_verify_der(EVP_PKEY *key, cof_span message, cof_span der);
/* False for R or S outside of 1 to n-1, too. */
COF_WUR bool cof_p256_verify(EVP_PKEY *key, cof_span message, cof_span rs);
