/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/jwk.h"

#include "attestation/token/jws.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "common/rd.h"

enum { EXPONENT_LEN_MAX = 4 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "jwk-malformed", "key: %s", what);
}

/* spec: RFC 7517, 4.2 and 4.3 */
static int check_use(const json_t *jwk, cof_err *err)
{
	const json_t *use = json_object_get(jwk, "use"), *ops = json_object_get(jwk, "key_ops");
	const json_t *op = json_array_get(ops, 0);
	if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
		return malformed(err, "it is not for signatures");
	if (ops != NULL &&
	    (json_array_size(ops) != 1 || !json_is_string(op) || strcmp(json_string_value(op), "verify") != 0))
		return malformed(err, "it is not for verifying");
	return 0;
}

/* ---- RSA ---- */

/* spec: RFC 7518, 2 (Base64urlUInt): no zero in front */
static int read_number(const json_t *jwk, const char *member, size_t max, cof_buf *ret)
{
	const char *text = NULL;
	if (cof_json_str(jwk, member, &text, NULL) < 0 || cof_unb64url(cof_span_str(text), ret, NULL) < 0)
		return -1;
	cof_rd r = cof_rd_of(cof_buf_span(ret));
	return ret->len <= max && cof_rd_u8(&r) != 0 ? 0 : -1;
}

/* Odd, and at least 3: with 1 every text would be its own signature. */
static int read_exponent(const json_t *jwk, uint32_t *ret)
{
	COF_AUTO(cof_buf) e = {0};
	uint32_t v = 0;
	if (read_number(jwk, "e", EXPONENT_LEN_MAX, &e) < 0)
		return -1;
	for (cof_rd r = cof_rd_of(cof_buf_span(&e)); r.left > 0;)
		v = v << 8 | cof_rd_u8(&r);
	*ret = v;
	return v >= 3 && v % 2 == 1 ? 0 : -1;
}

static int make_rsa(cof_span modulus, uint32_t exponent, EVP_PKEY **ret, cof_err *err)
{
	EVP_PKEY *key = NULL;
	COF_AUTO_PTR(cof_ossl_bn) n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	if (n == NULL || bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
		return cof_err_oom(err);
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0)
		return cof_err_oom(err);
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return malformed(err, "no RSA key");
	*ret = key;
	return 0;
}

static int read_rsa(const json_t *jwk, EVP_PKEY **ret, cof_err *err)
{
	static const char *const known[] = {"kty", "n", "e", "alg", "kid", "use", "key_ops", NULL};
	COF_AUTO(cof_buf) n = {0};
	const char *alg = NULL;
	uint32_t e = 0;
	if (cof_json_only(jwk, known, NULL) < 0)
		return malformed(err, "a member that is not known");
	if (cof_json_opt_str(jwk, "alg", &alg, NULL) < 0 || (alg != NULL && strcmp(alg, "RS256") != 0))
		return malformed(err, "an RSA key for another algorithm");
	if (read_number(jwk, "n", COF_JWS_RSA_BITS_MAX / 8, &n) < 0 || n.len < COF_JWS_RSA_BITS_MIN / 8 ||
	    read_exponent(jwk, &e) < 0)
		return malformed(err, "modulus or exponent");
	return make_rsa(cof_buf_span(&n), e, ret, err);
}

/* ---- both ---- */

static int read_ec(const json_t *jwk, EVP_PKEY **ret, cof_err *err)
{
	static const char *const known[] = {"kty", "crv", "x", "y", "alg", "kid", "use", "key_ops", NULL};
	if (cof_json_only(jwk, known, NULL) < 0)
		return malformed(err, "a member that is not known");
	return cof_jwk_read(jwk, ret, err);
}

int cof_jwk_parse(cof_span text, EVP_PKEY **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	const char *kty = NULL;
	if (text.len > COF_JWK_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(text, &jwk, NULL) < 0 || !json_is_object(jwk) || cof_json_str(jwk, "kty", &kty, NULL) < 0)
		return malformed(err, "not one JSON object with a type of key");
	if (json_object_get(jwk, "d") != NULL)
		return malformed(err, "it holds the private half");
	int rc = check_use(jwk, err);
	if (rc < 0)
		return rc;
	return strcmp(kty, "RSA") == 0 ? read_rsa(jwk, ret, err) : read_ec(jwk, ret, err);
}
