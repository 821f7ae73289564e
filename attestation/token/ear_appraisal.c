/* SPDX-License-Identifier: Apache-2.0 */
/* The appraisals of an attestation result: their words, vectors, and that no status is better than its parts. */
#include "attestation/token/ear_int.h"

#include <stdio.h>

enum { SUBMODS_MAX = 64 };

int cof_ear_step_verifier(cof_ear_reading *r, cof_err *err)
{
	const char *text = NULL;
	const json_t *id = json_object_get(r->claims, r->d->verifier);
	if (!json_is_object(id) || cof_json_str(id, "developer", &text, NULL) < 0 ||
	    cof_json_str(id, "build", &text, NULL) < 0)
		return cof_ear_malformed(err, "verifier");
	return 0;
}

int cof_ear_step_submods(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	json_t *v, *submods = json_object_get(r->claims, "submods");
	(void)snprintf(r->expected, sizeof r->expected, "1 to %d", SUBMODS_MAX);
	cof_ear_note(r->found, "", (int64_t)json_object_size(submods));
	if (!json_is_object(submods) || json_object_size(submods) == 0 || json_object_size(submods) > SUBMODS_MAX)
		return cof_ear_malformed(err, "number of appraisals");
	json_object_foreach (submods, key, v) {
		if (!json_is_object(v))
			return cof_ear_malformed(err, "an appraisal is no object");
	}
	return 0;
}

static int read_status(const json_t *o, const cof_ear_dialect *d, cof_status *ret, cof_err *err)
{
	const char *name = NULL;
	if (cof_json_str(o, d->status, &name, NULL) < 0)
		return cof_ear_malformed(err, "an appraisal without status");
	return cof_status_by_name(name, ret, err);
}

/* From best to worst: affirming, none, warning, contraindicated: what states nothing spoils an affirming whole. */
static int rank(cof_status s)
{
	return s == COF_STATUS_AFFIRMING ? 0 : s == COF_STATUS_NONE ? 1 : s == COF_STATUS_WARNING ? 2 : 3;
}

int cof_ear_step_words(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	json_t *v, *submods = json_object_get(r->claims, "submods");
	cof_status overall, s = COF_STATUS_NONE;
	int rc = json_object_get(r->claims, r->d->status) != NULL ? read_status(r->claims, r->d, &overall, err) : 0;
	r->worst = COF_STATUS_AFFIRMING;
	json_object_foreach (submods, key, v) {
		if (rc == 0)
			rc = read_status(v, r->d, &s, err);
		r->worst = rank(s) > rank(r->worst) ? s : r->worst;
	}
	cof_ear_quote(r->found, rc == 0 ? cof_status_name(r->worst) : "another word, or none");
	return rc;
}

static int element_of(const char *name)
{
	for (int i = 0; i < COF_TRUST_COUNT; i++) {
		if (strcmp(cof_trust_name((enum cof_trust)i), name) == 0)
			return i;
	}
	return -1;
}

static int read_vector(const json_t *appraisal, const cof_ear_dialect *d, int ret[COF_TRUST_COUNT], cof_err *err)
{
	const char *key;
	json_t *v, *vector = json_object_get(appraisal, d->vector);
	memset(ret, 0, COF_TRUST_COUNT * sizeof ret[0]);
	if (vector == NULL && !d->must_explain)
		return 0;
	if (!json_is_object(vector) || json_object_size(vector) == 0)
		return cof_ear_malformed(err, "an empty trustworthiness vector");
	json_object_foreach (vector, key, v) {
		int i = element_of(key);
		if (i < 0 || !json_is_integer(v) || json_integer_value(v) < -128 || json_integer_value(v) > 127)
			return cof_ear_malformed(err, "trustworthiness vector");
		ret[i] = (int)json_integer_value(v);
	}
	return 0;
}

int cof_ear_step_vectors(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	int rc = 0, vector[COF_TRUST_COUNT];
	json_t *v, *submods = json_object_get(r->claims, "submods");
	json_object_foreach (submods, key, v) {
		if (rc == 0)
			rc = read_vector(v, r->d, vector, err);
	}
	return rc;
}

static bool is_policy_list(const json_t *v, const cof_ear_dialect *d)
{
	size_t n = json_array_size(v);
	if (v == NULL || d->one_policy)
		return v == NULL || json_is_string(v);
	for (size_t i = 0; i < n; i++) {
		if (!json_is_string(json_array_get(v, i)))
			return false;
	}
	return n > 0;
}

