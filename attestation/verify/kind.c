/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/kind.h"

#include "attestation/verify/kinds.h"
#include "common/json.h"

/* Empty; the list is large, and what lies behind its end is nobody's. */
static void start(cof_verdict *v)
{
	v->accepted = v->decoded_only = false;
	v->checks.n = v->checks.failed = v->checks.first = 0;
	v->tcb_status = NULL;
	v->fields = NULL;
}

void cof_verdict_release(cof_verdict *v)
{
	json_decref(v->fields);
	start(v);
}

int cof_kind_find(const char *name, const cof_kind **ret, cof_err *err)
{
	for (const cof_kind *k = cof_kinds; k->name != NULL; k++) {
		if (strcmp(k->name, name) == 0) {
			*ret = k;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "kind-unknown", "no kind of evidence is called '%.40s'", name);
}

bool cof_role_given(const cof_verify_in *in, const char *role)
{
	for (size_t i = 0; i < in->n_files; i++) {
		if (strcmp(in->files[i].role, role) == 0)
			return true;
	}
	return false;
}

cof_span cof_role(const cof_verify_in *in, const char *role)
{
	for (size_t i = 0; i < in->n_files; i++) {
		if (strcmp(in->files[i].role, role) == 0)
			return in->files[i].bytes;
	}
	return (cof_span){0};
}

static bool is_role(const char *const *list, const char *role)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, role) == 0)
			return true;
	}
	return false;
}

static int check_roles(const cof_kind *kind, const cof_verify_in *in, cof_err *err)
{
	for (const char *const *r = kind->required; *r != NULL; r++) {
		if (!cof_role_given(in, *r))
			return cof_err_set(err, COF_E_USAGE, "role-missing", "%s needs the file of the role %s",
					   kind->name, *r);
	}
	for (size_t i = 0; i < in->n_files; i++) {
		if (!is_role(kind->required, in->files[i].role) && !is_role(kind->optional, in->files[i].role))
			return cof_err_set(err, COF_E_USAGE, "role-unknown", "%s has no role %.40s", kind->name,
					   in->files[i].role);
	}
	return 0;
}

int cof_verify(const cof_kind *kind, const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	start(ret);
	int rc = check_roles(kind, in, err);
	if (rc == 0)
		rc = kind->verify(in, ret, err);
	if (rc < 0) {
		cof_verdict_release(ret);
		return rc;
	}
	ret->accepted = cof_checks_passed(&ret->checks);
	return 0;
}

/* --- as JSON --- */

static int check_json(const cof_check *k, json_t *list, cof_err *err)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:s, s:s}", "name", k->name, "stage", cof_stage_name(k->stage), "passed",
			      k->passed, "expected", k->expected, "found", k->found);
	return o == NULL || json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

static const char *word(const cof_verdict *v)
{
	return !v->accepted ? "invalid" : v->decoded_only ? "parses" : "valid";
}

int cof_verdict_json(const cof_kind *kind, const cof_verdict *v, json_t **ret, cof_err *err)
{
	const cof_check *first = v->checks.failed > 0 ? &v->checks.list[v->checks.first] : NULL;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:s?, s:s?, s:[]}", "kind", kind->name, "verdict", word(v), "reason",
		      first == NULL ? NULL : first->name, "stage", first == NULL ? NULL : cof_stage_name(first->stage),
		      "checks");
	int rc = o == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < v->checks.n; i++)
		rc = check_json(&v->checks.list[i], json_object_get(o, "checks"), err);
	if (rc == 0 && v->tcb_status != NULL)
		rc = cof_json_set_str(o, "tcb_status", v->tcb_status, err);
	if (rc == 0 && v->fields != NULL)
		rc = cof_json_set_new(o, "fields", json_incref(v->fields), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
