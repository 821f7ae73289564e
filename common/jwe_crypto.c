/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jwe_crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include "common/wr.h"

COF_DEFINE_AUTO_PTR(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
COF_DEFINE_AUTO_PTR(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
COF_DEFINE_AUTO_PTR(EVP_CIPHER, EVP_CIPHER_free)
COF_DEFINE_AUTO_PTR(EVP_KDF, EVP_KDF_free)
COF_DEFINE_AUTO_PTR(EVP_KDF_CTX, EVP_KDF_CTX_free)
COF_DEFINE_AUTO_PTR(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
COF_DEFINE_AUTO_PTR(OSSL_PARAM, OSSL_PARAM_free)
COF_DEFINE_AUTO_PTR(EC_GROUP, EC_GROUP_free)
COF_DEFINE_AUTO_PTR(EC_POINT, EC_POINT_free)
COF_DEFINE_AUTO_PTR(BIGNUM, BN_clear_free)

/* The queue of a failed call must not surprise the next one (TLS reads it). */
static int failed(cof_class cls, const char *reason, const char *what, cof_err *err)
{
	ERR_clear_error();
	return cof_err_set(err, cls, reason, "%s", what);
}

static int broken(const char *what, cof_err *err)
{
	return failed(COF_E_INTERNAL, "openssl", what, err);
}

/* --- keys --- */

int cof_p256_generate(EVP_PKEY **ret, cof_err *err)
{
	*ret = EVP_EC_gen("P-256");
	return *ret == NULL ? broken("no EC key could be made", err) : 0;
}

static int from_params(OSSL_PARAM_BLD *bld, int selection, EVP_PKEY **ret)
{
	COF_AUTO_PTR(OSSL_PARAM) params = OSSL_PARAM_BLD_to_param(bld);
	COF_AUTO_PTR(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		return -1;
	*ret = key;
	return 0;
}

int cof_p256_public(const uint8_t point[COF_P256_POINT_LEN], EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();
	if (bld == NULL || OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, COF_P256_POINT_LEN) != 1)
		return broken("an EC key's parameters", err);
	COF_AUTO_PTR(EVP_PKEY) key = NULL;
	if (from_params(bld, EVP_PKEY_PUBLIC_KEY, &key) < 0)
		return failed(COF_E_MALFORMED, "ec-point", "not a point of P-256", err);
	COF_AUTO_PTR(EVP_PKEY_CTX) check = EVP_PKEY_CTX_new(key, NULL);
	if (check == NULL || EVP_PKEY_public_check(check) != 1)
		return failed(COF_E_MALFORMED, "ec-point", "not a point of P-256", err);
	*ret = cof_steal(&key);
	return 0;
}

int cof_p256_private(cof_span scalar, EVP_PKEY **ret, cof_err *err)
{
	uint8_t point[COF_P256_POINT_LEN];
	COF_AUTO_PTR(EC_GROUP) group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	COF_AUTO_PTR(BIGNUM) d = scalar.len == COF_P256_LEN ? BN_secure_new() : NULL;
	if (group == NULL || d == NULL || BN_bin2bn(scalar.data, (int)scalar.len, d) == NULL || BN_is_zero(d) ||
	    BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
		return failed(COF_E_MALFORMED, "ec-scalar", "not a private key of P-256", err);
	COF_AUTO_PTR(EC_POINT) q = EC_POINT_new(group);
	COF_AUTO_PTR(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();
	if (q == NULL || bld == NULL || EC_POINT_mul(group, q, d, NULL, NULL, NULL) != 1 ||
	    EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) != sizeof point ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) != 1 ||
	    OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, COF_P256_LEN) != 1 ||
	    from_params(bld, EVP_PKEY_KEYPAIR, ret) < 0)
		return broken("an EC key from its scalar", err);
	return 0;
}

int cof_p256_point(const EVP_PKEY *key, uint8_t ret[COF_P256_POINT_LEN], cof_err *err)
{
	size_t len = 0;
	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, ret, COF_P256_POINT_LEN, &len) != 1 ||
	    len != COF_P256_POINT_LEN || ret[0] != POINT_CONVERSION_UNCOMPRESSED)
		return broken("the public half of an EC key", err);
	return 0;
}

