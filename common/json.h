/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON on top of jansson: size and depth limits, duplicate keys refused, trailing bytes refused, and typed
 * getters that fail closed. A getter's reason is "json-missing" or "json-type", its text names the key.
 */
#pragma once

#include <jansson.h>

#include "common/buf.h"

COF_DEFINE_AUTO_PTR(json_t, json_decref)

enum { COF_JSON_DEPTH_MAX = 32 };

/* Reason "json-malformed". ret is a new reference. The caller limits the size. */
COF_WUR int cof_json_parse(cof_span in, json_t **ret, cof_err *err);
COF_WUR int cof_json_read_file(const char *path, size_t max, json_t **ret, cof_err *err);
/* Compact, keys in insertion order. */
COF_WUR int cof_json_dump(const json_t *v, cof_buf *ret, cof_err *err);
/* Indented, for people, ends with a newline. */
COF_WUR int cof_json_dump_pretty(const json_t *v, cof_buf *ret, cof_err *err);
/* spec: RFC 8785 (JCS) for objects of objects, arrays, ASCII-keyed strings, booleans and integers below 2^53; others
 * are refused. */
COF_WUR int cof_json_canonical(const json_t *v, cof_buf *ret, cof_err *err);

/* All borrowed from obj. */
COF_WUR int cof_json_str(const json_t *obj, const char *key, const char **ret, cof_err *err);
COF_WUR int cof_json_int(const json_t *obj, const char *key, json_int_t min, json_int_t max, json_int_t *ret,
			 cof_err *err);
COF_WUR int cof_json_bool(const json_t *obj, const char *key, bool *ret, cof_err *err);
COF_WUR int cof_json_obj(const json_t *obj, const char *key, json_t **ret, cof_err *err);
COF_WUR int cof_json_arr(const json_t *obj, const char *key, json_t **ret, cof_err *err);
/* NULL in *ret when the key is absent; a wrong type still fails. */
COF_WUR int cof_json_opt_str(const json_t *obj, const char *key, const char **ret, cof_err *err);
/* Decoded base64 of a string member. */
COF_WUR int cof_json_b64(const json_t *obj, const char *key, cof_buf *ret, cof_err *err);
/* Refuses members that are not in the NULL-ended list: policies fail closed on what they do not know. Reason
 * "json-unknown-key". */
COF_WUR int cof_json_only(const json_t *obj, const char *const *known, cof_err *err);
/* Sets a new string member, reporting memory; value NULL sets JSON null. */
COF_WUR int cof_json_set_str(json_t *obj, const char *key, const char *value, cof_err *err);
/* The same of bytes in lower-case hex. */
COF_WUR int cof_json_set_hex(json_t *obj, const char *key, cof_span bytes, cof_err *err);
COF_WUR int cof_json_set_new(json_t *obj, const char *key, json_t *value, cof_err *err);
