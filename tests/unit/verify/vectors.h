/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence vectors: real and hostile quotes, certificates and tokens. */
#pragma once

#include "tests/unit/vectors.h"

#include <stdio.h>
#include <time.h>

#include "common/file.h"
#include "common/hex.h"

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
	return by_id(json_object_get(index, "vectors"), id);
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
