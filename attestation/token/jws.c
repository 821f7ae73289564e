/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/jws.h"

#include <openssl/ecdsa.h>

#include "common/hex.h"
#include "common/ossl.h"

typedef struct jws_alg {
	const char *alg;
	const char *crv;
	const char *group; /* OpenSSL's name */
	size_t len;	   /* of a coordinate */
	const EVP_MD *(*md)(void);
} jws_alg;

/* spec: RFC 7518 3.1: the curve decides the algorithm */
static const jws_alg algs[] = {
	{"ES256", "P-256", "prime256v1", 32, EVP_sha256},
	{"ES384", "P-384", "secp384r1", 48, EVP_sha384},
};

/* Verified only. */
static const jws_alg rs256 = {"RS256", NULL, NULL, 0, EVP_sha256};

enum { COORDINATE_MAX = 48, DER_MAX = 160 };

typedef ECDSA_SIG jws_sig;
static inline void jws_sig_drop(ECDSA_SIG *s)
{
	ECDSA_SIG_free(s);
}
COF_DEFINE_AUTO_PTR(jws_sig, jws_sig_drop)

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "token-malformed", "token: %s", what);
}

static int bad_signature(cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "token-signature", "the token was not signed by the expected key");
}

static int openssl_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "openssl", "a token could not be processed");
}

static int alg_of(const EVP_PKEY *key, const jws_alg **ret, cof_err *err)
{
	char group[32] = "";
	size_t n = 0;
	if (EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1) {
		for (size_t i = 0; i < COF_COUNT(algs); i++) {
			if (strcmp(group, algs[i].group) == 0) {
				*ret = &algs[i];
				return 0;
			}
		}
	}
	return cof_err_set(err, COF_E_USAGE, "bad-key", "tokens are signed by P-256 or P-384 keys only");
}

static int verifying_alg_of(const EVP_PKEY *key, const jws_alg **ret, cof_err *err)
{
	int bits = EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) : 0;
	if (bits < COF_JWS_RSA_BITS_MIN || bits > COF_JWS_RSA_BITS_MAX)
		return alg_of(key, ret, err);
	*ret = &rs256;
	return 0;
}

/* ---- keys ---- */

static int set_coordinate(json_t *o, const char *member, const EVP_PKEY *key, const char *param, size_t len,
			  cof_err *err)
{
	uint8_t bytes[COORDINATE_MAX];
	BIGNUM *raw = NULL;
	if (EVP_PKEY_get_bn_param(key, param, &raw) != 1)
		return openssl_failed(err);
	COF_AUTO_PTR(cof_ossl_bn) n = raw;
	if (BN_bn2binpad(n, bytes, (int)len) < 0)
		return openssl_failed(err);
	COF_AUTO_FREE char *text = cof_b64url_dup(cof_span_of(bytes, len));
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(o, member, text, err);
}

