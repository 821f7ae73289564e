/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as files have them: PEM, DER and JWK, private and public, and certificates. RSA, and EC on P-256, P-384 and
 * P-521. JWKs also come from packets (ephemeral keys), so they are read as hostile.
 *
 * spec: RFC 7517, RFC 7518 6.2 and 6.3
 */
#pragma once

#include <openssl/x509.h>

#include "common/json.h"
#include "common/secret.h"

enum { COF_ENC_RSA_MIN = 2048, COF_ENC_RSA_MAX = 16384, COF_ENC_JWK_TEXT_MAX = 256 };

/* password NULL: none is known. Reasons "key-malformed", "key-password", "key-unsupported". */
COF_WUR int cof_enc_keyfile_private(cof_span file, const cof_secret *password, EVP_PKEY **ret, cof_err *err);
/* Not a certificate. A JWK's alg and kid are heap texts, NULL when there is none. The same reasons. */
COF_WUR int cof_enc_keyfile_public(cof_span file, EVP_PKEY **ret, char **ret_alg, char **ret_kid, cof_err *err);
/* Its signature and dates are not judged: who encrypts for it has chosen it. Reason "key-malformed". */
COF_WUR int cof_enc_keyfile_cert(cof_span file, X509 **ret, cof_err *err);

/* EC points are checked to be on their curve. Reason "key-malformed", "key-unsupported". */
COF_WUR int cof_enc_jwk_key(const json_t *jwk, bool is_private, EVP_PKEY **ret, cof_err *err);

/* "RSA", "P-256", "P-384", "P-521"; NULL for any other key. */
const char *cof_enc_key_kind(const EVP_PKEY *key);
