/* SPDX-License-Identifier: Apache-2.0 */
/* Reading attestation results: one dialect per token, times, and no status better than what it sums up. */
#include "attestation/token/ear.h"
#include "attestation/token/jws.h"

/* spec: draft-ietf-rats-ear-03, 3; the older dialect spells the same claims with dots and hyphens */
typedef struct dialect {
	const char *profile;
	const char *status;
	const char *vector;
	const char *verifier;
	const char *foreign; /* how the other dialect's names begin */
	bool must_expire;
	bool must_explain; /* a status without a vector cannot be checked; only the draft has a way to leave it out */
} dialect;

static const dialect dialects[] = {
	{COF_EAR_PROFILE_COCO, "ear.status", "ear.trustworthiness-vector", "ear.verifier-id", "ear_", true, true},
	{COF_EAR_PROFILE_VERAISON, "ear.status", "ear.trustworthiness-vector", "ear.verifier-id", "ear_", false, true},
	{COF_EAR_PROFILE_IETF, "ear_status", "ear_trustworthiness_vector", "ear_verifier_id", "ear.", false, false},
};

enum { SUBMODS_MAX = 64, NONCES_MAX = 16 };

void cof_ear_release(cof_ear *e)
{
	json_decref(e->claims);
	*e = (cof_ear){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ear-malformed", "attestation result: %s", what);
}

static int find_dialect(const json_t *claims, const cof_ear_want *want, const dialect **ret, cof_err *err)
{
	const char *profile = NULL, *asked = want->profile != NULL ? want->profile : COF_EAR_PROFILE_COCO;
	if (cof_json_str(claims, "eat_profile", &profile, NULL) < 0 || strcmp(profile, asked) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "token-profile", "the token is not of the profile asked for");
	for (size_t i = 0; i < COF_COUNT(dialects); i++) {
		if (strcmp(dialects[i].profile, profile) == 0) {
			*ret = &dialects[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_MALFORMED, "token-profile", "the token's profile is unknown");
}

/* Names of both dialects in one token would let two readers see two verdicts. */
static int check_names(const json_t *o, const dialect *d, cof_err *err)
{
	const char *key;
	json_t *v, *object = (json_t *)(uintptr_t)o;
	json_object_foreach (object, key, v) {
		if (strncmp(key, d->foreign, strlen(d->foreign)) == 0)
			return malformed(err, "names of two dialects");
	}
	return 0;
}

/* ---- times, audience, nonce ---- */

/* *ret is -1 when the claim is absent and may be. */
static int read_time(const json_t *claims, const char *key, bool must, int64_t *ret, cof_err *err)
{
	const json_t *v = json_object_get(claims, key);
	if (v == NULL && !must) {
		*ret = -1;
		return 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT64_MAX / 2)
		return malformed(err, "a time is not a whole number of seconds");
	*ret = json_integer_value(v);
	return 0;
}

static int check_times(const json_t *claims, const dialect *d, int64_t now, cof_err *err)
{
	int64_t iat = 0, nbf = 0, exp = 0;
	int r = read_time(claims, "iat", true, &iat, err);
	if (r == 0)
		r = read_time(claims, "nbf", false, &nbf, err);
	if (r == 0)
		r = read_time(claims, "exp", d->must_expire, &exp, err);
	if (r < 0)
		return r;
	if (iat > now + COF_EAR_SKEW || nbf > now + COF_EAR_SKEW)
		return cof_err_set(err, COF_E_CRYPTO, "token-not-yet", "the token is from the future");
	if (exp >= 0 && now >= exp)
		return cof_err_set(err, COF_E_CRYPTO, "token-expired", "the token has expired");
	return 0;
}

static bool is_text(const json_t *v, const char *want)
{
	return json_is_string(v) && strlen(want) == json_string_length(v) && strcmp(json_string_value(v), want) == 0;
}

/* A claim that is one text or an array of them. */
static bool holds_text(const json_t *v, const char *want)
{
	if (!json_is_array(v))
		return is_text(v, want);
	for (size_t i = 0; i < json_array_size(v) && i < NONCES_MAX; i++) {
		if (is_text(json_array_get(v, i), want))
			return true;
	}
	return false;
}

static int check_expected(const json_t *claims, const cof_ear_want *want, cof_err *err)
{
	if (want->audience != NULL && !holds_text(json_object_get(claims, "aud"), want->audience))
		return cof_err_set(err, COF_E_CRYPTO, "token-audience", "the token is for somebody else");
	if (want->nonce != NULL && !holds_text(json_object_get(claims, "eat_nonce"), want->nonce))
		return cof_err_set(err, COF_E_CRYPTO, "token-nonce", "the token answers another nonce");
	return 0;
}

/* ---- appraisals ---- */

static int element_of(const char *name)
{
	for (int i = 0; i < COF_TRUST_COUNT; i++) {
		if (strcmp(cof_trust_name((enum cof_trust)i), name) == 0)
			return i;
	}
	return -1;
}

static int read_vector(const json_t *appraisal, const dialect *d, int ret[COF_TRUST_COUNT], cof_err *err)
{
	const char *key;
	json_t *v, *vector = json_object_get(appraisal, d->vector);
	memset(ret, 0, COF_TRUST_COUNT * sizeof ret[0]);
	if (vector == NULL && !d->must_explain)
		return 0;
	if (!json_is_object(vector) || json_object_size(vector) == 0)
		return malformed(err, "an empty trustworthiness vector");
	json_object_foreach (vector, key, v) {
		int i = element_of(key);
		if (i < 0 || !json_is_integer(v) || json_integer_value(v) < -128 || json_integer_value(v) > 127)
			return malformed(err, "trustworthiness vector");
		ret[i] = (int)json_integer_value(v);
	}
	return 0;
}

static int read_status(const json_t *o, const dialect *d, cof_status *ret, cof_err *err)
{
	const char *name = NULL;
	if (cof_json_str(o, d->status, &name, NULL) < 0)
		return malformed(err, "an appraisal without status");
	return cof_status_by_name(name, ret, err);
}

/* "none" states nothing, so it never claims too much. */
static bool claims_too_much(cof_status stated, cof_status worst)
{
	return stated != COF_STATUS_NONE && stated < worst;
}

static int read_appraisal(const json_t *o, const dialect *d, cof_status *ret, cof_err *err)
{
	int vector[COF_TRUST_COUNT];
	cof_status status = COF_STATUS_NONE;
	int r = json_is_object(o) ? check_names(o, d, err) : malformed(err, "an appraisal is no object");
	if (r == 0)
		r = read_status(o, d, &status, err);
	if (r == 0)
		r = read_vector(o, d, vector, err);
	if (r < 0)
		return r;
	if (claims_too_much(status, cof_trust_worst(vector)))
		return cof_err_set(err, COF_E_MALFORMED, "ear-status", "a status better than its trust vector");
	*ret = status;
	return 0;
}

/* From best to worst: affirming, none, warning, contraindicated: what states nothing spoils an affirming whole. */
static int rank(cof_status s)
{
	return s == COF_STATUS_AFFIRMING ? 0 : s == COF_STATUS_NONE ? 1 : s == COF_STATUS_WARNING ? 2 : 3;
}

static int read_submods(const json_t *claims, const dialect *d, cof_status *ret, cof_err *err)
{
	const char *key;
	json_t *v, *submods = json_object_get(claims, "submods");
	cof_status worst = COF_STATUS_AFFIRMING;
	if (!json_is_object(submods) || json_object_size(submods) == 0 || json_object_size(submods) > SUBMODS_MAX)
		return malformed(err, "number of appraisals");
	json_object_foreach (submods, key, v) {
		cof_status s = COF_STATUS_NONE;
		int r = read_appraisal(v, d, &s, err);
		if (r < 0)
			return r;
		worst = rank(s) > rank(worst) ? s : worst;
	}
	*ret = worst;
	return 0;
}

static int check_verifier(const json_t *claims, const dialect *d, cof_err *err)
{
	const char *text = NULL;
	const json_t *id = json_object_get(claims, d->verifier);
	if (!json_is_object(id) || cof_json_str(id, "developer", &text, NULL) < 0 ||
	    cof_json_str(id, "build", &text, NULL) < 0)
		return malformed(err, "verifier");
	return 0;
}

static int check_overall(const json_t *claims, const dialect *d, cof_status worst, cof_err *err)
{
	cof_status overall = COF_STATUS_NONE;
	if (json_object_get(claims, d->status) == NULL)
		return 0;
	int r = read_status(claims, d, &overall, err);
	if (r == 0 && claims_too_much(overall, worst))
		return cof_err_set(err, COF_E_MALFORMED, "ear-status", "an overall status better than an appraisal's");
	return r;
}

int cof_ear_check(const json_t *claims, const cof_ear_want *want, cof_status *ret, cof_err *err)
{
	const dialect *d = NULL;
	cof_status worst = COF_STATUS_NONE;
	int r = find_dialect(claims, want, &d, err);
	if (r == 0)
		r = check_names(claims, d, err);
	if (r == 0)
		r = check_times(claims, d, want->now, err);
	if (r == 0)
		r = check_expected(claims, want, err);
	if (r == 0)
		r = check_verifier(claims, d, err);
	if (r == 0)
		r = read_submods(claims, d, &worst, err);
	if (r == 0)
		r = check_overall(claims, d, worst, err);
	if (r == 0)
		*ret = worst;
	return r;
}

int cof_ear_verify(cof_span token, EVP_PKEY *key, const cof_ear_want *want, cof_ear *ret, cof_err *err)
{
	COF_AUTO(cof_ear) e = {0};
	int r = cof_jws_verify(token, key, NULL, &e.claims, err);
	if (r == 0)
		r = cof_ear_check(e.claims, want, &e.status, err);
	if (r < 0)
		return r;
	e.profile = json_string_value(json_object_get(e.claims, "eat_profile"));
	*ret = e;
	e = (cof_ear){0};
	return 0;
}
