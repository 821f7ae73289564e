/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/ocicrypt.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"

#define CIPHER_NAME "AES_256_CTR_HMAC_SHA256"
enum { GCM_IV_LEN = 12, GCM_TAG_LEN = 16, CTR_IV_LEN = 16, ANNOTATION_MAX = 64 << 10, PRIVATE_MAX = 4 << 10 };

void cof_enc_packets_release(cof_enc_packets *p)
{
	for (size_t i = 0; i < COF_ENC_PACKETS_MAX; i++)
		cof_buf_release(&p->at[i].wrapped);
	*p = (cof_enc_packets){0};
}

static int bad_public(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-pubopts-malformed", "public options: %s", what);
}

/* Parses base64 of a JSON object. */
static int b64_json(cof_span in, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = cof_buf_capped(ANNOTATION_MAX);
	COF_AUTO_PTR(json_t) v = NULL;
	if (in.len > ANNOTATION_MAX)
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

static int b64_exact(const json_t *obj, const char *key, uint8_t *out, size_t len)
{
	COF_AUTO(cof_buf) b = {0};
	if (cof_json_b64(obj, key, &b, NULL) < 0 || b.len != len)
		return -1;
	memcpy(out, b.data, len);
	cof_buf_wipe(&b);
	return 0;
}

/* Peers let a nonce in the public options override the private one, with the MAC still holding: one here is an attack.
 */
int cof_enc_public_parse(const char *in, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	const char *cipher = NULL;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	if (b64_json(cof_span_str(in), &v, err) < 0)
		return bad_public(err, "not base64 of a JSON object");
	if (cof_json_str(v, "cipher", &cipher, err) < 0 || strcmp(cipher, CIPHER_NAME) != 0)
		return bad_public(err, "the cipher is not " CIPHER_NAME);
	const json_t *options = json_object_get(v, "cipheroptions");
	if (options != NULL && !json_is_null(options) && !json_is_object(options))
		return bad_public(err, "cipheroptions is not an object");
	if (json_object_size(options) > 0)
		return bad_public(err, "they hold cipher options");
	if (b64_exact(v, "hmac", hmac, sizeof hmac) < 0)
		return bad_public(err, "the MAC is not 32 bytes");
	memcpy(ret_hmac, hmac, sizeof hmac);
	return 0;
}

static int bad_packet(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-packet-malformed", "wrapped key: %s", what);
}

static const struct {
	const char *name;
	cof_enc_wrap wrap;
	size_t iv_len;
} wraps[] = {
	{"A256GCM", COF_ENC_A256GCM, GCM_IV_LEN},
	{"A256CTR", COF_ENC_A256CTR, CTR_IV_LEN},
};

static bool printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

/* spec: version 2 packets of the hub: only the version and the provider that mean what version 1 meant */
static bool version_ok(const json_t *v)
{
	const char *version = NULL, *provider = NULL;
	if (cof_json_opt_str(v, "version", &version, NULL) < 0 || cof_json_opt_str(v, "provider", &provider, NULL) < 0)
		return false;
	return (version == NULL || strcmp(version, "0.1.0") == 0) && (provider == NULL || strcmp(provider, "kbs") == 0);
}

static int take_packet(const json_t *v, cof_enc_packet *p, cof_err *err)
{
	const char *kid = NULL, *type = NULL;
	if (!version_ok(v))
		return bad_packet(err, "unknown version or provider");
	if (cof_json_str(v, "kid", &kid, err) < 0 || kid[0] == '\0' || strlen(kid) > COF_ENC_KID_MAX || !printable(kid))
		return bad_packet(err, "no usable kid");
	memcpy(p->kid, kid, strlen(kid) + 1);
	if (cof_json_str(v, "wrap_type", &type, err) < 0)
		return bad_packet(err, "no wrap_type");
	size_t i = 0;
	while (i < COF_COUNT(wraps) && strcmp(type, wraps[i].name) != 0)
		i++;
	if (i == COF_COUNT(wraps))
		return bad_packet(err, "unknown wrap_type");
	p->wrap = wraps[i].wrap;
	if (b64_exact(v, "iv", p->iv, wraps[i].iv_len) < 0)
		return bad_packet(err, "the iv's length is not the wrap_type's");
	p->wrapped = cof_buf_capped(COF_ENC_WRAPPED_MAX);
	if (cof_json_b64(v, "wrapped_data", &p->wrapped, err) < 0 || p->wrapped.len <= GCM_TAG_LEN ||
	    p->wrapped.len > COF_ENC_WRAPPED_MAX)
		return bad_packet(err, "no usable wrapped_data");
	return 0;
}

static int one_packet(cof_span text, cof_enc_packets *to, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	if (to->n == COF_ENC_PACKETS_MAX)
		return bad_packet(err, "too many packets");
	if (b64_json(text, &v, err) < 0)
		return bad_packet(err, "not base64 of a JSON object");
	return take_packet(v, &to->at[to->n++], err); /* counted first, so that the release sees it */
}

int cof_enc_packets_parse(const char *in, cof_enc_packets *ret, cof_err *err)
{
	COF_AUTO(cof_enc_packets) all = {0};
	if (strlen(in) > ANNOTATION_MAX)
		return bad_packet(err, "too large");
	for (const char *s = in;;) {
		size_t n = strcspn(s, ",");
		int r = one_packet(cof_span_of(s, n), &all, err);
		if (r < 0)
			return r;
		if (s[n] == '\0')
			break;
		s += n + 1;
	}
	*ret = all;
	all = (cof_enc_packets){0};
	return 0;
}

static int gcm_open(const cof_enc_packet *p, cof_span kek, cof_secret *out)
{
	size_t len = p->wrapped.len - GCM_TAG_LEN;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, end = 0;
	bool ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, kek.data, p->iv) == 1 &&
		  EVP_DecryptUpdate(ctx, out->data, &n, p->wrapped.data, (int)len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_LEN, p->wrapped.data + len) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out->data + n, &end) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

