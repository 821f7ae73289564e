/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/config.h"

void cof_config_release(cof_config *c)
{
	if (c->doc != NULL)
		json_decref(c->doc);
	free(c->diff_ids);
	*c = (cof_config){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "config-malformed", "image config: %s", what);
}

static int take_diff_ids(cof_config *c, cof_err *err)
{
	json_t *rootfs = NULL, *ids = NULL, *one;
	const char *type = NULL;
	size_t i;
	if (cof_json_obj(c->doc, "rootfs", &rootfs, err) < 0 || cof_json_str(rootfs, "type", &type, err) < 0 ||
	    strcmp(type, "layers") != 0)
		return malformed(err, "rootfs.type is not \"layers\"");
	if (cof_json_arr(rootfs, "diff_ids", &ids, err) < 0 || json_array_size(ids) > COF_LAYERS_MAX)
		return malformed(err, "no usable diff_ids");
	c->diff_ids = calloc(json_array_size(ids) + 1, sizeof *c->diff_ids);
	if (c->diff_ids == NULL)
		return cof_err_oom(err);
	json_array_foreach (ids, i, one) {
		const char *text = json_string_value(one);
		if (text == NULL || cof_digest_parse(text, &c->diff_ids[i], err) < 0)
			return malformed(err, "a diff_id is not a digest");
		c->n_diff_ids++;
	}
	return 0;
}

/* jansson keeps strings that hold U+0000; as C strings they would mean less than they say. */
static bool plain_string(const json_t *v)
{
	return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
}

static int words(const json_t *run, const char *key, const json_t **ret, cof_err *err)
{
	json_t *v = json_object_get(run, key), *one;
	size_t i;
	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_array(v) || json_array_size(v) > COF_CONFIG_WORDS_MAX)
		return malformed(err, key);
	json_array_foreach (v, i, one)
		if (!plain_string(one))
			return malformed(err, key);
	*ret = v;
	return 0;
}

static int text_of(const json_t *run, const char *key, const char **ret, cof_err *err)
{
	const json_t *v = json_object_get(run, key);
	if (v == NULL || json_is_null(v))
		return 0;
	if (!plain_string(v))
		return malformed(err, key);
	*ret = json_string_value(v);
	return 0;
}

/* An object as a set; strings also when its values are to be texts. */
static int names(const json_t *run, const char *key, bool strings, const json_t **ret, cof_err *err)
{
	json_t *v = json_object_get(run, key);
	const char *name = NULL;
	const json_t *value = NULL;
	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_object(v) || json_object_size(v) > COF_CONFIG_WORDS_MAX)
		return malformed(err, key);
	json_object_foreach (v, name, value)
		if (strings && !plain_string(value))
			return malformed(err, key);
	*ret = v;
	return 0;
}

int cof_config_run_of(const json_t *doc, cof_config_run *ret, cof_err *err)
{
	const json_t *run = json_object_get(doc, "config");
	cof_config_run c = {.cwd = "", .user = "", .stop_signal = ""};
	*ret = c;
	if (run == NULL || json_is_null(run))
		return 0;
	if (!json_is_object(run))
		return malformed(err, "config is not an object");
	if (words(run, "Entrypoint", &c.entrypoint, err) < 0 || words(run, "Cmd", &c.cmd, err) < 0 ||
	    words(run, "Env", &c.env, err) < 0 || text_of(run, "WorkingDir", &c.cwd, err) < 0 ||
	    text_of(run, "User", &c.user, err) < 0 || text_of(run, "StopSignal", &c.stop_signal, err) < 0 ||
	    names(run, "ExposedPorts", false, &c.ports, err) < 0 || names(run, "Volumes", false, &c.volumes, err) < 0 ||
	    names(run, "Labels", true, &c.labels, err) < 0)
		return -COF_E_MALFORMED;
	if (c.cwd[0] != '\0' && c.cwd[0] != '/')
		return malformed(err, "WorkingDir is not absolute");
	*ret = c;
	return 0;
}

int cof_config_parse(cof_span body, cof_config *ret, cof_err *err)
{
	COF_AUTO(cof_config) c = {0};
	if (body.len > COF_CONFIG_MAX)
		return malformed(err, "larger than 4 MiB");
	if (cof_json_parse(body, &c.doc, err) < 0 || !json_is_object(c.doc))
		return malformed(err, "not a JSON object without duplicate members");
	if (cof_json_str(c.doc, "os", &c.os, err) < 0 || cof_json_str(c.doc, "architecture", &c.architecture, err) < 0)
		return malformed(err, "os or architecture is missing");
	int r = take_diff_ids(&c, err);
	if (r == 0)
		r = cof_config_run_of(c.doc, &c.run, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (cof_config){0};
	return 0;
}
