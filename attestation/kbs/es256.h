/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA on P-256 with SHA-256 in JOSE's form: 64 bytes, r and s. spec: RFC 7518 3.4 */
#pragma once

#include <openssl/evp.h>

#include "common/buf.h"

enum { COF_ES256_LEN = 64 };

static inline void cof_pkey_release(EVP_PKEY *k)
{
	EVP_PKEY_free(k);
}
typedef EVP_PKEY cof_pkey;
COF_DEFINE_AUTO_PTR(cof_pkey, cof_pkey_release)

COF_WUR int cof_es256_sign(EVP_PKEY *key, cof_span in, uint8_t out[COF_ES256_LEN], cof_err *err);
/* 0 only for a good signature; crypto, reason "bad-signature". sig is hostile. */
COF_WUR int cof_es256_verify(EVP_PKEY *key, cof_span in, cof_span sig, cof_err *err);

/* A fresh P-256 key. */
COF_WUR int cof_es256_new(EVP_PKEY **ret, cof_err *err);
/* PEM, PKCS#8 and SubjectPublicKeyInfo; reason "bad-key" for anything but a P-256 key. */
COF_WUR int cof_es256_read_private(cof_span pem, EVP_PKEY **ret, cof_err *err);
COF_WUR int cof_es256_read_public(cof_span pem, EVP_PKEY **ret, cof_err *err);
COF_WUR int cof_es256_write_private(EVP_PKEY *key, cof_buf *ret, cof_err *err);
COF_WUR int cof_es256_write_public(EVP_PKEY *key, cof_buf *ret, cof_err *err);
