/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/file.h"

enum { BLOCK = 4096 };

static const char *default_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	return tmp != NULL && tmp[0] == '/' ? tmp : "/tmp";
}

/* The file is sparse, and the room may be taken by others later: this finds what could never have worked. */
static int check_room(int fd, const char *dir, uint64_t bytes, cof_err *err)
{
	struct statvfs st;
	if (fstatvfs(fd, &st) < 0)
		return cof_err_sys(err, "scratch-dir", "%s", dir);
	uint64_t room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room < bytes)
		return cof_err_set(err, COF_E_UNAVAILABLE, "scratch-no-space",
				   "%s has %llu MiB left, the scratch disk wants %llu MiB", dir,
				   (unsigned long long)(room >> 20), (unsigned long long)(bytes >> 20));
	return 0;
}

int cof_scratch_file(const char *dir, uint64_t bytes, int *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	bytes = (bytes + BLOCK - 1) / BLOCK * BLOCK;
	if (dir == NULL)
		dir = default_dir();
	int r = cof_path(&path, err, "%s/coffer-scratch-XXXXXX", dir);
	if (r < 0)
		return r;
	/* mkostemp makes it 0600. */
	COF_AUTO_FD int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || unlink(path) < 0)
		return cof_err_sys(err, "scratch-dir", "%s", dir);
	r = check_room(fd, dir, bytes, err);
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)bytes) < 0)
		return cof_err_sys(err, "scratch-no-space", "%s", dir);
	*ret = cof_steal_fd(&fd);
	return 0;
}
