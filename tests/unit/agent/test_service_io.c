/* SPDX-License-Identifier: Apache-2.0 */
/* The io port: streams of a process that echoes, and a host that asks for what is not its own. */
#include "tests/unit/agent/box.h"

static void read_send(box *b, const char *method, const char *id, const char *exec, uint32_t len, rig_reply *reply)
{
	Grpc__ReadStreamRequest m = GRPC__READ_STREAM_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	m.len = len;
	rig_send(&b->r, method, &m.base, reply);
}

static void read_refused(box *b, const char *id, const char *exec, int code, const char *text)
{
	rig_reply reply = {0};
	read_send(b, "ReadStdout", id, exec, 10, &reply);
	rig_expect(&b->r, &reply, code, text);
	read_send(b, "ReadStderr", id, exec, 10, &reply);
	rig_expect(&b->r, &reply, code, text);
}

static void write_call(box *b, const char *id, const void *data, size_t len, int code, const char *text)
{
	Grpc__WriteStreamRequest m = GRPC__WRITE_STREAM_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.data = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = len};
	box_call(b, "WriteStdin", &m.base, code, text);
}

/* The bytes of an answer to a read. */
static void assert_read(box *b, rig_reply *reply, const char *want)
{
	rig_turn(&b->r, &reply->n, 1);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__read_stream_response__descriptor, cof_buf_span(&reply->payload), COF_PB_MAX,
				&any, &err));
	const Grpc__ReadStreamResponse *m = cof_pb_as(Grpc__ReadStreamResponse, any);
	assert_span_equal(cof_span_of(m->data.data, m->data.len), want, strlen(want));
	rig_expect(&b->r, reply, COF_RPC_OK, "");
}

static void t052_streams_of_nobody(void **state)
{
	box b;
	(void)state;
	box_init(&b);
	b.io = true;
	read_refused(&b, "c1", "", COF_RPC_INVALID_ARGUMENT, "no-such-container");
	write_call(&b, "c1", "x", 1, COF_RPC_INVALID_ARGUMENT, "no-such-container");
	box_release(&b);
	box_running(&b);
	b.io = true;
	read_refused(&b, "c2", "", COF_RPC_INVALID_ARGUMENT, "no-such-container");
	read_refused(&b, "c1", "e1", COF_RPC_NOT_FOUND, "no-such-process");
	read_refused(&b, "../c1", "", COF_RPC_INVALID_ARGUMENT, "bad-id");
	write_call(&b, "c2", "x", 1, COF_RPC_INVALID_ARGUMENT, "no-such-container");
	box_release(&b);
}

/* T-13: with a policy that keeps them, no byte goes in or out, whatever the process has said. */
static void t013_streams_that_the_policy_keeps(void **state)
{
	box b;
	Grpc__CloseStdinRequest m = GRPC__CLOSE_STDIN_REQUEST__INIT;
	(void)state;
	box_running(&b);
	b.a.owner.policy->stdin_ok = b.a.owner.policy->stdout_ok = b.a.owner.policy->stderr_ok = false;
	m.container_id = TEXT("c1");
	read_refused(&b, "c1", "", COF_RPC_PERMISSION_DENIED, "policy-denied");
	write_call(&b, "c1", "x", 1, COF_RPC_PERMISSION_DENIED, "policy-denied");
	write_call(&b, "c1", "", 0, COF_RPC_PERMISSION_DENIED, "policy-denied");
	box_call(&b, "CloseStdin", &m.base, COF_RPC_PERMISSION_DENIED, "policy-denied");
	box_release(&b);
}

/* The io port serves streams and nothing else. */
static void t049_other_calls_on_the_io_port(void **state)
{
	static const char *const methods[] = {"StartContainer", "RemoveContainer", "DestroySandbox", "SetHosts",
					      "Check"};
	box b;
	(void)state;
	box_running(&b);
	b.io = true;
	for (size_t i = 0; i < COF_COUNT(methods); i++)
		box_call(&b, methods[i], NULL, COF_RPC_PERMISSION_DENIED, "policy-denied");
	assert_false(b.a.ending);
	box_release(&b);
}

