/* SPDX-License-Identifier: Apache-2.0 */
#include <glob.h>

#include "common/hex.h"
#include "tests/unit/common/ttrpc_peers.h"

typedef struct two {
	struct event_base *base;
	side client, server;
} two;

static void connect_two(two *t, cof_hello hello, size_t frame_max)
{
	int fds[2];
	pair(fds);
	*t = (two){.base = event_base_new()};
	side_open(&t->client, t->base, fds[0], hello, false, frame_max);
	side_open(&t->server, t->base, fds[1], hello == COF_HELLO_NONE ? hello : COF_HELLO_ANSWER, true, frame_max);
	assert_true(pump_until(t->base, &t->client.ready, 1, 2000));
}

static void close_two(two *t)
{
	cof_ttrpc_free(t->client.c);
	cof_ttrpc_free(t->server.c);
	event_base_free(t->base);
}

static void call(side *s, const char *method, const char *payload, int timeout_ms)
{
	assert_ok(cof_ttrpc_send(s->c, "grpc.AgentService", method, cof_span_str(payload), timeout_ms, side_reply, s,
				 &err));
}

static void calls_come_back(void **state)
{
	(void)state;
	const cof_hello hellos[] = {COF_HELLO_NONE, COF_HELLO_SEND};
	for (size_t i = 0; i < COF_COUNT(hellos); i++) {
		two t;
		connect_two(&t, hellos[i], COF_TTRPC_SERIAL_CHUNK);
		call(&t.client, "Check", "x", 2000);
		assert_true(pump_until(t.base, &t.client.replies, 1, 2000));
		assert_int_equal(t.client.code, COF_RPC_OK);
		assert_string_equal(t.client.text, "grpc.AgentService/Check:x");
		close_two(&t);
	}
}

static void answers_may_come_in_any_order(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.server.hold = true;
	side a = {0}, b = {0};
	assert_ok(cof_ttrpc_send(t.client.c, "s", "a", (cof_span){0}, 0, side_reply, &a, &err));
	assert_ok(cof_ttrpc_send(t.client.c, "s", "b", (cof_span){0}, 0, side_reply, &b, &err));
	assert_true(pump_until(t.base, &t.server.served, 2, 2000));
	cof_ttrpc_answer(t.server.held[1], COF_RPC_OK, NULL, cof_span_str("B"));
	cof_ttrpc_answer(t.server.held[0], COF_RPC_PERMISSION_DENIED, "policy-denied: no", (cof_span){0});
	assert_true(pump_until(t.base, &a.replies, 1, 2000));
	assert_string_equal(b.text, "B");
	assert_int_equal(a.code, COF_RPC_PERMISSION_DENIED);
	assert_string_equal(a.text, "policy-denied: no");
	close_two(&t);
}

static void a_late_answer_is_dropped(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.server.hold = true;
	call(&t.client, "slow", "", 30);
	assert_true(pump_until(t.base, &t.client.replies, 1, 2000));
	assert_int_equal(t.client.code, COF_RPC_DEADLINE_EXCEEDED);
	cof_ttrpc_answer(t.server.held[0], COF_RPC_OK, NULL, cof_span_str("late"));
	pump(t.base);
	assert_int_equal(t.client.replies, 1);
	assert_int_equal(t.client.closed, 0);
	close_two(&t);
}

static void an_end_answers_every_call(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.server.hold = true;
	for (int i = 0; i < 10; i++)
		call(&t.client, "m", "", 0);
	assert_true(pump_until(t.base, &t.server.served, 10, 2000));
	cof_ttrpc_free(cof_steal(&t.server.c));
	assert_true(pump_until(t.base, &t.client.closed, 1, 2000));
	assert_int_equal(t.client.replies, 10);
	assert_int_equal(t.client.code, COF_RPC_UNAVAILABLE);
	for (int i = 0; i < 10; i++) /* calls outlive their connection */
		cof_ttrpc_answer(t.server.held[i], COF_RPC_OK, NULL, (cof_span){0});
	assert_fails(cof_ttrpc_send(t.client.c, "s", "m", (cof_span){0}, 0, side_reply, &t.client, &err),
		     "not-connected");
	close_two(&t);
}

