/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/unit/test.h"

static size_t entries(const char *dir)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static void check(int fd, uint64_t bytes)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, bytes);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_true(st.st_blocks < 64);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void a_file_without_a_name(void **state)
{
	char dir[] = "/tmp/coffer-disks-XXXXXX";
	COF_AUTO_FD int fd = -EBADF;
	COF_AUTO_FD int odd = -EBADF;
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(cof_scratch_file(dir, 64 << 20, &fd, &err));
	check(fd, 64 << 20);
	assert_ok(cof_scratch_file(dir, (64 << 20) + 1, &odd, &err));
	check(odd, (64 << 20) + 4096);
	assert_int_equal(entries(dir), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void by_default_where_temporary_files_go(void **state)
{
	char dir[] = "/tmp/coffer-disks-XXXXXX";
	COF_AUTO_FD int fd = -EBADF;
	COF_AUTO_FD int other = -EBADF;
	char link[64], target[256] = "";
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(setenv("TMPDIR", dir, 1), 0);
	assert_ok(cof_scratch_file(NULL, 64 << 20, &fd, &err));
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	assert_true(readlink(link, target, sizeof target - 1) > 0);
	assert_int_equal(strncmp(target, dir, strlen(dir)), 0);
	assert_int_equal(setenv("TMPDIR", "relative", 1), 0);
	assert_ok(cof_scratch_file(NULL, 64 << 20, &other, &err));
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void what_cannot_be_is_said(void **state)
{
	int fd = -EBADF;
	(void)state;
	assert_fails(cof_scratch_file("/nonexistent/folder", 64 << 20, &fd, &err), "scratch-dir");
	assert_fails(cof_scratch_file("/proc", 64 << 20, &fd, &err), "scratch-dir");
	assert_fails(cof_scratch_file("/tmp", UINT64_C(1) << 44, &fd, &err), "scratch-no-space");
	assert_int_equal(fd, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_without_a_name),
		cmocka_unit_test(by_default_where_temporary_files_go),
		cmocka_unit_test(what_cannot_be_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
