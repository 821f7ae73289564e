/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same archives through both forms: flat, and layers under a real overlayfs with userxattr, in a mount namespace
 * of our own. What a container would see must be the same tree.
 */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "image-decrypt/unpack.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

enum { LAYERS = 3, LIST_MAX = 64 << 10 };

static int unpack(cof_unpack_opts opts, const cof_buf *tar, bool *ret_opaque, cof_err *err)
{
	COF_AUTO_PTR(cof_unpack) u = NULL;
	cof_unpack_result res = {0};
	int r = cof_unpack_new(&u, &opts, err);
	if (r == 0)
		r = cof_unpack_add(u, cof_buf_span(tar), err);
	if (r == 0)
		r = cof_unpack_end(u, &res, err);
	*ret_opaque = res.root_opaque;
	return r;
}

static void list_one(int dir, const char *path, const char *name, cof_buf *to);

static void list(int dir, const char *path, cof_buf *to)
{
	struct dirent **names = NULL;
	char proc[64];
	(void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", dir);
	int n = scandir(proc, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			list_one(dir, path, names[i]->d_name, to);
		free(names[i]);
	}
	free(names);
}

static void list_one(int dir, const char *path, const char *name, cof_buf *to)
{
	struct stat st;
	char sub[512];
	(void)snprintf(sub, sizeof sub, "%s/%s", path, name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		abort();
	if (cof_buf_printf(to, NULL, "%s %o %lld\n", sub, st.st_mode, S_ISDIR(st.st_mode) ? 0 : (long long)st.st_size) <
	    0)
		abort();
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		list(fd, sub, to);
		(void)close(fd);
	}
}

/* In a child: a tmpfs, the layers, the mount; the listing goes through a pipe. */
static int child(const cof_buf tars[LAYERS], const char *top, int out)
{
	char opts[512], path[128];
	int fds[LAYERS];
	bool opaque[LAYERS];
	size_t first = 0, at = 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", top, "tmpfs", 0, NULL) < 0)
		return 77;
	at = (size_t)snprintf(opts, sizeof opts, "userxattr,lowerdir=");
	for (size_t i = 0; i < LAYERS; i++) {
		(void)snprintf(path, sizeof path, "%s/%zu", top, i);
		if (mkdir(path, 0755) < 0)
			return 1;
		fds[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int lowers[LAYERS];
		for (size_t k = 0; k < i; k++)
			lowers[k] = fds[i - 1 - k];
		cof_err err = {0};
		if (unpack((cof_unpack_opts){.root_fd = fds[i], .lower_fds = lowers, .n_lowers = i}, &tars[i],
			   &opaque[i], &err) < 0) {
			(void)fprintf(stderr, "layer %zu: %s: %s\n", i, err.reason, err.text);
			return 1;
		}
		first = opaque[i] ? i : first;
	}
	for (size_t i = LAYERS; i-- > first;)
		at += (size_t)snprintf(opts + at, sizeof opts - at, "%s%s/%zu", i + 1 < LAYERS ? ":" : "", top, i);
	if (first + 1 == LAYERS) { /* overlayfs wants two */
		(void)snprintf(path, sizeof path, "%s/empty", top);
		if (mkdir(path, 0755) < 0)
			return 1;
		at += (size_t)snprintf(opts + at, sizeof opts - at, ":%s", path);
	}
	(void)snprintf(path, sizeof path, "%s/m", top);
	if (mkdir(path, 0755) < 0)
		return 1;
	if (mount("overlay", path, "overlay", MS_RDONLY, opts) < 0)
		return 77;
	COF_AUTO(cof_buf) text = {0};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list(fd, "", &text);
	return cof_fd_write_all(out, cof_buf_span(&text), NULL) < 0;
}

/* False: no mounts are allowed here. */
static bool overlay_listing(const cof_buf tars[LAYERS], const scratch *s, cof_buf *ret)
{
	int fds[2], status = 0;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(child(tars, s->top, fds[1]));
	(void)close(fds[1]);
	assert_ok(cof_fd_read_all(fds[0], LIST_MAX, ret, &err));
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		(void)fprintf(stderr, "no overlay mounts here: skipped\n");
		return false;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

static void compare(void **state, const cof_buf tars[LAYERS])
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) merged = {0};
	COF_AUTO(cof_buf) flat = {0};
	bool opaque;
	for (size_t i = 0; i < LAYERS; i++)
		assert_ok(
			unpack((cof_unpack_opts){.root_fd = s->fd, .form = COF_UNPACK_FLAT}, &tars[i], &opaque, &err));
	list(s->fd, "", &flat);
	if (!overlay_listing(tars, s, &merged))
		skip();
	assert_string_equal(cof_buf_str(&merged), cof_buf_str(&flat));
	assert_true(flat.len > 0);
}

static void t034_files_and_directories(void **state)
{
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) c = {0};
	tar_dir(&a, "d");
	tar_file(&a, "d/1", "1");
	tar_file(&a, "d/2", "2");
	tar_dir(&a, "e");
	tar_file(&a, "e/1", "1");
	tar_file(&a, "f", "f");
	tar_file(&b, "d/.wh.1", "");
	tar_file(&b, ".wh.e", "");
	tar_file(&b, ".wh.f", "");
	tar_dir(&c, "e"); /* a new one, without what was in the old */
	tar_file(&c, "e/3", "33");
	tar_file(&c, "d/1", "new");
	const cof_buf tars[LAYERS] = {a, b, c};
	compare(state, tars);
}

