/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence vectors that live outside the project: COFFER_VECTORS, or ../shared/vectors. Absent ones skip the test. */
#pragma once

#include "tests/unit/test.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"

static inline const char *vectors_dir(void)
{
	const char *dir = getenv("COFFER_VECTORS");
	dir = dir != NULL ? dir : "../shared/vectors";
	if (access(dir, R_OK) != 0) {
		print_message("no vectors at %s: skipped\n", dir);
		skip();
	}
	return dir;
}

static inline const char *jstr(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The whole index; a new reference. */
static inline json_t *vector_index(void)
{
	COF_AUTO_FREE char *path = NULL;
	json_t *j = NULL;
	cof_err err = {0};
	assert_int_equal(cof_path(&path, &err, "%s/evidence/index.json", vectors_dir()), 0);
	assert_int_equal(cof_json_read_file(path, 8 << 20, &j, &err), 0);
	return j;
}

static inline bool vector_has(const json_t *v, const char *role)
{
	return jstr(json_object_get(v, "files"), role) != NULL;
}

/* Appends the file that plays this role. */
static inline void vector_file(const json_t *v, const char *role, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	cof_err err = {0};
	if (!vector_has(v, role))
		fail_msg("%s has no %s", jstr(v, "id"), role);
	assert_int_equal(
		cof_path(&path, &err, "%s/evidence/%s", vectors_dir(), jstr(json_object_get(v, "files"), role)), 0);
	if (cof_file_read(path, 8 << 20, ret, &err) < 0)
		fail_msg("%s: %s", path, err.text);
}

static inline const json_t *vector_by_id(const json_t *index, const char *id)
{
	size_t i;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		if (strcmp(jstr(v, "id"), id) == 0)
			return v;
	}
	fail_msg("no vector %s", id);
	return NULL;
}

/* "now" of a case. */
static inline uint64_t vector_time(const json_t *v)
{
	struct tm tm = {0};
	const char *text = jstr(v, "time");
	if (text == NULL)
		return 1767225600;
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm));
	return (uint64_t)timegm(&tm);
}

static inline void assert_hex(cof_span got, const char *want)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(got);
	assert_string_equal(hex, want);
}
