/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer takes over from the layers below it: the merged view of them, and attributes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "image-decrypt/tree.h"

#define OPAQUE "user.overlay.opaque"
enum { LIST_MAX = 64 << 10, VALUE_MAX = 64 << 10 };

bool cof_tree_xattr_allowed(const char *name)
{
	return strcmp(name, "security.capability") == 0 ||
	       (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0);
}

static bool dir_opaque(int dir, const char *path)
{
	char value = 0;
	COF_AUTO_FD int fd = cof_tree_open(dir, path, O_RDONLY | O_DIRECTORY);
	return fd >= 0 && fgetxattr(fd, OPAQUE, &value, 1) == 1 && value == 'y';
}

typedef enum sight { SIGHT_NOTHING, SIGHT_FOUND, SIGHT_HIDDEN } sight;

/* Looks for path in one layer; *stop when the layers below it are hidden on the way. */
static sight look(int layer, const char *path, bool *stop, int *ret_fd)
{
	char prefix[PATH_MAX];
	*stop = *stop || dir_opaque(layer, "");
	for (const char *s = path;; s++) {
		s += strcspn(s, "/");
		(void)snprintf(prefix, sizeof prefix, "%.*s", (int)(s - path), path);
		struct stat st;
		COF_AUTO_FD int fd = cof_tree_open(layer, prefix, O_PATH);
		if (fd < 0 || fstat(fd, &st) < 0)
			return SIGHT_NOTHING;
		if (cof_tree_is_whiteout(&st) || (*s != '\0' && !S_ISDIR(st.st_mode)))
			return SIGHT_HIDDEN;
		if (*s == '\0') {
			*ret_fd = cof_steal_fd(&fd);
			return SIGHT_FOUND;
		}
		*stop = *stop || dir_opaque(layer, prefix);
	}
}

void cof_tree_gate(cof_tree *t, int (*gate)(void *arg, cof_err *err), void *arg)
{
	t->gate = gate;
	t->gate_arg = arg;
}

/* Without lower layers there is nothing to wait for. */
static int pass_gate(cof_tree *t, cof_err *err)
{
	int r = t->gate == NULL || t->n_lowers == 0 ? 0 : t->gate(t->gate_arg, err);
	if (r == 0)
		t->gate = NULL;
	return r;
}

/* A directory of our own on the way that hides what is below it. */
static bool hidden_here(const cof_tree *t, const char *path)
{
	char prefix[PATH_MAX];
	if (dir_opaque(t->root, ""))
		return true;
	for (const char *s = path; (s = strchr(s, '/')) != NULL; s++) {
		(void)snprintf(prefix, sizeof prefix, "%.*s", (int)(s - path), path);
		if (dir_opaque(t->root, prefix))
			return true;
	}
	return false;
}

int cof_tree_lower(cof_tree *t, const char *path, int *ret_fd, cof_err *err)
{
	int r = pass_gate(t, err);
	bool stop = t->n_lowers == 0 || hidden_here(t, path);
	*ret_fd = -EBADF;
	for (size_t i = 0; r == 0 && i < t->n_lowers && !stop; i++) {
		if (look(t->lowers[i], path, &stop, ret_fd) != SIGHT_NOTHING)
			break;
	}
	return r;
}

static int copy_xattr(int from, int to, const char *name, cof_err *err)
{
	COF_AUTO_FREE char *value = malloc(VALUE_MAX);
	if (value == NULL)
		return cof_err_oom(err);
	ssize_t n = fgetxattr(from, name, value, VALUE_MAX);
	if (n < 0 || fsetxattr(to, name, value, (size_t)n, 0) < 0)
		return cof_tree_sys(err, "copying an attribute");
	return 0;
}

static int copy_xattrs(int from, int to, cof_err *err)
{
	COF_AUTO_FREE char *list = malloc(LIST_MAX);
	ssize_t n = list == NULL ? -1 : flistxattr(from, list, LIST_MAX);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1) {
		int r = cof_tree_xattr_allowed(list + i) ? copy_xattr(from, to, list + i, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int cof_tree_drop_xattrs(int fd, cof_err *err)
{
	char few[256];
	ssize_t n = flistxattr(fd, few, sizeof few);
	if (n == 0 || (n < 0 && errno == ENOTSUP))
		return 0;
	COF_AUTO_FREE char *list = malloc(LIST_MAX);
	n = list == NULL ? -1 : flistxattr(fd, list, LIST_MAX);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1)
		if (cof_tree_xattr_allowed(list + i) && fremovexattr(fd, list + i) < 0 && errno != ENODATA)
			return cof_tree_sys(err, "removing an attribute");
	return 0;
}

int cof_tree_copy_meta(int from, int to, cof_err *err)
{
	struct stat st;
	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0)
		return cof_tree_sys(err, "copying attributes");
	int r = copy_xattrs(from, to, err);
	const struct timespec times[2] = {{0, UTIME_OMIT}, st.st_mtim};
	if (r == 0 && futimens(to, times) < 0)
		r = cof_tree_sys(err, "copying times");
	return r;
}
