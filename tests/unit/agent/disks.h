/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that looks like /sys/block. */
#pragma once

#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

#define DISKS_TEMPLATE "/tmp/coffer-disks-XXXXXX"

static inline void disks_new(char *dir)
{
	assert_non_null(mkdtemp(dir));
}

static inline void disks_put(const char *dir, const char *name, const char *file, const char *text)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s/%s", dir, name, file));
	assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

/* serial, size: the text of these files; NULL: there is none. */
static inline void disks_add(const char *dir, const char *name, const char *serial, const char *size)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	assert_int_equal(mkdir(path, 0700), 0);
	if (serial != NULL)
		disks_put(dir, name, "serial", serial);
	if (size != NULL)
		disks_put(dir, name, "size", size);
}
