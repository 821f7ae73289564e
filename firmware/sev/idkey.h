/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA keys and signatures on P-384 as the security processor takes them, SNP's with SHA-384, SEV's with either hash:
 * little-endian numbers of 72 bytes in fixed fields. Fields may be hostile: everything that the numbers do not use must
 * be zero, points must lie on the curve, and r and s within its order.
 *
 * spec: SEV-SNP ABI 1.55, chapter 10 (public key and signature formats)
 */
#pragma once

#include "firmware/sev/idblock.h"

enum { COF_IDSIG_LEN = 512 };

/* The public half of any key that OpenSSL can hold, an HSM's too. Reason "idkey-unsupported". */
COF_WUR int cof_idkey_bytes(EVP_PKEY *key, uint8_t ret[COF_IDKEY_LEN], cof_err *err);
/* *ret is freed with EVP_PKEY_free. Reason "idauth-malformed". */
COF_WUR int cof_idkey_parse(cof_span in, EVP_PKEY **ret, cof_err *err);

/* Reason "sign-failed" (io: a token may refuse). */
COF_WUR int cof_idkey_sign(EVP_PKEY *key, cof_hash alg, cof_span message, uint8_t ret[COF_IDSIG_LEN], cof_err *err);
/* key comes from cof_idkey_parse. Reasons "idauth-malformed", "idauth-signature". */
COF_WUR int cof_idkey_check(EVP_PKEY *key, cof_hash alg, cof_span message, cof_span sig, cof_err *err);
