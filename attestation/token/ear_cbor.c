/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/ear_cbor_int.h"

#include "attestation/verify/status.h"
#include "common/hex.h"

enum { LIST_MAX = 64 };

typedef json_t *(*put)(const cof_cbor *v);
typedef cof_ear_claim claim;

static json_t *put_int(const cof_cbor *v)
{
	int64_t n = 0;
	return cof_cbor_int(v, &n) ? json_integer(n) : NULL;
}

/* Texts with a NUL are none: half of the readers would stop there. */
static json_t *put_text(const cof_cbor *v)
{
	cof_span s;
	COF_AUTO_FREE char *text = cof_cbor_text(v, &s) ? cof_span_dup_str(s) : NULL;
	return text != NULL ? json_string(text) : NULL;
}

static json_t *put_bytes(const cof_cbor *v)
{
	cof_span s;
	COF_AUTO_FREE char *text = cof_cbor_bytes(v, &s) ? cof_b64url_dup(s) : NULL;
	return text != NULL ? json_string(text) : NULL;
}

static json_t *put_list(const cof_cbor *v, put each)
{
	size_t n = 0;
	COF_AUTO_PTR(json_t) list = json_array();
	if (list == NULL || !cof_cbor_array(v, &n) || n == 0 || n > LIST_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, each(cof_cbor_at(v, i))) < 0)
			return NULL;
	}
	return cof_steal(&list);
}

static json_t *put_texts(const cof_cbor *v)
{
	return put_list(v, put_text);
}

static json_t *put_audience(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) ? put_texts(v) : put_text(v);
}

static json_t *put_nonce(const cof_cbor *v)
{
	size_t n = 0;
	return cof_cbor_array(v, &n) ? put_list(v, put_bytes) : put_bytes(v);
}

/* An unknown number goes on as its digits, which no reader takes for a word. */
static json_t *put_status(const cof_cbor *v)
{
	static const cof_status known[] = {COF_STATUS_NONE, COF_STATUS_AFFIRMING, COF_STATUS_WARNING,
					   COF_STATUS_CONTRAINDICATED};
	int64_t n = 0;
	if (!cof_cbor_int(v, &n))
		return NULL;
	for (size_t i = 0; i < COF_COUNT(known); i++) {
		if (n == (int64_t)known[i])
			return json_string(cof_status_name(known[i]));
	}
	return json_sprintf("%lld", (long long)n);
}

