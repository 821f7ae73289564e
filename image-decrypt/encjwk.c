/* SPDX-License-Identifier: Apache-2.0 */
/* JWKs of enckeyfile.h. */
#include <openssl/err.h>

#include "common/hex.h"
#include "common/ossl.h"
#include "image-decrypt/enckeyfile.h"

enum { COORD_MAX = 66, POINT_MAX = 1 + 2 * COORD_MAX, NUMBERS = 8 };

static int malformed(cof_err *err, const char *what)
{
	ERR_clear_error();
	return cof_err_set(err, COF_E_MALFORMED, "key-malformed", "JWK: %s", what);
}

/* What is under way into parameters. The builder copies nothing before to_param: it lives until then. Wiped whatever
 * happens. */
typedef struct numbers {
	BIGNUM *at[NUMBERS];
	size_t n;
	uint8_t point[POINT_MAX];
} numbers;

static void numbers_release(numbers *b)
{
	for (size_t i = 0; i < b->n; i++)
		BN_clear_free(b->at[i]);
	*b = (numbers){0};
}
COF_DEFINE_AUTO(numbers, numbers_release)

static int member(const json_t *jwk, const char *key, cof_buf *ret)
{
	const char *text = NULL;
	if (cof_json_str(jwk, key, &text, NULL) < 0)
		return -1;
	*ret = cof_buf_capped(COF_ENC_RSA_MAX / 8 + 4);
	return cof_unb64url(cof_span_str(text), ret, NULL) < 0 || ret->len == 0 ? -1 : 0;
}

/* A member as a number of OpenSSL's parameter of this name. */
static int push(const json_t *jwk, const char *key, const char *name, numbers *all, OSSL_PARAM_BLD *bld)
{
	COF_AUTO(cof_buf) raw = {0};
	int r = member(jwk, key, &raw);
	BIGNUM *n = r < 0 ? NULL : BN_secure_new();
	if (n != NULL) {
		all->at[all->n++] = n;
		r = BN_bin2bn(raw.data, (int)raw.len, n) != NULL && OSSL_PARAM_BLD_push_BN(bld, name, n) == 1 ? 0 : -1;
	}
	cof_buf_wipe(&raw);
	return n == NULL ? -1 : r;
}

static int rsa_params(const json_t *jwk, bool is_private, numbers *all, OSSL_PARAM_BLD *bld)
{
	static const struct {
		const char *member, *name;
	} table[] = {
		{"n", OSSL_PKEY_PARAM_RSA_N},	       {"e", OSSL_PKEY_PARAM_RSA_E},
		{"d", OSSL_PKEY_PARAM_RSA_D},	       {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
		{"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
		{"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
	};
	size_t n = !is_private ? 2 : json_object_get(jwk, "p") == NULL ? 3 : COF_COUNT(table);
	if (is_private && json_object_get(jwk, "oth") != NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (push(jwk, table[i].member, table[i].name, all, bld) < 0)
			return -1;
	return 0;
}

static const struct curve {
	const char *name;
	size_t len;
} curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

static const struct curve *find_curve(const json_t *jwk)
{
	const char *crv = NULL;
	if (cof_json_str(jwk, "crv", &crv, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < COF_COUNT(curves); i++)
		if (strcmp(crv, curves[i].name) == 0)
			return &curves[i];
	return NULL;
}

static int coordinate(const json_t *jwk, const char *key, size_t len, uint8_t *out)
{
	COF_AUTO(cof_buf) raw = {0};
	if (member(jwk, key, &raw) < 0 || raw.len != len)
		return -1;
	memcpy(out, raw.data, len);
	return 0;
}

static int ec_params(const json_t *jwk, bool is_private, numbers *all, OSSL_PARAM_BLD *bld)
{
	const struct curve *c = find_curve(jwk);
	uint8_t *point = all->point;
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	if (c == NULL || coordinate(jwk, "x", c->len, point + 1) < 0 ||
	    coordinate(jwk, "y", c->len, point + 1 + c->len) < 0)
		return -1;
	if (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, c->name, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * c->len) != 1)
		return -1;
	return is_private ? push(jwk, "d", OSSL_PKEY_PARAM_PRIV_KEY, all, bld) : 0;
}

static EVP_PKEY *build(const json_t *jwk, const char *kty, bool is_private)
{
	COF_AUTO(numbers) all = {0};
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, kty, NULL);
	bool ec = strcmp(kty, "EC") == 0;
	if (bld == NULL || ctx == NULL ||
	    (ec ? ec_params(jwk, is_private, &all, bld) : rsa_params(jwk, is_private, &all, bld)) < 0)
		return NULL;
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

/* The curves have no small subgroups: on the curve is enough. */
static bool on_curve(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC"))
		return true;
	COF_AUTO_PTR(cof_ossl_key_ctx) check = EVP_PKEY_CTX_new(key, NULL);
	return check != NULL && EVP_PKEY_public_check_quick(check) == 1;
}

int cof_enc_jwk_key(const json_t *jwk, bool is_private, EVP_PKEY **ret, cof_err *err)
{
	const char *kty = NULL;
	if (cof_json_str(jwk, "kty", &kty, NULL) < 0)
		return malformed(err, "no kty");
	if (strcmp(kty, "EC") != 0 && strcmp(kty, "RSA") != 0)
		return cof_err_set(err, COF_E_USAGE, "key-unsupported", "a JWK of another kind than EC and RSA");
	COF_AUTO_PTR(cof_ossl_key) key = build(jwk, kty, is_private);
	if (key == NULL || !on_curve(key))
		return malformed(err, is_private ? "no private key" : "no public key");
	*ret = cof_steal(&key);
	return 0;
}
