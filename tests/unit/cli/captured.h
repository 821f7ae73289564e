/* SPDX-License-Identifier: Apache-2.0 */
/* A verb run in this process, with what it prints in files. */
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "common/file.h"
#include "runtime/cli/cli.h"
#include "tests/unit/test.h"

enum { CAPTURED_WORDS_MAX = 32 };

static inline int divert(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && to >= 0 && dup2(to, fd) >= 0);
	(void)close(to);
	return saved;
}

static inline void put_back(int fd, int saved)
{
	assert_true(dup2(saved, fd) >= 0);
	(void)close(saved);
}

/* words: NULL-ended, without the verb's name. Gives the exit code. */
static inline int captured(int (*verb)(int argc, char **argv), const char *name, const char *const *words,
			   const char *out, const char *err)
{
	char *argv[CAPTURED_WORDS_MAX] = {(char *)(uintptr_t)name};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	(void)fflush(NULL);
	int saved_out = divert(STDOUT_FILENO, out), saved_err = divert(STDERR_FILENO, err);
	int code = verb(argc, argv);
	(void)fflush(NULL);
	put_back(STDOUT_FILENO, saved_out);
	put_back(STDERR_FILENO, saved_err);
	return code;
}

static inline void assert_says(const char *path, const char *want)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("'%s' is not in: %s", want, cof_buf_str(&text));
}
