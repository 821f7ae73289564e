/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgrun.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

void cof_imgrun_release(cof_imgrun *r)
{
	cof_words_release(&r->args);
	cof_words_release(&r->env);
	free(r->cwd);
	*r = (cof_imgrun){0};
}

static int no_folder(cof_err *err, const char *path, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "image-workdir", "'%.100s': %s", path, why);
}

/* --- words --- */

static int copy_words(const cof_words *from, cof_words *to, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = cof_words_add(to, from->at[i], err);
	return r;
}

static int take_args(const cof_words *from, cof_imgrun *r, cof_err *err)
{
	if (from->n == 0 || from->at[0][0] == '\0')
		return cof_err_set(err, COF_E_MALFORMED, "image-config-malformed",
				   "neither Entrypoint nor Cmd says what to run");
	return copy_words(from, &r->args, err);
}

/* The length of a variable's name; 0: it is none. */
static size_t name_len(const char *variable)
{
	size_t n = strcspn(variable, "=");
	return variable[n] == '=' ? n : 0;
}

static bool same_name(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n) == 0 && a[n] == '=' && b[n] == '=';
}

static bool has_variable(const cof_words *env, const char *variable)
{
	for (size_t i = 0; i < env->n; i++)
		if (same_name(env->at[i], variable, name_len(variable)))
			return true;
	return false;
}

static int put_variable(cof_words *env, const char *variable, cof_err *err)
{
	size_t n = name_len(variable);
	for (size_t i = 0; n > 0 && i < env->n; i++) {
		if (!same_name(env->at[i], variable, n))
			continue;
		char *newer = strdup(variable);
		if (newer == NULL)
			return cof_err_oom(err);
		free(env->at[i]);
		env->at[i] = newer;
		return 0;
	}
	return n == 0 ? 0 : cof_words_add(env, variable, err);
}

static int add_default(cof_words *env, const char *name, const char *value, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_buf_printf(&text, err, "%s=%s", name, value);
	return r < 0 || has_variable(env, cof_buf_str(&text)) ? r : cof_words_add(env, cof_buf_str(&text), err);
}

