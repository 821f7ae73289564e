/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/jwks.h"

#include "attestation/token/jwk.h"
#include "attestation/token/jws.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/ossl.h"

void cof_jwks_release(cof_jwks *s)
{
	for (size_t i = 0; i < COF_JWKS_KEYS_MAX; i++) {
		EVP_PKEY_free(s->keys[i]);
		free(s->kids[i]);
	}
	*s = (cof_jwks){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "jwk-malformed", "keys: %s", what);
}

/* ---- reading ---- */

/* Absent, or one of these. */
static bool is_one_of(const json_t *jwk, const char *member, const char *const *words)
{
	const json_t *v = json_object_get(jwk, member);
	for (; v != NULL && *words != NULL; words++) {
		if (json_is_string(v) && strcmp(json_string_value(v), *words) == 0)
			return true;
	}
	return v == NULL;
}

/* For signatures that are verified here; what is not is somebody else's business, malformed or not. */
static bool is_ours(const json_t *jwk)
{
	static const char *const kty[] = {"EC", "RSA", NULL}, *const crv[] = {"P-256", "P-384", NULL},
				 *const alg[] = {"ES256", "ES384", "RS256", NULL}, *const use[] = {"sig", NULL};
	return json_object_get(jwk, "kty") != NULL && is_one_of(jwk, "kty", kty) && is_one_of(jwk, "crv", crv) &&
	       is_one_of(jwk, "alg", alg) && is_one_of(jwk, "use", use);
}

/* spec: RFC 7518, 6.2.2, 6.3.2 and 6.4.1 */
static bool is_private(const json_t *jwk)
{
	static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
	for (size_t i = 0; i < COF_COUNT(members); i++) {
		if (json_object_get(jwk, members[i]) != NULL)
			return true;
	}
	return false;
}

/* spec: RFC 7517, 4: in a set that others made, members that are not known are passed over (certificates, dates) */
static int known_members(const json_t *jwk, cof_buf *ret, cof_err *err)
{
	static const char *const known[] = {"kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops"};
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(known); i++) {
		const json_t *v = json_object_get(jwk, known[i]);
		if (v != NULL)
			rc = cof_json_set_new(o, known[i], json_deep_copy(v), err);
	}
	return rc < 0 ? rc : cof_json_dump(o, ret, err);
}

static int take_name(const json_t *jwk, cof_jwks *s, cof_err *err)
{
	const char *kid = NULL;
	if (cof_json_opt_str(jwk, "kid", &kid, NULL) < 0)
		return malformed(err, "a name that is no text");
	for (size_t i = 0; kid != NULL && i < s->n; i++) {
		if (s->kids[i] != NULL && strcmp(s->kids[i], kid) == 0)
			return malformed(err, "two of one name");
	}
	s->kids[s->n] = kid != NULL ? strdup(kid) : NULL;
	return kid != NULL && s->kids[s->n] == NULL ? cof_err_oom(err) : 0;
}

static int take_key(const json_t *jwk, cof_jwks *s, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	if (!json_is_object(jwk))
		return malformed(err, "an entry that is no object");
	if (is_private(jwk))
		return malformed(err, "a private half");
	if (!is_ours(jwk))
		return 0;
	if (s->n == COF_JWKS_KEYS_MAX)
		return malformed(err, "too many");
	int rc = take_name(jwk, s, err);
	if (rc == 0)
		rc = known_members(jwk, &text, err);
	if (rc == 0)
		rc = cof_jwk_parse(cof_buf_span(&text), &s->keys[s->n], err);
	if (rc == 0)
		s->n++;
	return rc;
}

static int read_set(const json_t *doc, cof_jwks *s, cof_err *err)
{
	const json_t *list = json_object_get(doc, "keys");
	s->is_set = true;
	if (!json_is_array(list))
		return malformed(err, "no list of keys");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = take_key(json_array_get(list, i), s, err);
	return rc == 0 && s->n == 0 ? malformed(err, "none that verifies signatures") : rc;
}

int cof_jwks_parse(cof_span text, cof_jwks *ret, cof_err *err)
{
	COF_AUTO(cof_jwks) s = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	if (text.len > COF_JWKS_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(text, &doc, NULL) < 0 || !json_is_object(doc))
		return malformed(err, "not one JSON object");
	int rc = json_object_get(doc, "keys") != NULL ? read_set(doc, &s, err) : cof_jwk_parse(text, &s.keys[0], err);
	if (rc < 0)
		return rc;
	s.n = s.is_set ? s.n : 1;
	*ret = s;
	s = (cof_jwks){0};
	return 0;
}

int cof_jwks_choose(const cof_jwks *s, const char *kid, EVP_PKEY **ret, cof_err *err)
{
	size_t at = s->n;
	for (size_t i = 0; kid != NULL && i < s->n; i++) {
		if (s->kids[i] != NULL && strcmp(s->kids[i], kid) == 0)
			at = i;
	}
	if (!s->is_set || (kid == NULL && s->n == 1))
		at = 0;
	if (at == s->n)
		return cof_err_set(err, COF_E_CRYPTO, "key-unknown", "no key of the set is called '%.60s'",
				   kid != NULL ? kid : "");
	*ret = s->keys[at];
	return 0;
}

/* ---- names, and a set to publish ---- */

int cof_jwk_kid(EVP_PKEY *key, char out[COF_JWK_KID_STR], cof_err *err)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) text = {0};
	uint8_t digest[COF_SHA256_LEN];
	int rc = cof_jwk_of(key, &jwk, err);
	if (rc < 0)
		return rc;
	(void)json_object_del(jwk, "alg");
	rc = cof_json_canonical(jwk, &text, err);
	if (rc == 0)
		rc = cof_sha256(cof_buf_span(&text), digest, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *kid = cof_b64url_dup(cof_span_of(digest, sizeof digest));
	if (kid == NULL)
		return cof_err_oom(err);
	memcpy(out, kid, COF_JWK_KID_STR);
	return 0;
}

int cof_jwks_write(EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	char kid[COF_JWK_KID_STR];
	COF_AUTO_PTR(json_t) jwk = NULL;
	int rc = cof_jwk_of(key, &jwk, err);
	if (rc == 0)
		rc = cof_jwk_kid(key, kid, err);
	if (rc == 0)
		rc = cof_json_set_str(jwk, "use", "sig", err);
	if (rc == 0)
		rc = cof_json_set_str(jwk, "kid", kid, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(json_t) set = json_pack("{s:[O]}", "keys", jwk);
	return set == NULL ? cof_err_oom(err) : cof_json_dump_pretty(set, ret, err);
}
