/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/idkey.h"

#include "common/ossl.h"
#include "common/rd.h"

enum {
	CURVE_P384 = 2,
	NUMBER_LEN = 72, /* of a number in a field */
	P384_LEN = 48,
	X_AT = 4,
	Y_AT = X_AT + NUMBER_LEN,
	DER_MAX = 112,
};

#define GROUP_P384 "secp384r1"

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "idauth-malformed", "ID authentication block: %s", what);
}

static int unsupported(cof_err *err)
{
	return cof_err_set(err, COF_E_USAGE, "idkey-unsupported", "ID and author keys are ECDSA keys on P-384");
}

static int bad_signature(cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "idauth-signature", "a signature of the ID block does not hold");
}

static int sign_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_IO, "sign-failed", "the key does not sign");
}

/* --- keys --- */

/* A copy that our own code can look into: keys of engines and providers need not show their numbers one by one. */
static int public_half(EVP_PKEY *key, EVP_PKEY **ret, cof_err *err)
{
	uint8_t *der = NULL;
	char group[32] = "";
	size_t n = 0;
	int len = i2d_PUBKEY(key, &der);
	const uint8_t *at = der;
	COF_AUTO_PTR(cof_ossl_key) half = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
	OPENSSL_free(der);
	if (half == NULL || EVP_PKEY_get_id(half) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(half, group, sizeof group, &n) != 1 || strcmp(group, GROUP_P384) != 0)
		return unsupported(err);
	*ret = cof_steal(&half);
	return 0;
}

static bool put_coordinate(const EVP_PKEY *key, const char *param, uint8_t *to)
{
	BIGNUM *raw = NULL;
	if (EVP_PKEY_get_bn_param(key, param, &raw) != 1)
		return false;
	COF_AUTO_PTR(cof_ossl_bn) n = raw;
	return BN_bn2lebinpad(n, to, NUMBER_LEN) == NUMBER_LEN;
}

int cof_idkey_bytes(EVP_PKEY *key, uint8_t ret[COF_IDKEY_LEN], cof_err *err)
{
	uint8_t out[COF_IDKEY_LEN] = {CURVE_P384};
	COF_AUTO_PTR(cof_ossl_key) half = NULL;
	int rc = public_half(key, &half, err);
	if (rc < 0)
		return rc;
	if (!put_coordinate(half, OSSL_PKEY_PARAM_EC_PUB_X, out + X_AT) ||
	    !put_coordinate(half, OSSL_PKEY_PARAM_EC_PUB_Y, out + Y_AT))
		return unsupported(err);
	memcpy(ret, out, sizeof out);
	return 0;
}

/* Into big-endian, as the rest of the world writes numbers. */
static bool take_number(cof_rd *r, uint8_t ret[P384_LEN])
{
	for (size_t i = P384_LEN; i-- > 0;)
		ret[i] = cof_rd_u8(r);
	return cof_rd_zeros(r, NUMBER_LEN - P384_LEN);
}

static int from_point(const uint8_t point[1 + 2 * P384_LEN], EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	if (bld == NULL || ctx == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, GROUP_P384, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * P384_LEN) != 1)
		return cof_err_oom(err);
	COF_AUTO_PTR(cof_ossl_params) p = OSSL_PARAM_BLD_to_param(bld);
	if (p == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
		return cof_err_oom(err);
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, p) != 1)
		return malformed(err, "a key is no point of the curve");
	*ret = key;
	return 0;
}