int cof_jwk_of(EVP_PKEY *key, json_t **ret, cof_err *err)
{
	const jws_alg *a = NULL;
	int r = alg_of(key, &a, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(json_t) o = json_pack("{s:s, s:s, s:s}", "kty", "EC", "crv", a->crv, "alg", a->alg);
	r = o == NULL ? cof_err_oom(err) : set_coordinate(o, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, a->len, err);
	if (r == 0)
		r = set_coordinate(o, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, a->len, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

static int bad_jwk(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "jwk-malformed", "no EC public key on P-256 or P-384");
}

static const jws_alg *alg_by_curve(const json_t *jwk)
{
	const char *kty = NULL, *crv = NULL, *alg = NULL;
	if (!json_is_object(jwk) || cof_json_str(jwk, "kty", &kty, NULL) < 0 || strcmp(kty, "EC") != 0 ||
	    cof_json_str(jwk, "crv", &crv, NULL) < 0 || cof_json_opt_str(jwk, "alg", &alg, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		if (strcmp(crv, algs[i].crv) == 0)
			return alg == NULL || strcmp(alg, algs[i].alg) == 0 ? &algs[i] : NULL;
	}
	return NULL;
}

static int read_coordinate(const json_t *jwk, const char *member, size_t len, uint8_t *out)
{
	const char *text = NULL;
	COF_AUTO(cof_buf) b = {0};
	if (cof_json_str(jwk, member, &text, NULL) < 0 || cof_unb64url(cof_span_str(text), &b, NULL) < 0 ||
	    b.len != len)
		return -1;
	memcpy(out, b.data, len);
	return 0;
}

int cof_jwk_read(const json_t *jwk, EVP_PKEY **ret, cof_err *err)
{
	uint8_t point[1 + 2 * COORDINATE_MAX] = {0x04};
	const jws_alg *a = alg_by_curve(jwk);
	if (a == NULL || read_coordinate(jwk, "x", a->len, point + 1) < 0 ||
	    read_coordinate(jwk, "y", a->len, point + 1 + a->len) < 0)
		return bad_jwk(err);
	COF_AUTO_PTR(cof_ossl_param_bld) bld = OSSL_PARAM_BLD_new();
	if (bld == NULL || OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, a->group, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * a->len) != 1)
		return cof_err_oom(err);
	COF_AUTO_PTR(cof_ossl_params) params = OSSL_PARAM_BLD_to_param(bld);
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0)
		return cof_err_oom(err);
	if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return bad_jwk(err);
	*ret = key;
	return 0;
}

/* ---- signing ---- */

static int sign_raw(EVP_PKEY *key, const jws_alg *a, cof_span in, uint8_t *out, cof_err *err)
{
	uint8_t der[DER_MAX];
	const uint8_t *at = der;
	size_t n = sizeof der;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, a->md(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, der, &n, in.data, in.len) != 1)
		return openssl_failed(err);
	COF_AUTO_PTR(jws_sig) sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	if (sig == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)a->len) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + a->len, (int)a->len) < 0)
		return openssl_failed(err);
	return 0;
}

static int add_b64url(cof_span in, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(in);
	return text == NULL ? cof_err_oom(err) : cof_buf_add_str(ret, text, err);
}

static int add_json(const json_t *v, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_json_dump(v, &text, err);
	return r < 0 ? r : add_b64url(cof_buf_span(&text), ret, err);
}

static int with_alg(const json_t *header, const char *alg, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) h = json_pack("{s:s}", "alg", alg);
	if (h == NULL || json_object_update_missing(h, (json_t *)(uintptr_t)header) < 0)
		return cof_err_oom(err);
	*ret = cof_steal(&h);
	return 0;
}

int cof_jws_sign(EVP_PKEY *key, const json_t *header, const json_t *payload, cof_buf *ret, cof_err *err)
{
	const jws_alg *a = NULL;
	COF_AUTO_PTR(json_t) h = NULL;
	COF_AUTO(cof_buf) token = {0};
	uint8_t sig[2 * COORDINATE_MAX];
	int r = alg_of(key, &a, err);
	if (r == 0)
		r = with_alg(header, a->alg, &h, err);
	if (r == 0)
		r = add_json(h, &token, err);
	if (r == 0)
		r = cof_buf_add_str(&token, ".", err);
	if (r == 0)
		r = add_json(payload, &token, err);
	if (r == 0)
		r = sign_raw(key, a, cof_buf_span(&token), sig, err);
	if (r == 0)
		r = cof_buf_add_str(&token, ".", err);
	if (r == 0)
		r = add_b64url(cof_span_of(sig, 2 * a->len), &token, err);
	return r < 0 ? r : cof_buf_add(ret, token.data, token.len, err);
}

/* ---- verifying ---- */

typedef struct parts {
	cof_span header, payload, signature;
	cof_span signed_text;
} parts;

static int split(cof_span token, parts *ret, cof_err *err)
{
	size_t dot[2], n = 0;
	if (token.len > COF_JWS_MAX)
		return malformed(err, "too long");
	for (size_t i = 0; i < token.len; i++) {
		if (token.data[i] != '.')
			continue;
		if (n == 2)
			return malformed(err, "more than three parts");
		dot[n++] = i;
	}
	if (n != 2)
		return malformed(err, "fewer than three parts");
	*ret = (parts){.header = {token.data, dot[0]},
		       .payload = {token.data + dot[0] + 1, dot[1] - dot[0] - 1},
		       .signature = {token.data + dot[1] + 1, token.len - dot[1] - 1},
		       .signed_text = {token.data, dot[1]}};
	return 0;
}

