/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgconf.h"

#include "common/json.h"

void cof_imgconf_release(cof_imgconf *c)
{
	cof_words_release(&c->args);
	cof_words_release(&c->env);
	free(c->cwd);
	free(c->user);
	*c = (cof_imgconf){0};
}

/* spec: OCI image-spec config.md: absent and null mean the same. */
static int add_list(const json_t *config, const char *key, cof_words *to, cof_err *err)
{
	const json_t *list = json_object_get(config, key);
	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > COF_POLICY_WORDS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' is not a short list", key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		const char *s = json_string_value(v);
		if (s == NULL || strlen(s) != json_string_length(v))
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' holds more than strings", key);
		int r = cof_words_add(to, s, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_str(const json_t *config, const char *key, const char *otherwise, char **ret, cof_err *err)
{
	const json_t *v = json_object_get(config, key);
	const char *s = NULL;
	if (v != NULL && !json_is_null(v)) {
		int r = cof_json_str(config, key, &s, err);
		if (r < 0)
			return r;
	}
	*ret = strdup(s == NULL || s[0] == '\0' ? otherwise : s);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static int parse_config(const json_t *config, cof_imgconf *c, cof_err *err)
{
	int r = add_list(config, "Entrypoint", &c->args, err);
	if (r == 0)
		r = add_list(config, "Cmd", &c->args, err);
	if (r == 0)
		r = add_list(config, "Env", &c->env, err);
	if (r == 0)
		r = take_str(config, "WorkingDir", "/", &c->cwd, err);
	if (r == 0)
		r = take_str(config, "User", "", &c->user, err);
	if (r < 0)
		return r;
	if (c->args.n == 0 || c->args.at[0][0] == '\0')
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "neither Entrypoint nor Cmd says what to run");
	if (c->cwd[0] != '/')
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "WorkingDir is not absolute");
	return 0;
}

int cof_imgconf_parse(cof_span in, cof_imgconf *ret, cof_err *err)
{
	cof_err why = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_imgconf) c = {0};
	json_t *config = NULL;
	if (in.len > COF_IMGCONF_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "image-config-malformed", "larger than %d bytes",
				   COF_IMGCONF_MAX);
	int r = cof_json_parse(in, &doc, &why);
	if (r == 0)
		r = cof_json_obj(doc, "config", &config, &why);
	if (r == 0)
		r = parse_config(config, &c, &why);
	if (r < 0)
		return cof_err_set(err, why.cls, "image-config-malformed", "%s", why.text);
	*ret = c;
	c = (cof_imgconf){0};
	return 0;
}