int cof_ear_step_policies(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	json_t *v, *submods = json_object_get(r->claims, "submods");
	json_object_foreach (submods, key, v) {
		if (!is_policy_list(json_object_get(v, r->d->policies), r->d))
			return cof_ear_malformed(err, "appraisal policies");
	}
	return 0;
}

/* "none" states nothing, so it never claims too much. */
static bool claims_too_much(cof_status stated, cof_status worst)
{
	return stated != COF_STATUS_NONE && stated < worst;
}

int cof_ear_step_status(cof_ear_reading *r, cof_err *err)
{
	const char *key;
	int vector[COF_TRUST_COUNT];
	cof_status s = COF_STATUS_NONE;
	json_t *v, *submods = json_object_get(r->claims, "submods");
	json_object_foreach (submods, key, v) {
		int rc = read_status(v, r->d, &s, err);
		if (rc == 0)
			rc = read_vector(v, r->d, vector, err);
		if (rc < 0)
			return rc;
		if (!claims_too_much(s, cof_trust_worst(vector)))
			continue;
		(void)snprintf(r->expected, sizeof r->expected, "no better than %s",
			       cof_status_name(cof_trust_worst(vector)));
		(void)snprintf(r->found, sizeof r->found, "%.40s: %s", key, cof_status_name(s));
		return cof_err_set(err, COF_E_MALFORMED, "ear-status", "a status better than its trust vector");
	}
	return 0;
}

int cof_ear_step_overall(cof_ear_reading *r, cof_err *err)
{
	cof_status overall = COF_STATUS_NONE;
	if (json_object_get(r->claims, r->d->status) == NULL)
		return COF_EAR_IDLE;
	int rc = read_status(r->claims, r->d, &overall, err);
	(void)snprintf(r->expected, sizeof r->expected, "no better than %s", cof_status_name(r->worst));
	cof_ear_quote(r->found, cof_status_name(overall));
	if (rc == 0 && claims_too_much(overall, r->worst))
		return cof_err_set(err, COF_E_MALFORMED, "ear-status", "an overall status better than an appraisal's");
	return rc;
}

/* ---- what it says, for people and tests ---- */

static int put_copy(json_t *to, const char *name, const json_t *v, cof_err *err)
{
	return v == NULL ? 0 : cof_json_set_new(to, name, json_deep_copy(v), err);
}

static int put_appraisal(const json_t *v, const cof_ear_dialect *d, const char *key, json_t *to, cof_err *err)
{
	json_t *o = json_object();
	int rc = cof_json_set_new(to, key, o, err);
	if (rc == 0)
		rc = put_copy(o, "ear_status", json_object_get(v, d->status), err);
	return rc < 0 ? rc : put_copy(o, "vector", json_object_get(v, d->vector), err);
}

static int put_submods(const json_t *claims, const cof_ear_dialect *d, json_t *to, cof_err *err)
{
	const char *key;
	json_t *v, *o = json_object(), *submods = json_object_get(claims, "submods");
	int rc = cof_json_set_new(to, "submods", o, err);
	json_object_foreach (submods, key, v) {
		if (rc == 0)
			rc = put_appraisal(v, d, key, o, err);
	}
	return rc;
}

int cof_ear_fields(const json_t *claims, json_t **ret, cof_err *err)
{
	static const char *const same[][2] = {
		{"profile", "eat_profile"}, {"iat", "iat"},	 {"nbf", "nbf"}, {"exp", "exp"},
		{"nonce", "eat_nonce"},	    {"audience", "aud"}, {"cnf", "cnf"}};
	const cof_ear_dialect *d = cof_ear_dialect_of(claims);
	COF_AUTO_PTR(json_t) o = json_object();
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(same); i++)
		rc = put_copy(o, same[i][0], json_object_get(claims, same[i][1]), err);
	if (rc == 0 && d != NULL)
		rc = put_copy(o, "verifier_id", json_object_get(claims, d->verifier), err);
	if (rc == 0 && d != NULL)
		rc = put_copy(o, "ear_status", json_object_get(claims, d->status), err);
	if (rc == 0 && d != NULL)
		rc = put_submods(claims, d, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
