/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile archives first: whatever they hold, nothing outside the root changes. */
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image-decrypt/unpack.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"
#include "tests/unit/image/vec.h"

static int unpack_with(const cof_unpack_opts *opts, cof_span tar, size_t step, cof_unpack_result *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_unpack) u = NULL;
	int r = cof_unpack_new(&u, opts, err);
	for (size_t at = 0; r == 0 && at < tar.len; at += step)
		r = cof_unpack_add(u, cof_span_of(tar.data + at, tar.len - at < step ? tar.len - at : step), err);
	return r < 0 ? r : cof_unpack_end(u, ret, err);
}

static int unpack(const scratch *s, cof_unpack_form form, const cof_buf *tar, cof_err *err)
{
	const cof_unpack_opts opts = {.root_fd = s->fd, .form = form};
	cof_unpack_result res;
	return unpack_with(&opts, cof_buf_span(tar), 700, &res, err);
}

#define FLAT COF_UNPACK_FLAT
#define OVERLAY COF_UNPACK_OVERLAY

static void t032_names_that_climb(void **state)
{
	const scratch *s = *state;
	const char *const names[] = {"../out", "a/../../out", "..", "./../x", "a/..", "/../../out"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_file(&t, names[i], "bad");
		tar_end(&t);
		assert_fails(unpack(s, OVERLAY, &t, &err), "tar-name");
	}
	scratch_clean(s);
}

static void t032_absolute_names_are_of_the_root(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "//etc/./deep//file", "in");
	tar_end(&t);
	assert_ok(unpack(s, OVERLAY, &t, &err));
	scratch_text(s, "etc/deep/file", "in");
}

static void t032_write_through_links_stays_inside(void **state)
{
	const scratch *s = *state;
	const char *const targets[] = {"/", "../../..", "/x/../..", "../../../../../../tmp"};
	for (size_t i = 0; i < COF_COUNT(targets); i++) {
		COF_AUTO(cof_buf) t = {0};
		char name[16];
		(void)snprintf(name, sizeof name, "l%zu", i);
		tar_link(&t, '2', name, targets[i]);
		(void)snprintf(name, sizeof name, "l%zu/f%zu", i, i);
		tar_file(&t, name, "in");
		tar_end(&t);
		assert_ok(unpack(s, FLAT, &t, &err));
	}
	scratch_text(s, "f0", "in");
	scratch_text(s, "f1", "in");
	scratch_text(s, "tmp/f3", "in");
	scratch_clean(s);
}

