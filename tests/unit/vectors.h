/* SPDX-License-Identifier: Apache-2.0 */
/* Test data that lives outside the project: COFFER_VECTORS, or ../shared/vectors. Absent data skips the test. */
#pragma once

#include "tests/unit/test.h"

#include <unistd.h>

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

/* The member of a list with this id. */
static inline const json_t *by_id(const json_t *list, const char *id)
{
	size_t i;
	json_t *o;
	json_array_foreach (list, i, o) {
		if (strcmp(jstr(o, "id"), id) == 0)
			return o;
	}
	fail_msg("no vector %s", id);
	return NULL;
}
