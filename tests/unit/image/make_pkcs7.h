/* SPDX-License-Identifier: Apache-2.0 */
/* Makes PKCS#7 messages as the Go library writes them, and near it. */
#pragma once

#include <openssl/rsa.h>

#include "tests/unit/image/packets.h"

typedef struct go_spec {
	bool proper;	  /* GCM's parameters as RFC 5084 has them */
	bool primitive;	  /* content as [0] IMPLICIT, not in parts */
	size_t key_len;	  /* 16 or 32 */
	unsigned version; /* of EnvelopedData */
	uint8_t tag_len;  /* as the parameters say it; 0: 16 */
	EVP_PKEY *to[3];  /* recipients, NULL-ended */
} go_spec;

static inline void der_add(cof_buf *to, uint8_t tag, const void *data, size_t len)
{
	uint8_t head[4] = {tag, (uint8_t)len};
	size_t n = 2;
	if (len >= 0x100) {
		head[1] = 0x82;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	} else if (len >= 0x80) {
		head[1] = 0x81;
		head[2] = (uint8_t)len;
		n = 3;
	}
	assert_ok(cof_buf_add(to, head, n, &err));
	assert_ok(cof_buf_add(to, data, len, &err));
}

/* Wraps what was built so far. */
static inline void der_wrap(cof_buf *b, uint8_t tag)
{
	cof_buf out = {0};
	der_add(&out, tag, b->data, b->len);
	cof_buf_release(b);
	*b = out;
}

static inline void go_recipient(EVP_PKEY *key, const uint8_t *cek, size_t cek_len, cof_buf *ret)
{
	static const uint8_t rsa_alg[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
	static const uint8_t rid[] = {0x30, 0x00, 0x02, 0x01, 0x07};
	COF_AUTO(cof_buf) r = {0};
	uint8_t wrapped[512];
	size_t n = sizeof wrapped;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, wrapped, &n, cek, cek_len), 1);
	EVP_PKEY_CTX_free(ctx);
	der_add(&r, 0x02, "\0", 1);
	der_add(&r, 0x30, rid, sizeof rid);
	der_add(&r, 0x30, rsa_alg, sizeof rsa_alg);
	der_add(&r, 0x04, wrapped, n);
	der_wrap(&r, 0x30);
	assert_ok(cof_buf_add(ret, r.data, r.len, &err));
}

static inline void go_seal(const uint8_t *cek, size_t cek_len, const uint8_t iv[12], cof_buf *ret)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	assert_ok(cof_buf_reserve(ret, strlen(OPTIONS) + 16, &err));
	assert_int_equal(EVP_EncryptInit_ex(ctx, cek_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL, cek, iv),
			 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, ret->data, &n, (const uint8_t *)OPTIONS, (int)strlen(OPTIONS)), 1);
	ret->len = (size_t)n;
	assert_int_equal(EVP_EncryptFinal_ex(ctx, ret->data + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, ret->data + ret->len), 1);
	ret->len += 16;
	EVP_CIPHER_CTX_free(ctx);
}

static inline void go_content(const go_spec *s, const uint8_t *cek, cof_buf *ret)
{
	static const uint8_t data_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	uint8_t oid[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, s->key_len == 16 ? 0x06 : 0x2e};
	uint8_t iv[12], tag_len = s->tag_len != 0 ? s->tag_len : 16;
	COF_AUTO(cof_buf) params = {0};
	COF_AUTO(cof_buf) alg = {0};
	COF_AUTO(cof_buf) text = {0};
	memset(iv, 9, sizeof iv);
	der_add(&params, s->proper ? 0x04 : 0x84, iv, sizeof iv);
	der_add(&params, 0x02, &tag_len, 1);
	der_wrap(&params, 0x30);
	if (!s->proper)
		der_wrap(&params, 0x10);
	assert_ok(cof_buf_add(&alg, oid, sizeof oid, &err));
	assert_ok(cof_buf_add(&alg, params.data, params.len, &err));
	der_wrap(&alg, 0x30);
	go_seal(cek, s->key_len, iv, &text);
	if (!s->primitive)
		der_wrap(&text, 0x04);
	der_wrap(&text, s->primitive ? 0x80 : 0xa0);
	assert_ok(cof_buf_add(ret, data_oid, sizeof data_oid, &err));
	assert_ok(cof_buf_add(ret, alg.data, alg.len, &err));
	assert_ok(cof_buf_add(ret, text.data, text.len, &err));
	der_wrap(ret, 0x30);
}

static inline void go_make(const go_spec *s, cof_buf *ret)
{
	static const uint8_t enveloped_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03};
	COF_AUTO(cof_buf) set = {0};
	COF_AUTO(cof_buf) content = {0};
	COF_AUTO(cof_buf) data = {0};
	uint8_t cek[32], version = (uint8_t)s->version;
	memset(cek, 5, sizeof cek);
	for (size_t i = 0; s->to[i] != NULL; i++)
		go_recipient(s->to[i], cek, s->key_len, &set);
	go_content(s, cek, &content);
	der_add(&data, 0x02, &version, 1);
	der_add(&data, 0x31, set.data, set.len);
	assert_ok(cof_buf_add(&data, content.data, content.len, &err));
	der_wrap(&data, 0x30);
	der_wrap(&data, 0xa0);
	assert_ok(cof_buf_add(ret, enveloped_oid, sizeof enveloped_oid, &err));
	assert_ok(cof_buf_add(ret, data.data, data.len, &err));
	der_wrap(ret, 0x30);
}
