/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE packets as peers read them: A256GCM; flattened with everything in the protected header for one recipient, the
 * general form for several.
 *
 * spec: RFC 7516 5.1, 7.2; containers/ocicrypt, keywrap/jwe
 */
#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "common/hex.h"
#include "common/jwe_crypto.h"
#include "common/ossl.h"
#include "image-decrypt/enc_int.h"
#include "image-decrypt/enc_jwe.h"
#include "image-decrypt/enckeyfile.h"

enum { COORD_MAX = 66 };

static int broken(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "a JWE could not be made");
}

static int set_b64(json_t *obj, const char *key, cof_span raw, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(raw);
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(obj, key, text, err);
}

/* --- the key's wrap --- */

static int set_coordinate(json_t *jwk, const char *key, EVP_PKEY *of, const char *param, int len, cof_err *err)
{
	BIGNUM *n = NULL;
	uint8_t raw[COORD_MAX];
	bool ok = EVP_PKEY_get_bn_param(of, param, &n) == 1 && BN_bn2binpad(n, raw, len) == len;
	BN_free(n);
	return ok ? set_b64(jwk, key, cof_span_of(raw, (size_t)len), err) : broken(err);
}

static int set_epk(json_t *header, EVP_PKEY *epk, const char *crv, cof_err *err)
{
	json_t *jwk = json_object();
	int len = (EVP_PKEY_get_bits(epk) + 7) / 8;
	int r = cof_json_set_new(header, "epk", jwk, err);
	if (r == 0)
		r = cof_json_set_str(jwk, "kty", "EC", err);
	if (r == 0)
		r = cof_json_set_str(jwk, "crv", crv, err);
	if (r == 0)
		r = set_coordinate(jwk, "x", epk, OSSL_PKEY_PARAM_EC_PUB_X, len, err);
	return r < 0 ? r : set_coordinate(jwk, "y", epk, OSSL_PKEY_PARAM_EC_PUB_Y, len, err);
}

static int wrap_ecdh(const cof_enc_recipient *to, const cof_jwe_alg *alg, cof_span cek, json_t *header, cof_buf *ret,
		     cof_err *err)
{
	COF_AUTO(cof_secret) kek = {0};
	const char *crv = cof_enc_key_kind(to->key);
	const cof_ecdh_es how = {.alg = alg->name, .len = alg->wrap_len};
	COF_AUTO_PTR(cof_ossl_key) epk = EVP_EC_gen(crv);
	uint8_t wrapped[COF_WRAPPED_LEN];
	if (epk == NULL)
		return broken(err);
	int r = set_epk(header, epk, crv, err);
	if (r == 0)
		r = cof_ecdh_es_derive(epk, to->key, &how, &kek, err);
	if (r == 0)
		r = cof_key_wrap(cof_secret_span(&kek), cek, wrapped, err);
	return r < 0 ? r : cof_buf_add(ret, wrapped, sizeof wrapped, err);
}

/* spec: a key without a wish of its own gets RSA-OAEP, or ECDH-ES+A256KW */
static const cof_jwe_alg *alg_of(const cof_enc_recipient *to)
{
	return cof_jwe_alg_find(to->alg != NULL			? to->alg
				: EVP_PKEY_is_a(to->key, "RSA") ? "RSA-OAEP"
								: "ECDH-ES+A256KW");
}

/* Fills the recipient's header and gives its wrapped key. */
static int wrap_for(const cof_enc_recipient *to, cof_span cek, json_t *header, cof_buf *ret, cof_err *err)
{
	const cof_jwe_alg *alg = alg_of(to);
	int r = cof_json_set_str(header, "alg", alg->name, err);
	if (r == 0 && to->kid != NULL)
		r = cof_json_set_str(header, "kid", to->kid, err);
	if (r < 0)
		return r;
	return alg->oaep != NULL ? cof_enc_oaep_seal(to->key, alg->oaep, cek, ret, err)
				 : wrap_ecdh(to, alg, cek, header, ret, err);
}

/* --- the message --- */

static int set_protected(json_t *doc, const json_t *header, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_json_dump(header, &text, err);
	return r < 0 ? r : set_b64(doc, "protected", cof_buf_span(&text), err);
}

/* One recipient: its header is the protected one. */
static int seal_one(const cof_enc_recipient *to, cof_span cek, json_t *doc, cof_err *err)
{
	COF_AUTO_PTR(json_t) header = json_object();
	COF_AUTO(cof_buf) wrapped = {0};
	int r = header == NULL ? cof_err_oom(err) : wrap_for(to, cek, header, &wrapped, err);
	if (r == 0)
		r = cof_json_set_str(header, "enc", "A256GCM", err);
	if (r == 0)
		r = set_protected(doc, header, err);
	return r < 0 ? r : set_b64(doc, "encrypted_key", cof_buf_span(&wrapped), err);
}

static int add_recipient(json_t *list, const cof_enc_recipient *to, cof_span cek, cof_err *err)
{
	COF_AUTO(cof_buf) wrapped = {0};
	json_t *obj = json_object(), *header = json_object();
	if (json_array_append_new(list, obj) < 0) {
		json_decref(header);
		return cof_err_oom(err);
	}
	int r = cof_json_set_new(obj, "header", header, err);
	if (r == 0)
		r = wrap_for(to, cek, header, &wrapped, err);
	return r < 0 ? r : set_b64(obj, "encrypted_key", cof_buf_span(&wrapped), err);
}

static int seal_many(const cof_enc_recipient *const *to, size_t n, cof_span cek, json_t *doc, cof_err *err)
{
	COF_AUTO_PTR(json_t) header = json_pack("{s:s}", "enc", "A256GCM");
	json_t *list = json_array();
	int r = cof_json_set_new(doc, "recipients", list, err);
	if (r == 0)
		r = header == NULL ? cof_err_oom(err) : set_protected(doc, header, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_recipient(list, to[i], cek, err);
	return r;
}

static int seal_content(json_t *doc, cof_span cek, cof_span options, cof_err *err)
{
	uint8_t iv[COF_GCM_IV_LEN], tag[COF_GCM_TAG_LEN], text[COF_ENC_PRIVATE_MAX];
	const char *aad = json_string_value(json_object_get(doc, "protected"));
	if (options.len > sizeof text || aad == NULL || RAND_bytes(iv, sizeof iv) != 1)
		return broken(err);
	const cof_gcm g = {cek, cof_span_of(iv, sizeof iv), cof_span_str(aad)};
	int r = cof_gcm_seal(&g, options, text, tag, err);
	if (r == 0)
		r = set_b64(doc, "iv", cof_span_of(iv, sizeof iv), err);
	if (r == 0)
		r = set_b64(doc, "ciphertext", cof_span_of(text, options.len), err);
	return r < 0 ? r : set_b64(doc, "tag", cof_span_of(tag, sizeof tag), err);
}

int cof_enc_jwe_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_secret) cek = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) doc = json_object();
	int r = doc == NULL ? cof_err_oom(err) : cof_secret_new(&cek, COF_CEK_LEN, err);
	if (r == 0 && RAND_priv_bytes(cek.data, COF_CEK_LEN) != 1)
		r = broken(err);
	if (r == 0)
		r = n == 1 ? seal_one(to[0], cof_secret_span(&cek), doc, err)
			   : seal_many(to, n, cof_secret_span(&cek), doc, err);
	if (r == 0)
		r = seal_content(doc, cof_secret_span(&cek), options, err);
	if (r == 0)
		r = cof_json_dump(doc, &text, err);
	return r < 0 ? r : cof_enc_add_packet(cof_buf_span(&text), ret, err);
}