static int take_env(const cof_words *from, const char *hostname, cof_imgrun *r, cof_err *err)
{
	int e = 0;
	for (size_t i = 0; e == 0 && i < from->n; i++)
		e = put_variable(&r->env, from->at[i], err);
	if (e == 0)
		e = add_default(&r->env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", err);
	if (e == 0)
		e = add_default(&r->env, "HOSTNAME", hostname, err);
	return e < 0 ? e : add_default(&r->env, "HOME", r->user.home, err);
}

/* --- paths --- */

/* True for a path at or below one of those where the runtime mounts what the image does not have. */
static bool of_the_kernel(const char *path)
{
	static const char *const roots[] = {"/proc", "/sys", "/dev/fd"};
	for (size_t i = 0; i < COF_COUNT(roots); i++) {
		size_t n = strlen(roots[i]);
		if (strncmp(path, roots[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

/* By its text alone: "/a/./b/../c" is "/a/c". */
static int clean_path(const char *path, cof_buf *ret, cof_err *err)
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return no_folder(err, path, "no absolute path");
	for (const char *at = path; *at != '\0';) {
		at += strspn(at, "/");
		size_t n = strcspn(at, "/");
		if (n == 2 && strncmp(at, "..", 2) == 0) {
			while (ret->len > 0 && ret->data[--ret->len] != '/')
				;
			if (ret->data != NULL)
				ret->data[ret->len] = '\0';
		} else if (n > 0 && !(n == 1 && at[0] == '.')) {
			int r = cof_buf_printf(ret, err, "/%.*s", (int)n, at);
			if (r < 0)
				return r;
		}
		at += n;
	}
	return of_the_kernel(cof_buf_str(ret)) ? no_folder(err, path, "it is the kernel's") : 0;
}

static int take_cwd(const char *from, cof_imgrun *r, cof_err *err)
{
	COF_AUTO(cof_buf) path = {0};
	int e = clean_path(from, &path, err);
	if (e < 0)
		return e;
	r->cwd = strdup(path.len == 0 ? "/" : cof_buf_str(&path));
	return r->cwd == NULL ? cof_err_oom(err) : 0;
}

/* --- the whole --- */

static const cof_words *either(bool policys, const cof_words *policy, const cof_words *image)
{
	return policys ? policy : image;
}

int cof_imgrun_resolve(const cof_imgconf *c, const cof_policy_container *policy, const char *hostname, int rootfd,
		       cof_imgrun *ret, cof_err *err)
{
	static const cof_policy_container none = {0};
	const cof_policy_container *p = policy != NULL ? policy : &none;
	COF_AUTO(cof_imgrun) run = {0};
	char numbers[32];
	(void)snprintf(numbers, sizeof numbers, "%u:%u", p->uid, p->gid);
	int r = take_args(either(p->args.set, &p->args, &c->args), &run, err);
	if (r == 0)
		r = cof_user_resolve(rootfd, p->has_user ? numbers : c->user, &run.user, err);
	if (r == 0)
		r = take_env(either(p->env.set, &p->env, &c->env), hostname, &run, err);
	if (r == 0)
		r = take_cwd(p->cwd != NULL ? p->cwd : c->cwd, &run, err);
	if (r < 0)
		return r;
	*ret = run;
	run = (cof_imgrun){0};
	return 0;
}

/* --- folders --- */

static int open_inside(int rootfd, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, rootfd, path, &how, sizeof how);
}

static bool place_of(int fd, char out[PATH_MAX])
{
	char link[40];
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Links of the image's may lead to where its text does not. */
static int check_place(int rootfd, int fd, const char *path, cof_err *err)
{
	COF_AUTO_FREE char *root = malloc(PATH_MAX);
	COF_AUTO_FREE char *at = malloc(PATH_MAX);
	if (root == NULL || at == NULL)
		return cof_err_oom(err);
	if (!place_of(rootfd, root) || !place_of(fd, at))
		return cof_err_sys(err, "image-workdir", "where '%.100s' lies", path);
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(at, root, n) != 0 || of_the_kernel(at + n))
		return no_folder(err, path, "a link leads to what is the kernel's");
	return 0;
}

/* The folder at path, whose parent is open; made when there is nothing of its name, not even a link. */
static int enter(int rootfd, int parent, const char *path, int *ret_fd, cof_err *err)
{
	int fd = open_inside(rootfd, path);
	const char *name = strrchr(path, '/') + 1;
	/* Its mode does not depend on our own mask. */
	if (fd < 0 && errno == ENOENT && mkdirat(parent, name, 0755) == 0 && fchmodat(parent, name, 0755, 0) == 0)
		fd = open_inside(rootfd, path);
	if (fd < 0)
		return no_folder(err, path, "it is no folder, and none can be made");
	*ret_fd = fd;
	return 0;
}

static int make_folder(int rootfd, const char *path, cof_err *err)
{
	COF_AUTO_FREE char *part = strdup(path);
	COF_AUTO_FD int at = open_inside(rootfd, "/");
	if (part == NULL)
		return cof_err_oom(err);
	for (char *slash = part; at >= 0 && *slash != '\0';) {
		char *next = strchrnul(slash + 1, '/');
		char kept = *next;
		int fd = -EBADF;
		*next = '\0';
		int r = enter(rootfd, at, part, &fd, err);
		if (r < 0)
			return r;
		*next = kept;
		cof_fd_close(&at);
		at = fd;
		slash = next;
	}
	return at < 0 ? no_folder(err, path, "the root is no folder") : check_place(rootfd, at, path, err);
}

int cof_imgrun_folders(const cof_imgrun *r, const cof_imgconf *c, int rootfd, cof_err *err)
{
	int e = strcmp(r->cwd, "/") == 0 ? 0 : make_folder(rootfd, r->cwd, err);
	for (size_t i = 0; e == 0 && i < c->volumes.n; i++) {
		COF_AUTO(cof_buf) path = {0};
		e = clean_path(c->volumes.at[i], &path, err);
		if (e == 0 && path.len > 0)
			e = make_folder(rootfd, cof_buf_str(&path), err);
	}
	return e;
}
