/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSASSA-PSS as AMD uses it: MGF1 over the hash of the message, and a salt of exactly that hash's length. Others are
 * refused, whatever a signature says of itself.
 *
 * spec: RFC 8017, 8.1
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/digest.h"

/* key: RSA, or NULL: then no. Every failure, memory too, is "no": a caller can only refuse. */
COF_WUR bool cof_pss_verify(EVP_PKEY *key, cof_hash alg, cof_span message, cof_span signature);
