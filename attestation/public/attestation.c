/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/public/attestation.h"

#include "attestation/verify/cache.h"
#include "attestation/verify/kind.h"
#include "common/json.h"

enum { POLICY_MAX = 256 << 10, FILES_MAX = 64, NAME_PART_MAX = 64 };

struct cof_verifier {
	cof_verify_cache *cache;
};

struct cof_appraisal {
	cof_verdict verdict;
	cof_buf json;
};

const char *cof_attestation_version(void)
{
	return COF_VERSION;
}

bool cof_attestation_kind_at(size_t i, cof_attestation_kind *ret)
{
	for (const cof_kind *k = cof_kinds; k->name != NULL; k++) {
		if (i-- == 0) {
			*ret = (cof_attestation_kind){k->name, k->summary, k->required, k->optional};
			return true;
		}
	}
	return false;
}

/* --- verifier --- */

cof_verifier *cof_verifier_new(void)
{
	cof_verifier *v = calloc(1, sizeof *v);
	if (v != NULL && cof_verify_cache_new(0, &v->cache, NULL) < 0) {
		free(v);
		return NULL;
	}
	return v;
}

void cof_verifier_free(cof_verifier *v)
{
	if (v == NULL)
		return;
	cof_verify_cache_free(v->cache);
	free(v);
}

/* --- appraising --- */

void cof_appraisal_free(cof_appraisal *a)
{
	if (a == NULL)
		return;
	cof_verdict_release(&a->verdict);
	cof_buf_release(&a->json);
	free(a);
}
COF_DEFINE_AUTO_PTR(cof_appraisal, cof_appraisal_free)

/* A caller of another version than this one's is not guessed at. */
static int check_input(const cof_verifier *v, const cof_attestation_input *in, cof_err *err)
{
	if (v == NULL)
		return cof_err_set(err, COF_E_USAGE, "input-missing", "no verifier");
	if (in == NULL || in->size != sizeof *in)
		return cof_err_set(err, COF_E_USAGE, "input-size", "the input's size is not this version's");
	if (in->kind == NULL || (in->files == NULL && in->n_files > 0) || in->n_files > FILES_MAX)
		return cof_err_set(err, COF_E_USAGE, "input-missing", "a kind, and at most %d files", FILES_MAX);
	for (size_t i = 0; i < in->n_files; i++) {
		if (in->files[i].role == NULL || (in->files[i].data == NULL && in->files[i].len > 0))
			return cof_err_set(err, COF_E_USAGE, "input-missing", "file %zu has no role or no bytes", i);
	}
	return 0;
}

static int read_policy(const char *text, json_t **ret, cof_err *err)
{
	if (text == NULL)
		return 0;
	cof_span s = cof_span_str(text);
	if (s.len > POLICY_MAX)
		return cof_err_set(err, COF_E_USAGE, "policy-word", "a policy has at most %d bytes", POLICY_MAX);
	int rc = cof_json_parse(s, ret, err);
	if (rc == 0 && !json_is_object(*ret))
		rc = cof_err_set(err, COF_E_USAGE, "policy-word", "a policy is a JSON object");
	return rc;
}

static int judge(cof_verifier *v, const cof_attestation_input *in, cof_appraisal *a, cof_err *err)
{
	COF_AUTO_PTR(json_t) policy = NULL;
	COF_AUTO_PTR(json_t) said = NULL;
	cof_role_file files[FILES_MAX];
	const cof_kind *kind = NULL;
	int rc = check_input(v, in, err);
	if (rc == 0)
		rc = cof_kind_find(in->kind, &kind, err);
	if (rc == 0)
		rc = read_policy(in->policy, &policy, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < in->n_files; i++)
		files[i] = (cof_role_file){in->files[i].role, cof_span_of(in->files[i].data, in->files[i].len)};
	const cof_verify_in judged = {
		.files = files, .n_files = in->n_files, .policy = policy, .now = in->now, .cache = v->cache};
	rc = cof_verify(kind, &judged, &a->verdict, err);
	if (rc == 0)
		rc = cof_verdict_json(kind, &a->verdict, &said, err);
	return rc < 0 ? rc : cof_json_dump_pretty(said, &a->json, err);
}

cof_appraisal *cof_verifier_appraise(cof_verifier *v, const cof_attestation_input *in,
				     cof_attestation_failure *ret_failure)
{
	cof_err err = {0};
	COF_AUTO_PTR(cof_appraisal) a = calloc(1, sizeof *a);
	int rc = a == NULL ? cof_err_oom(&err) : judge(v, in, a, &err);
	if (rc == 0)
		return cof_steal(&a);
	if (ret_failure != NULL) {
		memcpy(ret_failure->reason, err.reason, sizeof err.reason);
		memcpy(ret_failure->text, err.text, sizeof err.text);
	}
	return NULL;
}

/* --- the answer --- */

bool cof_appraisal_accepted(const cof_appraisal *a)
{
	return a != NULL && a->verdict.accepted && !a->verdict.decoded_only;
}

bool cof_appraisal_decoded(const cof_appraisal *a)
{
	return a != NULL && a->verdict.accepted;
}

const char *cof_appraisal_reason(const cof_appraisal *a)
{
	const char *reason = cof_verdict_reason(&a->verdict);
	return reason != NULL ? reason : "";
}

const char *cof_appraisal_stage(const cof_appraisal *a)
{
	const cof_checks *c = &a->verdict.checks;
	return c->failed > 0 ? cof_stage_name(c->list[c->first].stage) : "";
}

const char *cof_appraisal_tcb_status(const cof_appraisal *a)
{
	return a->verdict.tcb_status;
}

bool cof_appraisal_check_at(const cof_appraisal *a, size_t i, cof_attestation_check *ret)
{
	if (i >= a->verdict.checks.n)
		return false;
	const cof_check *k = &a->verdict.checks.list[i];
	*ret = (cof_attestation_check){k->name, cof_stage_name(k->stage), k->passed, k->expected, k->found};
	return true;
}

const char *cof_appraisal_json(const cof_appraisal *a)
{
	return cof_buf_str(&a->json);
}

/* --- what accepted evidence says --- */

static const json_t *member(const cof_appraisal *a, const char *name)
{
	const json_t *at = cof_appraisal_decoded(a) ? a->verdict.fields : NULL;
	while (at != NULL) {
		char part[NAME_PART_MAX];
		size_t len = strcspn(name, ".");
		if (len >= sizeof part)
			return NULL;
		memcpy(part, name, len);
		part[len] = '\0';
		at = json_object_get(at, part);
		if (name[len] == '\0')
			return at;
		name += len + 1;
	}
	return NULL;
}

const char *cof_appraisal_text(const cof_appraisal *a, const char *name)
{
	return json_string_value(member(a, name));
}

bool cof_appraisal_number(const cof_appraisal *a, const char *name, int64_t *ret)
{
	const json_t *m = member(a, name);
	if (!json_is_integer(m))
		return false;
	*ret = json_integer_value(m);
	return true;
}

bool cof_appraisal_flag(const cof_appraisal *a, const char *name, bool *ret)
{
	const json_t *m = member(a, name);
	if (!json_is_boolean(m))
		return false;
	*ret = json_is_true(m);
	return true;
}
