/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/cborjson.h"

#include "attestation/refvalue/cborwr.h"

static int by_encoding(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	size_t m = strlen(*x), n = strlen(*y);
	return m != n ? (m > n ? 1 : -1) : strcmp(*x, *y);
}

const char **cof_cbor_sorted_names(const json_t *object)
{
	const char *key;
	json_t *v, *o = (json_t *)(uintptr_t)object;
	size_t n = 0, size = json_object_size(object);
	const char **names = calloc(size + 1, sizeof *names);
	if (names == NULL)
		return NULL;
	json_object_foreach (o, key, v)
		names[n++] = key;
	qsort(names, n, sizeof *names, by_encoding);
	return names;
}

static int refuse(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "json-not-cbor", "%s", what);
}

static int put(cof_wr *w, const json_t *v, unsigned depth, cof_err *err);

static int put_object(cof_wr *w, const json_t *v, unsigned depth, cof_err *err)
{
	COF_AUTO_FREE const char **names = cof_cbor_sorted_names(v);
	int rc = names == NULL ? cof_err_oom(err) : 0;
	cof_cbor_put_map(w, json_object_size(v));
	for (size_t i = 0; rc == 0 && names[i] != NULL; i++) {
		cof_cbor_put_text(w, names[i]);
		rc = put(w, json_object_get(v, names[i]), depth, err);
	}
	return rc;
}

static int put_array(cof_wr *w, const json_t *v, unsigned depth, cof_err *err)
{
	int rc = 0;
	cof_cbor_put_array(w, json_array_size(v));
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++)
		rc = put(w, json_array_get(v, i), depth, err);
	return rc;
}

static int put(cof_wr *w, const json_t *v, unsigned depth, cof_err *err)
{
	if (depth == COF_JSON_DEPTH_MAX)
		return refuse(err, "too deep");
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return put_object(w, v, depth + 1, err);
	case JSON_ARRAY:
		return put_array(w, v, depth + 1, err);
	case JSON_STRING:
		if (strlen(json_string_value(v)) != json_string_length(v))
			return refuse(err, "a text with a NUL");
		cof_cbor_put_text(w, json_string_value(v));
		return 0;
	case JSON_INTEGER:
		cof_cbor_put_int(w, json_integer_value(v));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		cof_cbor_put_bool(w, json_is_true(v));
		return 0;
	case JSON_NULL:
		cof_cbor_put_null(w);
		return 0;
	default:
		return refuse(err, "a number that is no integer");
	}
}

int cof_cbor_put_json(cof_wr *w, const json_t *v, cof_err *err)
{
	return put(w, v, 0, err);
}
