/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the vectors' keys.jwe packets (RSA-OAEP, A256GCM): only to get at the private options of hand-made layers. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/hex.h"
#include "common/json.h"

static inline int jwe_part(const json_t *o, const char *key, cof_buf *ret)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s == NULL ? -1 : cof_unb64url(cof_span_str(s), ret, NULL);
}

static inline int jwe_rsa(EVP_PKEY *key, const EVP_MD *md, const cof_buf *in, uint8_t cek[32])
{
	uint8_t out[1024];
	size_t n = sizeof out;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		  EVP_PKEY_decrypt(ctx, out, &n, in->data, in->len) == 1 && n == 32;
	EVP_PKEY_CTX_free(ctx);
	if (ok)
		memcpy(cek, out, 32);
	return ok ? 0 : -1;
}

static inline int jwe_gcm(const json_t *doc, const uint8_t cek[32], cof_buf *ret)
{
	COF_AUTO(cof_buf) iv = {0};
	COF_AUTO(cof_buf) ct = {0};
	COF_AUTO(cof_buf) tag = {0};
	const char *aad = json_string_value(json_object_get(doc, "protected"));
	int n = 0;
	if (aad == NULL || jwe_part(doc, "iv", &iv) < 0 || jwe_part(doc, "ciphertext", &ct) < 0 ||
	    jwe_part(doc, "tag", &tag) < 0 || iv.len != 12 || tag.len != 16 || cof_buf_reserve(ret, ct.len, NULL) < 0)
		return -1;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, cek, iv.data) == 1 &&
		  EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)aad, (int)strlen(aad)) == 1 &&
		  EVP_DecryptUpdate(c, ret->data, &n, ct.data, (int)ct.len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag.data) == 1 &&
		  EVP_DecryptFinal_ex(c, ret->data + n, &n) == 1;
	EVP_CIPHER_CTX_free(c);
	ret->len = ok ? ct.len : 0;
	return ok ? 0 : -1;
}

/* packet is one element of the annotation. */
static inline int jwe_open(cof_span packet, EVP_PKEY *key, cof_buf *ret)
{
	COF_AUTO(cof_buf) text = {0};
	if (cof_unb64(packet, &text, NULL) < 0)
		return -1;
	COF_AUTO_PTR(json_t) doc = json_loadb((const char *)text.data, text.len, 0, NULL);
	const json_t *all = json_object_get(doc, "recipients");
	for (size_t i = 0; i < (all == NULL ? 1 : json_array_size(all)); i++) {
		COF_AUTO(cof_buf) wrapped = {0};
		uint8_t cek[32];
		if (jwe_part(all == NULL ? doc : json_array_get(all, i), "encrypted_key", &wrapped) < 0)
			continue;
		if ((jwe_rsa(key, EVP_sha1(), &wrapped, cek) == 0 || jwe_rsa(key, EVP_sha256(), &wrapped, cek) == 0) &&
		    jwe_gcm(doc, cek, ret) == 0)
			return 0;
	}
	return -1;
}
