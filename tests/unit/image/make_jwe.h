/* SPDX-License-Identifier: Apache-2.0 */
/* Makes JWEs of any shape, well or ill. */
#pragma once

#include "image-decrypt/enc_jwe.h"
#include "tests/unit/image/packets.h"

typedef struct jwe_spec {
	const char *enc;	  /* NULL: A256GCM */
	const char *in_protected; /* members of the protected header beside enc, with a comma in front */
	const char *header;	  /* of the only recipient; NULL: none */
	const char *recipients;	  /* JSON of an array instead; its encrypted keys come from %s. NULL: flattened */
	const char *more;	  /* members of the message, with a comma in front */
	const char *aad;	  /* the member, base64url already */
	EVP_PKEY *rsa;
	const char *hash; /* of OAEP; NULL: SHA1 */
} jwe_spec;

static inline char *jwe_b64(const void *p, size_t n)
{
	return cof_b64url_dup(cof_span_of(p, n));
}

/* spec: RFC 7518 5.2.2.1 */
static inline void jwe_cbc(const cof_jwe_enc *e, const uint8_t *cek, const uint8_t *iv, const char *aad, cof_buf *text,
			   uint8_t *tag)
{
	COF_AUTO(cof_buf) mac_in = {0};
	uint8_t mac[64], al[8] = {0};
	size_t half = e->key_len / 2, n = 0;
	int a = 0, b = 0;
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, e->cbc, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert_ok(cof_buf_reserve(text, strlen(OPTIONS) + 16, &err));
	assert_int_equal(EVP_EncryptInit_ex2(ctx, c, cek + half, iv, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, text->data, &a, (const uint8_t *)OPTIONS, (int)strlen(OPTIONS)), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, text->data + a, &b), 1);
	text->len = (size_t)a + (size_t)b;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
	for (size_t i = 0; i < 8; i++)
		al[i] = (uint8_t)((uint64_t)strlen(aad) * 8 >> (56 - 8 * i));
	assert_ok(cof_buf_add_str(&mac_in, aad, &err));
	assert_ok(cof_buf_add(&mac_in, iv, 16, &err));
	assert_ok(cof_buf_add(&mac_in, text->data, text->len, &err));
	assert_ok(cof_buf_add(&mac_in, al, 8, &err));
	assert_non_null(
		EVP_Q_mac(NULL, "HMAC", NULL, e->hmac, NULL, cek, half, mac_in.data, mac_in.len, mac, sizeof mac, &n));
	memcpy(tag, mac, e->tag_len);
}

static inline void jwe_gcm(const cof_jwe_enc *e, const uint8_t *cek, const uint8_t *iv, const char *aad, cof_buf *text,
			   uint8_t *tag)
{
	const char *name = e->key_len == 16 ? "AES-128-GCM" : e->key_len == 24 ? "AES-192-GCM" : "AES-256-GCM";
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	assert_ok(cof_buf_reserve(text, strlen(OPTIONS), &err));
	assert_int_equal(EVP_EncryptInit_ex2(ctx, c, cek, iv, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)aad, (int)strlen(aad)), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, text->data, &n, (const uint8_t *)OPTIONS, (int)strlen(OPTIONS)), 1);
	text->len = (size_t)n;
	assert_int_equal(EVP_EncryptFinal_ex(ctx, tag, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
}

static inline void jwe_make(const jwe_spec *s, cof_buf *ret)
{
	const cof_jwe_enc *e = cof_jwe_enc_find(s->enc != NULL ? s->enc : "A256GCM");
	uint8_t cek[64], iv[16], tag[64];
	COF_AUTO(cof_buf) head = {0};
	COF_AUTO(cof_buf) aad = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) wrapped = {0};
	memset(cek, 7, sizeof cek);
	memset(iv, 9, sizeof iv);
	assert_non_null(e);
	assert_ok(cof_buf_printf(&head, &err, "{\"enc\":\"%s\"%s}", e->name,
				 s->in_protected != NULL ? s->in_protected : ""));
	COF_AUTO_FREE char *protected = jwe_b64(head.data, head.len);
	assert_ok(cof_buf_printf(&aad, &err, "%s%s%s", protected, s->aad != NULL ? "." : "",
				 s->aad != NULL ? s->aad : ""));
	if (e->cbc != NULL)
		jwe_cbc(e, cek, iv, cof_buf_str(&aad), &text, tag);
	else
		jwe_gcm(e, cek, iv, cof_buf_str(&aad), &text, tag);
	assert_ok(cof_enc_oaep_seal(s->rsa, s->hash != NULL ? s->hash : "SHA1", cof_span_of(cek, e->key_len), &wrapped,
				    &err));
	COF_AUTO_FREE char *key = jwe_b64(wrapped.data, wrapped.len);
	COF_AUTO_FREE char *iv_text = jwe_b64(iv, e->iv_len);
	COF_AUTO_FREE char *ct = jwe_b64(text.data, text.len);
	COF_AUTO_FREE char *tag_text = jwe_b64(tag, e->tag_len);
	assert_ok(cof_buf_printf(ret, &err, "{\"protected\":\"%s\",\"iv\":\"%s\",\"ciphertext\":\"%s\",\"tag\":\"%s\"",
				 protected, iv_text, ct, tag_text));
	if (s->aad != NULL)
		assert_ok(cof_buf_printf(ret, &err, ",\"aad\":\"%s\"", s->aad));
	if (s->recipients != NULL) {
		const char *at = strstr(s->recipients, "KEY");
		assert_non_null(at);
		assert_ok(cof_buf_printf(ret, &err, ",\"recipients\":%.*s%s%s", (int)(at - s->recipients),
					 s->recipients, key, at + 3));
	} else {
		assert_ok(cof_buf_printf(ret, &err, ",\"encrypted_key\":\"%s\"", key));
	}
	if (s->header != NULL)
		assert_ok(cof_buf_printf(ret, &err, ",\"header\":%s", s->header));
	assert_ok(cof_buf_printf(ret, &err, "%s}", s->more != NULL ? s->more : ""));
}
