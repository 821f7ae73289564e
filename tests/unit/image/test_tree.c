/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tree.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "tests/unit/image/scratch.h"

static void normalises(void **state)
{
	(void)state;
	const struct {
		const char *in, *out;
	} good[] = {{"", ""},		{".", ""},	{"/", ""},
		    {"./", ""},		{"a", "a"},	{"/a//b/", "a/b"},
		    {"./a/./b", "a/b"}, {"...", "..."}, {"a/..b/c..", "a/..b/c.."}};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		char out[PATH_MAX];
		assert_ok(cof_tree_normalise(good[i].in, out, &err));
		assert_string_equal(out, good[i].out);
	}
	const char *const bad[] = {"..", "../a", "a/..", "a/../b", "/..", "./.."};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char out[PATH_MAX];
		assert_fails(cof_tree_normalise(bad[i], out, &err), "tar-name");
	}
}

static void component_lengths(void **state)
{
	(void)state;
	char name[400], out[PATH_MAX];
	for (size_t n = 254; n <= 257; n++) {
		memset(name, 'n', n);
		name[n] = '\0';
		assert_int_equal(cof_tree_normalise(name, out, NULL) == 0, n <= 255);
	}
}

static void t032_open_does_not_leave(void **state)
{
	const scratch *s = *state;
	assert_int_equal(symlinkat("/etc", s->fd, "abs"), 0);
	assert_int_equal(symlinkat("..", s->fd, "up"), 0);
	assert_int_equal(mkdirat(s->fd, "d", 0755), 0);
	const char *const bad[] = {"abs/passwd", "up", "up/x", "..", "../x", "d/../..", "/etc", "d/../../y"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_equal(cof_tree_open(s->fd, bad[i], O_RDONLY), -1);
	int fd = cof_tree_open(s->fd, "abs", O_PATH); /* the link itself */
	struct stat st;
	assert_true(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
	(void)close(fd);
}

static void places(void **state)
{
	const scratch *s = *state;
	cof_tree t;
	cof_place at;
	struct stat st;
	cof_tree_init(&t, s->fd, NULL, 0, true);
	assert_int_equal(mkdirat(s->fd, "real", 0700), 0);
	assert_int_equal(symlinkat("/real/sub/../sub", s->fd, "link"), 0);
	assert_ok(cof_tree_place(&t, "link/f", &at, &err));
	assert_string_equal(at.real, "real/sub");
	assert_string_equal(at.name, "f");
	assert_ok(cof_tree_place(&t, "top", &at, &err));
	assert_string_equal(at.real, "");
	assert_ok(cof_tree_place(&t, "a/b/c", &at, &err));
	assert_int_equal(fstatat(s->fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	char found[PATH_MAX];
	assert_ok(cof_tree_find(&t, "link/f", found, &err));
	assert_string_equal(found, "real/sub/f");
	assert_fails(cof_tree_find(&t, "link/none/f", found, &err), "tar-hardlink");
	assert_false(scratch_has(s, "real/sub/none"));
	cof_tree_leave(&t);
}

static void times_of_directories_are_kept(void **state)
{
	const scratch *s = *state;
	cof_tree t;
	cof_place at;
	struct stat st;
	const struct timespec old[2] = {{5, 0}, {5, 77}};
	cof_tree_init(&t, s->fd, NULL, 0, false);
	assert_int_equal(mkdirat(s->fd, "d", 0755), 0);
	assert_int_equal(utimensat(s->fd, "d", old, 0), 0);
	assert_ok(cof_tree_place(&t, "d/f", &at, &err));
	assert_int_equal(mkdirat(at.dir, "f", 0755), 0);
	assert_ok(cof_tree_place(&t, "d/new/f", &at, &err));
	cof_tree_leave(&t);
	assert_int_equal(fstatat(s->fd, "d", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, 5);
	assert_int_equal(st.st_mtim.tv_nsec, 77);
}

static int layer(const scratch *s, const char *name)
{
	assert_int_equal(mkdirat(s->fd, name, 0755), 0);
	return openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What overlayfs would show of three layers. */
static void t034_merged_view(void **state)
{
	const scratch *s = *state;
	const int fds[3] = {layer(s, "top"), layer(s, "mid"), layer(s, "low")};
	cof_tree t;
	cof_tree_init(&t, s->fd, fds, 3, true);
	assert_int_equal(mkdirat(fds[2], "d", 0755), 0);
	assert_int_equal(mkdirat(fds[2], "d/low", 0755), 0);
	assert_int_equal(mkdirat(fds[2], "gone", 0755), 0);
	assert_int_equal(mkdirat(fds[2], "gone/x", 0755), 0);
	assert_int_equal(mkdirat(fds[2], "o", 0755), 0);
	assert_int_equal(mkdirat(fds[2], "o/hidden", 0755), 0);
	assert_int_equal(mkdirat(fds[1], "o", 0755), 0);
	assert_int_equal(mkdirat(fds[1], "o/seen", 0755), 0);
	COF_AUTO_FD int opaque = openat(fds[1], "o", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(cof_tree_set_opaque(opaque, &err));
	assert_int_equal(mknodat(fds[1], "gone", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mkdirat(fds[0], "d", 0755), 0);
	const struct {
		const char *path;
		bool there;
	} cases[] = {{"d", true},      {"d/low", true},	    {"gone", false}, {"gone/x", false}, {"o", true},
		     {"o/seen", true}, {"o/hidden", false}, {"none", false}, {"", true}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		int fd = -EBADF;
		assert_ok(cof_tree_lower(&t, cases[i].path, &fd, &err));
		if ((fd >= 0) != cases[i].there)
			fail_msg("'%s': %d", cases[i].path, fd);
		if (fd >= 0)
			(void)close(fd);
	}
	for (size_t i = 0; i < 3; i++)
		(void)close(fds[i]);
}

typedef struct gate {
	const scratch *s;
	int fds[1];
	int calls;
	bool broken;
} gate;

static int open_gate(void *arg, cof_err *err)
{
	gate *g = arg;
	g->calls++;
	g->fds[0] = openat(g->s->fd, "low", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return g->broken ? cof_err_set(err, COF_E_UNAVAILABLE, "below-failed", "the layer below") : 0;
}

/* Layers side by side: the one below is waited for when it matters, once, and not before. */
static void lower_layers_come_late(void **state)
{
	gate g = {.s = *state, .fds = {-EBADF}};
	cof_tree t;
	cof_place at;
	int top = layer(g.s, "top");
	(void)close(layer(g.s, "low"));
	assert_int_equal(symlinkat("usr", g.s->fd, "low/bin"), 0);
	assert_int_equal(mkdirat(top, "usr", 0755), 0);
	cof_tree_init(&t, top, g.fds, 1, true);
	cof_tree_gate(&t, open_gate, &g);
	assert_ok(cof_tree_place(&t, "usr/x", &at, &err));
	assert_int_equal(g.calls, 0);
	assert_ok(cof_tree_place(&t, "bin/x", &at, &err));
	assert_string_equal(at.real, "usr");
	assert_ok(cof_tree_place(&t, "lib/x", &at, &err));
	assert_int_equal(g.calls, 1);
	cof_tree_leave(&t);

	g.broken = true;
	cof_fd_close(&g.fds[0]);
	cof_tree_gate(&t, open_gate, &g);
	assert_fails(cof_tree_place(&t, "sbin/x", &at, &err), "below-failed");
	assert_int_equal(g.calls, 2);
	cof_tree_leave(&t);
	cof_fd_close(&g.fds[0]);

	/* A bottom layer has nobody to wait for. */
	cof_tree_init(&t, top, g.fds, 0, true);
	cof_tree_gate(&t, open_gate, &g);
	assert_ok(cof_tree_place(&t, "sbin/x", &at, &err));
	assert_int_equal(g.calls, 2);
	cof_tree_leave(&t);
	(void)close(top);
}

static void removes_whole_trees_and_nothing_else(void **state)
{
	const scratch *s = *state;
	assert_int_equal(mkdirat(s->fd, "kept", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "d", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "d/e", 0755), 0);
	assert_int_equal(symlinkat("../../kept", s->fd, "d/e/l"), 0);
	assert_int_equal(mkdirat(s->fd, "kept/inside", 0755), 0);
	assert_ok(cof_tree_remove(s->fd, "d", &err));
	assert_ok(cof_tree_remove(s->fd, "d", &err));
	assert_false(scratch_has(s, "d"));
	assert_true(scratch_has(s, "kept/inside"));
}

static void attributes_that_may_pass(void **state)
{
	(void)state;
	const char *const no[] = {"user.overlay.opaque",
				  "user.overlay.whiteout",
				  "trusted.overlay.opaque",
				  "trusted.x",
				  "security.ima",
				  "security.selinux",
				  "system.posix_acl_access",
				  "user",
				  "",
				  "security.capabilityx"};
	for (size_t i = 0; i < COF_COUNT(no); i++)
		assert_false(cof_tree_xattr_allowed(no[i]));
	assert_true(cof_tree_xattr_allowed("security.capability"));
	assert_true(cof_tree_xattr_allowed("user.note"));
	assert_true(cof_tree_xattr_allowed("user.overlays"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t032_open_does_not_leave),
		T(t034_merged_view),
		T(lower_layers_come_late),
		T(removes_whole_trees_and_nothing_else),
		T(places),
		T(times_of_directories_are_kept),
		cmocka_unit_test(normalises),
		cmocka_unit_test(component_lengths),
		cmocka_unit_test(attributes_that_may_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
