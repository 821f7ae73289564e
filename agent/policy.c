/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/policy.h"

#include "common/digest.h"
#include "common/json.h"

void cof_words_release(cof_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->at[i]);
	free(w->at);
	*w = (cof_words){0};
}

int cof_words_add(cof_words *w, const char *s, cof_err *err)
{
	char **grown = reallocarray(w->at, w->n + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	w->at = grown;
	w->at[w->n] = strdup(s);
	if (w->at[w->n] == NULL)
		return cof_err_oom(err);
	w->n++;
	w->set = true;
	return 0;
}

bool cof_words_equal(const cof_words *a, char *const *b, size_t n)
{
	if (a->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a->at[i], b[i]) != 0)
			return false;
	return true;
}

static void container_release(cof_policy_container *c)
{
	free(c->image);
	free(c->digest);
	free(c->cwd);
	cof_words_release(&c->args);
	cof_words_release(&c->env);
	*c = (cof_policy_container){0};
}

void cof_policy_free(cof_policy *p)
{
	for (size_t i = 0; i < p->n_containers; i++)
		container_release(&p->containers[i]);
	for (size_t i = 0; i < p->n_exec; i++)
		cof_words_release(&p->exec[i]);
	free(p->containers);
	cof_words_release(&p->resources);
	free(p->exec);
	free(p);
}

/* --- parsing: every helper takes what it knows and leaves the rest to json_only --- */