static void a_call_before_the_hello_is_refused(void **state)
{
	(void)state;
	int fds[2];
	pair(fds);
	struct event_base *base = event_base_new();
	side s = {0};
	side_open(&s, base, fds[0], COF_HELLO_SEND, false, 0);
	assert_fails(cof_ttrpc_send(s.c, "s", "m", (cof_span){0}, 0, side_reply, &s, &err), "not-connected");
	cof_ttrpc_free(s.c);
	cof_fd_close(&fds[1]);
	event_base_free(base);
}

static void t049_limits_calls_on_both_sides(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.server.hold = true;
	for (int i = 0; i < COF_TTRPC_CALLS_MAX; i++)
		call(&t.client, "m", "", 0);
	assert_fails(cof_ttrpc_send(t.client.c, "s", "m", (cof_span){0}, 0, side_reply, &t.client, &err),
		     "too-many-calls");
	assert_true(pump_until(t.base, &t.server.served, COF_TTRPC_CALLS_MAX, 4000));
	close_two(&t);
	for (int i = 0; i < COF_TTRPC_CALLS_MAX; i++)
		cof_ttrpc_answer(t.server.held[i], COF_RPC_OK, NULL, (cof_span){0});
}

typedef struct raw {
	struct event_base *base;
	side server;
	int fd;
} raw;

static void open_raw(raw *r, bool server)
{
	int fds[2];
	pair(fds);
	*r = (raw){.base = event_base_new(), .fd = fds[1]};
	side_open(&r->server, r->base, fds[0], COF_HELLO_NONE, server, 0);
}

static void close_raw(raw *r)
{
	cof_ttrpc_free(r->server.c);
	cof_fd_close(&r->fd);
	event_base_free(r->base);
}

/* The answer to one frame, as hex, or "" when the connection ended. */
static void answer_to(const char *frame_hex, char *out, size_t size)
{
	raw r;
	open_raw(&r, true);
	uint8_t frame[128], got[1024];
	size_t n = strlen(frame_hex) / 2;
	assert_ok(cof_unhex(frame_hex, frame, n, &err));
	raw_write(r.fd, frame, n);
	pump(r.base);
	n = raw_read(r.fd, got, sizeof got);
	assert_true(2 * n < size);
	cof_hex(cof_span_of(got, n), out);
	close_raw(&r);
}

static void t046_refuses_streams_and_odd_ids_by_name(void **state)
{
	(void)state;
	char got[512];
	answer_to("000000030000000903000a0178", got, sizeof got); /* data on a stream */
	assert_non_null(strstr(got, "0a"));
	assert_memory_equal(got + 8, "000000090200", 12);
	answer_to("00000000000000020100", got, sizeof got); /* an even id */
	assert_memory_equal(got + 8, "000000020200", 12);
	assert_non_null(strstr(got, "0803"));			/* INVALID_ARGUMENT */
	answer_to("0000000200000001010008ff", got, sizeof got); /* no request */
	assert_non_null(strstr(got, "0803"));
	answer_to("00000000000000010200", got, sizeof got); /* an answer to a call never made */
	assert_string_equal(got, "");
}

static void t046_a_stream_id_is_used_once(void **state)
{
	(void)state;
	raw r;
	open_raw(&r, true);
	raw_call(r.fd, 3, "a");
	raw_call(r.fd, 3, "again");
	raw_call(r.fd, 1, "lower");
	raw_call(r.fd, 5, "b");
	assert_true(pump_until(r.base, &r.server.served, 2, 2000));
	assert_string_equal(r.server.text, "s/b:");
	close_raw(&r);
}

static void t087_a_client_serves_nobody(void **state)
{
	(void)state;
	const char *const frames[] = {"00000000000000010100", "00000000000000010300", "00000000000000020200",
				      "00000000000000010200"};
	for (size_t i = 0; i < COF_COUNT(frames); i++) {
		raw r;
		open_raw(&r, false);
		uint8_t frame[COF_FRAME_HEADER];
		assert_ok(cof_unhex(frames[i], frame, sizeof frame, &err));
		raw_write(r.fd, frame, sizeof frame);
		assert_true(pump_until(r.base, &r.server.closed, 1, 2000));
		assert_string_equal(r.server.why.reason, "ttrpc-frame");
		close_raw(&r);
	}
}