/* --- ECDH-ES --- */

static int agree(EVP_PKEY *ours, EVP_PKEY *peer, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) z = {0};
	COF_AUTO_PTR(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t len = 0;
	if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
	    EVP_PKEY_derive(ctx, NULL, &len) != 1)
		return broken("a key agreement", err);
	int r = cof_secret_new(&z, len, err);
	if (r == 0 && (EVP_PKEY_derive(ctx, z.data, &len) != 1 || len != z.len))
		return broken("a key agreement", err);
	if (r == 0)
		*ret = cof_secret_steal(&z);
	return r;
}

/* spec: RFC 7518 4.6.2: AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo = bits */
static int other_info(const cof_ecdh_es *how, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_wr_span_u32be(&w, cof_span_str(how->alg));
	cof_wr_span_u32be(&w, how->apu);
	cof_wr_span_u32be(&w, how->apv);
	cof_wr_u32be(&w, (uint32_t)how->len * 8);
	return cof_wr_done(&w, err);
}

/* Concat KDF is the one-step KDF of NIST SP 800-56C with a hash. */
static int concat_kdf(cof_secret *z, cof_buf *info, cof_secret *kek, cof_err *err)
{
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, z->data, z->len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->data, info->len),
		OSSL_PARAM_construct_end(),
	};
	COF_AUTO_PTR(EVP_KDF) kdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
	COF_AUTO_PTR(EVP_KDF_CTX) ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	if (ctx == NULL || EVP_KDF_derive(ctx, kek->data, kek->len, params) != 1)
		return broken("a key derivation", err);
	return 0;
}

int cof_ecdh_es_derive(EVP_PKEY *ours, EVP_PKEY *peer, const cof_ecdh_es *how, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) z = {0};
	COF_AUTO(cof_secret) kek = {0};
	COF_AUTO(cof_buf) info = {0};
	int r = agree(ours, peer, &z, err);
	if (r == 0)
		r = other_info(how, &info, err);
	if (r == 0)
		r = cof_secret_new(&kek, how->len, err);
	if (r == 0)
		r = concat_kdf(&z, &info, &kek, err);
	if (r < 0)
		return r;
	*ret = cof_secret_steal(&kek);
	return 0;
}

int cof_ecdh_es_kek(EVP_PKEY *ours, EVP_PKEY *peer, cof_secret *ret, cof_err *err)
{
	const cof_ecdh_es how = {.alg = "ECDH-ES+A256KW", .len = COF_KEK_LEN};
	return cof_ecdh_es_derive(ours, peer, &how, ret, err);
}

/* --- AES by the length of its key --- */

static EVP_CIPHER *aes(const char *const names[3], size_t key_len)
{
	if (key_len < 16 || key_len > 32 || key_len % 8 != 0)
		return NULL;
	return EVP_CIPHER_fetch(NULL, names[key_len / 8 - 2], NULL);
}

/* --- key wrap --- */

enum { CEK_MIN = 16, CEK_MAX = 64, WRAP_MORE = 8 };

