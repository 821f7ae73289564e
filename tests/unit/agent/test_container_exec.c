/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ttrpc_conn.h"
#include "tests/unit/agent/box.h"

static char *const words[] = {TEXT("/bin/ok"), NULL};

static void begin(box *b, const char *id, rig_reply *reply)
{
	cof_ttrpc_call *call = rig_call(&b->r, reply);
	cof_container_exec(b->a.container, id, words, 1, call);
}

static void exec(box *b, const char *id, int code, const char *text)
{
	rig_reply reply = {0};
	begin(b, id, &reply);
	rig_expect(&b->r, &reply, code, text);
}

static void t051_not_before_the_start(void **state)
{
	box b;
	(void)state;
	box_created(&b);
	exec(&b, "e1", COF_RPC_FAILED_PRECONDITION, "the container is not started");
	assert_int_equal(b.a.container->n_execs, 0);
	box_release(&b);
	box_running(&b);
	assert_ok(cof_container_kill(b.a.container, &err));
	int64_t until = rig_now() + RIG_MS;
	while (b.a.container->life == COF_LIFE_RUNNING && rig_now() < until)
		rig_settle(&b.r);
	exec(&b, "e1", COF_RPC_FAILED_PRECONDITION, "the container has stopped");
	box_release(&b);
}

static void t051_an_id_is_used_once(void **state)
{
	box b;
	(void)state;
	box_running(&b);
	exec(&b, "e1", COF_RPC_OK, "");
	exec(&b, "e1", COF_RPC_INVALID_ARGUMENT, "bad-id");
	assert_int_equal(b.a.container->n_execs, 1);
	/* Also when it is over: whoever asks for its end must not get another's. */
	assert_ok(cof_process_signal(b.a.container->execs[0], SIGKILL, &err));
	int64_t until = rig_now() + RIG_MS;
	while (!b.a.container->execs[0]->exited && rig_now() < until)
		rig_settle(&b.r);
	assert_true(b.a.container->execs[0]->exited);
	exec(&b, "e1", COF_RPC_INVALID_ARGUMENT, "bad-id");
	box_release(&b);
}

/* Two with one id share files while crun works on them: one would be told the other's pid. */
static void t051_one_id_twice_at_once(void **state)
{
	box b;
	rig_reply first = {0}, second = {0};
	(void)state;
	box_running(&b);
	cof_ttrpc_call *calls[] = {rig_call(&b.r, &first), rig_call(&b.r, &second)};
	cof_container_exec(b.a.container, "e1", words, 1, calls[0]);
	cof_container_exec(b.a.container, "e1", words, 1, calls[1]);
	rig_expect(&b.r, &second, COF_RPC_INVALID_ARGUMENT, "bad-id");
	rig_expect(&b.r, &first, COF_RPC_OK, "");
	assert_int_equal(b.a.container->n_execs, 1);
	box_release(&b);
}

static void t094_runtime_fails(void **state)
{
	static const struct {
		const char *how, *text;
	} cases[] = {{"exec", "runtime-failed: crun ended with 1: boom"},
		     {"late", "runtime-failed: crun ended with 1: "},
		     {"no pid", "no-such-file"},
		     {"pid 1", "runtime-failed: crun wrote no pid"}};
	box b;
	(void)state;
	box_running(&b);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		rig_reply reply = {0};
		box_how(&b, cases[i].how);
		begin(&b, "e1", &reply);
		rig_turn(&b.r, &reply.n, 1);
		rig_expect(&b.r, &reply, reply.code, cases[i].text);
		assert_int_equal(b.a.container->n_execs, 0);
		assert_int_equal(b.a.container->spawning, 0);
		assert_false(rig_has(&b.r, "run/exec-e1.json"));
		assert_false(rig_has(&b.r, "run/exec-e1.pid"));
	}
	box_how(&b, "");
	const char *exe = b.a.crun.exe;
	b.a.crun.exe = "/nonexistent/crun";
	exec(&b, "e1", COF_RPC_INTERNAL, "exec-failed");
	b.a.crun.exe = exe;
	exec(&b, "e1", COF_RPC_OK, "");
	box_release(&b);
}

