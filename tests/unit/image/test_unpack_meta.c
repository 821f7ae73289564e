/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: which of them pass, what replaces what, and how a file system that has none is told. */
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "tests/unit/image/unpacked.h"

static void attribute(cof_buf *t, const char *name, const char *value, size_t len)
{
	char key[64];
	(void)snprintf(key, sizeof key, "SCHILY.xattr.%s", name);
	tar_pax(t, 'x', key, value, len);
}

static ssize_t get(const scratch *s, const char *path, const char *name)
{
	char value[32];
	COF_AUTO_FD int fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fgetxattr(fd, name, value, sizeof value);
}

static void a_directory_again_has_the_new_ones_only(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	attribute(&base, "user.old", "1", 1);
	tar_dir(&base, "d");
	attribute(&base, "user.root", "1", 1);
	tar_dir(&base, "./");
	tar_file(&base, "d/f", "x");
	tar_end(&base);
	attribute(&top, "user.new", "2", 1);
	tar_dir(&top, "d");
	tar_dir(&top, "./");
	tar_end(&top);
	assert_ok(unpacked_flat(s, &base, &err));
	assert_int_equal(get(s, "d", "user.old"), 1);
	assert_int_equal(get(s, ".", "user.root"), 1);
	assert_ok(unpacked_flat(s, &top, &err));
	assert_int_equal(get(s, "d", "user.old"), -1);
	assert_int_equal(get(s, "d", "user.new"), 1);
	assert_int_equal(get(s, ".", "user.root"), -1);
	scratch_text(s, "d/f", "x");
}

/* The mark of an opaque directory is ours, not the archive's. */
static void an_opaque_directory_stays_so(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	const cof_unpack_opts opts = {.root_fd = s->fd};
	tar_file(&t, "d/.wh..wh..opq", "");
	tar_dir(&t, "d");
	tar_end(&t);
	assert_ok(unpacked(&opts, &t, &err));
	assert_int_equal(get(s, "d", "user.overlay.opaque"), 1);
}

static void t032_capabilities_that_are_none(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	if (geteuid() != 0)
		skip();
	attribute(&t, "security.capability", "nonsense", 8);
	tar_file(&t, "f", "x");
	tar_end(&t);
	assert_fails(unpacked_flat(s, &t, &err), "tar-xattr");
	/* Nor for owners without the right to set one. */
	const cof_unpack_opts own = {.root_fd = s->fd, .form = COF_UNPACK_FLAT, .own_ids = true};
	assert_ok(unpacked(&own, &t, &err));
}

static void where_there_can_be_none(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	attribute(&t, "user.a", "1", 1);
	tar_link(&t, '2', "l", "x");
	attribute(&t, "user.a", "1", 1);
	tar_put(&t, (tar_spec){.type = '6', .name = "p", .mode = 0600});
	tar_end(&t);
	assert_ok(unpacked_flat(s, &t, &err));
	assert_true(scratch_has(s, "l") && scratch_has(s, "p"));
}

/* What the file system cannot hold is told, not left out. */
static void t034_too_much_for_the_file_system(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	cof_err err = {0};
	char key[320] = "user.";
	memset(key + 5, 'k', 300);
	char record[400];
	(void)snprintf(record, sizeof record, "SCHILY.xattr.%s", key);
	tar_pax(&t, 'x', record, "1", 1);
	tar_file(&t, "f", "x");
	tar_end(&t);
	assert_true(unpacked_flat(s, &t, &err) < 0);
	assert_string_equal(err.reason, "unpack-xattr");
	assert_int_equal(err.cls, COF_E_IO);
}

static void t035_room_that_must_be_left(void **state)
{
	const scratch *s = *state;
	struct statfs fs;
	COF_AUTO(cof_buf) t = {0};
	assert_int_equal(fstatfs(s->fd, &fs), 0);
	uint64_t left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	COF_AUTO_FREE char *big = calloc(1, 10 << 20);
	tar_put(&t, (tar_spec){.type = '0', .name = "big", .data = big, .size = 10 << 20});
	tar_end(&t);
	cof_unpack_opts opts = {.root_fd = s->fd, .form = COF_UNPACK_FLAT, .min_free = left + ((uint64_t)1 << 40)};
	assert_fails(unpacked(&opts, &t, &err), "unpack-no-space");
	opts.min_free = 1;
	assert_ok(unpacked(&opts, &t, &err));
}

static void times_before_and_between(void **state)
{
	const scratch *s = *state;
	const struct {
		const char *text;
		long sec, ns;
	} cases[] = {{"-1.25", -2, 750000000},
		     {"0.000000001", 0, 1},
		     {"1700000000.999999999", 1700000000, 999999999},
		     {"-7", -7, 0},
		     {"5.1234567899", 5, 123456789}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) t = {0};
		struct stat st;
		tar_pax(&t, 'x', "mtime", cases[i].text, strlen(cases[i].text));
		tar_dir(&t, "d");
		tar_file(&t, "d/f", "x"); /* later, and the directory keeps its time */
		tar_end(&t);
		assert_ok(unpacked_flat(s, &t, &err));
		assert_int_equal(fstatat(s->fd, "d", &st, 0), 0);
		assert_int_equal(st.st_mtim.tv_sec, cases[i].sec);
		assert_int_equal(st.st_mtim.tv_nsec, cases[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(a_directory_again_has_the_new_ones_only),
		T(an_opaque_directory_stays_so),
		T(t032_capabilities_that_are_none),
		T(where_there_can_be_none),
		T(t034_too_much_for_the_file_system),
		T(t035_room_that_must_be_left),
		T(times_before_and_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
