/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/children.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agent/crun.h"
#include "common/file.h"
#include "tests/unit/test.h"

typedef struct bed {
	struct event_base *base;
	cof_children *children;
	int calls, status, signal;
	char said[COF_ERR_TEXT_MAX];
} bed;

static void on_signal(void *arg, int signal)
{
	((bed *)arg)->signal = signal;
}

static void on_exit_of(void *arg, pid_t pid, int status)
{
	bed *b = arg;
	(void)pid;
	b->calls++;
	b->status = status;
}

static void bed_init(bed *b)
{
	*b = (bed){.status = -1};
	b->base = event_base_new();
	assert_ok(cof_children_new(&b->children, b->base, on_signal, b, &err));
}

static void bed_release(bed *b)
{
	cof_children_free(b->children);
	event_base_free(b->base);
}

static void turn(bed *b, int ms)
{
	const struct timeval step = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	(void)event_base_loopexit(b->base, &step);
	(void)event_base_dispatch(b->base);
}

static pid_t child_that(int code, int signal)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (signal != 0)
			(void)kill(getpid(), signal);
		_exit(code);
	}
	return pid;
}

static void children_tell_codes_and_signals(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	assert_ok(cof_children_watch(b.children, child_that(7, 0), on_exit_of, &b, &err));
	turn(&b, 200);
	assert_int_equal(b.status, 7);
	assert_ok(cof_children_watch(b.children, child_that(0, SIGKILL), on_exit_of, &b, &err));
	turn(&b, 200);
	assert_int_equal(b.status, 128 + SIGKILL);
	assert_int_equal(b.calls, 2);
	bed_release(&b);
}

/* The process may be over before anybody knows to ask. */
static void t051_children_remember_early_ends(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	pid_t pid = child_that(9, 0);
	turn(&b, 200);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* reaped already */
	assert_ok(cof_children_watch(b.children, pid, on_exit_of, &b, &err));
	assert_int_equal(b.calls, 0); /* never from inside */
	turn(&b, 50);
	assert_int_equal(b.status, 9);
	bed_release(&b);
}

/* A child with this very pid, as the kernel gives it out again one day. */
static pid_t child_again(pid_t pid, const int go[2])
{
	struct clone_args a = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&pid, .set_tid_size = 1};
	char byte = 0;
	pid_t got = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (got == 0) {
		(void)close(go[1]);
		_exit(read(go[0], &byte, 1) == 1 ? 5 : 6);
	}
	return got;
}

/* Another process had this pid, and nobody asked for its end: it is not the end of this one. */
static void t051_a_pid_comes_round_again(void **state)
{
	bed b;
	int go[2];
	(void)state;
	bed_init(&b);
	assert_int_equal(pipe(go), 0);
	pid_t pid = child_that(9, 0);
	turn(&b, 200);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(child_again(pid, go), pid);
	assert_ok(cof_children_watch(b.children, pid, on_exit_of, &b, &err));
	turn(&b, 50);
	assert_int_equal(b.calls, 0);
	assert_int_equal(write(go[1], "x", 1), 1);
	for (int i = 0; i < 100 && b.calls == 0; i++)
		turn(&b, 50);
	assert_int_equal(b.calls, 1);
	assert_int_equal(b.status, 5);
	(void)close(go[0]);
	(void)close(go[1]);
	bed_release(&b);
}

static void t085_children_reap_orphans(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (int i = 0; i < 100; i++)
		if (fork() == 0) {
			(void)child_that(0, 0);
			_exit(0);
		}
	siginfo_t any;
	for (int i = 0; i < 100 && waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT) == 0; i++)
		turn(&b, 50);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	bed_release(&b);
}

static void children_forget(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	pid_t pid = child_that(1, 0);
	assert_ok(cof_children_watch(b.children, pid, on_exit_of, &b, &err));
	cof_children_forget(b.children, pid);
	turn(&b, 200);
	assert_int_equal(b.calls, 0);
	assert_fails(cof_children_watch(b.children, 0, on_exit_of, &b, &err), "too-many-processes");
	assert_fails(cof_children_watch(b.children, -1, on_exit_of, &b, &err), "too-many-processes");
	bed_release(&b);
}

static void children_signals(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	(void)kill(getpid(), SIGTERM);
	turn(&b, 50);
	assert_int_equal(b.signal, SIGTERM);
	bed_release(&b);
}

/* --- crun.c, with programs that behave as badly as it might --- */

static void on_done(void *arg, const cof_err *why)
{
	bed *b = arg;
	b->calls++;
	b->status = why == NULL ? 0 : 1;
	memcpy(b->said, why == NULL ? "" : why->text, why == NULL ? 1 : sizeof b->said);
}

static void crun_failures_carry_its_words(void **state)
{
	bed b;
	char log[] = "/tmp/coffer-crun-XXXXXX";
	const char *const args[] = {"create", NULL};
	(void)state;
	bed_init(&b);
	int fd = mkstemp(log);
	assert_int_equal(write(fd, "the reason\n", 11), 11);
	(void)close(fd);
	cof_crun c = {.exe = "/bin/false", .root = "/nonexistent", .base = b.base, .children = b.children};
	cof_crun_cmd cmd = {.args = args, .log = log, .in = -1, .out = -1, .err = -1, .done = on_done, .arg = &b};
	assert_ok(cof_crun_run(&c, &cmd, &err));
	turn(&b, 300);
	assert_int_equal(b.calls, 1);
	assert_non_null(strstr(b.said, "the reason"));
	assert_int_equal(access(log, F_OK), -1);
	c.exe = "/bin/true";
	assert_ok(cof_crun_run(&c, &cmd, &err));
	turn(&b, 300);
	assert_int_equal(b.calls, 2);
	assert_int_equal(b.status, 0);
	c.exe = "/nonexistent/crun";
	assert_fails(cof_crun_run(&c, &cmd, &err), "exec-failed");
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t051_children_remember_early_ends),
		cmocka_unit_test(t051_a_pid_comes_round_again),
		cmocka_unit_test(t085_children_reap_orphans),
		cmocka_unit_test(children_tell_codes_and_signals),
		cmocka_unit_test(children_forget),
		cmocka_unit_test(children_signals),
		cmocka_unit_test(crun_failures_carry_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