/* Room is made by those that are over, and by those alone. */
static void t085_processes_have_a_limit(void **state)
{
	box b;
	char id[16];
	static rig_reply replies[COF_EXECS_MAX];
	(void)state;
	box_running(&b);
	for (int i = 0; i < COF_EXECS_MAX; i++) {
		(void)snprintf(id, sizeof id, "e%d", i);
		begin(&b, id, &replies[i]);
	}
	exec(&b, "more", COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	for (int i = 0; i < COF_EXECS_MAX; i++)
		rig_expect(&b.r, &replies[i], COF_RPC_OK, "");
	exec(&b, "more", COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	cof_process *over = b.a.container->execs[7];
	assert_ok(cof_process_signal(over, SIGKILL, &err));
	int64_t until = rig_now() + RIG_MS;
	while (!over->exited && rig_now() < until)
		rig_settle(&b.r);
	exec(&b, "more", COF_RPC_OK, "");
	exec(&b, "again", COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	box_release(&b);
}

static void on_connection_ended(void *arg, const cof_err *why)
{
	box *b = arg;
	(void)why;
	cof_serve_closed(&b->a, false);
}

/* The agent's answers lie in a queue up to its limit: the next one ends the connection. */
static void fill_queue(box *b)
{
	static uint8_t bytes[1 << 20];
	b->r.server->opts.closed = on_connection_ended;
	for (size_t n = 0; n < COF_TTRPC_OUT_MAX; n += sizeof bytes)
		assert_ok(cof_ttrpc_queue(b->r.server, cof_span_of(bytes, sizeof bytes), &err));
}

/*
 * T-49: a host asks for the stderr of a process that is over, and reads no answers. Room for another process is made
 * from this one, whose last answer finds the queue full: that ends the connection, and its calls are looked for in all
 * processes, while this one is half gone.
 */
static void t049_the_connection_ends_while_room_is_made(void **state)
{
	box b;
	char id[16], path[64];
	rig_reply reading = {0}, more = {0};
	Grpc__ReadStreamRequest m = GRPC__READ_STREAM_REQUEST__INIT;
	(void)state;
	box_running(&b);
	for (int i = 0; i < COF_EXECS_MAX; i++) {
		(void)snprintf(id, sizeof id, "e%d", i);
		exec(&b, id, COF_RPC_OK, "");
	}
	cof_process *over = b.a.container->execs[7];
	(void)snprintf(path, sizeof path, "/proc/%d/fd/2", (int)over->pid);
	int stray = open(path, O_WRONLY | O_CLOEXEC); /* keeps the stream open behind the process's end */
	assert_true(stray >= 0);
	m.container_id = TEXT("c1");
	m.exec_id = TEXT("e7");
	m.len = 10;
	rig_send(&b.r, "ReadStderr", &m.base, &reading);
	cof_ttrpc_call *call = rig_call(&b.r, &more); /* behind the read */
	assert_ok(cof_process_signal(over, SIGKILL, &err));
	int64_t until = rig_now() + RIG_MS;
	while (!over->exited && rig_now() < until)
		(void)event_base_loop(b.r.base, EVLOOP_NONBLOCK);
	assert_int_equal(reading.n, 0);
	fill_queue(&b);
	cof_container_exec(b.a.container, "more", words, 1, call);
	assert_int_equal(b.a.container->n_execs, COF_EXECS_MAX - 1);
	(void)close(stray);
	while (b.a.container->spawning > 0 && rig_now() < until)
		(void)event_base_loop(b.r.base, EVLOOP_NONBLOCK);
	assert_int_equal(b.a.container->n_execs, COF_EXECS_MAX);
	rig_reconnect(&b.r);
	rig_expect(&b.r, &reading, COF_RPC_UNAVAILABLE, "closed");
	rig_expect(&b.r, &more, COF_RPC_UNAVAILABLE, "closed");
	box_release(&b);
}

/* T-51: the container goes while crun starts a process in it. */
static void t051_removed_on_the_way(void **state)
{
	box b;
	rig_reply one = {0}, removed = {0};
	(void)state;
	box_running(&b);
	cof_ttrpc_call *calls[] = {rig_call(&b.r, &one), rig_call(&b.r, &removed)};
	cof_container_exec(b.a.container, "e1", words, 1, calls[0]);
	cof_container_remove(b.a.container, calls[1]);
	b.a.ending = true;
	cof_container_remove(b.a.container, NULL);
	rig_expect(&b.r, &removed, COF_RPC_FAILED_PRECONDITION, "bad-state");
	rig_expect(&b.r, &one, COF_RPC_UNAVAILABLE, "cancelled");
	box_wait_end(&b);
	box_assert_empty(&b);
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t051_not_before_the_start),
		cmocka_unit_test(t051_an_id_is_used_once),
		cmocka_unit_test(t051_one_id_twice_at_once),
		cmocka_unit_test(t094_runtime_fails),
		cmocka_unit_test(t085_processes_have_a_limit),
		cmocka_unit_test(t049_the_connection_ends_while_room_is_made),
		cmocka_unit_test(t051_removed_on_the_way),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
