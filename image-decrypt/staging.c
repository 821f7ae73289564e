/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/file.h"

#define INNER "root"

struct cof_staging {
	char *target;
	bool over_empty; /* target is there, an empty folder */
	char *outer;
	int outer_fd, root;
	int life;
	pid_t watcher;
};

/* --- the watcher --- */

/* Its terminal's signals are for others; its descriptors too, or a reader of our output would wait for it. */
__attribute__((noreturn)) static void watch(const char *outer, int alive)
{
	char byte;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	for (size_t i = 0; i < COF_COUNT(signals); i++)
		(void)sigaction(signals[i], &ignore, NULL);
	(void)setsid();
	alive = dup2(alive, STDIN_FILENO);
	(void)syscall(SYS_close_range, STDIN_FILENO + 1, ~0u, 0);
	while (read(alive, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(cof_rm_tree(outer, NULL) < 0 ? 1 : 0);
}

static int start_watcher(cof_staging *s, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "a pipe");
	s->life = fds[1];
	COF_AUTO_FD int alive = fds[0];
	s->watcher = fork();
	if (s->watcher == 0)
		watch(s->outer, alive);
	return s->watcher < 0 ? cof_err_sys(err, "fork-failed", "a process that watches") : 0;
}

void cof_staging_free(cof_staging *s)
{
	cof_fd_close(&s->root);
	cof_fd_close(&s->outer_fd);
	cof_fd_close(&s->life);
	while (s->watcher > 0 && waitpid(s->watcher, NULL, 0) < 0 && errno == EINTR)
		;
	if (s->outer != NULL)
		(void)!cof_rm_tree(s->outer, NULL); /* in case that the watcher was not left alive */
	free(s->outer);
	free(s->target);
	free(s);
}

/* --- the folder --- */

static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d == NULL)
		return false;
	(void)closedir(d);
	return n == 0;
}

static int check_target(cof_staging *s, cof_err *err)
{
	struct stat st;
	if (lstat(s->target, &st) < 0)
		return errno == ENOENT ? 0 : cof_err_sys(err, "create-failed", "%s", s->target);
	s->over_empty = S_ISDIR(st.st_mode) && is_empty(s->target);
	return s->over_empty ? 0
			     : cof_err_set(err, COF_E_USAGE, "target-exists",
					   "%s is there already, and is no empty folder", s->target);
}

static int make_folders(cof_staging *s, cof_err *err)
{
	COF_AUTO_FREE char *outer = NULL;
	int r = cof_path(&outer, err, "%s.partial-XXXXXX", s->target);
	if (r < 0)
		return r;
	if (mkdtemp(outer) == NULL)
		return cof_err_sys(err, "create-failed", "%s", outer);
	s->outer = cof_steal(&outer);
	s->outer_fd = open(s->outer, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->outer_fd < 0 || mkdirat(s->outer_fd, INNER, 0755) < 0)
		return cof_err_sys(err, "create-failed", "%s", s->outer);
	s->root = openat(s->outer_fd, INNER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->root < 0 || fchmod(s->root, 0755) < 0)
		return cof_err_sys(err, "create-failed", "%s", s->outer);
	return 0;
}

int cof_staging_new(cof_staging **ret, const char *target, cof_err *err)
{
	COF_AUTO_PTR(cof_staging) s = calloc(1, sizeof *s);
	size_t len = strlen(target);
	if (s == NULL)
		return cof_err_oom(err);
	s->root = s->outer_fd = s->life = -EBADF;
	while (len > 1 && target[len - 1] == '/')
		len--;
	s->target = cof_span_dup_str(cof_span_of(target, len));
	if (s->target == NULL)
		return cof_err_oom(err);
	int r = check_target(s, err);
	if (r == 0)
		r = make_folders(s, err);
	if (r == 0)
		r = start_watcher(s, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&s);
	return 0;
}

int cof_staging_root(const cof_staging *s)
{
	return s->root;
}

int cof_staging_life(const cof_staging *s)
{
	return s->life;
}

int cof_staging_publish(cof_staging *s, cof_err *err)
{
	/* An empty folder is replaced by a plain rename; one that is not empty any more makes it fail. */
	if (renameat2(s->outer_fd, INNER, AT_FDCWD, s->target, s->over_empty ? 0 : RENAME_NOREPLACE) < 0) {
		bool there = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR;
		return cof_err_sys(err, there ? "target-exists" : "rename-failed", "%s", s->target);
	}
	return 0;
}