/* out has room for 8 bytes more than in. Returns the length, or -1. */
static int wrap_cipher(bool enc, cof_span kek, cof_span in, uint8_t *out)
{
	static const char *const names[] = {"AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP"};
	COF_AUTO_PTR(EVP_CIPHER) c = aes(names, kek.len);
	COF_AUTO_PTR(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	if (c == NULL || ctx == NULL)
		return -1;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	int n = 0, last = 0;
	if (EVP_CipherInit_ex2(ctx, c, kek.data, NULL, enc ? 1 : 0, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.len) != 1 || EVP_CipherFinal_ex(ctx, out + n, &last) != 1)
		return -1;
	return n + last;
}

int cof_key_wrap(cof_span kek, cof_span cek, uint8_t ret[COF_WRAPPED_LEN], cof_err *err)
{
	if (cek.len != COF_CEK_LEN || wrap_cipher(true, kek, cek, ret) != COF_WRAPPED_LEN)
		return broken("a key wrap", err);
	return 0;
}

int cof_key_unwrap(cof_span kek, cof_span wrapped, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) room = {0};
	if (wrapped.len < CEK_MIN + WRAP_MORE || wrapped.len > CEK_MAX + WRAP_MORE || wrapped.len % 8 != 0)
		return cof_err_set(err, COF_E_MALFORMED, "key-wrap", "a wrapped key of %zu bytes", wrapped.len);
	int r = cof_secret_new(&room, wrapped.len, err);
	if (r < 0)
		return r;
	size_t len = wrapped.len - WRAP_MORE;
	if (wrap_cipher(false, kek, wrapped, room.data) != (int)len)
		return failed(COF_E_CRYPTO, "key-wrap", "a wrapped key does not open", err);
	return cof_secret_from(ret, cof_span_of(room.data, len), err);
}

/* --- AES-GCM --- */

static int gcm_begin(bool enc, const cof_gcm *g, EVP_CIPHER_CTX *ctx)
{
	static const char *const names[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};
	COF_AUTO_PTR(EVP_CIPHER) c = aes(names, g->key.len);
	int n = 0;
	if (ctx == NULL || c == NULL || g->iv.len != COF_GCM_IV_LEN || g->aad.len > INT32_MAX ||
	    EVP_CipherInit_ex2(ctx, c, g->key.data, g->iv.data, enc ? 1 : 0, NULL) != 1)
		return -1;
	if (g->aad.len > 0 && EVP_CipherUpdate(ctx, NULL, &n, g->aad.data, (int)g->aad.len) != 1)
		return -1;
	return 0;
}

static int gcm_body(EVP_CIPHER_CTX *ctx, cof_span in, uint8_t *out)
{
	int n = 0;
	if (in.len > INT32_MAX)
		return -1;
	if (in.len > 0 && (EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.len) != 1 || (size_t)n != in.len))
		return -1;
	return 0;
}

int cof_gcm_seal(const cof_gcm *g, cof_span plain, uint8_t *ret, uint8_t ret_tag[COF_GCM_TAG_LEN], cof_err *err)
{
	COF_AUTO_PTR(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	uint8_t none[COF_GCM_TAG_LEN];
	int n = 0;
	if (gcm_begin(true, g, ctx) < 0 || gcm_body(ctx, plain, ret) < 0 || EVP_CipherFinal_ex(ctx, none, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, COF_GCM_TAG_LEN, ret_tag) != 1)
		return broken("an encryption", err);
	return 0;
}

int cof_gcm_open(const cof_gcm *g, cof_span sealed, cof_span tag, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	COF_AUTO(cof_secret) plain = {0};
	uint8_t want[COF_GCM_TAG_LEN], none[COF_GCM_TAG_LEN];
	if (tag.len != COF_GCM_TAG_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "gcm-tag", "a tag of %zu bytes", tag.len);
	memcpy(want, tag.data, sizeof want);
	int r = cof_secret_new(&plain, sealed.len, err);
	if (r < 0)
		return r;
	int n = 0;
	if (gcm_begin(false, g, ctx) < 0 || gcm_body(ctx, sealed, plain.data) < 0 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, COF_GCM_TAG_LEN, want) != 1 ||
	    EVP_CipherFinal_ex(ctx, none, &n) != 1)
		return failed(COF_E_CRYPTO, "gcm-tag", "what was received is not what was sealed", err);
	*ret = cof_secret_steal(&plain);
	return 0;
}
