/* SPDX-License-Identifier: Apache-2.0 */
/* Reading attestation results: one dialect per token, times, and no status better than what it sums up. */
#include "attestation/token/ear_int.h"
#include "attestation/token/jws.h"
#include "common/hex.h"

#include <stdio.h>

#define DOTTED                                                                                                         \
	"ear.status", "ear.trustworthiness-vector", "ear.verifier-id", "ear.appraisal-policy-id", COF_EAR_ANNOTATED
#define DRAFT                                                                                                          \
	"ear_status", "ear_trustworthiness_vector", "ear_verifier_id", "ear_appraisal_policy_ids",                     \
		"ear_veraison_annotated_evidence"

static const cof_ear_dialect dialects[] = {
	{COF_EAR_PROFILE_COCO, DOTTED, "ear_", true, true, true, true},
	{COF_EAR_PROFILE_VERAISON, DOTTED, "ear_", true, false, false, true},
	{COF_EAR_PROFILE_IETF, DRAFT, "ear.", false, false, false, false},
};

enum { NONCES_MAX = 16, NONCE_MIN = 8, NONCE_MAX = 64 };

void cof_ear_release(cof_ear *e)
{
	json_decref(e->claims);
	*e = (cof_ear){0};
}

int cof_ear_malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ear-malformed", "attestation result: %s", what);
}

void cof_ear_note(char to[COF_CHECK_TEXT_MAX], const char *before, int64_t number)
{
	(void)snprintf(to, COF_CHECK_TEXT_MAX, "%s%lld", before, (long long)number);
}

void cof_ear_quote(char to[COF_CHECK_TEXT_MAX], const char *text)
{
	(void)snprintf(to, COF_CHECK_TEXT_MAX, "%s", text != NULL ? text : "none");
}

/* ---- dialect ---- */

static const char *asked_profile(const cof_ear_want *want)
{
	return want == NULL ? NULL : want->profile != NULL ? want->profile : COF_EAR_PROFILE_COCO;
}

const cof_ear_dialect *cof_ear_dialect_by(const char *profile)
{
	for (size_t i = 0; i < COF_COUNT(dialects); i++) {
		if (strcmp(dialects[i].profile, profile) == 0)
			return &dialects[i];
	}
	return NULL;
}

const cof_ear_dialect *cof_ear_dialect_of(const json_t *claims)
{
	const char *profile = NULL;
	return cof_json_str(claims, "eat_profile", &profile, NULL) < 0 ? NULL : cof_ear_dialect_by(profile);
}

static int check_profile(cof_ear_reading *r, cof_err *err)
{
	const char *asked = asked_profile(r->want), *profile = NULL;
	(void)!cof_json_str(r->claims, "eat_profile", &profile, NULL);
	cof_ear_quote(r->expected, asked != NULL ? asked : "a known profile");
	cof_ear_quote(r->found, profile);
	if (profile == NULL || (asked != NULL && strcmp(profile, asked) != 0))
		return cof_err_set(err, COF_E_MALFORMED, "token-profile", "the token is not of the profile asked for");
	r->d = cof_ear_dialect_of(r->claims);
	if (r->d == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "token-profile", "the token's profile is unknown");
	return 0;
}

/* Names of both dialects in one token would let two readers see two verdicts. */
static int check_object_names(const json_t *o, const cof_ear_dialect *d, cof_err *err)
{
	const char *key;
	json_t *v, *object = (json_t *)(uintptr_t)o;
	json_object_foreach (object, key, v) {
		if (strncmp(key, d->foreign, strlen(d->foreign)) == 0)
			return cof_ear_malformed(err, "names of two dialects");
	}
	return 0;
}

static int check_names(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	json_t *v, *submods = json_object_get(r->claims, "submods");
	int rc = check_object_names(r->claims, r->d, err);
	json_object_foreach (submods, key, v) {
		if (rc == 0)
			rc = check_object_names(v, r->d, err);
	}
	return rc;
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
		return cof_ear_malformed(err, "a time is not a whole number of seconds");
	*ret = json_integer_value(v);
	return 0;
}

static int check_times(cof_ear_reading *r, cof_err *err)
{
	int rc = read_time(r->claims, "iat", true, &r->iat, err);
	if (rc == 0)
		rc = read_time(r->claims, "nbf", false, &r->nbf, err);
	if (rc == 0)
		rc = read_time(r->claims, "exp", r->d->must_expire, &r->exp, err);
	return rc;
}

static int check_begun(cof_ear_reading *r, cof_err *err)
{
	int64_t begin = r->iat > r->nbf ? r->iat : r->nbf;
	cof_ear_note(r->expected, "at most ", r->want->now + COF_EAR_SKEW);
	cof_ear_note(r->found, "", begin);
	if (begin > r->want->now + COF_EAR_SKEW)
		return cof_err_set(err, COF_E_CRYPTO, "token-not-yet", "the token is from the future");
	return 0;
}

