/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/process.h"

#include "tests/unit/agent/rig.h"

typedef struct bed {
	rig r;
	cof_process *p;
	int ended;
} bed;

static void on_ended(void *arg, cof_process *p)
{
	bed *b = arg;
	assert_ptr_equal(p, b->p);
	assert_int_equal(p->n_waiters, 0); /* they were answered before */
	b->ended++;
}

static void setup(bed *b)
{
	*b = (bed){0};
	rig_init(&b->r);
	assert_ok(cof_process_new(&b->p, b->r.base, b->r.children, "p1", &err));
	b->p->ended = on_ended;
	b->p->arg = b;
}

static void teardown(bed *b)
{
	if (b->p != NULL)
		cof_process_free(b->p);
	rig_release(&b->r);
}

static int adopt_text(bed *b, const char *text, cof_err *err)
{
	char path[160];
	rig_path(&b->r, "pid", path);
	rig_put(&b->r, "pid", text);
	return cof_process_adopt(b->p, path, err);
}

static void on_term(int signal)
{
	_exit(signal);
}

typedef enum manner { DEAF, HEARING, IGNORING, GOING } manner;

/* A child as crun would leave one behind: it is up before this returns. */
static pid_t spawn(manner how)
{
	int ready[2];
	char byte = 0;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		(void)sigemptyset(&none);
		(void)signal(SIGTERM, how == HEARING ? on_term : how == IGNORING ? SIG_IGN : SIG_DFL);
		(void)signal(SIGQUIT, how == HEARING ? on_term : SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		if (how == GOING)
			_exit(42);
		(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), how == GOING ? 0 : 1);
	(void)close(ready[0]);
	return pid;
}

static void adopt(bed *b, pid_t pid)
{
	char text[32];
	(void)snprintf(text, sizeof text, "%d\n", (int)pid);
	assert_ok(adopt_text(b, text, &err));
	assert_int_equal(b->p->pid, pid);
	assert_false(rig_has(&b->r, "pid"));
}

/* A pid of 0, 1 or -1 would make the next signal hit everybody. */
static void t085_no_pid_no_process(void **state)
{
	static const char *const bad[] = {"",
					  "\n",
					  "0",
					  "1",
					  "-1",
					  "-4711",
					  "x",
					  "x7",
					  "  ",
					  "+",
					  "4194305",
					  "99999999999",
					  "18446744073709551615"};
	bed b;
	(void)state;
	setup(&b);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_fails(adopt_text(&b, bad[i], &err), "runtime-failed");
		assert_int_equal(b.p->pid, 0);
		assert_fails(cof_process_signal(b.p, SIGKILL, &err), "bad-state");
	}
	assert_true(adopt_text(&b, "444444444444444444444444444444444444444444", NULL) < 0);
	assert_fails(cof_process_adopt(b.p, "/nonexistent/pid", &err), "no-such-file");
	assert_int_equal(b.p->pid, 0);
	teardown(&b);
}