int cof_idkey_parse(cof_span in, EVP_PKEY **ret, cof_err *err)
{
	uint8_t point[1 + 2 * P384_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	cof_rd r = cof_rd_of(in);
	if (in.len != COF_IDKEY_LEN || cof_rd_u32le(&r) != CURVE_P384)
		return malformed(err, "the curve of a key");
	if (!take_number(&r, point + 1) || !take_number(&r, point + 1 + P384_LEN) || !cof_rd_zeros(&r, r.left))
		return malformed(err, "the fields of a key");
	int rc = from_point(point, &key, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(cof_ossl_key_ctx) check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (check == NULL || EVP_PKEY_public_check(check) != 1)
		return malformed(err, "a key is no point of the curve");
	*ret = cof_steal(&key);
	return 0;
}

/* --- signatures --- */

int cof_idkey_sign(EVP_PKEY *key, cof_hash alg, cof_span message, uint8_t ret[COF_IDSIG_LEN], cof_err *err)
{
	uint8_t out[COF_IDSIG_LEN] = {0}, der[DER_MAX];
	const uint8_t *at = der;
	size_t len = sizeof der;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, cof_hash_name(alg), NULL, NULL, key, NULL) != 1 ||
	    EVP_DigestSign(ctx, der, &len, message.data, message.len) != 1)
		return sign_failed(err);
	COF_AUTO_PTR(cof_ossl_sig) sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (sig == NULL || BN_bn2lebinpad(ECDSA_SIG_get0_r(sig), out, NUMBER_LEN) < 0 ||
	    BN_bn2lebinpad(ECDSA_SIG_get0_s(sig), out + NUMBER_LEN, NUMBER_LEN) < 0)
		return sign_failed(err);
	memcpy(ret, out, sizeof out);
	return 0;
}

/* Within 1 and the order of the curve, less one. */
static bool in_range(const BIGNUM *n, const BIGNUM *order)
{
	return !BN_is_zero(n) && BN_cmp(n, order) < 0;
}

static int make_sig(const EVP_PKEY *key, const uint8_t r_be[P384_LEN], const uint8_t s_be[P384_LEN], ECDSA_SIG **ret,
		    cof_err *err)
{
	BIGNUM *raw = NULL;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &raw) != 1)
		return cof_err_oom(err);
	COF_AUTO_PTR(cof_ossl_bn) order = raw;
	COF_AUTO_PTR(cof_ossl_bn) r = BN_bin2bn(r_be, P384_LEN, NULL);
	COF_AUTO_PTR(cof_ossl_bn) s = BN_bin2bn(s_be, P384_LEN, NULL);
	COF_AUTO_PTR(cof_ossl_sig) sig = ECDSA_SIG_new();
	if (r == NULL || s == NULL || sig == NULL)
		return cof_err_oom(err);
	if (!in_range(r, order) || !in_range(s, order))
		return bad_signature(err);
	if (ECDSA_SIG_set0(sig, r, s) != 1)
		return cof_err_oom(err);
	(void)cof_steal(&r);
	(void)cof_steal(&s);
	*ret = cof_steal(&sig);
	return 0;
}

int cof_idkey_check(EVP_PKEY *key, cof_hash alg, cof_span message, cof_span sig, cof_err *err)
{
	uint8_t r_be[P384_LEN], s_be[P384_LEN], der[DER_MAX], *at = der;
	COF_AUTO_PTR(cof_ossl_sig) numbers = NULL;
	cof_rd r = cof_rd_of(sig);
	if (sig.len != COF_IDSIG_LEN || !take_number(&r, r_be) || !take_number(&r, s_be) || !cof_rd_zeros(&r, r.left))
		return malformed(err, "the fields of a signature");
	int rc = make_sig(key, r_be, s_be, &numbers, err);
	if (rc < 0)
		return rc;
	int len = i2d_ECDSA_SIG(numbers, NULL);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (len <= 0 || len > DER_MAX || i2d_ECDSA_SIG(numbers, &at) != len || ctx == NULL ||
	    EVP_DigestVerifyInit_ex(ctx, NULL, cof_hash_name(alg), NULL, NULL, key, NULL) != 1)
		return cof_err_oom(err);
	return EVP_DigestVerify(ctx, der, (size_t)len, message.data, message.len) == 1 ? 0 : bad_signature(err);
}
