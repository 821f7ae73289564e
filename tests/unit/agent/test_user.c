/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/user.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:\nbroken:x:y:z\n:x:7:7::/:\n"
			     "neg:x:-1:0::/:\nhuge:x:4294967296:0::/:\nnohome:x:8:8\n";
static const char group[] = "root:x:0:\napp:x:1001:\nextra:x:50:other,app\nwheel:x:10:app,root\nbad:x:x:app\n";

static int find(const char *spec, cof_user *u, cof_err *err)
{
	return cof_user_find(cof_span_str(passwd), cof_span_str(group), spec, u, err);
}

static void t056_user_unknown_is_an_error(void **state)
{
	static const char *const bad[] = {"nobody",
					  "app:none",
					  "root ",
					  " root",
					  "app:",
					  ":app",
					  ":",
					  "-1",
					  "4294967295",
					  "4294967296",
					  "18446744073709551616",
					  "0x0",
					  "1e3",
					  "neg",
					  "huge",
					  "broken",
					  "app:-1"};
	cof_user u;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(find(bad[i], &u, &err), "image-user-unknown");
}

/* T-57: a number is digits alone and fits; what does not is no other number, and never root. */
static void t057_numbers_are_read_whole_or_not_at_all(void **state)
{
	static const char *const bad[] = {"4294967295",
					  "4294967296",
					  "4294967296000",
					  "-0",
					  "+0",
					  "00x",
					  "0 ",
					  "1:4294967296",
					  "1:-1",
					  "1:1:1",
					  "99999999999999999999999999",
					  "\xd9\xa1",
					  "1\n0"};
	cof_user u = {.uid = 7};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_fails(find(bad[i], &u, &err), "image-user-unknown");
		assert_int_equal(u.uid, 7);
	}
	assert_ok(find("4294967294:4294967294", &u, &err));
	assert_int_equal(u.uid, 4294967294u);
	assert_int_equal(u.gid, 4294967294u);
}

/* T-57: what looks like a number is never a name, whatever an image's files call their users. */
static void t057_numbers_are_no_names(void **state)
{
	static const char files[] = "1000:x:0:0:root:/root:\n4294967296:x:0:0::/:\n-1:x:0:0::/:\n+5:x:0:0::/:\n"
				    "real:x:1000:1001::/home/real:\n0x10:x:16:16::/:\n";
	cof_span f = cof_span_str(files);
	cof_user u;
	(void)state;
	assert_ok(cof_user_find(f, f, "1000", &u, &err));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_ok(cof_user_find(f, f, "77:1000", &u, &err)); /* nor is a group's */
	assert_int_equal(u.gid, 1000);
	assert_ok(cof_user_find(f, f, "0x10", &u, &err)); /* no number, so a name */
	assert_int_equal(u.uid, 16);
	const char *const bad[] = {"4294967296", "-1", "+5", "77:4294967296", "77:-1", "77:+5"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_user_find(f, f, bad[i], &u, &err), "image-user-unknown");
}

/* T-57: the first that has the number, and no more groups than there is room for. */
static void t057_large_and_repeated(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) groups = {0};
	cof_user u;
	for (int i = 0; i < 2 * COF_USER_GROUPS_MAX; i++)
		assert_ok(cof_buf_printf(&groups, &err, "g%d:x:%d:app,app\n", i, 100 + i));
	assert_ok(cof_user_find(cof_span_str(passwd), cof_buf_span(&groups), "app", &u, &err));
	assert_int_equal(u.n_groups, COF_USER_GROUPS_MAX);
	static const char twice[] = "a:x:5:6::/a:\nb:x:5:7::/b:\na:x:8:8::/c:\n";
	assert_ok(cof_user_find(cof_span_str(twice), (cof_span){0}, "5", &u, &err));
	assert_int_equal(u.gid, 6);
	assert_ok(cof_user_find(cof_span_str(twice), (cof_span){0}, "a", &u, &err));
	assert_int_equal(u.uid, 5);
}

static void user_forms(void **state)
{
	cof_user u;
	(void)state;
	assert_ok(find("", &u, &err));
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/root");
	assert_int_equal(u.n_groups, 2); /* 0 and wheel */
	assert_ok(find("app", &u, &err));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.home, "/home/app");
	assert_int_equal(u.n_groups, 3);
	assert_int_equal(u.groups[1], 50);
	assert_ok(find("1000", &u, &err)); /* a number that the file knows */
	assert_int_equal(u.gid, 1001);
	assert_ok(find("app:wheel", &u, &err));
	assert_int_equal(u.gid, 10);
	assert_int_equal(u.n_groups, 1); /* a group was named: no others */
	assert_ok(find("4242", &u, &err));
	assert_int_equal(u.gid, 0);
	assert_string_equal(u.home, "/");
	assert_ok(find("4242:77", &u, &err));
	assert_int_equal(u.gid, 77);
	assert_ok(find("nohome", &u, &err));
	assert_string_equal(u.home, "/");
	assert_ok(cof_user_find((cof_span){0}, (cof_span){0}, "", &u, &err)); /* an image without the files */
	assert_int_equal(u.uid, 0);
}

/* The files are the image's: links and pipes in their place must not lead out or hang. */
static void t080_user_files_stay_in_the_root(void **state)
{
	char dir[] = "/tmp/coffer-user-XXXXXX";
	COF_AUTO_FREE char *etc = NULL;
	COF_AUTO_FREE char *file = NULL;
	cof_user u;
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(cof_path(&etc, &err, "%s/etc", dir));
	assert_ok(cof_path(&file, &err, "%s/etc/passwd", dir));
	COF_AUTO_FD int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_ok(cof_user_resolve(root, "0", &u, &err));
	assert_int_equal(mkdir(etc, 0755), 0);
	assert_int_equal(symlink("/etc/passwd", file), 0); /* points at itself inside the root */
	assert_fails(cof_user_resolve(root, "root", &u, &err), "image-user-unknown");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_fails(cof_user_resolve(root, "root", &u, &err), "image-user-unknown");
	assert_int_equal(unlink(file), 0);
	assert_ok(cof_file_write(file, cof_span_str(passwd), 0644, &err));
	assert_ok(cof_user_resolve(root, "app", &u, &err));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(truncate(file, COF_USER_FILE_MAX + 1), 0); /* T-57: a huge one */
	assert_fails(cof_user_resolve(root, "app", &u, &err), "image-user-unknown");
	assert_ok(cof_rm_tree(dir, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t056_user_unknown_is_an_error),
		cmocka_unit_test(t080_user_files_stay_in_the_root),
		cmocka_unit_test(t057_numbers_are_no_names),
		cmocka_unit_test(t057_large_and_repeated),
		cmocka_unit_test(user_forms),
		cmocka_unit_test(t057_numbers_are_read_whole_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
