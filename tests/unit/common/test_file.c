/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/cof-file-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return cof_rm_tree(dir, NULL);
}

static char *in_dir(const char *name)
{
	char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	return path;
}

static void writes_and_reads_back(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path = in_dir("a");
	assert_ok(cof_file_write(path, cof_span_str("one"), 0600, &err));
	assert_ok(cof_file_write(path, cof_span_str("two"), 0600, &err));
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_file_read(path, 3, &b, &err));
	assert_string_equal(cof_buf_str(&b), "two");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void limits_what_it_reads(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path = in_dir("b");
	assert_ok(cof_file_write(path, cof_span_str("four"), 0600, &err));
	COF_AUTO(cof_buf) b = {0};
	assert_fails(cof_file_read(path, 3, &b, &err), "file-too-large");
	COF_AUTO(cof_buf) exact = cof_buf_capped(4);
	assert_ok(cof_file_read(path, 4, &exact, &err));
	assert_string_equal(cof_buf_str(&exact), "four");
	COF_AUTO(cof_buf) c = {0};
	assert_fails(cof_file_read("/dev/zero", 1000, &c, &err), "file-too-large");
	COF_AUTO_FREE char *absent = in_dir("absent");
	assert_fails(cof_file_read(absent, 3, &c, &err), "no-such-file");
}

static void reads_secrets(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path = in_dir("secret");
	assert_ok(cof_file_write(path, cof_span_str("four"), 0600, &err));
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t max = 4; max <= 5; max++) {
		COF_AUTO(cof_secret) s = {0};
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_ok(cof_fd_read_secret(fd, max, &s, &err));
		assert_span_equal(cof_secret_span(&s), "four", 4);
	}
	COF_AUTO(cof_secret) none = {0};
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_fails(cof_fd_read_secret(fd, 3, &none, &err), "file-too-large");
	assert_fails(cof_fd_read_secret(-EBADF, 3, &none, &err), "read-failed");
	assert_null(none.data);
}

static void failed_write_leaves_the_old_file(void **state)
{
	(void)state;
	COF_AUTO_FREE char *path = in_dir("no/such/dir");
	assert_fails(cof_file_write(path, cof_span_str("x"), 0600, &err), "create-failed");
	COF_AUTO_FREE char *target = in_dir("target");
	assert_ok(cof_mkdirs(target, 0700, &err)); /* a directory cannot be replaced by a file */
	assert_fails(cof_file_write(target, cof_span_str("x"), 0600, &err), "rename-failed");
	COF_AUTO_FREE char *left = NULL;
	assert_ok(cof_path(&left, &err, "%s.%ld.tmp", target, (long)getpid()));
	assert_int_equal(access(left, F_OK), -1);
}

static void reads_exactly(void **state)
{
	(void)state;
	int p[2];
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_ok(cof_fd_write_all(p[1], cof_span_str("abc"), &err));
	cof_fd_close(&p[1]);
	char out[4];
	assert_ok(cof_fd_read_exact(p[0], out, 2, &err));
	assert_fails(cof_fd_read_exact(p[0], out, 2, &err), "short-read");
	cof_fd_close(&p[0]);
}

static void makes_nested_directories(void **state)
{
	(void)state;
	COF_AUTO_FREE char *deep = in_dir("x/y/z");
	assert_ok(cof_mkdirs(deep, 0700, &err));
	assert_ok(cof_mkdirs(deep, 0700, &err));
	assert_int_equal(access(deep, X_OK), 0);
	COF_AUTO_FREE char *file = in_dir("x/y/z/f");
	assert_ok(cof_file_write(file, cof_span_str(""), 0600, &err));
	COF_AUTO_FREE char *below = in_dir("x/y/z/f/g");
	assert_fails(cof_mkdirs(below, 0700, &err), "mkdir-failed");
}

static void removes_trees_but_not_what_links_point_to(void **state)
{
	(void)state;
	COF_AUTO_FREE char *kept = in_dir("kept");
	COF_AUTO_FREE char *tree = in_dir("tree/sub");
	COF_AUTO_FREE char *link = in_dir("tree/link");
	COF_AUTO_FREE char *top = in_dir("tree");
	assert_ok(cof_mkdirs(kept, 0700, &err));
	assert_ok(cof_mkdirs(tree, 0700, &err));
	assert_int_equal(symlink(kept, link), 0);
	assert_ok(cof_rm_tree(top, &err));
	assert_int_equal(access(top, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_ok(cof_rm_tree(top, &err));
}

static void bounds_paths(void **state)
{
	(void)state;
	static char big[5000];
	memset(big, 'x', sizeof big - 1);
	char *path = NULL;
	assert_fails(cof_path(&path, &err, "/%s", big), "path-too-long");
	assert_null(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads_back), cmocka_unit_test(limits_what_it_reads),
		cmocka_unit_test(reads_secrets),	 cmocka_unit_test(failed_write_leaves_the_old_file),
		cmocka_unit_test(reads_exactly),	 cmocka_unit_test(makes_nested_directories),
		cmocka_unit_test(bounds_paths),		 cmocka_unit_test(removes_trees_but_not_what_links_point_to),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
