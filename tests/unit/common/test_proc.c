/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/proc.h"

static int run(const char *const *argv, cof_proc_fd *fds, size_t n_fds)
{
	cof_proc p = COF_PROC_NONE;
	cof_proc_opts o = {.argv = argv, .fds = fds, .n_fds = n_fds};
	int status = -1;
	assert_ok(cof_proc_spawn(&o, &p, &err));
	assert_ok(cof_proc_wait(&p, 10000, &status, &err));
	return status;
}

static void reports_exit_and_signal(void **state)
{
	(void)state;
	assert_int_equal(run((const char *const[]){"/bin/sh", "-c", "exit 7", NULL}, NULL, 0), 7);
	assert_int_equal(run((const char *const[]){"/bin/sh", "-c", "kill -9 $$", NULL}, NULL, 0), 128 + SIGKILL);
}

static void reports_a_failed_exec_in_the_parent(void **state)
{
	(void)state;
	cof_proc p = COF_PROC_NONE;
	const char *const argv[] = {"/no/such/program", NULL};
	cof_proc_opts o = {.argv = argv};
	assert_fails(cof_proc_spawn(&o, &p, &err), "exec-failed");
	assert_int_equal(p.pid, -1);
	const char *const bare[] = {"sh", NULL};
	cof_proc_opts no_search = {.argv = bare};
	assert_fails(cof_proc_spawn(&no_search, &p, &err), "exec-failed");
}

static void child_sees_only_named_descriptors(void **state)
{
	(void)state;
	int out[2];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	COF_AUTO_FD int leak = open("/dev/null", O_RDONLY); /* without CLOEXEC, on purpose */
	cof_proc_fd fds[] = {{out[1], 1}, {out[1], 7}};
	const char *const argv[] = {"/bin/sh", "-c", "for f in /proc/self/fd/*; do echo ${f##*/}; done", NULL};
	assert_int_equal(run(argv, fds, 2), 0);
	cof_fd_close(&out[1]);
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_fd_read_all(out[0], 1000, &text, &err));
	/* 3 is the shell's own, reading the directory */
	assert_string_equal(cof_buf_str(&text), "0\n1\n2\n3\n7\n");
	cof_fd_close(&out[0]);
}

static void swaps_descriptors_without_losing_one(void **state)
{
	(void)state;
	int a[2], b[2];
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	cof_proc_fd fds[] = {{a[1], b[1]}, {b[1], a[1]}};
	char script[64];
	(void)snprintf(script, sizeof script, "echo to_a >&%d; echo to_b >&%d", b[1], a[1]);
	assert_int_equal(run((const char *const[]){"/bin/sh", "-c", script, NULL}, fds, 2), 0);
	char got[6] = "";
	assert_ok(cof_fd_read_exact(a[0], got, 5, &err));
	assert_string_equal(got, "to_a\n");
	assert_ok(cof_fd_read_exact(b[0], got, 5, &err));
	assert_string_equal(got, "to_b\n");
	for (int i = 0; i < 2; i++) {
		cof_fd_close(&a[i]);
		cof_fd_close(&b[i]);
	}
}

static void environment_is_empty_unless_given(void **state)
{
	(void)state;
	const char *const check[] = {"/bin/sh", "-c", "test -z \"$HOME\"", NULL};
	assert_int_equal(run(check, NULL, 0), 0);
}

static void wait_is_bounded_and_stop_reaps(void **state)
{
	(void)state;
	cof_proc p = COF_PROC_NONE;
	const char *const argv[] = {"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done", NULL};
	cof_proc_opts o = {.argv = argv};
	int status = 0;
	assert_ok(cof_proc_spawn(&o, &p, &err));
	pid_t pid = p.pid;
	assert_fails(cof_proc_wait(&p, 50, &status, &err), "wait-timeout");
	cof_proc_stop(&p, SIGTERM, 50);
	assert_int_equal(p.pid, -1);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	cof_proc_stop(&p, SIGTERM, 50);
	cof_proc zero = {0};
	cof_proc_stop(&zero, SIGTERM, 50);
}

static void dies_with_its_parent(void **state)
{
	(void)state;
	int p[2];
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid_t parent = fork();
	if (parent == 0) {
		cof_proc c = COF_PROC_NONE;
		const char *const argv[] = {"/bin/sleep", "100", NULL};
		cof_proc_fd fds[] = {{p[1], 9}};
		cof_proc_opts o = {.argv = argv, .fds = fds, .n_fds = 1};
		_exit(cof_proc_spawn(&o, &c, NULL) < 0);
	}
	int status = 0;
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
	cof_fd_close(&p[1]);
	char c = 0;
	assert_int_equal(read(p[0], &c, 1), 0); /* ends only when the grandchild is gone */
	cof_fd_close(&p[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_exit_and_signal),
		cmocka_unit_test(child_sees_only_named_descriptors),
		cmocka_unit_test(reports_a_failed_exec_in_the_parent),
		cmocka_unit_test(swaps_descriptors_without_losing_one),
		cmocka_unit_test(environment_is_empty_unless_given),
		cmocka_unit_test(wait_is_bounded_and_stop_reaps),
		cmocka_unit_test(dies_with_its_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