static void t032_last_component_is_never_followed(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	struct stat st;
	tar_file(&t, "kept", "kept");
	tar_link(&t, '2', "l", "kept");
	tar_file(&t, "l", "new");
	tar_link(&t, '2', "d", "/");
	tar_put(&t, (tar_spec){.type = '5', .name = "d", .mode = 0700});
	tar_end(&t);
	assert_ok(unpack(s, OVERLAY, &t, &err));
	scratch_text(s, "kept", "kept");
	scratch_text(s, "l", "new");
	assert_int_equal(fstatat(s->fd, "d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fstat(s->fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
}

static void t032_link_loops_end_the_entry(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	tar_link(&t, '2', "a", "b");
	tar_link(&t, '2', "b", "a");
	tar_file(&t, "a/f", "x");
	tar_end(&t);
	assert_fails(unpack(s, OVERLAY, &t, &err), "tar-symlink-loop");
}

static void t032_hard_links_stay_inside(void **state)
{
	const scratch *s = *state;
	const struct {
		const char *target, *reason;
	} cases[] = {{"/etc/passwd", "tar-hardlink"}, {"../../canary", "tar-name"},
		     {"nothing", "tar-hardlink"},     {"", "tar-hardlink"},
		     {"dir", "tar-hardlink"},	      {"out/etc/passwd", "tar-hardlink"}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_dir(&t, "dir");
		tar_link(&t, '2', "out", "/../../../../..");
		tar_link(&t, '1', "h", cases[i].target);
		tar_end(&t);
		assert_fails(unpack(s, FLAT, &t, &err), cases[i].reason);
		assert_false(scratch_has(s, "h"));
	}
}

static void t032_hard_link_to_a_link_is_not_followed(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "victim", "kept");
	tar_link(&t, '2', "l", "victim");
	tar_link(&t, '1', "h", "l");
	tar_file(&t, "h", "new");
	tar_link(&t, '1', "victim", "victim"); /* to itself: nothing happens */
	tar_end(&t);
	assert_ok(unpack(s, OVERLAY, &t, &err));
	scratch_text(s, "victim", "kept");
	scratch_text(s, "h", "new");
}

static void t032_devices_are_refused(void **state)
{
	const scratch *s = *state;
	const char kinds[] = {'3', '4'};
	for (size_t i = 0; i < sizeof kinds; i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_put(&t, (tar_spec){.type = kinds[i], .name = "dev"});
		tar_end(&t);
		assert_fails(unpack(s, OVERLAY, &t, &err), "tar-device");
		assert_false(scratch_has(s, "dev"));
	}
}

static void t032_root_entry_and_files_as_parents(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	tar_link(&t, '2', "./", "/tmp");
	tar_end(&t);
	assert_fails(unpack(s, OVERLAY, &t, &err), "tar-root");
	COF_AUTO(cof_buf) u = {0};
	tar_file(&u, "f", "x");
	tar_file(&u, "f/below", "x");
	tar_end(&u);
	assert_fails(unpack(s, OVERLAY, &u, &err), "tar-parent-not-directory");
}

static void t032_overlay_attributes_are_dropped(void **state)
{
	const scratch *s = *state;
	const char *const names[] = {"SCHILY.xattr.user.overlay.opaque", "SCHILY.xattr.trusted.overlay.opaque",
				     "SCHILY.xattr.user.overlay.redirect", "SCHILY.xattr.security.selinux"};
	char list[256];
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_pax(&t, 'x', names[i], "y", 1);
		tar_dir(&t, "d");
		tar_end(&t);
		assert_ok(unpack(s, OVERLAY, &t, &err));
		COF_AUTO_FD int fd = openat(s->fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(flistxattr(fd, list, sizeof list), 0);
	}
}

static void t035_limits(void **state)
{
	const scratch *s = *state;
	cof_unpack_result res;
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "a", "12345");
	tar_file(&t, "b", "12345");
	tar_end(&t);
	for (uint64_t n = 1; n <= 3; n++) {
		const cof_unpack_opts opts = {.root_fd = s->fd, .max_entries = n};
		if (n < 2)
			assert_fails(unpack_with(&opts, cof_buf_span(&t), 512, &res, &err), "tar-too-many-entries");
		else
			assert_ok(unpack_with(&opts, cof_buf_span(&t), 512, &res, &err));
	}
	for (uint64_t n = t.len - 1; n <= t.len + 1; n++) {
		const cof_unpack_opts opts = {.root_fd = s->fd, .max_bytes = n};
		if (n < t.len)
			assert_fails(unpack_with(&opts, cof_buf_span(&t), 512, &res, &err), "layer-too-large");
		else
			assert_ok(unpack_with(&opts, cof_buf_span(&t), 512, &res, &err));
	}
}

static void t035_deep_paths(void **state)
{
	const scratch *s = *state;
	for (int depth = 127; depth <= 129; depth++) {
		COF_AUTO(cof_buf) name = {0};
		COF_AUTO(cof_buf) t = {0};
		for (int i = 1; i < depth; i++)
			assert_ok(cof_buf_add_str(&name, "d/", &err));
		assert_ok(cof_buf_add_str(&name, "f", &err));
		tar_pax(&t, 'x', "path", cof_buf_str(&name), name.len);
		tar_file(&t, "short", "x");
		tar_end(&t);
		if (depth <= 128)
			assert_ok(unpack(s, OVERLAY, &t, &err));
		else
			assert_fails(unpack(s, OVERLAY, &t, &err), "tar-too-deep");
	}
}

static void t034_whiteouts_of_nothing(void **state)
{
	const scratch *s = *state;
	const char *const names[] = {".wh.", ".wh..", ".wh...", "d/.wh...", ".wh.d/f"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_file(&t, names[i], "");
		tar_end(&t);
		assert_fails(unpack(s, FLAT, &t, &err), "tar-whiteout");
		assert_fails(unpack(s, OVERLAY, &t, &err), "tar-whiteout");
	}
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, ".wh.name", "with data");
	tar_end(&t);
	assert_fails(unpack(s, FLAT, &t, &err), "tar-whiteout");
	COF_AUTO(cof_buf) aufs = {0};
	tar_file(&aufs, ".wh..wh.aufs", "x");
	tar_end(&aufs);
	assert_ok(unpack(s, FLAT, &aufs, &err));
	assert_false(scratch_has(s, ".wh..wh.aufs"));
}

