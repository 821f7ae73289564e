/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json.h"

#include "common/file.h"
#include "common/hex.h"

enum { HEX_SHORT = 128 };

/* The nesting of brackets outside strings; jansson's own limit (2048) is far above what our formats need. */
static int depth_of(cof_span in)
{
	int depth = 0, deepest = 0;
	bool quoted = false;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

int cof_json_parse(cof_span in, json_t **ret, cof_err *err)
{
	if (depth_of(in) > COF_JSON_DEPTH_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "json-malformed", "nested deeper than %d", COF_JSON_DEPTH_MAX);
	json_error_t why;
	json_t *v = json_loadb((const char *)in.data, in.len, JSON_REJECT_DUPLICATES, &why);
	if (v == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "json-malformed", "line %d: %s", why.line, why.text);
	*ret = v;
	return 0;
}

int cof_json_read_file(const char *path, size_t max, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) in = {0};
	int r = cof_file_read(path, max, &in, err);
	if (r < 0)
		return r;
	if (cof_json_parse(cof_buf_span(&in), ret, err) < 0)
		return cof_err_wrap(err, "%s", path);
	return 0;
}

typedef struct dump_to {
	cof_buf *ret;
	cof_err *err;
	int rc;
} dump_to;

static int add_text(const char *text, size_t len, void *arg)
{
	dump_to *to = arg;
	to->rc = cof_buf_add(to->ret, text, len, to->err);
	return to->rc;
}

/* Straight into the buffer: a string of jansson's would have to be freed by the allocator that a process with keys
 * has set for it. */
static int dump(const json_t *v, size_t flags, cof_buf *ret, cof_err *err)
{
	dump_to to = {ret, err, 0};
	if (json_dump_callback(v, add_text, &to, flags | JSON_ENCODE_ANY) == 0)
		return 0;
	return to.rc < 0 ? to.rc : cof_err_oom(err);
}

int cof_json_dump(const json_t *v, cof_buf *ret, cof_err *err)
{
	return dump(v, JSON_COMPACT, ret, err);
}

int cof_json_dump_pretty(const json_t *v, cof_buf *ret, cof_err *err)
{
	int r = dump(v, JSON_INDENT(2), ret, err);
	return r < 0 ? r : cof_buf_add(ret, "\n", 1, err);
}

static bool ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/*
 * jansson sorts keys by bytes and writes the escapes that JCS wants, except where text leaves what JCS and jansson
 * agree on; such values are refused here instead of being signed in a form that a peer may spell otherwise.
 */
static bool canonical_alike(const json_t *v)
{
	const char *key;
	json_t *member, *object = json_incref((json_t *)(uintptr_t)v);
	size_t i;
	bool same = true;
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		json_object_foreach (object, key, member)
			same = same && ascii(key) && canonical_alike(member);
		break;
	case JSON_ARRAY:
		json_array_foreach (object, i, member)
			same = same && canonical_alike(member);
		break;
	case JSON_INTEGER:
		same = json_integer_value(v) <= 9007199254740991 && json_integer_value(v) >= -9007199254740991;
		break;
	case JSON_STRING:
		same = strlen(json_string_value(v)) == json_string_length(v) &&
		       strpbrk(json_string_value(v), "\x7f") == NULL;
		break;
	case JSON_REAL:
		same = false;
		break;
	default:
		break;
	}
	json_decref(object);
	return same;
}

int cof_json_canonical(const json_t *v, cof_buf *ret, cof_err *err)
{
	if (!canonical_alike(v))
		return cof_err_set(err, COF_E_MALFORMED, "json-not-canonical",
				   "a value with no canonical spelling here");
	return dump(v, JSON_COMPACT | JSON_SORT_KEYS, ret, err);
}

static int wrong_type(const char *key, const char *want, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "json-type", "'%s' is not %s", key, want);
}

static int member(const json_t *obj, const char *key, json_t **ret, cof_err *err)
{
	json_t *v = json_object_get(obj, key);
	if (v == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "json-missing", "'%s' is missing", key);
	*ret = v;
	return 0;
}

/* A string without NUL inside, so that C and JSON agree on what it says. */
static bool plain_string(const json_t *v)
{
	return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
}

