/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define OPAQUE "user.overlay.opaque"

int cof_tree_sys(cof_err *err, const char *what)
{
	bool full = errno == ENOSPC || errno == EDQUOT;
	return cof_err_sys(err, full ? "unpack-no-space" : "unpack-io", "%s", what);
}

void cof_tree_init(cof_tree *t, int root, const int *lowers, size_t n_lowers, bool overlay)
{
	*t = (cof_tree){.root = root, .lowers = lowers, .n_lowers = n_lowers, .overlay = overlay, .dir_fd = -EBADF};
}

bool cof_tree_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int cof_tree_open(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd = -1;
	for (int i = 0; i < 64; i++) { /* EAGAIN: something was renamed meanwhile, so it could not be sure */
		fd = syscall(SYS_openat2, dir, path[0] == '\0' ? "." : path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

int cof_tree_set_opaque(int dir, cof_err *err)
{
	return fsetxattr(dir, OPAQUE, "y", 1, 0) < 0 ? cof_tree_sys(err, "marking a directory opaque") : 0;
}

/* --- names --- */

static int append(char path[PATH_MAX], const char *comp, size_t n, cof_err *err)
{
	size_t have = strlen(path);
	if (n > NAME_MAX || have + 1 + n >= PATH_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a name is too long");
	if (have > 0)
		path[have++] = '/';
	memcpy(path + have, comp, n);
	path[have + n] = '\0';
	return 0;
}

static int check_depth(const char *path, cof_err *err)
{
	int depth = 1;
	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth <= COF_TREE_DEPTH_MAX
		       ? 0
		       : cof_err_set(err, COF_E_MALFORMED, "tar-too-deep", "deeper than %d", COF_TREE_DEPTH_MAX);
}

static bool is_dots(const char *s, size_t n, size_t dots)
{
	return n == dots && strncmp(s, "..", dots) == 0;
}

int cof_tree_normalise(const char *in, char out[PATH_MAX], cof_err *err)
{
	char path[PATH_MAX] = "";
	for (const char *s = in; *s != '\0';) {
		size_t n = strcspn(s, "/");
		if (is_dots(s, n, 2))
			return cof_err_set(err, COF_E_MALFORMED, "tar-name", "a name with '..'");
		int r = n == 0 || is_dots(s, n, 1) ? 0 : append(path, s, n, err);
		if (r < 0)
			return r;
		s += n + (s[n] == '/');
	}
	int r = check_depth(path, err);
	if (r == 0)
		memcpy(out, path, sizeof path);
	return r;
}

static void up(char path[PATH_MAX])
{
	char *slash = strrchr(path, '/');
	*(slash != NULL ? slash : path) = '\0';
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* --- walking --- */

/* A path being resolved: done is canonical, todo is the rest. */
typedef struct walk {
	char done[PATH_MAX], todo[PATH_MAX];
	int links;
} walk;

static size_t next_comp(walk *w, char comp[NAME_MAX + 1], cof_err *err, int *ret)
{
	const char *s = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(s, "/");
	*ret = 0;
	if (n > NAME_MAX) {
		*ret = cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a name is too long");
		return 0;
	}
	memcpy(comp, s, n);
	comp[n] = '\0';
	memmove(w->todo, s + n, strlen(s + n) + 1);
	return n;
}

/* The link's target stands before what is left; an absolute one begins at the tree's root. */
static int follow(walk *w, int link, cof_err *err)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);
	if (n < 0)
		return cof_tree_sys(err, "reading a link");
	target[n] = '\0';
	if (++w->links > COF_TREE_LINKS_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "tar-symlink-loop", "too many symbolic links in a name");
	memcpy(rest, w->todo, sizeof rest);
	int len = snprintf(w->todo, sizeof w->todo, "%s/%s", target, rest);
	if (len < 0 || (size_t)len >= sizeof w->todo)
		return cof_err_set(err, COF_E_MALFORMED, "tar-name-too-long", "a name is too long");
	if (target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

/* Makes the last directory of a canonical path. like: the lower layers' one (or -1), whose attributes it takes. */
static int make_dir(const cof_tree *t, const char *path, int like, bool opaque, cof_err *err)
{
	char parent[PATH_MAX];
	struct stat st;
	memcpy(parent, path, strlen(path) + 1);
	up(parent);
	COF_AUTO_FD int dir = cof_tree_open(t->root, parent, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || fstat(dir, &st) < 0 || mkdirat(dir, last_of(path), 0755) < 0)
		return cof_tree_sys(err, "making a directory");
	const struct timespec times[2] = {{0, UTIME_OMIT}, st.st_mtim};
	COF_AUTO_FD int made = cof_tree_open(dir, last_of(path), O_RDONLY | O_DIRECTORY);
	if (made < 0 || fchmod(made, 0755) < 0 || futimens(dir, times) < 0)
		return cof_tree_sys(err, "making a directory");
	COF_AUTO_FD int from = like < 0 ? -EBADF : cof_tree_open(like, "", O_RDONLY | O_DIRECTORY);
	int r = from >= 0 ? cof_tree_copy_meta(from, made, err) : 0;
	return r < 0 || !opaque ? r : cof_tree_set_opaque(made, err);
}

static int parent_is_none(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "tar-parent-not-directory",
			   "a name below something that is no directory");
}

/* What our tree lacks: a link below is followed, a directory below is repeated, else a plain one is made. */
static int missing(cof_tree *t, walk *w, const char *path, bool whiteout, cof_err *err)
{
	struct stat st = {0};
	COF_AUTO_FD int lower = -EBADF;
	int r = whiteout ? 0 : cof_tree_lower(t, path, &lower, err);
	if (r < 0)
		return r;
	if (lower >= 0 && fstat(lower, &st) < 0)
		return cof_tree_sys(err, "looking at a lower layer");
	if (lower >= 0 && S_ISLNK(st.st_mode))
		return follow(w, lower, err);
	if (lower >= 0 && !S_ISDIR(st.st_mode))
		return parent_is_none(err);
	r = make_dir(t, path, lower, whiteout, err);
	if (r == 0)
		memcpy(w->done, path, strlen(path) + 1);
	return r;
}

static int drop_whiteout(const cof_tree *t, const char *path, cof_err *err)
{
	char parent[PATH_MAX];
	memcpy(parent, path, strlen(path) + 1);
	up(parent);
	struct stat st;
	COF_AUTO_FD int dir = cof_tree_open(t->root, parent, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || fstat(dir, &st) < 0 || unlinkat(dir, last_of(path), 0) < 0)
		return cof_tree_sys(err, "replacing a whiteout");
	const struct timespec times[2] = {{0, UTIME_OMIT}, st.st_mtim};
	return futimens(dir, times) < 0 ? cof_tree_sys(err, "replacing a whiteout") : 0;
}

/* One component: into a directory, through a link, or (when making) over nothing. */
static int step(cof_tree *t, walk *w, const char *comp, bool make, cof_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	memcpy(path, w->done, sizeof path);
	int r = append(path, comp, strlen(comp), err);
	if (r == 0)
		r = check_depth(path, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = cof_tree_open(t->root, path, O_PATH);
	if (fd < 0 && errno != ENOENT)
		return cof_tree_sys(err, "looking at a name");
	if (fd >= 0 && fstat(fd, &st) < 0)
		return cof_tree_sys(err, "looking at a name");
	if (fd >= 0 && S_ISDIR(st.st_mode)) {
		memcpy(w->done, path, sizeof path);
		return 0;
	}
	if (fd >= 0 && S_ISLNK(st.st_mode))
		return follow(w, fd, err);
	bool whiteout = fd >= 0 && t->overlay && cof_tree_is_whiteout(&st);
	if (fd >= 0 && !whiteout)
		return parent_is_none(err);
	if (!make)
		return cof_err_set(err, COF_E_MALFORMED, "tar-hardlink", "the target of a hard link is not there");
	r = whiteout ? drop_whiteout(t, path, err) : 0;
	return r < 0 ? r : missing(t, w, path, whiteout, err);
}

static int resolve(cof_tree *t, walk *w, bool make, cof_err *err)
{
	for (;;) {
		char comp[NAME_MAX + 1];
		int r = 0;
		size_t n = next_comp(w, comp, err, &r);
		if (n == 0)
			return r;
		if (is_dots(comp, n, 2))
			up(w->done); /* only links have them; the root's is the root */
		else if (!is_dots(comp, n, 1) && (r = step(t, w, comp, make, err)) < 0)
			return r;
	}
}

void cof_tree_leave(cof_tree *t)
{
	if (t->dir_fd >= 0)
		(void)futimens(t->dir_fd, t->dir_times); /* a wrong time is no reason to fail */
	cof_fd_close(&t->dir_fd);
	t->dir[0] = t->real[0] = '\0';
}

static int enter(cof_tree *t, const char *parent, cof_err *err)
{
	walk w = {0};
	struct stat st;
	memcpy(w.todo, parent, strlen(parent) + 1);
	COF_AUTO_FD int fd = cof_tree_open(t->root, parent, O_RDONLY | O_DIRECTORY);
	bool direct = fd >= 0;
	int r = direct ? 0 : resolve(t, &w, true, err);
	if (r < 0)
		return r;
	if (!direct)
		fd = cof_tree_open(t->root, w.done, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_tree_sys(err, "opening a directory");
	t->dir_times[0] = (struct timespec){0, UTIME_OMIT};
	t->dir_times[1] = st.st_mtim;
	t->dir_fd = cof_steal_fd(&fd);
	memcpy(t->dir, parent, strlen(parent) + 1);
	memcpy(t->real, direct ? parent : w.done, strlen(direct ? parent : w.done) + 1);
	return 0;
}

int cof_tree_place(cof_tree *t, const char *path, cof_place *ret, cof_err *err)
{
	char parent[PATH_MAX];
	memcpy(parent, path, strlen(path) + 1);
	up(parent);
	if (t->dir_fd < 0 || strcmp(parent, t->dir) != 0) {
		cof_tree_leave(t);
		int r = enter(t, parent, err);
		if (r < 0)
			return r;
	}
	ret->dir = t->dir_fd;
	ret->real = t->real;
	(void)snprintf(ret->name, sizeof ret->name, "%s", last_of(path));
	return 0;
}

int cof_tree_find(cof_tree *t, const char *path, char ret[PATH_MAX], cof_err *err)
{
	walk w = {0};
	memcpy(w.todo, path, strlen(path) + 1);
	up(w.todo);
	int r = resolve(t, &w, false, err);
	if (r == 0)
		r = append(w.done, last_of(path), strlen(last_of(path)), err);
	if (r == 0)
		memcpy(ret, w.done, sizeof w.done);
	return r;
}

/* --- removing --- */

static int empty_dir(int fd, cof_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (d == NULL)
		return cof_tree_sys(err, "reading a directory");
	int r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = cof_tree_remove(fd, e->d_name, err);
	(void)closedir(d);
	return r;
}

int cof_tree_remove(int dir, const char *name, cof_err *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return cof_tree_sys(err, "removing a file");
	COF_AUTO_FD int fd = cof_tree_open(dir, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return cof_tree_sys(err, "opening a directory");
	int r = empty_dir(fd, err);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = cof_tree_sys(err, "removing a directory");
	return r;
}
