/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/rundir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/file.h"

#define PREFIX "run-"

void cof_rundir_release(cof_rundir *d)
{
	/* The folder goes while the lock is held, so that no sweeper meets it half gone. */
	if (d->path != NULL)
		(void)!cof_rm_tree(d->path, NULL);
	if (d->lock_fd > 0)
		cof_fd_close(&d->lock_fd);
	free(d->path);
	*d = COF_RUNDIR_NONE;
}

/* --- the base --- */

static int make_private(const char *path, cof_err *err)
{
	struct stat st;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return cof_err_sys(err, "mkdir-failed", "%s", path);
	if (lstat(path, &st) < 0)
		return cof_err_sys(err, "run-dir-unsafe", "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return cof_err_set(err, COF_E_POLICY, "run-dir-unsafe", "%s is not a folder of ours alone", path);
	return 0;
}

static int try_base(char **ret, const char *dir, const char *name, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/%s", dir, name);
	if (r == 0)
		r = make_private(path, err);
	if (r == 0)
		*ret = cof_steal(&path);
	return r;
}

int cof_rundir_base(char **ret, cof_err *err)
{
	char name[32];
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	const char *tmp = getenv("TMPDIR");
	if (xdg != NULL && xdg[0] == '/' && try_base(ret, xdg, "coffer", NULL) == 0)
		return 0;
	if (geteuid() == 0 && try_base(ret, "/run", "coffer", NULL) == 0)
		return 0;
	(void)snprintf(name, sizeof name, "coffer-%u", (unsigned)geteuid());
	return try_base(ret, tmp != NULL && tmp[0] == '/' ? tmp : "/tmp", name, err);
}

/* --- locks --- */

static int lock_at(int dirfd, const char *name, int how, int *ret, cof_err *err)
{
	COF_AUTO_FD int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return cof_err_sys(err, "lock-failed", "%s", name);
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return cof_err_sys(err, "lock-failed", "%s", name);
	*ret = cof_steal_fd(&fd);
	return 0;
}

/* A run that lives holds its lock; folders are made under the base's lock, so a free lock is a dead run's. */
static void sweep_one(const char *base, int basefd, const char *name)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_FD int lock = -EBADF;
	COF_AUTO_FD int dir = openat(basefd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || lock_at(dir, "lock", LOCK_EX | LOCK_NB, &lock, NULL) < 0)
		return;
	if (cof_path(&path, NULL, "%s/%s", base, name) == 0)
		(void)!cof_rm_tree(path, NULL);
}

static void sweep(const char *base, int basefd)
{
	DIR *d = opendir(base);
	if (d == NULL)
		return;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0)
			sweep_one(base, basefd, e->d_name);
	(void)closedir(d);
}

static int make_run(const char *base, cof_rundir *ret, cof_err *err)
{
	COF_AUTO(cof_rundir) d = COF_RUNDIR_NONE;
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/" PREFIX "XXXXXX", base);
	if (r < 0)
		return r;
	if (mkdtemp(path) == NULL)
		return cof_err_sys(err, "mkdir-failed", "%s", path);
	d.path = cof_steal(&path);
	COF_AUTO_FD int fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return cof_err_sys(err, "open-failed", "%s", d.path);
	r = lock_at(fd, "lock", LOCK_EX | LOCK_NB, &d.lock_fd, err);
	if (r < 0)
		return r;
	*ret = d;
	d = COF_RUNDIR_NONE;
	return 0;
}

int cof_rundir_new(const char *base, cof_rundir *ret, cof_err *err)
{
	COF_AUTO_FD int lock = -EBADF;
	COF_AUTO_FD int basefd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (basefd < 0)
		return cof_err_sys(err, "open-failed", "%s", base);
	int r = lock_at(basefd, ".lock", LOCK_EX, &lock, err);
	if (r < 0)
		return r;
	sweep(base, basefd);
	return make_run(base, ret, err);
}