int cof_json_str(const json_t *obj, const char *key, const char **ret, cof_err *err)
{
	json_t *v = NULL;
	int r = member(obj, key, &v, err);
	if (r < 0)
		return r;
	if (!plain_string(v))
		return wrong_type(key, "a string", err);
	*ret = json_string_value(v);
	return 0;
}

int cof_json_opt_str(const json_t *obj, const char *key, const char **ret, cof_err *err)
{
	if (json_object_get(obj, key) == NULL) {
		*ret = NULL;
		return 0;
	}
	return cof_json_str(obj, key, ret, err);
}

int cof_json_int(const json_t *obj, const char *key, json_int_t min, json_int_t max, json_int_t *ret, cof_err *err)
{
	json_t *v = NULL;
	int r = member(obj, key, &v, err);
	if (r < 0)
		return r;
	if (!json_is_integer(v))
		return wrong_type(key, "an integer", err);
	if (json_integer_value(v) < min || json_integer_value(v) > max)
		return cof_err_set(err, COF_E_MALFORMED, "json-range", "'%s' is out of range", key);
	*ret = json_integer_value(v);
	return 0;
}

int cof_json_bool(const json_t *obj, const char *key, bool *ret, cof_err *err)
{
	json_t *v = NULL;
	int r = member(obj, key, &v, err);
	if (r < 0)
		return r;
	if (!json_is_boolean(v))
		return wrong_type(key, "true or false", err);
	*ret = json_is_true(v);
	return 0;
}

int cof_json_obj(const json_t *obj, const char *key, json_t **ret, cof_err *err)
{
	json_t *v = NULL;
	int r = member(obj, key, &v, err);
	if (r < 0)
		return r;
	if (!json_is_object(v))
		return wrong_type(key, "an object", err);
	*ret = v;
	return 0;
}

int cof_json_arr(const json_t *obj, const char *key, json_t **ret, cof_err *err)
{
	json_t *v = NULL;
	int r = member(obj, key, &v, err);
	if (r < 0)
		return r;
	if (!json_is_array(v))
		return wrong_type(key, "an array", err);
	*ret = v;
	return 0;
}

int cof_json_b64(const json_t *obj, const char *key, cof_buf *ret, cof_err *err)
{
	const char *text = NULL;
	int r = cof_json_str(obj, key, &text, err);
	if (r < 0)
		return r;
	if (cof_unb64(cof_span_str(text), ret, err) < 0)
		return cof_err_wrap(err, "'%s'", key);
	return 0;
}

static bool listed(const char *key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

int cof_json_only(const json_t *obj, const char *const *known, cof_err *err)
{
	if (!json_is_object(obj))
		return wrong_type("value", "an object", err);
	void *iter = json_object_iter((json_t *)(uintptr_t)obj);
	for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)obj, iter)) {
		const char *key = json_object_iter_key(iter);
		if (!listed(key, known))
			return cof_err_set(err, COF_E_MALFORMED, "json-unknown-key", "'%.64s' is not a known member",
					   key);
	}
	return 0;
}

int cof_json_set_new(json_t *obj, const char *key, json_t *value, cof_err *err)
{
	return json_object_set_new(obj, key, value) == 0 ? 0 : cof_err_oom(err);
}

int cof_json_set_str(json_t *obj, const char *key, const char *value, cof_err *err)
{
	return cof_json_set_new(obj, key, value == NULL ? json_null() : json_string(value), err);
}

static int set_long_hex(json_t *obj, const char *key, cof_span bytes, cof_err *err)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(bytes);
	return hex == NULL ? cof_err_oom(err) : cof_json_set_str(obj, key, hex, err);
}

/* Evidence is made of short ones: no copy on the heap, and no look whether hex is UTF-8. */
int cof_json_set_hex(json_t *obj, const char *key, cof_span bytes, cof_err *err)
{
	char text[2 * HEX_SHORT + 1];
	if (bytes.len > HEX_SHORT)
		return set_long_hex(obj, key, bytes, err);
	cof_hex(bytes, text);
	return cof_json_set_new(obj, key, json_stringn_nocheck(text, 2 * bytes.len), err);
}
