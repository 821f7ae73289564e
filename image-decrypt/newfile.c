/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/newfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"

void cof_newfile_release(cof_newfile *n)
{
	cof_fd_close(&n->fd);
	if (n->path != NULL)
		(void)unlink(n->path);
	free(n->path);
	*n = COF_NEWFILE_NONE;
}

int cof_newfile_create(const char *folder, cof_newfile *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	*ret = COF_NEWFILE_NONE;
	ret->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (ret->fd >= 0)
		return 0;
	int r = cof_path(&path, err, "%s/.new-XXXXXX", folder);
	if (r < 0)
		return r;
	ret->fd = mkostemp(path, O_CLOEXEC);
	if (ret->fd < 0)
		return cof_err_sys(err, "create-failed", "a file in %s", folder);
	ret->path = cof_steal(&path);
	return 0;
}

/* A first name, beside the last: only a rename takes the place of another file. */
static int name_it(cof_newfile *n, const char *path, cof_err *err)
{
	char own[32];
	COF_AUTO_FREE char *first = NULL;
	(void)snprintf(own, sizeof own, "/proc/self/fd/%d", n->fd);
	int r = cof_path(&first, err, "%s.new-%d-%d", path, (int)getpid(), n->fd);
	if (r < 0)
		return r;
	(void)unlink(first); /* of a process that had our number */
	if (linkat(AT_FDCWD, own, AT_FDCWD, first, AT_SYMLINK_FOLLOW) < 0)
		return cof_err_sys(err, "create-failed", "%s", first);
	n->path = cof_steal(&first);
	return 0;
}

int cof_newfile_publish(cof_newfile *n, const char *path, mode_t mode, cof_err *err)
{
	if (fchmod(n->fd, mode) < 0 || fsync(n->fd) < 0)
		return cof_err_sys(err, "write-failed", "%s", path);
	int r = n->path == NULL ? name_it(n, path, err) : 0;
	if (r < 0)
		return r;
	if (rename(n->path, path) < 0)
		return cof_err_sys(err, "rename-failed", "%s", path);
	free(cof_steal(&n->path));
	cof_fd_close(&n->fd);
	return 0;
}

int cof_newfile_spool(int *ret_fd, cof_err *err)
{
	static const char *const folders[] = {"/var/tmp", "/tmp"};
	int r = 0;
	for (size_t i = 0; i < COF_COUNT(folders); i++) {
		COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
		r = cof_newfile_create(folders[i], &n, err);
		if (r < 0)
			continue;
		*ret_fd = cof_steal_fd(&n.fd);
		return 0;
	}
	return r;
}
