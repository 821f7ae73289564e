/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/claims_policy.h"

#include "attestation/token/ear.h"

#define FORMAT "coffer-release-policy/1"
#define ANNOTATED "ear.veraison.annotated-evidence"

enum { POINTER_MAX = 256 };

/* The document is kept as it was checked; judging walks it. */
struct cof_release_policy {
	json_t *rules;
};

/* spec: KBS protocol 3.5: names of TEEs; other members of annotated evidence are none */
static const char *const tees[] = {"tpm", "snp", "tdx", "az-snp-vtpm", "az-tdx-vtpm", "sgx", "cca", "csv", "se"};

void cof_release_policy_free(cof_release_policy *p)
{
	if (p == NULL)
		return;
	json_decref(p->rules);
	free(p);
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "policy-malformed", "release policy: %s", what);
}

/* ---- reading ---- */

static bool known_tee(const json_t *v)
{
	const char *name = json_string_value(v);
	for (size_t i = 0; name != NULL && i < COF_COUNT(tees); i++) {
		if (strcmp(tees[i], name) == 0)
			return true;
	}
	return false;
}

static int check_tees(const json_t *require, cof_err *err)
{
	json_t *list = NULL;
	if (cof_json_arr(require, "tee", &list, NULL) < 0 || json_array_size(list) == 0 ||
	    json_array_size(list) > COF_COUNT(tees))
		return malformed(err, "'tee' must list the TEEs that a rule is for");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!known_tee(json_array_get(list, i)))
			return malformed(err, "'tee' names an unknown TEE");
	}
	return 0;
}

static int check_status(const json_t *require, cof_err *err)
{
	const char *status = NULL;
	if (cof_json_str(require, "status", &status, NULL) < 0 ||
	    (strcmp(status, "affirming") != 0 && strcmp(status, "warning") != 0))
		return malformed(err, "'status' must be \"affirming\" or \"warning\"");
	return 0;
}

/* Only values with one spelling can be compared. */
static bool value_ok(const json_t *v)
{
	return json_is_string(v) || json_is_integer(v) || json_is_boolean(v);
}

static int check_values(const json_t *claim, cof_err *err)
{
	const json_t *one = json_object_get(claim, "equals");
	const json_t *many = json_object_get(claim, "one-of");
	if ((one == NULL) == (many == NULL))
		return malformed(err, "a claim needs 'equals' or 'one-of'");
	if (one != NULL)
		return value_ok(one) ? 0 : malformed(err, "'equals' is no plain value");
	if (!json_is_array(many) || json_array_size(many) == 0 || json_array_size(many) > COF_RELEASE_VALUES_MAX)
		return malformed(err, "'one-of' is no list of values");
	for (size_t i = 0; i < json_array_size(many); i++) {
		if (!value_ok(json_array_get(many, i)))
			return malformed(err, "'one-of' holds no plain value");
	}
	return 0;
}

static int check_claim(const json_t *claim, cof_err *err)
{
	static const char *const known[] = {"path", "equals", "one-of", NULL};
	const char *path = NULL;
	if (!json_is_object(claim) || cof_json_only(claim, known, NULL) < 0)
		return malformed(err, "a claim has an unknown member");
	if (cof_json_str(claim, "path", &path, NULL) < 0 || path[0] != '/' || strlen(path) > POINTER_MAX)
		return malformed(err, "a claim's 'path' is no JSON pointer");
	return check_values(claim, err);
}

static int check_claims(const json_t *require, cof_err *err)
{
	const json_t *list = json_object_get(require, "claims");
	int r = 0;
	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > COF_RELEASE_CLAIMS_MAX)
		return malformed(err, "'claims' is no list");
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = check_claim(json_array_get(list, i), err);
	return r;
}

/* A rule without TEE and status would release to anything genuine, so neither has a default. */
static int check_rule(const json_t *rule, cof_err *err)
{
	static const char *const known[] = {"resource", "require", NULL};
	static const char *const known_require[] = {"tee", "status", "claims", NULL};
	const char *resource = NULL;
	json_t *require = NULL;
	if (!json_is_object(rule) || cof_json_only(rule, known, NULL) < 0)
		return malformed(err, "a rule has an unknown member");
	if (cof_json_str(rule, "resource", &resource, NULL) < 0 || !cof_kbsp_pattern_ok(resource))
		return malformed(err, "'resource' is not REPO/TYPE/TAG");
	if (cof_json_obj(rule, "require", &require, NULL) < 0 || cof_json_only(require, known_require, NULL) < 0)
		return malformed(err, "'require' is missing or has an unknown member");
	int r = check_tees(require, err);
	if (r == 0)
		r = check_status(require, err);
	return r < 0 ? r : check_claims(require, err);
}

