/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "common/jwe_crypto.h"
#include "common/ossl.h"
#include "common/wr.h"
#include "image-decrypt/enc_jwe.h"

/* spec: the five that ocicrypt reads; dir, PBES2 and RSA1_5 stay out */
static const cof_jwe_alg algs[] = {
	{"RSA-OAEP", "SHA1", 0},      {"RSA-OAEP-256", "SHA256", 0}, {"ECDH-ES+A128KW", NULL, 16},
	{"ECDH-ES+A192KW", NULL, 24}, {"ECDH-ES+A256KW", NULL, 32},
};

const cof_jwe_alg *cof_jwe_alg_find(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(algs); i++)
		if (strcmp(name, algs[i].name) == 0)
			return &algs[i];
	return NULL;
}

static const cof_jwe_enc encs[] = {
	{"A256GCM", 32, COF_GCM_IV_LEN, COF_GCM_TAG_LEN, NULL, NULL},
	{"A192GCM", 24, COF_GCM_IV_LEN, COF_GCM_TAG_LEN, NULL, NULL},
	{"A128GCM", 16, COF_GCM_IV_LEN, COF_GCM_TAG_LEN, NULL, NULL},
	{"A128CBC-HS256", 32, 16, 16, "AES-128-CBC", "SHA256"},
	{"A192CBC-HS384", 48, 16, 24, "AES-192-CBC", "SHA384"},
	{"A256CBC-HS512", 64, 16, 32, "AES-256-CBC", "SHA512"},
};

const cof_jwe_enc *cof_jwe_enc_find(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(encs); i++)
		if (strcmp(name, encs[i].name) == 0)
			return &encs[i];
	return NULL;
}

/* spec: RFC 7518 5.2.2.1: over aad, iv, ciphertext and the length of aad in bits; the first half is the tag */
static int cbc_tag_ok(const cof_jwe_content *c, cof_span mac_key)
{
	COF_AUTO(cof_buf) all = {0};
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t n = 0;
	cof_wr w = cof_wr_to(&all);
	cof_wr_bytes(&w, c->aad);
	cof_wr_bytes(&w, c->iv);
	cof_wr_bytes(&w, c->text);
	cof_wr_u64be(&w, (uint64_t)c->aad.len * 8);
	if (cof_wr_done(&w, NULL) < 0 || EVP_Q_mac(NULL, "HMAC", NULL, c->enc->hmac, NULL, mac_key.data, mac_key.len,
						   all.data, all.len, mac, sizeof mac, &n) == NULL)
		return -1;
	return n >= c->tag.len && cof_ct_equal(cof_span_of(mac, c->tag.len), c->tag) ? 0 : -1;
}

static int cbc_decrypt(const cof_jwe_content *c, cof_span key, cof_secret *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, c->enc->cbc, NULL);
	COF_AUTO_PTR(cof_ossl_cipher) ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool ok = cipher != NULL && ctx != NULL && EVP_DecryptInit_ex2(ctx, cipher, key.data, c->iv.data, NULL) == 1 &&
		  EVP_DecryptUpdate(ctx, out->data, &n, c->text.data, (int)c->text.len) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out->data + n, &last) == 1;
	EVP_CIPHER_free(cipher);
	out->len = (size_t)n + (size_t)last;
	return ok ? 0 : -1;
}

/* The first half of the key is the MAC's. The MAC comes first: padding is never looked at in what does not hold. */
static int cbc_open(const cof_jwe_content *c, cof_span cek, cof_secret *ret)
{
	COF_AUTO(cof_secret) out = {0};
	size_t half = cek.len / 2;
	if (c->text.len == 0 || c->text.len % 16 != 0 || cbc_tag_ok(c, cof_span_of(cek.data, half)) < 0 ||
	    cof_secret_new(&out, c->text.len + 16, NULL) < 0 ||
	    cbc_decrypt(c, cof_span_of(cek.data + half, half), &out) < 0)
		return -1;
	*ret = cof_secret_steal(&out);
	return 0;
}

int cof_jwe_content_open(const cof_jwe_content *c, cof_span cek, cof_secret *ret)
{
	int r = -1;
	if (cek.len != c->enc->key_len || c->iv.len != c->enc->iv_len || c->tag.len != c->enc->tag_len)
		return -1;
	if (c->enc->cbc != NULL) {
		r = cbc_open(c, cek, ret);
	} else {
		const cof_gcm g = {cek, c->iv, c->aad};
		r = cof_gcm_open(&g, c->text, c->tag, ret, NULL);
	}
	ERR_clear_error();
	return r;
}
