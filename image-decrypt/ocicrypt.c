/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/ocicrypt.h"

#include <openssl/rand.h>

#include "common/hex.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/manifest.h"

#define CIPHER_NAME "AES_256_CTR_HMAC_SHA256"

int cof_enc_b64_json(cof_span in, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = cof_buf_capped(COF_ANNOTATION_MAX);
	COF_AUTO_PTR(json_t) v = NULL;
	if (in.len > COF_ANNOTATION_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "annotation-too-large", "an annotation of %zu bytes", in.len);
	int r = cof_unb64(in, &text, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&text), &v, err);
	if (r < 0)
		return r;
	if (!json_is_object(v))
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "not a JSON object");
	*ret = cof_steal(&v);
	return 0;
}

int cof_enc_b64_exact(const json_t *obj, const char *key, uint8_t *out, size_t len)
{
	COF_AUTO(cof_buf) b = {0};
	bool ok = cof_json_b64(obj, key, &b, NULL) == 0 && b.len == len;
	if (ok)
		memcpy(out, b.data, len);
	cof_buf_wipe(&b);
	return ok ? 0 : -1;
}

int cof_enc_add_packet(cof_span in, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(in);
	if (text == NULL)
		return cof_err_oom(err);
	int r = ret->len > 0 ? cof_buf_add_str(ret, ",", err) : 0;
	return r < 0 ? r : cof_buf_add_str(ret, text, err);
}

/* --- public options --- */

static int bad_public(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-pubopts-malformed", "public options: %s", what);
}

/* Peers let a nonce in the public options override the private one, with the MAC still holding: one here is an attack.
 */
int cof_enc_public_parse(const char *in, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	const char *cipher = NULL;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	if (cof_enc_b64_json(cof_span_str(in), &v, err) < 0)
		return bad_public(err, "not base64 of a JSON object");
	if (cof_json_str(v, "cipher", &cipher, err) < 0 || strcmp(cipher, CIPHER_NAME) != 0)
		return bad_public(err, "the cipher is not " CIPHER_NAME);
	const json_t *options = json_object_get(v, "cipheroptions");
	if (options != NULL && !json_is_null(options) && !json_is_object(options))
		return bad_public(err, "cipheroptions is not an object");
	if (json_object_size(options) > 0)
		return bad_public(err, "they hold cipher options");
	if (cof_enc_b64_exact(v, "hmac", hmac, sizeof hmac) < 0)
		return bad_public(err, "the MAC is not 32 bytes");
	memcpy(ret_hmac, hmac, sizeof hmac);
	return 0;
}

int cof_enc_public_make(const uint8_t hmac[COF_ENC_HMAC_LEN], cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *mac = cof_b64_dup(cof_span_of(hmac, COF_ENC_HMAC_LEN));
	if (mac == NULL)
		return cof_err_oom(err);
	int r = cof_buf_printf(&text, err, "{\"cipher\":\"" CIPHER_NAME "\",\"hmac\":\"%s\",\"cipheroptions\":{}}",
			       mac);
	return r < 0 ? r : cof_enc_add_packet(cof_buf_span(&text), ret, err);
}

/* --- private options --- */

int cof_enc_private_parse(cof_span in, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_secret) key = {0};
	json_t *options = NULL;
	uint8_t nonce[COF_LAYER_NONCE_LEN];
	int r = cof_secret_new(&key, COF_LAYER_KEY_LEN, err);
	if (r < 0)
		return r;
	/* The parser's text stays out of the error: it may quote what it read. */
	if (in.len > COF_ENC_PRIVATE_MAX || cof_json_parse(in, &v, NULL) < 0 ||
	    cof_enc_b64_exact(v, "symkey", key.data, key.len) < 0 ||
	    cof_json_obj(v, "cipheroptions", &options, NULL) < 0 ||
	    cof_enc_b64_exact(options, "nonce", nonce, sizeof nonce) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "layer-privopts-malformed",
				   "private options: need a key of 32 and a nonce of 16 bytes");
	ret->key = cof_secret_steal(&key);
	memcpy(ret->nonce, nonce, sizeof nonce);
	return 0;
}

static int private_text(const cof_layer_key *k, const char *key, const char *digest, cof_buf *text, cof_err *err)
{
	COF_AUTO_FREE char *nonce = cof_b64_dup(cof_span_of(k->nonce, sizeof k->nonce));
	if (nonce == NULL)
		return cof_err_oom(err);
	/* Room for all of it at once: growing would leave a copy behind. */
	int r = cof_buf_reserve(text, COF_ENC_PRIVATE_MAX, err);
	return r < 0 ? r
		     : cof_buf_printf(text, err,
				      "{\"symkey\":\"%s\",\"digest\":\"%s\",\"cipheroptions\":{\"nonce\":\"%s\"}}", key,
				      digest, nonce);
}

int cof_enc_private_make(const cof_layer_key *k, const cof_digest *plain, cof_secret *ret, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	COF_AUTO(cof_buf) text = {0};
	char *key = cof_b64_dup(cof_secret_span(&k->key));
	if (key == NULL)
		return cof_err_oom(err);
	cof_digest_str(plain, digest);
	int r = private_text(k, key, digest, &text, err);
	if (r == 0)
		r = cof_secret_from(ret, cof_buf_span(&text), err);
	cof_wipe(key, strlen(key));
	free(key);
	cof_buf_wipe(&text);
	return r;
}

int cof_enc_key_new(cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_secret) key = {0};
	int r = cof_secret_new(&key, COF_LAYER_KEY_LEN, err);
	if (r < 0)
		return r;
	if (RAND_priv_bytes(key.data, COF_LAYER_KEY_LEN) != 1 || RAND_bytes(ret->nonce, COF_LAYER_NONCE_LEN) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "no random numbers");
	ret->key = cof_secret_steal(&key);
	return 0;
}
