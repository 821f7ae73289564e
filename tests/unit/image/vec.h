/* SPDX-License-Identifier: Apache-2.0 */
/* The shared vectors: found by COFFER_VECTORS or beside the project; a test skips itself where they are absent. */
#pragma once

#include <stdio.h>

#include "common/file.h"
#include "common/json.h"

static inline const char *vectors_dir(void)
{
	const char *dir = getenv("COFFER_VECTORS");
	dir = dir != NULL ? dir : "../shared/vectors";
	if (access(dir, R_OK) == 0)
		return dir;
	(void)fprintf(stderr, "no vectors in '%s' (COFFER_VECTORS): skipped\n", dir);
	return NULL;
}

/* A file below image/. */
static inline int vector_read(const char *name, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	if (cof_path(&path, NULL, "%s/image/%s", vectors_dir(), name) < 0)
		return -1;
	return cof_file_read(path, 64 << 20, ret, NULL);
}

/* Peers' answers in the index hold NULs, which our strict parser refuses. */
static inline json_t *vector_cases(void)
{
	COF_AUTO_FREE char *path = NULL;
	if (vectors_dir() == NULL || cof_path(&path, NULL, "%s/image/index.json", vectors_dir()) < 0)
		return NULL;
	COF_AUTO_PTR(json_t) v = json_load_file(path, JSON_ALLOW_NUL, NULL);
	return json_incref(json_object_get(v, "cases"));
}
