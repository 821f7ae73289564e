/* SPDX-License-Identifier: Apache-2.0 */
/* A scratch folder per test, three deep with a canary above, on whatever TMPDIR is. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

typedef struct scratch {
	char top[64];
	char root[96];
	int fd;
} scratch;

static inline int scratch_up(void **state)
{
	static scratch s;
	(void)snprintf(s.top, sizeof s.top, "%s/cof-image-XXXXXX",
		       getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(s.top));
	(void)snprintf(s.root, sizeof s.root, "%s/x/y/root", s.top);
	assert_ok(cof_mkdirs(s.root, 0755, &err));
	s.fd = open(s.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.fd >= 0);
	*state = &s;
	return 0;
}

static inline int scratch_down(void **state)
{
	scratch *s = *state;
	cof_fd_close(&s->fd);
	assert_ok(cof_rm_tree(s->top, &err));
	return 0;
}

/* Nothing but x/y/root stands above the root. */
static inline void scratch_clean(const scratch *s)
{
	char cmd[96];
	struct stat st;
	(void)snprintf(cmd, sizeof cmd, "%s/x", s->top);
	assert_int_equal(stat(cmd, &st), 0);
	assert_int_equal(st.st_nlink, 3);
	(void)snprintf(cmd, sizeof cmd, "%s", s->top);
	assert_int_equal(stat(cmd, &st), 0);
	assert_int_equal(st.st_nlink, 3);
}

static inline void scratch_text(const scratch *s, const char *path, const char *want)
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_file_read_at(s->fd, path, 1 << 20, &b, &err));
	assert_string_equal(cof_buf_str(&b), want);
}

static inline bool scratch_has(const scratch *s, const char *path)
{
	struct stat st;
	return fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
