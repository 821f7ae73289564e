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

/* --- flat: remove now, sparing this layer's own --- */

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
	if (r < 0 || cof_made_has(&u->made, real, name))
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
	if (cof_made_has(&u->made, real, name))
		return 0;
	return unlinkat(dir, name, 0) < 0 ? cof_tree_sys(err, "removing a file") : 0;
}

/* --- overlay: leave a mark --- */

static int mark(int dir, const char *name, cof_err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return cof_tree_sys(err, "looking at a name");
		/* spec: kernel Documentation/filesystems/overlayfs: "whiteouts and opaque directories" */
		return mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0 ? cof_tree_sys(err, "making a whiteout") : 0;
	}
	if (!S_ISDIR(st.st_mode))
		return 0; /* anything but a directory hides what is below by itself */
	COF_AUTO_FD int fd = cof_tree_open(dir, name, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? cof_tree_sys(err, "opening a directory") : cof_tree_set_opaque(fd, err);
}

static int opaque(cof_unpack *u, cof_err *err)
{
	if (u->opts.form == COF_UNPACK_FLAT)
		return hide_children(u, u->at.dir, u->at.real, err);
	u->root_opaque = u->root_opaque || u->at.real[0] == '\0';
	return cof_tree_set_opaque(u->at.dir, err);
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
	return u->opts.form == COF_UNPACK_FLAT ? hide(u, u->at.dir, u->at.real, victim, err)
					       : mark(u->at.dir, victim, err);
}