static void t034_flat_whiteouts_spare_their_own_layer(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	tar_dir(&base, "d");
	tar_file(&base, "d/old", "1");
	tar_dir(&base, "d/sub");
	tar_file(&base, "d/sub/deep", "1");
	tar_file(&base, "gone", "1");
	tar_file(&base, "e/old", "1");
	tar_end(&base);
	tar_file(&top, "d/new", "2");
	tar_file(&top, "d/.wh..wh..opq", ""); /* behind what it must spare */
	tar_file(&top, ".wh.gone", "");
	tar_file(&top, ".wh.e", "");
	tar_file(&top, "e/new", "2");
	tar_file(&top, ".wh.never-there", "");
	tar_end(&top);
	assert_ok(unpack(s, FLAT, &base, &err));
	assert_ok(unpack(s, FLAT, &top, &err));
	scratch_text(s, "d/new", "2");
	scratch_text(s, "e/new", "2");
	assert_false(scratch_has(s, "d/old"));
	assert_false(scratch_has(s, "d/sub"));
	assert_false(scratch_has(s, "gone"));
	assert_false(scratch_has(s, "e/old"));
}

static void t034_whiteout_through_a_link_stays_inside(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	char above[128];
	(void)snprintf(above, sizeof above, "%s/x/y/canary", s->top);
	assert_ok(cof_file_write(above, cof_span_str("alive"), 0600, &err));
	tar_link(&t, '2', "out", "..");
	tar_file(&t, "out/.wh.canary", "");
	tar_link(&t, '2', "up", "../..");
	tar_file(&t, "up/.wh..wh..opq", "");
	tar_end(&t);
	assert_ok(unpack(s, FLAT, &t, &err));
	assert_int_equal(access(above, F_OK), 0);
}

