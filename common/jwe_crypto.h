/* SPDX-License-Identifier: Apache-2.0 */
/* The mathematics under JWE: agreement on an elliptic curve, Concat KDF, AES key wrap, AES-GCM. */
#pragma once

#include <openssl/evp.h>

#include "common/secret.h"

enum {
	COF_P256_LEN = 32,
	COF_P256_POINT_LEN = 1 + 2 * COF_P256_LEN, /* 04 || x || y */
	COF_KEK_LEN = 32,
	COF_CEK_LEN = 32,
	COF_WRAPPED_LEN = COF_CEK_LEN + 8,
	COF_GCM_IV_LEN = 12,
	COF_GCM_TAG_LEN = 16,
};

COF_DEFINE_AUTO_PTR(EVP_PKEY, EVP_PKEY_free)

COF_WUR int cof_p256_generate(EVP_PKEY **ret, cof_err *err);
COF_WUR int cof_p256_private(cof_span scalar, EVP_PKEY **ret, cof_err *err);
/* Refuses a point that is not on the curve (reason "ec-point", malformed). */
COF_WUR int cof_p256_public(const uint8_t point[COF_P256_POINT_LEN], EVP_PKEY **ret, cof_err *err);
COF_WUR int cof_p256_point(const EVP_PKEY *key, uint8_t ret[COF_P256_POINT_LEN], cof_err *err);

/* What both sides of ECDH-ES know beside their keys. */
typedef struct cof_ecdh_es {
	const char *alg; /* "ECDH-ES+A256KW" */
	cof_span apu, apv;
	size_t len; /* of the key that is wanted: 16, 24 or 32 */
} cof_ecdh_es;
/* The key-encryption key between our key and the peer's, both on one curve. spec: RFC 7518 4.6.2 */
COF_WUR int cof_ecdh_es_derive(EVP_PKEY *ours, EVP_PKEY *peer, const cof_ecdh_es *how, cof_secret *ret, cof_err *err);
/* The same for ECDH-ES+A256KW with empty apu and apv. */
COF_WUR int cof_ecdh_es_kek(EVP_PKEY *ours, EVP_PKEY *peer, cof_secret *ret, cof_err *err);
/* spec: RFC 3394. kek is 16, 24 or 32 bytes; what is unwrapped has between 16 and 64, in eights. Reason "key-wrap"
 * (malformed for such lengths, crypto for what does not open). */
COF_WUR int cof_key_wrap(cof_span kek, cof_span cek, uint8_t ret[COF_WRAPPED_LEN], cof_err *err);
COF_WUR int cof_key_unwrap(cof_span kek, cof_span wrapped, cof_secret *ret, cof_err *err);

typedef struct cof_gcm {
	cof_span key; /* 16, 24 or 32 bytes */
	cof_span iv;  /* COF_GCM_IV_LEN */
	cof_span aad;
} cof_gcm;
/* ret has room for plain.len bytes. */
COF_WUR int cof_gcm_seal(const cof_gcm *g, cof_span plain, uint8_t *ret, uint8_t ret_tag[COF_GCM_TAG_LEN],
			 cof_err *err);
/* Reason "gcm-tag" (crypto) when it does not open; nothing is in *ret then. */
COF_WUR int cof_gcm_open(const cof_gcm *g, cof_span sealed, cof_span tag, cof_secret *ret, cof_err *err);
