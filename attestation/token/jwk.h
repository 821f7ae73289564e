/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file with one public key as JWK, which its caller chose to believe. Read strictly all the same: a key for another
 * use, or one with its private half in it, is a mistake that somebody must hear of.
 *
 * spec: RFC 7517, 4 (members); RFC 7518, 6.2 (EC) and 6.3 (RSA)
 */
#pragma once

#include <openssl/types.h>

#include "common/buf.h"

enum { COF_JWK_MAX = 16 << 10 };

/* On P-256 or P-384, or RSA of 2048 to 8192 bits. Reason "jwk-malformed". *ret is freed with EVP_PKEY_free. */
COF_WUR int cof_jwk_parse(cof_span text, EVP_PKEY **ret, cof_err *err);