static void t034_opaque_in_any_order(void **state)
{
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) c = {0};
	tar_dir(&a, "d");
	tar_file(&a, "d/old", "1");
	tar_dir(&a, "d/sub");
	tar_file(&a, "d/sub/old", "1");
	tar_file(&a, "g/old", "1");
	tar_dir(&b, "d");
	tar_file(&b, "d/new", "2");
	tar_dir(&b, "d/sub");
	tar_file(&b, "d/sub/new", "2");
	tar_file(&b, "d/.wh..wh..opq", "");
	tar_file(&b, "g/.wh..wh..opq", "");
	tar_file(&b, "g/new", "2");
	tar_file(&c, "d/newer", "3");
	const cof_buf tars[LAYERS] = {a, b, c};
	compare(state, tars);
}

static void t034_opaque_root(void **state)
{
	for (int which = 0; which < 2; which++) {
		COF_AUTO(cof_buf) a = {0};
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_buf) c = {0};
		tar_file(&a, "old", "1");
		tar_file(which == 0 ? &b : &c, ".wh..wh..opq", "");
		tar_file(&b, "mid", "2");
		tar_file(&c, "new", "3");
		const cof_buf tars[LAYERS] = {a, b, c};
		compare(state, tars);
		assert_int_equal(scratch_down(state), 0);
		assert_int_equal(scratch_up(state), 0);
	}
}

static void t034_kinds_replace_each_other(void **state)
{
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) c = {0};
	tar_file(&a, "x/1", "1");
	tar_file(&a, "y", "1");
	tar_link(&a, '2', "z", "x");
	tar_file(&a, "w/1", "1");
	tar_file(&b, "x", "a file now");
	tar_dir(&b, "x"); /* and a directory again, in one layer: the old content is gone for good */
	tar_dir(&b, "y");
	tar_file(&b, "y/2", "2");
	tar_dir(&b, "z"); /* over the link, not into its target */
	tar_file(&b, "z/2", "2");
	tar_file(&c, "w", "a file now");
	tar_link(&c, '2', "y", "w");
	const cof_buf tars[LAYERS] = {a, b, c};
	compare(state, tars);
}

static void t032_later_layers_follow_links_of_earlier_ones(void **state)
{
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) c = {0};
	tar_put(&a, (tar_spec){.type = '5', .name = "usr/bin", .mode = 0750});
	tar_file(&a, "usr/bin/sh", "sh");
	tar_link(&a, '2', "bin", "usr/bin");
	tar_link(&a, '2', "evil", "../../../../../../tmp");
	tar_file(&b, "bin/ls", "ls");
	tar_file(&b, "evil/file", "inside");
	tar_link(&b, '1', "usr/bin/bash", "bin/sh");
	tar_file(&c, "bin/.wh.ls", "");
	tar_link(&c, '1', "again", "usr/bin/sh");
	const cof_buf tars[LAYERS] = {a, b, c};
	compare(state, tars);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t034_files_and_directories),
		T(t034_opaque_in_any_order),
		T(t034_opaque_root),
		T(t034_kinds_replace_each_other),
		T(t032_later_layers_follow_links_of_earlier_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