static int read_object(cof_span part, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) v = NULL;
	if (cof_unb64url(part, &text, NULL) < 0)
		return malformed(err, "not base64url");
	if (cof_json_parse(cof_buf_span(&text), &v, NULL) < 0 || !json_is_object(v))
		return malformed(err, "not a JSON object");
	*ret = cof_steal(&v);
	return 0;
}

/* spec: RFC 8725 3.1, 3.10: the key says which algorithm; keys and addresses in the header mean nothing */
static int check_header(const json_t *header, const jws_alg *a, cof_err *err)
{
	const char *alg = NULL;
	if (cof_json_str(header, "alg", &alg, NULL) < 0 || strcmp(alg, a->alg) != 0)
		return cof_err_set(err, COF_E_CRYPTO, "token-algorithm", "the token is not signed with %s", a->alg);
	if (json_object_get(header, "crit") != NULL || json_object_get(header, "b64") != NULL)
		return malformed(err, "a critical header member");
	return 0;
}

static int to_der(const jws_alg *a, cof_span raw, uint8_t der[DER_MAX], size_t *ret_n, cof_err *err)
{
	uint8_t *at = der;
	COF_AUTO_PTR(jws_sig) sig = ECDSA_SIG_new();
	COF_AUTO_PTR(cof_ossl_bn) r = BN_bin2bn(raw.data, (int)a->len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) s = BN_bin2bn(raw.data + a->len, (int)a->len, NULL);
	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1)
		return cof_err_oom(err);
	(void)cof_steal(&r);
	(void)cof_steal(&s);
	int n = i2d_ECDSA_SIG(sig, &at);
	if (n <= 0)
		return openssl_failed(err);
	*ret_n = (size_t)n;
	return 0;
}

static int check_signature(EVP_PKEY *key, const jws_alg *a, const parts *p, cof_err *err)
{
	uint8_t der[DER_MAX];
	size_t n = 0;
	COF_AUTO(cof_buf) raw = {0};
	if (cof_unb64url(p->signature, &raw, NULL) < 0)
		return malformed(err, "signature is not base64url");
	bool is_ec = a->group != NULL;
	if (raw.len != (is_ec ? 2 * a->len : (size_t)EVP_PKEY_get_size(key)))
		return bad_signature(err);
	int r = is_ec ? to_der(a, cof_buf_span(&raw), der, &n, err) : 0;
	if (r < 0)
		return r;
	cof_span sig = is_ec ? cof_span_of(der, n) : cof_buf_span(&raw);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, a->md(), NULL, key) != 1)
		return openssl_failed(err);
	return EVP_DigestVerify(ctx, sig.data, sig.len, p->signed_text.data, p->signed_text.len) == 1
		       ? 0
		       : bad_signature(err);
}

int cof_jws_kid(cof_span token, char **ret, cof_err *err)
{
	parts p = {0};
	COF_AUTO_PTR(json_t) header = NULL;
	const char *kid = NULL;
	*ret = NULL;
	if (split(token, &p, NULL) < 0 || p.header.len > COF_JWS_HEADER_MAX ||
	    read_object(p.header, &header, NULL) < 0 || cof_json_opt_str(header, "kid", &kid, NULL) < 0 || kid == NULL)
		return 0;
	*ret = strdup(kid);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

int cof_jws_verify(cof_span token, EVP_PKEY *key, json_t **ret_header, json_t **ret_payload, cof_err *err)
{
	const jws_alg *a = NULL;
	parts p = {0};
	COF_AUTO_PTR(json_t) header = NULL;
	COF_AUTO_PTR(json_t) payload = NULL;
	int r = verifying_alg_of(key, &a, err);
	if (r == 0)
		r = split(token, &p, err);
	if (r == 0 && p.header.len > COF_JWS_HEADER_MAX)
		r = malformed(err, "header too long");
	if (r == 0)
		r = read_object(p.header, &header, err);
	if (r == 0)
		r = check_header(header, a, err);
	if (r == 0)
		r = check_signature(key, a, &p, err);
	if (r == 0)
		r = read_object(p.payload, &payload, err);
	if (r < 0)
		return r;
	if (ret_header != NULL)
		*ret_header = cof_steal(&header);
	*ret_payload = cof_steal(&payload);
	return 0;
}