static void through_and_back(void **state)
{
	box b;
	rig_reply out = {0}, err_stream = {0};
	(void)state;
	box_running(&b);
	read_send(&b, "ReadStdout", "c1", "", 1, &out);
	read_send(&b, "ReadStderr", "c1", "c1", 100, &err_stream);
	write_call(&b, "c1", "ae", 2, COF_RPC_OK, "");
	assert_read(&b, &out, "a");
	assert_read(&b, &err_stream, "e");
	/* No bytes are the end of input; behind it there is nobody to write to. */
	write_call(&b, "c1", "", 0, COF_RPC_OK, "");
	write_call(&b, "c1", "x", 1, COF_RPC_UNAVAILABLE, "stdin-closed");
	read_send(&b, "ReadStdout", "c1", "", UINT32_MAX, &out);
	assert_read(&b, &out, "");
	box_release(&b);
}

/* T-86: an answer fits a frame of the port, whatever length the host asks for. */
static void t086_one_answer_has_a_limit(void **state)
{
	static char bytes[60000];
	box b;
	rig_reply out = {0};
	size_t got = 0;
	(void)state;
	box_running(&b);
	memset(bytes, 'x', sizeof bytes);
	write_call(&b, "c1", bytes, sizeof bytes, COF_RPC_OK, "");
	while (got < sizeof bytes) {
		read_send(&b, "ReadStdout", "c1", "", UINT32_MAX, &out);
		rig_turn(&b.r, &out.n, 1);
		COF_AUTO_PTR(ProtobufCMessage) any = NULL;
		assert_ok(cof_pb_unpack(&grpc__read_stream_response__descriptor, cof_buf_span(&out.payload), COF_PB_MAX,
					&any, &err));
		size_t n = cof_pb_as(Grpc__ReadStreamResponse, any)->data.len;
		assert_true(n > 0 && n <= COF_STDIO_CHUNK);
		got += n;
		rig_expect(&b.r, &out, COF_RPC_OK, "");
	}
	assert_int_equal(got, sizeof bytes);
	box_release(&b);
}

static void t086_waits_have_a_limit(void **state)
{
	box b;
	static rig_reply waits[COF_STDIO_WAITERS_MAX];
	rig_reply one_more = {0};
	(void)state;
	box_running(&b);
	for (int i = 0; i < COF_STDIO_WAITERS_MAX; i++)
		read_send(&b, "ReadStdout", "c1", "", 10, &waits[i]);
	read_send(&b, "ReadStdout", "c1", "", 10, &one_more);
	rig_expect(&b.r, &one_more, COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	/* Another connection's end is nothing to these waits. */
	cof_serve_closed(&b.a, false);
	read_send(&b, "ReadStdout", "c1", "", 10, &one_more);
	rig_expect(&b.r, &one_more, COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	/* The host's connection is gone: nobody waits any more, and no byte is lost on those who did. */
	rig_reconnect(&b.r);
	cof_serve_closed(&b.a, false);
	for (int i = 0; i < COF_STDIO_WAITERS_MAX; i++)
		rig_expect(&b.r, &waits[i], COF_RPC_UNAVAILABLE, "closed");
	write_call(&b, "c1", "a", 1, COF_RPC_OK, "");
	read_send(&b, "ReadStdout", "c1", "", 10, &one_more);
	assert_read(&b, &one_more, "a");
	box_release(&b);
}

static void closed_ports_without_a_container(void **state)
{
	box b;
	(void)state;
	box_init(&b);
	cof_serve_closed(&b.a, false);
	cof_serve_closed(&b.a, true);
	rig_settle(&b.r);
	assert_int_equal(b.ended, 0);
	b.a.ending = true;
	cof_serve_closed(&b.a, false); /* not the one on which the answer goes out */
	rig_settle(&b.r);
	assert_int_equal(b.ended, 0);
	cof_serve_closed(&b.a, true); /* the host has its answer, nobody needs us any more */
	rig_turn(&b.r, &b.ended, 1);
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t052_streams_of_nobody),
		cmocka_unit_test(t013_streams_that_the_policy_keeps),
		cmocka_unit_test(t049_other_calls_on_the_io_port),
		cmocka_unit_test(through_and_back),
		cmocka_unit_test(t086_one_answer_has_a_limit),
		cmocka_unit_test(t086_waits_have_a_limit),
		cmocka_unit_test(closed_ports_without_a_container),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