static int ctr_open(const cof_enc_packet *p, cof_span kek, cof_secret *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, kek.data, p->iv) == 1 &&
		  EVP_DecryptUpdate(ctx, out->data, &n, p->wrapped.data, (int)p->wrapped.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

int cof_enc_unwrap(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_layer_key *ret, cof_err *err)
{
	COF_AUTO(cof_secret) plain = {0};
	bool gcm = p->wrap == COF_ENC_A256GCM;
	if (!gcm && !allow_ctr)
		return cof_err_set(err, COF_E_POLICY, "layer-wrap-unauthenticated", "the key is wrapped by A256CTR");
	if (kek.len != COF_ENC_KEK_LEN || p->wrapped.len <= GCM_TAG_LEN)
		return cof_err_set(err, COF_E_CRYPTO, "layer-key-unwrap", "the key-encryption key is not 32 bytes");
	int r = cof_secret_new(&plain, gcm ? p->wrapped.len - GCM_TAG_LEN : p->wrapped.len, err);
	if (r < 0)
		return r;
	if ((gcm ? gcm_open(p, kek, &plain) : ctr_open(p, kek, &plain)) < 0)
		return cof_err_set(err, COF_E_CRYPTO, "layer-key-unwrap", "the wrapped key does not open");
	return cof_enc_private_parse(cof_secret_span(&plain), ret, err);
}

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
	if (in.len > PRIVATE_MAX || cof_json_parse(in, &v, NULL) < 0 || b64_exact(v, "symkey", key.data, key.len) < 0 ||
	    cof_json_obj(v, "cipheroptions", &options, NULL) < 0 ||
	    b64_exact(options, "nonce", nonce, sizeof nonce) < 0)
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
	int r = cof_buf_reserve(text, PRIVATE_MAX, err);
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

static int gcm_seal(cof_span kek, const uint8_t iv[GCM_IV_LEN], cof_span in, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, end = 0;
	bool ok = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, kek.data, iv) == 1 &&
		  EVP_EncryptUpdate(ctx, out, &n, in.data, (int)in.len) == 1 &&
		  EVP_EncryptFinal_ex(ctx, out + n, &end) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_LEN, out + in.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

static int add_b64(cof_span in, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(in);
	return text == NULL ? cof_err_oom(err) : cof_buf_add_str(ret, text, err);
}

/* spec: CoCo packet version 1: compact JSON, members in this order */
int cof_enc_wrap_make(const char *kid, cof_span kek, cof_span private_options, cof_buf *ret, cof_err *err)
{
	uint8_t iv[GCM_IV_LEN], sealed[PRIVATE_MAX + GCM_TAG_LEN];
	COF_AUTO(cof_buf) text = {0};
	if (kek.len != COF_ENC_KEK_LEN || private_options.len > PRIVATE_MAX)
		return cof_err_set(err, COF_E_USAGE, "image-key-length", "the image key must be 32 bytes");
	if (strlen(kid) > COF_ENC_KID_MAX || !printable(kid) || strpbrk(kid, "\"\\") != NULL)
		return cof_err_set(err, COF_E_USAGE, "kid-malformed", "'%s' cannot be a key's id", kid);
	if (RAND_bytes(iv, sizeof iv) != 1 || gcm_seal(kek, iv, private_options, sealed) < 0)
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "AES-256-GCM");
	COF_AUTO_FREE char *wrapped = cof_b64_dup(cof_span_of(sealed, private_options.len + GCM_TAG_LEN));
	COF_AUTO_FREE char *iv_text = cof_b64_dup(cof_span_of(iv, sizeof iv));
	if (wrapped == NULL || iv_text == NULL)
		return cof_err_oom(err);
	int r = cof_buf_printf(&text, err,
			       "{\"kid\":\"%s\",\"wrapped_data\":\"%s\",\"iv\":\"%s\",\"wrap_type\":\"A256GCM\"}", kid,
			       wrapped, iv_text);
	return r < 0 ? r : add_b64(cof_buf_span(&text), ret, err);
}

int cof_enc_public_make(const uint8_t hmac[COF_ENC_HMAC_LEN], cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *mac = cof_b64_dup(cof_span_of(hmac, COF_ENC_HMAC_LEN));
	if (mac == NULL)
		return cof_err_oom(err);
	int r = cof_buf_printf(&text, err, "{\"cipher\":\"" CIPHER_NAME "\",\"hmac\":\"%s\",\"cipheroptions\":{}}",
			       mac);
	return r < 0 ? r : add_b64(cof_buf_span(&text), ret, err);
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