static int check_doc(const json_t *doc, json_t **ret_rules, cof_err *err)
{
	static const char *const known[] = {"format", "rules", NULL};
	const char *format = NULL;
	json_t *rules = NULL;
	int r = 0;
	if (!json_is_object(doc) || cof_json_only(doc, known, NULL) < 0)
		return malformed(err, "not an object, or an unknown member");
	if (cof_json_str(doc, "format", &format, NULL) < 0 || strcmp(format, FORMAT) != 0)
		return malformed(err, "format");
	if (cof_json_arr(doc, "rules", &rules, NULL) < 0 || json_array_size(rules) > COF_RELEASE_RULES_MAX)
		return malformed(err, "'rules' is no list");
	for (size_t i = 0; r == 0 && i < json_array_size(rules); i++)
		r = check_rule(json_array_get(rules, i), err);
	if (r == 0)
		*ret_rules = rules;
	return r;
}

int cof_release_policy_parse(cof_span text, cof_release_policy **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *rules = NULL;
	cof_err why = {0};
	if (text.len > COF_RELEASE_FILE_MAX)
		return malformed(err, "too large");
	if (cof_json_parse(text, &doc, &why) < 0)
		return malformed(err, why.text);
	int r = check_doc(doc, &rules, err);
	if (r < 0)
		return r;
	cof_release_policy *p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->rules = json_incref(rules);
	*ret = p;
	return 0;
}

/* ---- judging ---- */

static bool names_path(const json_t *rule, const cof_kbsp_path *path)
{
	return cof_kbsp_pattern_matches(json_string_value(json_object_get(rule, "resource")), path);
}

/* The one TEE that the evidence is of; NULL when there is none or more than one. */
static const char *tee_of(const json_t *evidence)
{
	const char *found = NULL;
	for (size_t i = 0; i < COF_COUNT(tees); i++) {
		if (json_object_get(evidence, tees[i]) == NULL)
			continue;
		if (found != NULL)
			return NULL;
		found = tees[i];
	}
	return found;
}

static bool lists(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
			return true;
	}
	return false;
}

/* spec: RFC 6901, without escapes and without array indices: claims have neither */
static const json_t *at_pointer(const json_t *o, const char *pointer)
{
	while (o != NULL && *pointer == '/') {
		char key[POINTER_MAX + 1];
		size_t n = strcspn(++pointer, "/");
		memcpy(key, pointer, n);
		key[n] = '\0';
		o = json_object_get(o, key);
		pointer += n;
	}
	return o;
}

static bool claim_holds(const json_t *claim, const json_t *evidence)
{
	const json_t *found = at_pointer(evidence, json_string_value(json_object_get(claim, "path")));
	const json_t *one = json_object_get(claim, "equals");
	const json_t *many = json_object_get(claim, "one-of");
	if (found == NULL)
		return false;
	if (one != NULL)
		return json_equal(found, one) == 1;
	for (size_t i = 0; i < json_array_size(many); i++) {
		if (json_equal(found, json_array_get(many, i)) == 1)
			return true;
	}
	return false;
}

static bool status_suffices(const json_t *require, cof_status status)
{
	if (strcmp(json_string_value(json_object_get(require, "status")), "warning") == 0)
		return status == COF_STATUS_AFFIRMING || status == COF_STATUS_WARNING;
	return status == COF_STATUS_AFFIRMING;
}

static bool rule_holds(const json_t *rule, const json_t *evidence, const char *tee, cof_status status)
{
	const json_t *require = json_object_get(rule, "require");
	const json_t *claims = json_object_get(require, "claims");
	if (!lists(json_object_get(require, "tee"), tee) || !status_suffices(require, status))
		return false;
	for (size_t i = 0; i < json_array_size(claims); i++) {
		if (!claim_holds(json_array_get(claims, i), evidence))
			return false;
	}
	return true;
}

/* The status of the CPU and of everything beside it: one bad device spoils the whole. */
static cof_status status_of(const json_t *claims)
{
	const char *key;
	json_t *v, *submods = json_object_get(claims, "submods");
	cof_status worst = COF_STATUS_AFFIRMING;
	json_object_foreach (submods, key, v) {
		const char *name = NULL;
		cof_status s = COF_STATUS_CONTRAINDICATED;
		if (cof_json_str(v, "ear.status", &name, NULL) < 0 || cof_status_by_name(name, &s, NULL) < 0 ||
		    s == COF_STATUS_NONE)
			return COF_STATUS_CONTRAINDICATED;
		worst = s > worst ? s : worst;
	}
	return worst;
}

int cof_release_policy_judge(const cof_release_policy *p, const cof_kbsp_path *path, const json_t *claims,
			     bool *ret_named, cof_err *err)
{
	json_t *cpu = NULL;
	bool named = false, allowed = false;
	int r = cof_ear_cpu(claims, &cpu, NULL);
	const json_t *evidence = r < 0 ? NULL : json_object_get(cpu, ANNOTATED);
	const char *tee = tee_of(evidence);
	for (size_t i = 0; i < json_array_size(p->rules); i++) {
		const json_t *rule = json_array_get(p->rules, i);
		if (!names_path(rule, path))
			continue;
		named = true;
		allowed = allowed || (tee != NULL && rule_holds(rule, evidence, tee, status_of(claims)));
	}
	*ret_named = named;
	if (allowed)
		return 0;
	return cof_err_set(err, COF_E_POLICY, "policy-denied", "no rule releases %.64s/%.64s/%.64s to this guest",
			   path->repo, path->type, path->tag);
}
