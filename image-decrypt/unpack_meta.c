/* SPDX-License-Identifier: Apache-2.0 */
/* Owner, mode, extended attributes and time of what an entry made, on its descriptor or, for links, by name. */
#include <fcntl.h>
#include <sys/xattr.h>

#include "image-decrypt/unpack_int.h"

static bool may_have(const cof_unpack *u, const char *name, cof_tar_type type)
{
	bool file_or_dir = type == COF_TAR_FILE || type == COF_TAR_DIR; /* no others have attributes of users */
	return cof_tree_xattr_allowed(name) && file_or_dir && !(u->opts.own_ids && strncmp(name, "security.", 9) == 0);
}

static int set_xattr(int fd, const cof_tar_xattr *x, cof_err *err)
{
	if (fsetxattr(fd, x->name, x->value.data, x->value.len, 0) == 0)
		return 0;
	if (errno == EINVAL) /* a capability that is none */
		return cof_err_set(err, COF_E_MALFORMED, "tar-xattr", "an attribute that the kernel does not take");
	if (errno == ENOTSUP || errno == E2BIG || errno == ERANGE)
		return cof_err_sys(err, "unpack-xattr", "the file system does not take an attribute");
	return cof_tree_sys(err, "setting an attribute");
}

/* Owner before mode, because chown clears set-id bits; capabilities after both, because chown drops them. */
int cof_unpack_meta(const cof_unpack *u, int fd, const cof_tar_entry *e, cof_err *err)
{
	mode_t extra = u->opts.own_ids && e->type == COF_TAR_DIR ? 0700 : 0;
	if (!u->opts.own_ids && fchown(fd, e->uid, e->gid) < 0)
		return cof_tree_sys(err, "setting an owner");
	if (fchmod(fd, (mode_t)e->mode | extra) < 0)
		return cof_tree_sys(err, "setting a mode");
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const cof_tar_xattr *x = &e->xattrs[i];
		int r = may_have(u, x->name, e->type) ? set_xattr(fd, x, err) : 0;
		if (r < 0)
			return r;
	}
	const struct timespec times[2] = {{0, UTIME_OMIT}, {e->mtime, (long)e->mtime_ns}};
	return futimens(fd, times) < 0 ? cof_tree_sys(err, "setting a time") : 0;
}

int cof_unpack_meta_by_name(const cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	const struct timespec times[2] = {{0, UTIME_OMIT}, {e->mtime, (long)e->mtime_ns}};
	if (!u->opts.own_ids && fchownat(u->at.dir, u->at.name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return cof_tree_sys(err, "setting an owner");
	if (utimensat(u->at.dir, u->at.name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return cof_tree_sys(err, "setting a time");
	return 0;
}

int cof_unpack_meta_again(const cof_unpack *u, int fd, const cof_tar_entry *e, cof_err *err)
{
	int r = cof_tree_drop_xattrs(fd, err);
	return r < 0 ? r : cof_unpack_meta(u, fd, e, err);
}