static void overlay_marks(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	struct stat st;
	char v[4];
	cof_unpack_result res;
	const cof_unpack_opts opts = {.root_fd = s->fd};
	tar_file(&t, ".wh.gone", "");
	tar_file(&t, "d/.wh..wh..opq", "");
	tar_file(&t, "d/x", "1");
	tar_file(&t, ".wh.fresh", "");
	tar_dir(&t, "fresh"); /* hides a lower directory of that name, and is empty */
	tar_end(&t);
	assert_ok(unpack_with(&opts, cof_buf_span(&t), 512, &res, &err));
	assert_false(res.root_opaque);
	assert_int_equal(fstatat(s->fd, "gone", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	COF_AUTO_FD int d = openat(s->fd, "d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(d, "user.overlay.opaque", v, sizeof v), 1);
	COF_AUTO_FD int fresh = openat(s->fd, "fresh", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fresh, "user.overlay.opaque", v, sizeof v), 1);
	COF_AUTO(cof_buf) whole = {0};
	tar_file(&whole, ".wh..wh..opq", "");
	tar_end(&whole);
	assert_ok(unpack_with(&opts, cof_buf_span(&whole), 512, &res, &err));
	assert_true(res.root_opaque);
}

static void metadata(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) t = {0};
	struct stat st;
	char v[8];
	bool root = geteuid() == 0;
	unsigned uid = root ? 1234 : geteuid(), gid = root ? 4321 : getegid();
	tar_put(&t, (tar_spec){.type = '5', .name = "d/", .mode = 02755, .uid = uid, .gid = gid, .mtime = 1000000});
	tar_pax(&t, 'x', "SCHILY.xattr.user.note", "a\0b", 3);
	tar_put(&t,
		(tar_spec){.type = '0', .name = "d/f", .data = "x", .mode = 04755, .uid = uid, .gid = gid, .mtime = 7});
	tar_pax(&t, 'x', "mtime", "-1.25", 5);
	tar_put(&t, (tar_spec){.type = '2', .name = "d/l", .link = "f", .uid = uid, .gid = gid});
	tar_put(&t, (tar_spec){.type = '6', .name = "d/p", .mode = 0600, .uid = uid, .gid = gid});
	tar_end(&t);
	assert_ok(unpack(s, OVERLAY, &t, &err));
	assert_int_equal(fstatat(s->fd, "d", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 02755);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_mtime, 1000000); /* though entries came after it */
	assert_int_equal(fstatat(s->fd, "d/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mtime, 7);
	COF_AUTO_FD int f = openat(s->fd, "d/f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(f, "user.note", v, sizeof v), 3);
	assert_memory_equal(v, "a\0b", 3);
	assert_int_equal(fstatat(s->fd, "d/l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mtim.tv_sec, -2);
	assert_int_equal(st.st_mtim.tv_nsec, 750000000);
	assert_int_equal(fstatat(s->fd, "d/p", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* A layer above another: its parents' links are followed, its implied directories keep what they were. */
static void upper_layer(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) base = {0};
	COF_AUTO(cof_buf) top = {0};
	struct stat st, other;
	assert_int_equal(mkdirat(s->fd, "0", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "1", 0755), 0);
	COF_AUTO_FD int lower = openat(s->fd, "0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	COF_AUTO_FD int upper = openat(s->fd, "1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tar_put(&base, (tar_spec){.type = '5', .name = "usr", .mode = 0711, .mtime = 5});
	tar_put(&base, (tar_spec){.type = '0', .name = "usr/f", .data = "lower", .mode = 0640, .mtime = 9});
	tar_link(&base, '2', "bin", "usr");
	tar_end(&base);
	tar_file(&top, "bin/new", "x");
	tar_link(&top, '1', "usr/linked", "usr/f");
	tar_link(&top, '1', "again", "usr/f");
	tar_end(&top);
	cof_unpack_result res;
	const cof_unpack_opts first = {.root_fd = lower};
	const cof_unpack_opts second = {.root_fd = upper, .lower_fds = &lower, .n_lowers = 1};
	assert_ok(unpack_with(&first, cof_buf_span(&base), 512, &res, &err));
	assert_ok(unpack_with(&second, cof_buf_span(&top), 512, &res, &err));
	assert_false(scratch_has(s, "1/bin"));
	scratch_text(s, "1/usr/new", "x");
	scratch_text(s, "1/usr/linked", "lower");
	assert_int_equal(fstatat(s->fd, "1/usr", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(st.st_mtime, 5);
	assert_int_equal(fstatat(s->fd, "1/usr/f", &st, 0), 0);
	assert_int_equal(fstatat(s->fd, "1/again", &other, 0), 0);
	assert_int_equal(st.st_ino, other.st_ino);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_nlink, 3);
}

/* --- vectors --- */

static int vector_unpack(const scratch *s, const char *name, cof_unpack_form form, cof_err *err)
{
	COF_AUTO(cof_buf) tar = {0};
	assert_int_equal(vector_read(name, &tar), 0);
	return unpack(s, form, &tar, err);
}

static void one_vector(void **state, const char *id, const char *name, const char *want)
{
	for (int form = 0; form < 2; form++) {
		cof_err err = {0};
		assert_int_equal(scratch_up(state), 0);
		const scratch *s = *state;
		int r = vector_unpack(s, name, (cof_unpack_form)form, &err);
		if ((strcmp(want, "ok") == 0 && r < 0) || (strcmp(want, "reject") == 0 && r >= 0))
			fail_msg("%s: want %s, got %d %s: %s", id, want, r, err.reason, err.text);
		scratch_clean(s);
		assert_true(access("/etc/coffer-abs", F_OK) < 0 && access("/tmp/coffer-target", F_OK) < 0);
		assert_int_equal(scratch_down(state), 0);
	}
}

static void t032_t033_vectors(void **state)
{
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i, n = 0;
	json_t *c;
	if (cases == NULL)
		skip();
	json_array_foreach (cases, i, c) {
		const char *name = json_string_value(json_object_get(c, "tar"));
		size_t len = name == NULL ? 0 : strlen(name);
		if (len < 4 || strcmp(name + len - 4, ".tar") != 0)
			continue;
		one_vector(state, json_string_value(json_object_get(c, "id")), name,
			   json_string_value(json_object_get(c, "want")));
		n++;
	}
	assert_true(n > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t032_names_that_climb),
		T(t032_absolute_names_are_of_the_root),
		T(t032_write_through_links_stays_inside),
		T(t032_last_component_is_never_followed),
		T(t032_link_loops_end_the_entry),
		T(t032_hard_links_stay_inside),
		T(t032_hard_link_to_a_link_is_not_followed),
		T(t032_devices_are_refused),
		T(t032_root_entry_and_files_as_parents),
		T(t032_overlay_attributes_are_dropped),
		T(t034_whiteouts_of_nothing),
		T(t034_flat_whiteouts_spare_their_own_layer),
		T(t034_whiteout_through_a_link_stays_inside),
		T(t035_limits),
		T(t035_deep_paths),
		T(overlay_marks),
		T(metadata),
		T(upper_layer),
		cmocka_unit_test(t032_t033_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