static void t085_waits_have_a_limit(void **state)
{
	bed b;
	static rig_reply reply[COF_WAITERS_MAX + 1];
	(void)state;
	setup(&b);
	adopt(&b, spawn(DEAF));
	for (int i = 0; i < COF_WAITERS_MAX; i++)
		cof_process_wait(b.p, rig_call(&b.r, &reply[i]));
	cof_process_wait(b.p, rig_call(&b.r, &reply[COF_WAITERS_MAX]));
	rig_expect(&b.r, &reply[COF_WAITERS_MAX], COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	assert_int_equal(reply[0].n, 0);
	assert_ok(cof_process_signal(b.p, SIGKILL, &err));
	for (int i = 0; i < COF_WAITERS_MAX; i++)
		rig_expect(&b.r, &reply[i], COF_RPC_OK, "");
	teardown(&b);
}

/* The end stays known: an answer that was lost with its connection can be asked for again. */
static void end_is_told_and_kept(void **state)
{
	bed b;
	rig_reply reply = {0};
	(void)state;
	setup(&b);
	adopt(&b, spawn(DEAF));
	cof_process_wait(b.p, rig_call(&b.r, &reply));
	assert_ok(cof_process_signal(b.p, SIGTERM, &err)); /* without a handler it becomes SIGKILL */
	rig_turn(&b.r, &b.ended, 1);
	assert_int_equal(b.p->status, 128 + SIGKILL);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	for (int i = 0; i < 2; i++) {
		cof_process_wait(b.p, rig_call(&b.r, &reply));
		rig_turn(&b.r, &reply.n, 1);
		COF_AUTO_PTR(ProtobufCMessage) any = NULL;
		assert_ok(cof_pb_unpack(&grpc__wait_process_response__descriptor, cof_buf_span(&reply.payload),
					COF_PB_MAX, &any, &err));
		assert_int_equal(cof_pb_as(Grpc__WaitProcessResponse, any)->status, 128 + SIGKILL);
		rig_expect(&b.r, &reply, COF_RPC_OK, "");
	}
	assert_int_equal(b.ended, 1);
	/* The number may be somebody else's by now. */
	assert_ok(cof_process_signal(b.p, SIGKILL, &err));
	teardown(&b);
}

static void over_before_it_was_known(void **state)
{
	bed b;
	rig_reply reply = {0};
	(void)state;
	setup(&b);
	pid_t pid = spawn(GOING);
	rig_gone(&b.r, pid);
	adopt(&b, pid);
	cof_process_wait(b.p, rig_call(&b.r, &reply));
	rig_turn(&b.r, &b.ended, 1);
	assert_int_equal(b.p->status, 42);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	teardown(&b);
}

static void assert_term_ends(manner how, int status)
{
	bed b;
	setup(&b);
	adopt(&b, spawn(how));
	assert_ok(cof_process_signal(b.p, SIGTERM, &err));
	if (how == IGNORING) {
		rig_settle(&b.r);
		assert_int_equal(b.ended, 0);
		assert_ok(cof_process_signal(b.p, SIGKILL, &err));
	}
	rig_turn(&b.r, &b.ended, 1);
	assert_int_equal(b.p->status, status);
	teardown(&b);
}

static void term_means_the_end(void **state)
{
	(void)state;
	assert_term_ends(HEARING, SIGTERM);
	assert_term_ends(IGNORING, 128 + SIGKILL);
	assert_term_ends(DEAF, 128 + SIGKILL);
}

/* Who sends SIGTERM does not know how the image wants to be asked; other signals are what they are. */
static void stop_is_the_images_own(void **state)
{
	static const struct {
		manner how;
		int sent, status;
	} cases[] = {{HEARING, SIGTERM, SIGQUIT},
		     {DEAF, SIGTERM, 128 + SIGKILL},
		     {HEARING, SIGQUIT, SIGQUIT},
		     {HEARING, SIGUSR1, 128 + SIGUSR1}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		setup(&b);
		adopt(&b, spawn(cases[i].how));
		b.p->stop_signal = SIGQUIT;
		assert_ok(cof_process_signal(b.p, cases[i].sent, &err));
		rig_turn(&b.r, &b.ended, 1);
		assert_int_equal(b.p->status, cases[i].status);
		teardown(&b);
	}
}

static const void *second;

static bool is_second(const void *call)
{
	return call == second;
}

/* T-51: whoever waits is sent away, and the process goes on; a later wait still hears of its end. */
static void t051_waiters_are_sent_away(void **state)
{
	bed b;
	rig_reply one = {0}, two = {0}, three = {0};
	(void)state;
	setup(&b);
	adopt(&b, spawn(DEAF));
	pid_t pid = b.p->pid;
	cof_process_wait(b.p, rig_call(&b.r, &one));
	second = rig_call(&b.r, &two);
	cof_process_wait(b.p, (cof_ttrpc_call *)(uintptr_t)second);
	cof_process_drop_waiters(b.p, is_second);
	rig_expect(&b.r, &two, COF_RPC_UNAVAILABLE, "cancelled");
	assert_int_equal(one.n, 0);
	cof_process_drop_waiters(b.p, NULL);
	rig_expect(&b.r, &one, COF_RPC_UNAVAILABLE, "cancelled");
	assert_int_equal(kill(pid, 0), 0);
	cof_process_wait(b.p, rig_call(&b.r, &three));
	cof_process_free(b.p);
	b.p = NULL;
	rig_expect(&b.r, &three, COF_RPC_UNAVAILABLE, "cancelled");
	/* Its end is nobody's call any more. */
	assert_int_equal(kill(pid, SIGKILL), 0);
	rig_gone(&b.r, pid);
	assert_int_equal(b.ended, 0);
	teardown(&b);
}

static void streams_end_with_it(void **state)
{
	bed b;
	int fds = rig_fds();
	(void)state;
	setup(&b);
	for (size_t i = 0; i < COF_COUNT(b.p->theirs); i++)
		assert_true((fcntl(b.p->theirs[i], F_GETFD) & FD_CLOEXEC) != 0);
	cof_process_close_theirs(b.p);
	cof_process_close_theirs(b.p); /* twice closes nobody else's */
	teardown(&b);
	assert_int_equal(rig_fds(), fds);
}

/* The text comes from the kernel, but a process chooses its own name in the first line. */
static void hearing(void **state)
{
	static const struct {
		const char *status;
		int signal;
		bool hears;
	} cases[] = {
		{"Name:\tx\nSigBlk:\t0000000000004000\nSigIgn:\t0\nSigCgt:\t0\n", 15, true},
		{"Name:\tx\nSigBlk:\t0\nSigIgn:\t0000000000004000\nSigCgt:\t0\n", 15, true},
		{"Name:\tx\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0000000000004000\n", 15, true},
		{"Name:\tx\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0000000000002000\n", 15, false},
		{"Name:\tx\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t8000000000000000\n", 64, true},
		{"Name:\tSigCgt:\tffffffffffffffff\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n", 15, false},
		{"", 15, false},
		{"", 0, true},
		{"", 65, true},
		{"", -1, true},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		if (cof_process_hears(cof_span_str(cases[i].status), cases[i].signal) != cases[i].hears)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t085_no_pid_no_process),
		cmocka_unit_test(t085_waits_have_a_limit),
		cmocka_unit_test(end_is_told_and_kept),
		cmocka_unit_test(over_before_it_was_known),
		cmocka_unit_test(term_means_the_end),
		cmocka_unit_test(stop_is_the_images_own),
		cmocka_unit_test(t051_waiters_are_sent_away),
		cmocka_unit_test(streams_end_with_it),
		cmocka_unit_test(hearing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
