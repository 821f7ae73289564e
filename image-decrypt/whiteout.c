/* SPDX-License-Identifier: Apache-2.0 */
/* Whiteouts hide what lower layers have, never what this layer has, wherever they stand in the archive. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "image-decrypt/unpack_int.h"

#define OPAQUE_NAME ".wh..wh..opq"
#define AUFS_PREFIX ".wh..wh."

static int bad(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-whiteout", "a whiteout %s", what);
}

static int join(char out[PATH_MAX], const char *dir, const char *name, cof_err *err)
{
	int n = snprintf(out, PATH_MAX, "%s%s%s", dir, dir[0] != '\0' ? "/" : "", name);
	return n < 0 || n >= PATH_MAX ? cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a name is too long")
				      : 0;
}

/* --- removing now, sparing this layer's own --- */

/*
 * In a flat tree all that no entry of this layer made. In a layer of its own that are directories which it only
 * implies, and what came up from below for hard links.
 */
static bool from_below(const cof_unpack *u, const char *real, const char *name, bool dir)
{
	bool may_be = dir || u->opts.form == COF_UNPACK_FLAT || cof_made_has(&u->copied, real, name);
	return may_be && !cof_made_has(&u->made, real, name);
}

static int hide(cof_unpack *u, int dir, const char *real, const char *name, cof_err *err);

static int hide_children(cof_unpack *u, int fd, const char *real, cof_err *err)
{
	int copy = cof_tree_open(fd, "", O_RDONLY | O_DIRECTORY);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (d == NULL)
		return cof_tree_sys(err, "reading a directory");
	int r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = hide(u, fd, real, e->d_name, err);
	(void)closedir(d);
	return r;
}

static int hide_dir(cof_unpack *u, int dir, const char *real, const char *name, cof_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int r = join(path, real, name, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = cof_tree_open(dir, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_tree_sys(err, "opening a directory");
	r = hide_children(u, fd, path, err);
	const struct timespec times[2] = {{0, UTIME_OMIT}, st.st_mtim};
	(void)futimens(fd, times);
	if (r < 0 || !from_below(u, real, name, true))
		return r;
	/* Not empty: something of this layer is below, so the directory is implied by it. */
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return cof_tree_sys(err, "removing a directory");
	return 0;
}

static int hide(cof_unpack *u, int dir, const char *real, const char *name, cof_err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cof_tree_sys(err, "looking at a name");
	if (S_ISDIR(st.st_mode))
		return hide_dir(u, dir, real, name, err);
	bool whiteout = u->opts.form == COF_UNPACK_OVERLAY && cof_tree_is_whiteout(&st);
	if (!whiteout && !from_below(u, real, name, false))
		return 0;
	return unlinkat(dir, name, 0) < 0 ? cof_tree_sys(err, "removing a file") : 0;
}

/* --- overlay: leave a mark --- */

/*
 * Where the layers below are at hand, nothing is marked that is not there: overlayfs would list the whiteouts of a
 * directory that it has nothing to merge with.
 */
static int make_whiteout(cof_unpack *u, int dir, const char *path, const char *name, cof_err *err)
{
	COF_AUTO_FD int lower = -EBADF;
	int r = u->tree.lowers != NULL ? cof_tree_lower(&u->tree, path, &lower, err) : 0;
	if (r < 0 || (u->tree.lowers != NULL && lower < 0))
		return r;
	/* spec: kernel Documentation/filesystems/overlayfs: "whiteouts and opaque directories" */
	return mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0 ? cof_tree_sys(err, "making a whiteout") : 0;
}

static int mark(cof_unpack *u, int dir, const char *real, const char *name, cof_err *err)
{
	struct stat st;
	char path[PATH_MAX];
	int r = join(path, real, name, err);
	if (r == 0)
		r = hide(u, dir, real, name, err);
	if (r < 0)
		return r;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? make_whiteout(u, dir, path, name, err)
				       : cof_tree_sys(err, "looking at a name");
	if (!S_ISDIR(st.st_mode))
		return 0; /* anything but a directory hides what is below by itself */
	COF_AUTO_FD int fd = cof_tree_open(dir, name, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? cof_tree_sys(err, "opening a directory") : cof_tree_set_opaque(fd, err);
}

/* --- both --- */

/* A second time would only cost: nothing of the layers below can have come back. */
static int once(cof_unpack *u, const char *name, bool *ret_again, cof_err *err)
{
	*ret_again = cof_made_has(&u->hidden, u->at.real, name);
	return *ret_again ? 0 : cof_made_add(&u->hidden, u->at.real, name, err);
}

static int opaque(cof_unpack *u, cof_err *err)
{
	bool again = false;
	int r = once(u, OPAQUE_NAME, &again, err);
	if (r < 0 || again)
		return r;
	r = hide_children(u, u->at.dir, u->at.real, err);
	if (r < 0 || u->opts.form == COF_UNPACK_FLAT)
		return r;
	u->root_opaque = u->root_opaque || u->at.real[0] == '\0';
	return cof_tree_set_opaque(u->at.dir, err);
}

static int remove_lower(cof_unpack *u, const char *victim, cof_err *err)
{
	bool again = false;
	int r = once(u, victim, &again, err);
	if (r < 0 || again)
		return r;
	return u->opts.form == COF_UNPACK_FLAT ? hide(u, u->at.dir, u->at.real, victim, err)
					       : mark(u, u->at.dir, u->at.real, victim, err);
}

int cof_unpack_whiteout(cof_unpack *u, const cof_tar_entry *e, cof_err *err)
{
	const char *victim = u->at.name + strlen(COF_WHITEOUT);
	bool aufs = strncmp(u->at.name, AUFS_PREFIX, strlen(AUFS_PREFIX)) == 0;
	if (strcmp(u->at.name, OPAQUE_NAME) == 0)
		return e->type == COF_TAR_FILE && e->size == 0 ? opaque(u, err) : bad(err, "that is no empty file");
	if (aufs)
		return 0; /* another file system's bookkeeping; its data goes nowhere */
	if (e->type != COF_TAR_FILE || e->size != 0)
		return bad(err, "that is no empty file");
	if (victim[0] == '\0' || strcmp(victim, ".") == 0 || strcmp(victim, "..") == 0)
		return bad(err, "of no name");
	return remove_lower(u, victim, err);
}
