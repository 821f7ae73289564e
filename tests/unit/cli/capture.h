/* SPDX-License-Identifier: Apache-2.0 */
/* A verb run with both of its outputs in files. */
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/kbs/tmpdir.h"

enum { CAPTURE_WORDS_MAX = 48 };

typedef struct capture {
	char out[160], err[160]; /* paths */
} capture;

static inline capture capture_in(const tmpdir *dir)
{
	capture c;
	(void)tmpdir_path(dir, "out", c.out);
	(void)tmpdir_path(dir, "err", c.err);
	return c;
}

static inline int capture_divert(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && to >= 0 && dup2(to, fd) >= 0);
	(void)close(to);
	return saved;
}

static inline void capture_put_back(int fd, int saved)
{
	assert_true(dup2(saved, fd) >= 0);
	(void)close(saved);
}

/* words have room for a NULL behind n of them; gives the exit code. */
static inline int capture_run(const capture *c, int (*verb)(int argc, char **argv), const char **words, size_t n)
{
	assert_true(n < CAPTURE_WORDS_MAX);
	words[n] = NULL;
	(void)fflush(NULL);
	int out = capture_divert(STDOUT_FILENO, c->out), err_fd = capture_divert(STDERR_FILENO, c->err);
	int code = verb((int)n, (char **)(uintptr_t)words);
	(void)fflush(NULL);
	capture_put_back(STDOUT_FILENO, out);
	capture_put_back(STDERR_FILENO, err_fd);
	return code;
}

static inline void assert_says(const char *path, const char *want)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("'%s' is not in: %s", want, cof_buf_str(&text));
}