static int words_of(const json_t *list, const char *key, cof_words *ret, cof_err *err)
{
	size_t n = json_array_size(list);
	if (!json_is_array(list) || n > COF_POLICY_WORDS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' is not a list of at most %d strings", key,
				   COF_POLICY_WORDS_MAX);
	ret->set = true;
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);
		const char *s = json_string_value(v);
		if (s == NULL || strlen(s) != json_string_length(v))
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' holds more than strings", key);
		int r = cof_words_add(ret, s, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int opt_words(const json_t *obj, const char *key, cof_words *ret, cof_err *err)
{
	const json_t *list = json_object_get(obj, key);
	return list == NULL ? 0 : words_of(list, key, ret, err);
}

static int opt_bool(const json_t *obj, const char *key, bool *ret, cof_err *err)
{
	return json_object_get(obj, key) == NULL ? 0 : cof_json_bool(obj, key, ret, err);
}

static int copy_str(const char *from, char **ret, cof_err *err)
{
	*ret = strdup(from);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static int parse_user(const json_t *obj, cof_policy_container *c, cof_err *err)
{
	static const char *const known[] = {"uid", "gid", NULL};
	json_t *user = NULL;
	json_int_t uid = 0, gid = 0;
	if (json_object_get(obj, "user") == NULL)
		return 0;
	int r = cof_json_obj(obj, "user", &user, err);
	if (r == 0)
		r = cof_json_only(user, known, err);
	if (r == 0)
		r = cof_json_int(user, "uid", 0, UINT32_MAX - 1, &uid, err);
	if (r == 0)
		r = cof_json_int(user, "gid", 0, UINT32_MAX - 1, &gid, err);
	if (r < 0)
		return r;
	c->has_user = true;
	c->uid = (uint32_t)uid;
	c->gid = (uint32_t)gid;
	return 0;
}

static int parse_cwd(const json_t *obj, cof_policy_container *c, cof_err *err)
{
	const char *cwd = NULL;
	int r = cof_json_opt_str(obj, "cwd", &cwd, err);
	if (r < 0 || cwd == NULL)
		return r;
	if (cwd[0] != '/')
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'cwd' is not absolute");
	return copy_str(cwd, &c->cwd, err);
}

/* The pin: a name that carries no digest of its own, and a digest of the one right form. */
static int parse_image(const json_t *obj, cof_policy_container *c, cof_err *err)
{
	const char *image = NULL, *digest = NULL;
	cof_digest parsed;
	int r = cof_json_str(obj, "image", &image, err);
	if (r == 0)
		r = cof_json_str(obj, "digest", &digest, err);
	if (r == 0)
		r = cof_digest_parse(digest, &parsed, err);
	if (r < 0)
		return r;
	if (image[0] == '\0' || strchr(image, '@') != NULL)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'image' is empty or holds a digest");
	r = copy_str(image, &c->image, err);
	return r < 0 ? r : copy_str(digest, &c->digest, err);
}

static int parse_container(const json_t *obj, cof_policy_container *c, cof_err *err)
{
	static const char *const known[] = {
		"image", "digest", "args", "env", "cwd", "user", "terminal", "require_encrypted", NULL};
	int r = cof_json_only(obj, known, err);
	if (r == 0)
		r = parse_image(obj, c, err);
	if (r == 0)
		r = opt_words(obj, "args", &c->args, err);
	if (r == 0)
		r = opt_words(obj, "env", &c->env, err);
	if (r == 0)
		r = parse_cwd(obj, c, err);
	if (r == 0)
		r = parse_user(obj, c, err);
	if (r == 0)
		r = opt_bool(obj, "terminal", &c->terminal, err);
	if (r == 0)
		r = opt_bool(obj, "require_encrypted", &c->require_encrypted, err);
	if (r == 0 && c->args.set && c->args.n == 0)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'args' is an empty list");
	return r;
}

static int list_of(const json_t *obj, const char *key, size_t max, json_t **ret, cof_err *err)
{
	int r = cof_json_arr(obj, key, ret, err);
	if (r == 0 && json_array_size(*ret) > max)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' has more than %zu entries", key, max);
	return r;
}

static int parse_containers(const json_t *doc, cof_policy *p, cof_err *err)
{
	json_t *list = NULL;
	int r = list_of(doc, "containers", COF_POLICY_CONTAINERS_MAX, &list, err);
	if (r < 0)
		return r;
	size_t n = json_array_size(list);
	p->containers = calloc(n + 1, sizeof *p->containers);
	if (p->containers == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		p->n_containers = i + 1;
		r = parse_container(json_array_get(list, i), &p->containers[i], err);
		if (r < 0)
			r = cof_err_wrap(err, "containers[%zu]", i);
	}
	return r;
}

static int parse_exec(const json_t *doc, cof_policy *p, cof_err *err)
{
	json_t *list = NULL;
	if (json_object_get(doc, "exec") == NULL)
		return 0;
	int r = list_of(doc, "exec", COF_POLICY_EXEC_MAX, &list, err);
	if (r < 0)
		return r;
	size_t n = json_array_size(list);
	p->exec = calloc(n + 1, sizeof *p->exec);
	if (p->exec == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		p->n_exec = i + 1;
		r = words_of(json_array_get(list, i), "exec", &p->exec[i], err);
		if (r == 0 && p->exec[i].n == 0)
			return cof_err_set(err, COF_E_MALFORMED, "json-range", "'exec' holds an empty vector");
	}
	return r;
}

static int parse_signals(const json_t *doc, cof_policy *p, cof_err *err)
{
	json_t *list = NULL;
	if (json_object_get(doc, "signals") == NULL)
		return 0;
	int r = list_of(doc, "signals", COF_SIGNAL_MAX, &list, err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		json_int_t s = json_integer_value(v);
		if (!json_is_integer(v) || s < 1 || s > COF_SIGNAL_MAX)
			return cof_err_set(err, COF_E_MALFORMED, "json-range", "'signals' holds no signal number");
		p->signals |= (uint64_t)1 << (s - 1);
	}
	return r;
}

static int parse_resources(const json_t *doc, cof_policy *p, cof_err *err)
{
	int r = opt_words(doc, "resources", &p->resources, err);
	for (size_t i = 0; r == 0 && i < p->resources.n; i++)
		if (!cof_kbsp_pattern_ok(p->resources.at[i]))
			return cof_err_set(err, COF_E_MALFORMED, "json-range", "'resources' holds no REPO/TYPE/TAG");
	if (r == 0)
		r = opt_bool(doc, "token", &p->token_ok, err);
	return r < 0 ? r : opt_bool(doc, "measure", &p->measure_ok, err);
}

static int parse_scratch(const json_t *doc, cof_policy *p, cof_err *err)
{
	static const char *const words[] = {
		[COF_SCRATCH_INTEGRITY] = "integrity", [COF_SCRATCH_ENCRYPTED] = "encrypted", [COF_SCRATCH_NO] = "no"};
	const char *said = NULL;
	if (json_object_get(doc, "scratch") == NULL)
		return 0;
	int r = cof_json_str(doc, "scratch", &said, err);
	for (size_t i = 0; r == 0 && i < COF_COUNT(words); i++) {
		if (strcmp(said, words[i]) == 0) {
			p->scratch = (cof_scratch_rule)i;
			return 0;
		}
	}
	return r < 0 ? r : cof_err_set(err, COF_E_MALFORMED, "json-range", "'scratch' is no, encrypted or integrity");
}

static int parse_doc(const json_t *doc, cof_policy *p, cof_err *err)
{
	static const char *const known[] = {"format", "containers", "exec",  "signals", "stdin",   "stdout",
					    "stderr", "resources",  "token", "measure", "scratch", NULL};
	const char *format = NULL;
	int r = cof_json_only(doc, known, err);
	if (r == 0)
		r = cof_json_str(doc, "format", &format, err);
	if (r < 0)
		return r;
	if (strcmp(format, "coffer-policy/1") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "unknown format '%.64s'", format);
	r = parse_containers(doc, p, err);
	if (r == 0)
		r = parse_exec(doc, p, err);
	if (r == 0)
		r = parse_signals(doc, p, err);
	if (r == 0)
		r = opt_bool(doc, "stdin", &p->stdin_ok, err);
	if (r == 0)
		r = opt_bool(doc, "stdout", &p->stdout_ok, err);
	if (r == 0)
		r = opt_bool(doc, "stderr", &p->stderr_ok, err);
	if (r == 0)
		r = parse_scratch(doc, p, err);
	return r < 0 ? r : parse_resources(doc, p, err);
}

int cof_policy_parse(cof_span in, cof_policy **ret, cof_err *err)
{
	cof_err why = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	if (in.len > COF_POLICY_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "policy-malformed", "larger than %d bytes", COF_POLICY_MAX);
	COF_AUTO_PTR(cof_policy) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	int r = cof_json_parse(in, &doc, &why);
	if (r == 0)
		r = parse_doc(doc, p, &why);
	if (r < 0)
		return cof_err_set(err, why.cls, "policy-malformed", "policy.json: %s", why.text);
	*ret = cof_steal(&p);
	return 0;
}

/* --- asking --- */

static bool names(const cof_policy_container *c, const char *reference)
{
	size_t n = strlen(c->image);
	return strncmp(reference, c->image, n) == 0 && reference[n] == '@' && strcmp(reference + n + 1, c->digest) == 0;
}

int cof_policy_image(const cof_policy *p, const char *reference, const cof_policy_container **ret, cof_err *err)
{
	for (size_t i = 0; i < p->n_containers; i++) {
		if (names(&p->containers[i], reference)) {
			*ret = &p->containers[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_POLICY, "policy-denied",
			   "containers: no entry pins the image of field storages.source");
}

bool cof_policy_exec_allowed(const cof_policy *p, char *const *argv, size_t n)
{
	for (size_t i = 0; i < p->n_exec; i++)
		if (cof_words_equal(&p->exec[i], argv, n))
			return true;
	return false;
}

bool cof_policy_signal_allowed(const cof_policy *p, uint32_t signal)
{
	return signal >= 1 && signal <= COF_SIGNAL_MAX && (p->signals >> (signal - 1) & 1) != 0;
}

bool cof_policy_resource_allowed(const cof_policy *p, const cof_kbsp_path *path)
{
	for (size_t i = 0; i < p->resources.n; i++)
		if (cof_kbsp_pattern_matches(p->resources.at[i], path))
			return true;
	return false;
}
