/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own calls behind the table, on files and pipes. */
#include "attestation/evidence/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

static const cof_sys *const k = &cof_sys_kernel;

static void folders(void **state)
{
	(void)state;
	char dir[] = "/tmp/cof-sys-XXXXXX";
	COF_AUTO_FREE char *path = NULL;
	assert_non_null(mkdtemp(dir));
	assert_ok(cof_path(&path, &err, "%s/a", dir));
	assert_int_equal(k->mkdir(k->arg, path), 0);
	assert_int_equal(k->mkdir(k->arg, path), -1);
	assert_int_equal(errno, EEXIST);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(k->rmdir(k->arg, path), 0);
	assert_int_equal(k->rmdir(k->arg, path), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(rmdir(dir), 0);
}

static void files(void **state)
{
	(void)state;
	char path[] = "/tmp/cof-sys-XXXXXX";
	static uint8_t big[10000];
	COF_AUTO(cof_buf) back = {0};
	COF_AUTO_FD int fd = mkstemp(path);
	assert_true(fd >= 0);
	memset(big, 'x', sizeof big);
	assert_int_equal(cof_sys_write_once(k, path, cof_span_of(big, sizeof big)), 0);
	assert_int_equal(cof_sys_read_all(k, path, sizeof big, &back), 0);
	assert_int_equal(back.len, sizeof big);
	assert_memory_equal(back.data, big, sizeof big);
	assert_int_equal(cof_sys_read_all(k, path, sizeof big - 1, &back), -EFBIG);
	assert_true(cof_sys_there(k, path));
	assert_int_equal(unlink(path), 0);
	assert_false(cof_sys_there(k, path));
	assert_int_equal(cof_sys_read_all(k, path, 1, &back), -ENOENT);
	assert_int_equal(cof_sys_write_once(k, path, cof_span_of(big, 1)), -ENOENT); /* and makes no file */
	assert_int_equal(cof_sys_read_all(k, "/tmp", 1, &back), -EISDIR);
}

static void behind_a_length_of_its_own(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "before", &err));
	assert_int_equal(cof_sys_read_all(k, "/dev/null", 0, &b), 0);
	assert_string_equal(cof_buf_str(&b), "before");
	assert_int_equal(cof_sys_read_all(k, "/dev/zero", 5000, &b), -EFBIG);
}

/* T-84: no descriptor of a device reaches a child. */
static void t084_nothing_is_inherited(void **state)
{
	(void)state;
	int fd = k->open(k->arg, "/dev/null", O_RDWR);
	int n = 0;
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(k->ioctl(k->arg, fd, FIONREAD, &n), -1);
	assert_int_equal(errno, ENOTTY);
	k->close(k->arg, fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	k->pause(k->arg, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(files),
		cmocka_unit_test(behind_a_length_of_its_own),
		cmocka_unit_test(t084_nothing_is_inherited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
