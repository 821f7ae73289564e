/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of entry as a file. The last component is never followed: what stands there is replaced. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "image-decrypt/unpack_int.h"

enum { COPY_LEN = 64 << 10, LINK_MAX_LEN = 4095 };

static int make_file(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	(void)e;
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(u->at.dir, u->at.name, flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		int r = cof_tree_remove(u->at.dir, u->at.name, err);
		if (r < 0)
			return r;
		fd = openat(u->at.dir, u->at.name, flags, 0600);
	}
	if (fd < 0)
		return cof_tree_sys(err, "making a file");
	u->file = fd;
	return 0;
}

/* Over a directory its content stays. Over anything else it is a new one, and so hides a directory below. */
static int make_dir(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	struct stat st;
	bool there = fstatat(u->at.dir, u->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	bool replace = there && !S_ISDIR(st.st_mode);
	int r = replace ? cof_tree_remove(u->at.dir, u->at.name, err) : 0;
	if (r < 0)
		return r;
	if ((!there || replace) && mkdirat(u->at.dir, u->at.name, 0700) < 0)
		return cof_tree_sys(err, "making a directory");
	COF_AUTO_FD int fd = cof_tree_open(u->at.dir, u->at.name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return cof_tree_sys(err, "opening a directory");
	if (replace && u->opts.form == COF_UNPACK_OVERLAY)
		r = cof_tree_set_opaque(fd, err);
	if (r < 0)
		return r;
	return there && !replace ? cof_unpack_meta_again(u, fd, e, err) : cof_unpack_meta(u, fd, e, err);
}

static int put_symlink(cof_unpack *u, const cof_place *at, const char *target, cof_err *err)
{
	(void)u;
	int r = cof_tree_remove(at->dir, at->name, err);
	if (r == 0 && symlinkat(target, at->dir, at->name) < 0)
		r = cof_tree_sys(err, "making a symbolic link");
	return r;
}

static int make_symlink(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	if (e->link[0] == '\0' || strlen(e->link) > LINK_MAX_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a symbolic link to nothing, or too far");
	int r = put_symlink(u, &u->at, e->link, err);
	if (r < 0)
		return r;
	return cof_unpack_meta_by_name(u, e, err);
}

static int make_fifo(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	int r = cof_tree_remove(u->at.dir, u->at.name, err);
	if (r < 0)
		return r;
	if (mknodat(u->at.dir, u->at.name, S_IFIFO | 0600, 0) < 0)
		return cof_tree_sys(err, "making a FIFO");
	COF_AUTO_FD int fd = openat(u->at.dir, u->at.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? cof_tree_sys(err, "opening a FIFO") : cof_unpack_meta(u, fd, e, err);
}

static int make_device(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	bool whiteout = !e->block && e->dev_major == 0 && e->dev_minor == 0; /* overlayfs would take it for one */
	if (!u->opts.devices || whiteout)
		return cof_err_set(err, COF_E_POLICY, "tar-device", "a device node");
	int r = cof_tree_remove(u->at.dir, u->at.name, err);
	if (r < 0)
		return r;
	/* Never opened: that may do things. So all that it gets is said by name, in a directory that is ours alone. */
	mode_t mode = (e->mode & 0777) | (e->block ? S_IFBLK : S_IFCHR);
	if (mknodat(u->at.dir, u->at.name, mode, makedev(e->dev_major, e->dev_minor)) < 0)
		return cof_tree_sys(err, "making a device node");
	return cof_unpack_meta_by_name(u, e, err);
}

/* --- hard links --- */

static int no_target(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-hardlink", "the target of a hard link is not there");
}

static int copy_bytes(int from, int to, cof_err *err)
{
	COF_AUTO_FREE uint8_t *chunk = malloc(COPY_LEN);
	if (chunk == NULL)
		return cof_err_oom(err);
	for (;;) {
		ssize_t n = read(from, chunk, COPY_LEN);
		if (n == 0)
			return 0;
		if (n < 0 || write(to, chunk, (size_t)n) != n)
			return cof_tree_sys(err, "copying from a lower layer");
	}
}

/* O_PATH cannot be read, and may not be opened again by number: the unpacker has no /proc. */
static int open_same(const cof_unpack *u, const char *path, const struct stat *st)
{
	for (size_t i = 0; i < u->tree.n_lowers; i++) {
		struct stat same;
		COF_AUTO_FD int fd = cof_tree_open(u->tree.lowers[i], path, O_RDONLY | O_NONBLOCK);
		if (fd >= 0 && fstat(fd, &same) == 0 && same.st_ino == st->st_ino && same.st_dev == st->st_dev)
			return cof_steal_fd(&fd);
	}
	return -EBADF;
}

static int copy_file(cof_unpack *u, const cof_place *at, const char *path, const struct stat *st, cof_err *err)
{
	COF_AUTO_FD int from = open_same(u, path, st);
	if (from < 0)
		return no_target(err);
	/* The tar stream does not hold these bytes, and one file may have many names below. */
	int r = cof_unpack_count(u, (uint64_t)st->st_size, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int to = openat(at->dir, at->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return cof_tree_sys(err, "copying from a lower layer");
	r = copy_bytes(from, to, err);
	return r < 0 ? r : cof_tree_copy_meta(from, to, err);
}

/* Links and FIFOs, which are not opened. */
static int copy_other(int lower, const cof_place *at, const struct stat *st, cof_err *err)
{
	char target[PATH_MAX];
	ssize_t n = S_ISLNK(st->st_mode) ? readlinkat(lower, "", target, sizeof target - 1) : 0;
	if (n < 0)
		return cof_tree_sys(err, "reading a link");
	target[n] = '\0';
	int made = n > 0 ? symlinkat(target, at->dir, at->name)
			 : mknodat(at->dir, at->name, S_IFIFO | (st->st_mode & 0777), 0);
	const struct timespec times[2] = {{0, UTIME_OMIT}, st->st_mtim};
	if (made < 0 || fchownat(at->dir, at->name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(at->dir, at->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return cof_tree_sys(err, "copying from a lower layer");
	return 0;
}

/* A file of a lower layer into this one, at its own path, so that links to it stay links to one file. */
static int copy_up(cof_unpack *u, int lower, const char *path, cof_err *err)
{
	struct stat st;
	cof_place at;
	if (fstat(lower, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) || S_ISFIFO(st.st_mode)))
		return no_target(err);
	int r = cof_tree_place(&u->tree, path, &at, err);
	if (r == 0)
		r = S_ISREG(st.st_mode) ? copy_file(u, &at, path, &st, err) : copy_other(lower, &at, &st, err);
	return r < 0 ? r : cof_made_add(&u->copied, at.real, at.name, err);
}

/* The target's canonical path. Above other layers its parents may be links of theirs, and are made here. */
static int find_target(cof_unpack *u, const char *link, char target[PATH_MAX], cof_err *err)
{
	cof_place at;
	int r = cof_tree_normalise(link, target, err);
	if (r == 0 && target[0] == '\0')
		r = no_target(err);
	if (r < 0 || !u->tree.overlay)
		return r < 0 ? r : cof_tree_find(&u->tree, target, target, err);
	r = cof_tree_place(&u->tree, target, &at, err);
	if (r == 0 &&
	    (size_t)snprintf(target, PATH_MAX, "%s%s%s", at.real, at.real[0] != '\0' ? "/" : "", at.name) >= PATH_MAX)
		r = no_target(err);
	return r;
}

/* A target that is in our tree, whatever it takes. */
static int ready_target(cof_unpack *u, const char *link, char target[PATH_MAX], cof_err *err)
{
	struct stat st;
	int r = find_target(u, link, target, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int own = cof_tree_open(u->tree.root, target, O_PATH);
	if (own >= 0 && fstat(own, &st) == 0)
		return S_ISDIR(st.st_mode) || cof_tree_is_whiteout(&st) ? no_target(err) : 0;
	COF_AUTO_FD int lower = -EBADF;
	if ((r = cof_tree_lower(&u->tree, target, &lower, err)) < 0)
		return r;
	return lower < 0 ? no_target(err) : copy_up(u, lower, target, err);
}

static int make_hardlink(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	char target[PATH_MAX], path[PATH_MAX];
	int r = cof_tree_normalise(e->path, path, err);
	if (r == 0)
		r = ready_target(u, e->link, target, err);
	if (r == 0)
		r = cof_tree_place(&u->tree, path, &u->at, err); /* copying may have moved it */
	if (r < 0)
		return r;
	char *slash = strrchr(target, '/');
	const char *name = slash != NULL ? slash + 1 : target;
	const char *dir = slash != NULL ? target : "";
	if (slash != NULL)
		*slash = '\0';
	if (strcmp(dir, u->at.real) == 0 && strcmp(name, u->at.name) == 0)
		return 0; /* a link to itself: there already */
	COF_AUTO_FD int from = cof_tree_open(u->tree.root, dir, O_PATH | O_DIRECTORY);
	if (from < 0)
		return no_target(err);
	r = cof_tree_remove(u->at.dir, u->at.name, err);
	if (r == 0 && linkat(from, name, u->at.dir, u->at.name, 0) < 0)
		r = errno == ENOENT ? no_target(err) : cof_tree_sys(err, "making a hard link");
	return r;
}

static int (*const makers[])(cof_unpack *u, const cof_tar_entry *e, cof_err *err) = {
	[COF_TAR_FILE] = make_file,	[COF_TAR_HARDLINK] = make_hardlink, [COF_TAR_SYMLINK] = make_symlink,
	[COF_TAR_DEVICE] = make_device, [COF_TAR_DIR] = make_dir,	    [COF_TAR_FIFO] = make_fifo,
};

int cof_unpack_make(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	return makers[e->type](u, e, err);
}