static json_t *put_vector(const cof_cbor *v)
{
	size_t n = 0;
	COF_AUTO_PTR(json_t) o = json_object();
	if (o == NULL || !cof_cbor_map(v, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int64_t key = 0, value = 0;
		if (!cof_cbor_int(cof_cbor_key(v, i), &key) || key < 0 || key >= COF_TRUST_COUNT ||
		    !cof_cbor_int(cof_cbor_value(v, i), &value) ||
		    json_object_set_new(o, cof_trust_name((enum cof_trust)key), json_integer(value)) < 0)
			return NULL;
	}
	return cof_steal(&o);
}

/* ---- maps of claims ---- */

static const claim *find(const claim *claims, size_t n, int64_t key)
{
	for (size_t i = 0; i < n; i++) {
		if (claims[i].key == key)
			return &claims[i];
	}
	return NULL;
}

/* A JSON name in a CBOR map is what another reader would take for the claim. */
static bool is_json_name(const cof_cbor *key)
{
	cof_span s;
	COF_AUTO_FREE char *text = cof_cbor_text(key, &s) ? cof_span_dup_str(s) : NULL;
	return text == NULL || strncmp(text, "ear", 3) == 0 || strncmp(text, "eat_", 4) == 0 ||
	       strcmp(text, "submods") == 0;
}

static int refuse(cof_err *err, long long key)
{
	return cof_err_set(err, COF_E_MALFORMED, "cwt-claim", "claim %lld is not of its shape", key);
}

static int put_map(const cof_cbor *map, const claim *claims, size_t n_claims, json_t **ret, cof_err *err)
{
	size_t n = 0;
	COF_AUTO_PTR(json_t) o = json_object();
	if (o == NULL)
		return cof_err_oom(err);
	if (!cof_cbor_map(map, &n))
		return cof_err_set(err, COF_E_MALFORMED, "cwt-claim", "claims that are no map");
	for (size_t i = 0; i < n; i++) {
		int64_t key = 0;
		bool is_int = cof_cbor_int(cof_cbor_key(map, i), &key);
		if (!is_int && is_json_name(cof_cbor_key(map, i)))
			return cof_err_set(err, COF_E_MALFORMED, "cwt-claim",
					   "a key that is no number, or a name of the JSON form");
		const claim *c = is_int ? find(claims, n_claims, key) : NULL;
		if (c != NULL && c->to_json != NULL &&
		    json_object_set_new(o, c->name, c->to_json(cof_cbor_value(map, i))) < 0)
			return refuse(err, key);
	}
	*ret = cof_steal(&o);
	return 0;
}

static json_t *put_verifier(const cof_cbor *v)
{
	json_t *o = NULL;
	return put_map(v, cof_ear_verifier_claims, COF_EAR_VERIFIER_CLAIMS, &o, NULL) == 0 ? o : NULL;
}

static json_t *put_submods(const cof_cbor *v)
{
	size_t n = 0;
	COF_AUTO_PTR(json_t) o = json_object();
	if (o == NULL || !cof_cbor_map(v, &n) || n > LIST_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		cof_span s;
		json_t *one = NULL;
		COF_AUTO_FREE char *name = cof_cbor_text(cof_cbor_key(v, i), &s) ? cof_span_dup_str(s) : NULL;
		if (name == NULL ||
		    put_map(cof_cbor_value(v, i), cof_ear_appraisal_claims, COF_EAR_APPRAISAL_CLAIMS, &one, NULL) < 0 ||
		    json_object_set_new(o, name, one) < 0)
			return NULL;
	}
	return cof_steal(&o);
}

/* spec: RFC 8747, 3.2; RFC 9053, 7.1: an EC key on P-256, the one kind that a guest has here */
static json_t *put_holder(const cof_cbor *v)
{
	cof_span x, y;
	int64_t kty = 0, crv = 0;
	const cof_cbor *key = cof_cbor_get(v, COF_EAR_CNF_KEY);
	if (!cof_cbor_int(cof_cbor_get(key, COF_COSE_KEY_KTY), &kty) || kty != COF_COSE_KEY_EC2 ||
	    !cof_cbor_int(cof_cbor_get(key, COF_COSE_KEY_CRV), &crv) || crv != COF_COSE_KEY_P256 ||
	    !cof_cbor_bytes(cof_cbor_get(key, COF_COSE_KEY_X), &x) || x.len != COF_COSE_KEY_P256_LEN ||
	    !cof_cbor_bytes(cof_cbor_get(key, COF_COSE_KEY_Y), &y) || y.len != COF_COSE_KEY_P256_LEN)
		return NULL;
	COF_AUTO_FREE char *x_text = cof_b64url_dup(x);
	COF_AUTO_FREE char *y_text = cof_b64url_dup(y);
	return x_text == NULL || y_text == NULL ? NULL
						: json_pack("{s:{s:s, s:s, s:s, s:s}}", "jwk", "kty", "EC", "crv",
							    "P-256", "x", x_text, "y", y_text);
}

/* ---- the tables ---- */

const cof_ear_claim cof_ear_verifier_claims[COF_EAR_VERIFIER_CLAIMS] = {
	{0, "developer", put_text, cof_ear_write_text},
	{1, "build", put_text, cof_ear_write_text},
};

/* spec: draft-ietf-rats-ear-03, 3.2, and the extension for annotated evidence */
const cof_ear_claim cof_ear_appraisal_claims[COF_EAR_APPRAISAL_CLAIMS] = {
	{10, "eat_nonce", put_nonce, cof_ear_write_nonce},
	{265, "eat_profile", put_text, cof_ear_write_text},
	{1000, "ear_status", put_status, cof_ear_write_status},
	{1001, "ear_trustworthiness_vector", put_vector, cof_ear_write_vector},
	{1003, "ear_appraisal_policy_ids", put_texts, cof_ear_write_json},
	{-70000, "ear_veraison_annotated_evidence", NULL, cof_ear_write_json},
};

/* spec: RFC 8392, 4; RFC 8747, 3.1; RFC 9711, 10.3.1; draft-ietf-rats-ear-03, 3.1 */
const cof_ear_claim cof_ear_result_claims[COF_EAR_RESULT_CLAIMS] = {
	{1, "iss", put_text, cof_ear_write_text},
	{2, "sub", put_text, cof_ear_write_text},
	{3, "aud", put_audience, cof_ear_write_json},
	{4, "exp", put_int, cof_ear_write_int},
	{5, "nbf", put_int, cof_ear_write_int},
	{6, "iat", put_int, cof_ear_write_int},
	{7, "jti", put_bytes, cof_ear_write_bytes},
	{8, "cnf", put_holder, cof_ear_write_holder},
	{10, "eat_nonce", put_nonce, cof_ear_write_nonce},
	{265, "eat_profile", put_text, cof_ear_write_text},
	{266, "submods", put_submods, cof_ear_write_submods},
	{1000, "ear_status", put_status, cof_ear_write_status},
	{1002, "ear_raw_evidence", put_bytes, cof_ear_write_bytes},
	{1004, "ear_verifier_id", put_verifier, cof_ear_write_verifier},
};

int cof_ear_from_cbor(const cof_cbor *map, json_t **ret, cof_err *err)
{
	return put_map(map, cof_ear_result_claims, COF_EAR_RESULT_CLAIMS, ret, err);
}
