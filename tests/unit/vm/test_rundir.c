/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/file.h"
#include "runtime/vm/rundir.h"

static char top[64];

static int make_top(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-rundir-XXXXXX");
	return mkdtemp(top) != NULL && setenv("XDG_RUNTIME_DIR", top, 1) == 0 ? 0 : -1;
}

static int remove_top(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static size_t entries(const char *path)
{
	size_t n = 0;
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += strncmp(e->d_name, "run-", 4) == 0;
	(void)closedir(d);
	return n;
}

static void t091_everything_is_ours_alone(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	COF_AUTO(cof_rundir) d = COF_RUNDIR_NONE;
	struct stat st;
	mode_t old = umask(0);
	assert_ok(cof_rundir_base(&base, &err));
	assert_ok(cof_rundir_new(base, &d, &err));
	(void)umask(old);
	assert_int_equal(stat(base, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(d.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void t091_a_base_of_somebody_else_is_refused(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	COF_AUTO_FREE char *planted = NULL;
	assert_ok(cof_path(&planted, &err, "%s/coffer", top));
	/* open to others; a link to elsewhere; a file: none is used, and the next place is tried */
	assert_int_equal(mkdir(planted, 0700), 0);
	assert_int_equal(chmod(planted, 0755), 0);
	assert_ok(cof_rundir_base(&base, &err));
	assert_null(strstr(base, top));
	free(cof_steal(&base));
	assert_int_equal(rmdir(planted), 0);
	assert_int_equal(symlink("/tmp", planted), 0);
	assert_ok(cof_rundir_base(&base, &err));
	assert_null(strstr(base, top));
	assert_int_equal(unlink(planted), 0);
}

static void release_removes_all(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	COF_AUTO_FREE char *deep = NULL;
	cof_rundir d = COF_RUNDIR_NONE;
	assert_ok(cof_rundir_base(&base, &err));
	assert_ok(cof_rundir_new(base, &d, &err));
	assert_ok(cof_path(&deep, &err, "%s/a/b/c", d.path));
	assert_ok(cof_mkdirs(deep, 0700, &err));
	assert_int_equal(entries(base), 1);
	cof_rundir_release(&d);
	assert_int_equal(entries(base), 0);
	cof_rundir_release(&d); /* again: nothing happens */
	cof_rundir zero = {0};
	cof_rundir_release(&zero);
}

static void t094_a_killed_run_is_swept_and_a_living_one_is_not(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	int up[2];
	char c = 0;
	assert_ok(cof_rundir_base(&base, &err));
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cof_rundir d = COF_RUNDIR_NONE;
		if (cof_rundir_new(base, &d, NULL) < 0 || write(up[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(up[0], &c, 1), 1);
	COF_AUTO(cof_rundir) mine = COF_RUNDIR_NONE;
	assert_ok(cof_rundir_new(base, &mine, &err));
	assert_int_equal(entries(base), 2); /* it lives */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	COF_AUTO(cof_rundir) next = COF_RUNDIR_NONE;
	assert_ok(cof_rundir_new(base, &next, &err));
	assert_int_equal(entries(base), 2); /* mine and next */
	cof_fd_close(&up[0]);
	cof_fd_close(&up[1]);
}

static void t091_the_sweep_follows_no_link(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	COF_AUTO_FREE char *link = NULL;
	COF_AUTO_FREE char *precious = NULL;
	COF_AUTO(cof_rundir) d = COF_RUNDIR_NONE;
	assert_ok(cof_rundir_base(&base, &err));
	assert_ok(cof_path(&precious, &err, "%s/precious", top));
	assert_ok(cof_mkdirs(precious, 0700, &err));
	assert_ok(cof_path(&link, &err, "%s/run-link", base));
	assert_int_equal(symlink(precious, link), 0);
	assert_ok(cof_rundir_new(base, &d, &err));
	assert_int_equal(access(precious, F_OK), 0);
	assert_int_equal(unlink(link), 0);
}

static void the_lock_is_not_inherited(void **state)
{
	(void)state;
	COF_AUTO_FREE char *base = NULL;
	COF_AUTO(cof_rundir) d = COF_RUNDIR_NONE;
	assert_ok(cof_rundir_base(&base, &err));
	assert_ok(cof_rundir_new(base, &d, &err));
	assert_int_equal(fcntl(d.lock_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_fails(cof_rundir_new("/no/such/base", &d, &err), "open-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(t091_everything_is_ours_alone, make_top, remove_top),
		cmocka_unit_test_setup_teardown(t091_a_base_of_somebody_else_is_refused, make_top, remove_top),
		cmocka_unit_test_setup_teardown(release_removes_all, make_top, remove_top),
		cmocka_unit_test_setup_teardown(t094_a_killed_run_is_swept_and_a_living_one_is_not, make_top,
						remove_top),
		cmocka_unit_test_setup_teardown(t091_the_sweep_follows_no_link, make_top, remove_top),
		cmocka_unit_test_setup_teardown(the_lock_is_not_inherited, make_top, remove_top),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
