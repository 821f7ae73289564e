/* SPDX-License-Identifier: Apache-2.0 */
/* The cipher of ocicrypt.h as a stream. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "image-decrypt/ocicrypt.h"

struct cof_enc_stream {
	EVP_CIPHER_CTX *ctr;
	EVP_MAC_CTX *mac;
	cof_enc_dir dir;
};

void cof_enc_stream_free(cof_enc_stream *s)
{
	EVP_CIPHER_CTX_free(s->ctr);
	EVP_MAC_CTX_free(s->mac);
	free(s);
}

static int broken(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "%s", what);
}

static bool mac_init(cof_enc_stream *s, const cof_layer_key *k)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
			       OSSL_PARAM_construct_end()};
	s->mac = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac); /* the context holds its own reference */
	return s->mac != NULL && EVP_MAC_init(s->mac, k->key.data, k->key.len, params) == 1;
}

/* CTR is its own inverse; the counter block is the nonce, incremented big-endian over all 128 bits. */
static bool ctr_init(cof_enc_stream *s, const cof_layer_key *k)
{
	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	s->ctr = EVP_CIPHER_CTX_new();
	bool ok = aes != NULL && s->ctr != NULL && EVP_EncryptInit_ex2(s->ctr, aes, k->key.data, k->nonce, NULL) == 1;
	EVP_CIPHER_free(aes);
	return ok;
}

int cof_enc_stream_new(cof_enc_stream **ret, const cof_layer_key *k, cof_enc_dir dir, cof_err *err)
{
	if (k->key.len != COF_LAYER_KEY_LEN)
		return broken(err, "a layer key of the wrong length");
	COF_AUTO_PTR(cof_enc_stream) s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	s->dir = dir;
	if (!mac_init(s, k) || !ctr_init(s, k))
		return broken(err, "AES-256-CTR or HMAC-SHA-256 is not to be had");
	*ret = cof_steal(&s);
	return 0;
}

int cof_enc_stream_add(cof_enc_stream *s, cof_span in, uint8_t *out, cof_err *err)
{
	int n = 0;
	if (in.len == 0)
		return 0;
	if (in.len > INT32_MAX)
		return broken(err, "too many bytes at once");
	if (s->dir == COF_ENC_DECRYPT && EVP_MAC_update(s->mac, in.data, in.len) != 1)
		return broken(err, "HMAC");
	if (EVP_EncryptUpdate(s->ctr, out, &n, in.data, (int)in.len) != 1 || (size_t)n != in.len)
		return broken(err, "AES-CTR");
	if (s->dir == COF_ENC_ENCRYPT && EVP_MAC_update(s->mac, out, in.len) != 1)
		return broken(err, "HMAC");
	return 0;
}

int cof_enc_stream_end(cof_enc_stream *s, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err)
{
	size_t n = 0;
	if (EVP_MAC_final(s->mac, ret_hmac, &n, COF_ENC_HMAC_LEN) != 1 || n != COF_ENC_HMAC_LEN)
		return broken(err, "HMAC");
	return 0;
}

/* The computed MAC is never told: it would be a valid one for bytes of the sender's choice. */
int cof_enc_stream_check(cof_enc_stream *s, const uint8_t want[COF_ENC_HMAC_LEN], cof_err *err)
{
	uint8_t mac[COF_ENC_HMAC_LEN];
	int r = cof_enc_stream_end(s, mac, err);
	if (r < 0)
		return r;
	bool same = cof_ct_equal(cof_span_of(mac, sizeof mac), cof_span_of(want, COF_ENC_HMAC_LEN));
	cof_wipe(mac, sizeof mac);
	return same ? 0 : cof_err_set(err, COF_E_CRYPTO, "layer-hmac-mismatch", "the layer's MAC does not hold");
}