static void an_answer_too_large_for_the_port_says_so(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_SEND, COF_TTRPC_SERIAL_CHUNK);
	t.server.hold = true;
	call(&t.client, "read", "", 0);
	assert_true(pump_until(t.base, &t.server.served, 1, 2000));
	static uint8_t large[COF_TTRPC_SERIAL_CHUNK];
	cof_ttrpc_answer(t.server.held[0], COF_RPC_OK, NULL, cof_span_of(large, sizeof large));
	assert_true(pump_until(t.base, &t.client.replies, 1, 2000));
	assert_int_equal(t.client.code, COF_RPC_RESOURCE_EXHAUSTED);
	assert_fails(
		cof_ttrpc_send(t.client.c, "s", "m", cof_span_of(large, sizeof large), 0, side_reply, &t.client, &err),
		"ttrpc-too-large");
	close_two(&t);
}

static void may_be_freed_from_a_reply(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.client.free_in_reply = true;
	call(&t.client, "m", "", 0);
	call(&t.client, "n", "", 0);
	assert_true(pump_until(t.base, &t.client.replies, 2, 2000));
	assert_null(t.client.c);
	close_two(&t);
}

static void carries_a_mebibyte_both_ways(void **state)
{
	(void)state;
	two t;
	connect_two(&t, COF_HELLO_NONE, 0);
	t.server.hold = true;
	COF_AUTO_FREE char *text = malloc((1 << 20) + 1);
	memset(text, 'x', 1 << 20);
	text[1 << 20] = '\0';
	call(&t.client, "m", text, 0);
	assert_true(pump_until(t.base, &t.server.served, 1, 4000));
	cof_ttrpc_answer(t.server.held[0], COF_RPC_OK, NULL, cof_span_str(text));
	assert_true(pump_until(t.base, &t.client.replies, 1, 4000));
	assert_int_equal(t.client.code, COF_RPC_OK);
	close_two(&t);
}

/* --- recorded sessions of containerd and its shims --- */

static const char *vectors(void)
{
	const char *dir = getenv("COFFER_VECTORS");
	return dir != NULL ? dir : "../shared/vectors";
}

/* Requests and answers among the frames; every one must be a frame that we take. */
static void count_frames(const cof_buf *in, int ret[4])
{
	cof_frame f = {0};
	for (size_t at = 0; in->len - at >= COF_FRAME_HEADER; at += COF_FRAME_HEADER + f.len) {
		assert_ok(cof_frame_parse(in->data + at, COF_TTRPC_FRAME_MAX, &f, &err));
		ret[f.type]++;
		if (f.len > in->len - at - COF_FRAME_HEADER)
			break;
	}
}

static void feed(raw *r, const cof_buf *in)
{
	for (size_t at = 0; at < in->len; at += 1000) {
		size_t n = in->len - at < 1000 ? in->len - at : 1000;
		raw_write(r->fd, in->data + at, n);
		(void)event_base_loop(r->base, EVLOOP_NONBLOCK);
	}
}

static void replay(const char *path)
{
	COF_AUTO(cof_buf) in = {0};
	int kinds[4] = {0};
	raw r;
	assert_ok(cof_file_read(path, 64 << 20, &in, &err));
	count_frames(&in, kinds);
	open_raw(&r, true);
	feed(&r, &in);
	(void)pump_until(r.base, &r.server.served, kinds[COF_FRAME_REQUEST], 2000);
	assert_int_equal(r.server.served, kinds[COF_FRAME_REQUEST]);
	assert_int_equal(r.server.closed, 0);
	close_raw(&r);
}

static void serves_recorded_clients(void **state)
{
	(void)state;
	char pattern[512];
	glob_t found = {0};
	(void)snprintf(pattern, sizeof pattern, "%s/ttrpc/c*.task*.c2s.bin", vectors());
	if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
		globfree(&found);
		print_message("no recorded sessions here: skipped\n");
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		replay(found.gl_pathv[i]);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_come_back),
		cmocka_unit_test(answers_may_come_in_any_order),
		cmocka_unit_test(a_late_answer_is_dropped),
		cmocka_unit_test(an_end_answers_every_call),
		cmocka_unit_test(a_call_before_the_hello_is_refused),
		cmocka_unit_test(t049_limits_calls_on_both_sides),
		cmocka_unit_test(t046_refuses_streams_and_odd_ids_by_name),
		cmocka_unit_test(t046_a_stream_id_is_used_once),
		cmocka_unit_test(t087_a_client_serves_nobody),
		cmocka_unit_test(an_answer_too_large_for_the_port_says_so),
		cmocka_unit_test(may_be_freed_from_a_reply),
		cmocka_unit_test(carries_a_mebibyte_both_ways),
		cmocka_unit_test(serves_recorded_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