static int check_not_over(cof_ear_reading *r, cof_err *err)
{
	if (r->exp < 0)
		return COF_EAR_IDLE;
	cof_ear_note(r->expected, "above ", r->want->now);
	cof_ear_note(r->found, "", r->exp);
	if (r->want->now >= r->exp)
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

static int check_audience(cof_ear_reading *r, cof_err *err)
{
	const char *want = r->want->audience;
	if (want == NULL)
		return COF_EAR_IDLE;
	cof_ear_quote(r->expected, want);
	if (!holds_text(json_object_get(r->claims, "aud"), want))
		return cof_err_set(err, COF_E_CRYPTO, "token-audience", "the token is for somebody else");
	return 0;
}

static int check_nonce(cof_ear_reading *r, cof_err *err)
{
	const json_t *nonce = json_object_get(r->claims, "eat_nonce");
	if (r->want->nonce == NULL)
		return COF_EAR_IDLE;
	cof_ear_quote(r->expected, r->want->nonce);
	cof_ear_quote(r->found, json_is_array(nonce) ? "several" : json_string_value(nonce));
	if (!holds_text(nonce, r->want->nonce))
		return cof_err_set(err, COF_E_CRYPTO, "token-nonce", "the token answers another nonce");
	return 0;
}

static bool is_nonce(const json_t *v)
{
	COF_AUTO(cof_buf) raw = {0};
	const cof_span text = cof_span_of(json_string_value(v), json_string_length(v));
	return json_is_string(v) && text.len <= 2 * NONCE_MAX && cof_unb64url(text, &raw, NULL) == 0 &&
	       raw.len >= NONCE_MIN && raw.len <= NONCE_MAX;
}

/* spec: RFC 9711, 4.1: one, or an array of at least two */
static int check_nonce_size(cof_ear_reading *r, cof_err *err)
{
	const json_t *nonce = json_object_get(r->claims, "eat_nonce");
	size_t n = json_array_size(nonce);
	(void)snprintf(r->expected, sizeof r->expected, "%d to %d bytes", NONCE_MIN, NONCE_MAX);
	if (nonce == NULL)
		return COF_EAR_IDLE;
	bool fine = (json_is_array(nonce) ? n >= 2 && n <= NONCES_MAX : is_nonce(nonce));
	for (size_t i = 0; fine && i < n; i++)
		fine = is_nonce(json_array_get(nonce, i));
	return fine ? 0 : cof_ear_malformed(err, "a nonce of another size or shape");
}

/* ---- the steps ---- */

typedef struct step {
	const char *name; /* of the check */
	int (*run)(cof_ear_reading *r, cof_err *err);
	bool is_base; /* later steps stand on what it read */
	bool is_wish; /* compares with what the caller wants */
} step;

static const step steps[] = {
	{"token-profile", check_profile, true, false},
	{"token-dialect", check_names, false, false},
	{"token-times", check_times, true, false},
	{"token-not-yet", check_begun, false, true},
	{"token-expired", check_not_over, false, true},
	{"token-audience", check_audience, false, true},
	{"token-nonce", check_nonce, false, true},
	{"token-nonce-size", check_nonce_size, false, false},
	{"ear-verifier", cof_ear_step_verifier, false, false},
	{"ear-submods", cof_ear_step_submods, true, false},
	{"ear-status-word", cof_ear_step_words, true, false},
	{"ear-vector", cof_ear_step_vectors, true, false},
	{"ear-policies", cof_ear_step_policies, false, false},
	{"ear-status", cof_ear_step_status, false, false},
	{"ear-overall", cof_ear_step_overall, false, false},
};

int cof_ear_check(const json_t *claims, const cof_ear_want *want, cof_status *ret, cof_err *err)
{
	cof_ear_reading r = {.claims = claims, .want = want};
	int rc = 0;
	for (size_t i = 0; rc >= 0 && i < COF_COUNT(steps); i++)
		rc = steps[i].run(&r, err);
	if (rc < 0)
		return rc;
	*ret = r.worst;
	return 0;
}

void cof_ear_checks(const json_t *claims, const cof_ear_want *want, cof_checks *ret)
{
	cof_ear_reading r = {.claims = claims, .want = want};
	for (size_t i = 0; i < COF_COUNT(steps); i++) {
		cof_err why = {0};
		if (want == NULL && steps[i].is_wish)
			continue;
		r.expected[0] = r.found[0] = '\0';
		int rc = steps[i].run(&r, &why);
		if (rc == COF_EAR_IDLE)
			continue;
		bool passed = cof_check_text(ret, COF_STAGE_CLAIMS, steps[i].name, rc == 0, r.expected,
					     r.found[0] != '\0' ? r.found : why.text);
		if (!passed && steps[i].is_base)
			return;
	}
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
