/* SPDX-License-Identifier: Apache-2.0 */
/* A verb run with both of its outputs in files. */
#pragma once

#include "tests/unit/cli/captured.h"
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

/* words have room for a NULL behind n of them; gives the exit code. */
static inline int capture_run(const capture *c, int (*verb)(int argc, char **argv), const char **words, size_t n)
{
	assert_true(n < CAPTURE_WORDS_MAX);
	words[n] = NULL;
	(void)fflush(NULL);
	int out = divert(STDOUT_FILENO, c->out), err_fd = divert(STDERR_FILENO, c->err);
	int code = verb((int)n, (char **)(uintptr_t)words);
	(void)fflush(NULL);
	put_back(STDOUT_FILENO, out);
	put_back(STDERR_FILENO, err_fd);
	return code;
}
