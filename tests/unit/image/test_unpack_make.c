/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer takes from those below it: hard links become copies, and nothing that was hidden comes back. */
#include <sys/sysmacros.h>

#include "tests/unit/image/unpacked.h"

typedef struct pair {
	int lower, upper;
} pair;

static pair pair_of(const scratch *s, const cof_buf *base)
{
	pair p = {layer_dir(s, "0"), layer_dir(s, "1")};
	const cof_unpack_opts opts = {.root_fd = p.lower};
	assert_ok(unpacked(&opts, base, &err));
	return p;
}

static int on_top(const pair *p, const cof_buf *tar, uint64_t max_bytes, cof_err *err)
{
	const cof_unpack_opts opts = {
		.root_fd = p->upper, .lower_fds = &p->lower, .n_lowers = 1, .max_bytes = max_bytes};
	return unpacked(&opts, tar, err);
}

static void pair_close(pair *p)
{
	(void)close(p->lower);
	(void)close(p->upper);
}

static bool is_whiteout(const scratch *s, const char *path)
{
	struct stat st;
	return fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

static void links_to_what_is_no_file(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	struct stat st, other;
	char target[16] = "";
	tar_put(&base, (tar_spec){.type = '2', .name = "l", .link = "nowhere", .mode = 0777, .uid = 7, .mtime = 5});
	tar_put(&base, (tar_spec){.type = '6', .name = "p", .mode = 0640, .mtime = 6});
	tar_end(&base);
	tar_link(&top, '1', "l2", "l");
	tar_link(&top, '1', "p2", "p");
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_ok(on_top(&p, &top, 0, &err));
	assert_true(readlinkat(s->fd, "1/l2", target, sizeof target - 1) > 0);
	assert_string_equal(target, "nowhere");
	assert_int_equal(fstatat(s->fd, "1/l2", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_mtime, 5);
	assert_int_equal(fstatat(s->fd, "1/p", &st, 0), 0);
	assert_int_equal(fstatat(s->fd, "1/p2", &other, 0), 0);
	assert_true(S_ISFIFO(st.st_mode) && st.st_ino == other.st_ino);
	assert_int_equal(st.st_mode & 07777, 0640);
	pair_close(&p);
}

/* A link made a copy at the old name; the whiteout of that name still counts, wherever it stands. */
static void t034_copies_for_links_can_be_hidden(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	tar_file(&base, "a", "1");
	tar_file(&base, "d/b", "2");
	tar_file(&base, "e/c", "3");
	tar_end(&base);
	tar_link(&top, '1', "a2", "a");
	tar_link(&top, '1', "b2", "d/b");
	tar_link(&top, '1', "c2", "e/c");
	tar_file(&top, ".wh.a", "");
	tar_file(&top, "d/.wh..wh..opq", "");
	tar_file(&top, ".wh.e", "");
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_ok(on_top(&p, &top, 0, &err));
	scratch_text(s, "1/a2", "1");
	scratch_text(s, "1/b2", "2");
	scratch_text(s, "1/c2", "3");
	assert_true(is_whiteout(s, "1/a"));
	assert_false(scratch_has(s, "1/d/b"));
	assert_true(is_whiteout(s, "1/e"));
	pair_close(&p);
}

static void t034_hidden_files_cannot_be_linked(void **state)
{
	const scratch *s = *state;
	const char *const whiteouts[] = {".wh.d", "d/.wh..wh..opq", "d/.wh.f", ".wh..wh..opq"};
	COF_AUTO(cof_buf) base = {0};
	tar_file(&base, "d/f", "secret");
	tar_end(&base);
	for (size_t i = 0; i < COF_COUNT(whiteouts); i++) {
		COF_AUTO(cof_buf) top = {0};
		tar_file(&top, whiteouts[i], "");
		tar_link(&top, '1', "back", "d/f");
		tar_end(&top);
		pair p = pair_of(s, &base);
		assert_fails(on_top(&p, &top, 0, &err), "tar-hardlink");
		pair_close(&p);
		char path[128];
		(void)snprintf(path, sizeof path, "%s/0", s->root);
		assert_ok(cof_rm_tree(path, &err));
		(void)snprintf(path, sizeof path, "%s/1", s->root);
		assert_ok(cof_rm_tree(path, &err));
	}
}

/* A directory behind an opaque one is a new one: neither a link nor the attributes of what was there. */
static void t034_hidden_parents_are_not_followed(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	struct stat st;
	tar_link(&base, '2', "d/l", "../other");
	tar_put(&base, (tar_spec){.type = '5', .name = "d/private", .mode = 0700});
	tar_dir(&base, "other");
	tar_end(&base);
	tar_file(&top, "d/.wh..wh..opq", "");
	tar_file(&top, "d/l/f", "x");
	tar_file(&top, "d/private/f", "x");
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_ok(on_top(&p, &top, 0, &err));
	scratch_text(s, "1/d/l/f", "x");
	assert_false(scratch_has(s, "1/other"));
	assert_int_equal(fstatat(s->fd, "1/d/private", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	pair_close(&p);
}

static void t034_nothing_is_marked_that_is_not_there(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	tar_file(&base, "there", "x");
	tar_end(&base);
	tar_file(&top, ".wh.there", "");
	tar_file(&top, ".wh.absent", "");
	tar_file(&top, "new/.wh.absent", "");
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_ok(on_top(&p, &top, 0, &err));
	assert_true(is_whiteout(s, "1/there"));
	assert_false(scratch_has(s, "1/absent"));
	assert_false(scratch_has(s, "1/new/absent"));
	pair_close(&p);
}

/* One large file below under many names: each of them would be copied. */
static void t035_copies_count(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	char name[16], link[16];
	COF_AUTO_FREE char *big = calloc(1, 1 << 20);
	tar_put(&base, (tar_spec){.type = '0', .name = "n0", .data = big, .size = 1 << 20});
	for (int i = 1; i < 8; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		tar_link(&base, '1', name, "n0");
	}
	tar_end(&base);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof name, "m%d", i);
		(void)snprintf(link, sizeof link, "n%d", i);
		tar_link(&top, '1', name, link);
	}
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_fails(on_top(&p, &top, 4 << 20, &err), "layer-too-large");
	pair_close(&p);
}

/* As it is on the owner's side, so it is in a guest: a file below is no directory. */
static void a_file_below_is_no_parent(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	tar_file(&base, "f", "x");
	tar_end(&base);
	tar_file(&top, "f/x", "x");
	tar_end(&top);
	pair p = pair_of(s, &base);
	assert_fails(on_top(&p, &top, 0, &err), "tar-parent-not-directory");
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(links_to_what_is_no_file),
		T(t034_copies_for_links_can_be_hidden),
		T(t034_hidden_files_cannot_be_linked),
		T(t034_hidden_parents_are_not_followed),
		T(t034_nothing_is_marked_that_is_not_there),
		T(t035_copies_count),
		T(a_file_below_is_no_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
