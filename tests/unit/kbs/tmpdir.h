/* SPDX-License-Identifier: Apache-2.0 */
/* A private directory for one test, removed with everything in it. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

typedef struct tmpdir {
	char path[64];
} tmpdir;

static inline tmpdir tmpdir_new(void)
{
	tmpdir t = {"/tmp/coffer-test-XXXXXX"};
	assert_non_null(mkdtemp(t.path));
	return t;
}

static inline void tmpdir_release(tmpdir *t)
{
	if (t->path[0] != '\0')
		assert_ok(cof_rm_tree(t->path, &err));
	t->path[0] = '\0';
}
COF_DEFINE_AUTO(tmpdir, tmpdir_release)

/* A path below it; good until the next call with the same slot. */
static inline const char *tmpdir_path(const tmpdir *t, const char *name, char out[160])
{
	assert_true(snprintf(out, 160, "%s/%s", t->path, name) < 160);
	return out;
}
