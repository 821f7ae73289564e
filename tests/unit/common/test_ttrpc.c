/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/common/ttrpc_peers.h"

static const uint8_t hello_a[COF_HELLO_LEN] = COF_HELLO_MAGIC "aaaaaaaaaaaaaaaa";
static const uint8_t hello_b[COF_HELLO_LEN] = COF_HELLO_MAGIC "bbbbbbbbbbbbbbbb";

typedef struct rig {
	struct event_base *base;
	side s;
	int raw;
} rig;

/* The side is called back by address, so the rig must not move after this. */
static void settle(rig *r, cof_hello hello, bool server, size_t frame_max)
{
	int fds[2];
	pair(fds);
	*r = (rig){.base = event_base_new(), .raw = fds[1]};
	side_open(&r->s, r->base, fds[0], hello, server, frame_max);
}

static void close_rig(rig *r)
{
	cof_ttrpc_free(r->s.c);
	cof_fd_close(&r->raw);
	event_base_free(r->base);
}

static void t046_a_lying_frame_ends_the_connection(void **state)
{
	(void)state;
	const struct {
		uint8_t bytes[COF_FRAME_HEADER];
	} bad[] = {
		{{0, 1, 0, 1, 0, 0, 0, 1, 1, 0}}, /* longer than a serial port's frame */
		{{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0}},
		{{0, 0, 0, 1, 0, 0, 0, 1, 9, 0}},
		{{0, 0, 0, 1, 0, 0, 0, 0, 1, 0}},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		rig r;
		settle(&r, COF_HELLO_NONE, true, COF_TTRPC_SERIAL_CHUNK);
		raw_write(r.raw, bad[i].bytes, COF_FRAME_HEADER);
		assert_true(pump_until(r.base, &r.s.closed, 1, 2000));
		assert_string_equal(r.s.why.reason, "ttrpc-frame");
		assert_int_equal(r.s.served, 0);
		close_rig(&r);
	}
}

static void t046_bytes_one_by_one_make_the_same_call(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_ANSWER, true, 0);
	COF_AUTO(cof_buf) all = {0};
	const cof_frame_call call = {1, "s", "m", cof_span_str("p"), 0};
	assert_ok(cof_buf_add(&all, hello_a, sizeof hello_a, &err));
	assert_ok(cof_frame_request(&call, 4096, &all, &err));
	for (size_t i = 0; i < all.len; i++) {
		raw_write(r.raw, all.data + i, 1);
		(void)event_base_loop(r.base, EVLOOP_NONBLOCK);
		assert_int_equal(r.s.served, i + 1 == all.len ? 1 : 0);
	}
	assert_string_equal(r.s.text, "s/m:p");
	close_rig(&r);
}

static void t048_noise_before_a_hello_is_dropped(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_ANSWER, true, 0);
	raw_call(r.raw, 1, "before"); /* a frame of a client that died */
	raw_write(r.raw,
		  "\x89"
		  "COFFE",
		  6);
	raw_write(r.raw, hello_a, sizeof hello_a);
	raw_call(r.raw, 1, "after");
	assert_true(pump_until(r.base, &r.s.served, 1, 2000));
	assert_string_equal(r.s.text, "s/after:");
	pump(r.base);
	uint8_t got[256];
	size_t n = raw_read(r.raw, got, sizeof got);
	assert_true(n > sizeof hello_a);
	assert_memory_equal(got, hello_a, sizeof hello_a);
	close_rig(&r);
}

/* What the client before asked for must not be answered to the one that came after it. */
static void t048_a_new_hello_voids_the_calls_before(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_ANSWER, true, 0);
	r.s.hold = true;
	raw_write(r.raw, hello_a, sizeof hello_a);
	raw_call(r.raw, 1, "old");
	assert_true(pump_until(r.base, &r.s.served, 1, 2000));
	raw_write(r.raw, hello_b, sizeof hello_b);
	assert_true(pump_until(r.base, &r.s.ready, 2, 2000));
	raw_call(r.raw, 1, "new"); /* streams begin again */
	assert_true(pump_until(r.base, &r.s.served, 2, 2000));
	cof_ttrpc_answer(r.s.held[0], COF_RPC_OK, NULL, cof_span_str("secret of the old"));
	cof_ttrpc_answer(r.s.held[1], COF_RPC_OK, NULL, cof_span_str("for the new"));
	pump(r.base);
	uint8_t got[256];
	size_t n = raw_read(r.raw, got, sizeof got);
	assert_memory_equal(got + COF_HELLO_LEN, hello_b, sizeof hello_b);
	cof_frame f = {0};
	assert_ok(cof_frame_parse(got + 2 * COF_HELLO_LEN, 4096, &f, &err));
	assert_int_equal(n, 2 * COF_HELLO_LEN + COF_FRAME_HEADER + f.len);
	assert_memory_equal(got + n - 11, "for the new", 11);
	close_rig(&r);
}

/* A client that died inside a frame must not swallow its successor's hello for ever. */
static void t046_a_cut_frame_is_given_up_in_time(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_ANSWER, true, 0);
	raw_write(r.raw, hello_a, sizeof hello_a);
	raw_write(r.raw, "\0\0\x10\0\0\0\0\1\1\0abc", 13);
	assert_true(pump_until(r.base, &r.s.ready, 1, 2000));
	int64_t from = side_now();
	while (r.s.ready < 2 && side_now() - from < 8000) {
		raw_write(r.raw, hello_b, sizeof hello_b); /* as the host's side repeats it */
		(void)pump_until(r.base, &r.s.ready, 2, 250);
	}
	assert_int_equal(r.s.closed, 0);
	assert_true(r.s.ready >= 2);
	raw_call(r.raw, 1, "alive");
	assert_true(pump_until(r.base, &r.s.served, 1, 2000));
	close_rig(&r);
}

static void t048_a_client_accepts_only_its_own_echo(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_SEND, false, 0);
	pump(r.base);
	uint8_t hello[COF_HELLO_LEN];
	assert_int_equal(raw_read(r.raw, hello, sizeof hello), sizeof hello);
	raw_write(r.raw, hello_a, sizeof hello_a);	      /* another client's */
	raw_write(r.raw, "\0\0\0\x02\0\0\0\1\2\0\x12\0", 12); /* an answer to another client */
	pump(r.base);
	assert_int_equal(r.s.ready, 0);
	raw_write(r.raw, hello, sizeof hello);
	assert_true(pump_until(r.base, &r.s.ready, 1, 2000));
	raw_write(r.raw, hello, sizeof hello); /* the echo of a repeated hello */
	pump(r.base);
	assert_int_equal(r.s.ready, 1);
	assert_int_equal(r.s.closed, 0);
	close_rig(&r);
}

static void a_client_repeats_its_hello_until_it_is_answered(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_SEND, false, 0);
	uint8_t first[COF_HELLO_LEN], second[COF_HELLO_LEN];
	pump(r.base);
	assert_int_equal(raw_read(r.raw, first, sizeof first), sizeof first);
	int64_t from = side_now();
	size_t n = 0;
	while (n == 0 && side_now() - from < 3000) {
		pump(r.base);
		n = raw_read(r.raw, second, sizeof second);
	}
	assert_int_equal(n, sizeof second);
	assert_memory_equal(first, second, sizeof first);
	close_rig(&r);
}

static void two_hellos_are_never_the_same(void **state)
{
	(void)state;
	uint8_t seen[2][COF_HELLO_LEN];
	for (int i = 0; i < 2; i++) {
		rig r;
		settle(&r, COF_HELLO_SEND, false, 0);
		pump(r.base);
		assert_int_equal(raw_read(r.raw, seen[i], COF_HELLO_LEN), COF_HELLO_LEN);
		close_rig(&r);
	}
	assert_memory_not_equal(seen[0], seen[1], COF_HELLO_LEN);
}

static void the_end_of_a_peer_is_told_once(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_NONE, true, 0);
	raw_call(r.raw, 1, "m");
	cof_fd_close(&r.raw);
	assert_true(pump_until(r.base, &r.s.closed, 1, 2000));
	assert_string_equal(r.s.why.reason, "peer-closed");
	pump(r.base);
	assert_int_equal(r.s.closed, 1);
	close_rig(&r);
}

static void t086_a_peer_that_does_not_read_is_given_up(void **state)
{
	(void)state;
	rig r;
	settle(&r, COF_HELLO_NONE, true, 0);
	r.s.hold = true;
	for (uint32_t i = 0; i < 8; i++)
		raw_call(r.raw, 2 * i + 1, "m");
	assert_true(pump_until(r.base, &r.s.served, 8, 2000));
	COF_AUTO_FREE uint8_t *large = calloc(1, 3 << 20);
	for (int i = 0; i < 8 && r.s.closed == 0; i++)
		cof_ttrpc_answer(r.s.held[i], COF_RPC_OK, NULL, cof_span_of(large, 3 << 20));
	assert_int_equal(r.s.closed, 1);
	assert_string_equal(r.s.why.reason, "peer-not-reading");
	for (int i = 6; i < 8; i++)
		cof_ttrpc_answer(r.s.held[i], COF_RPC_OK, NULL, (cof_span){0});
	close_rig(&r);
}

static void may_be_freed_from_its_own_calls(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		rig r;
		settle(&r, COF_HELLO_NONE, true, 0);
		r.s.free_in_serve = which == 0;
		r.s.free_in_closed = which == 1;
		raw_call(r.raw, 1, "m");
		raw_call(r.raw, 3, "never seen after the free");
		assert_true(pump_until(r.base, &r.s.served, 1, 2000));
		cof_fd_close(&r.raw);
		pump(r.base);
		assert_null(r.s.c);
		assert_int_equal(r.s.served, which == 0 ? 1 : 2);
		close_rig(&r);
	}
}

static void a_bad_descriptor_stays_the_callers(void **state)
{
	(void)state;
	COF_AUTO_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const cof_ttrpc_opts opts = {.hello = COF_HELLO_NONE};
	struct event_base *base = event_base_new();
	cof_ttrpc *c = NULL;
	assert_fails(cof_ttrpc_new(&c, base, -1, &opts, &err), "ttrpc-fd");
	assert_fails(cof_ttrpc_new(&c, base, fd, &opts, &err), "ttrpc-fd"); /* epoll takes no such file */
	assert_null(c);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t046_a_lying_frame_ends_the_connection),
		cmocka_unit_test(t046_bytes_one_by_one_make_the_same_call),
		cmocka_unit_test(t048_noise_before_a_hello_is_dropped),
		cmocka_unit_test(t048_a_new_hello_voids_the_calls_before),
		cmocka_unit_test(t046_a_cut_frame_is_given_up_in_time),
		cmocka_unit_test(t048_a_client_accepts_only_its_own_echo),
		cmocka_unit_test(a_client_repeats_its_hello_until_it_is_answered),
		cmocka_unit_test(two_hellos_are_never_the_same),
		cmocka_unit_test(the_end_of_a_peer_is_told_once),
		cmocka_unit_test(t086_a_peer_that_does_not_read_is_given_up),
		cmocka_unit_test(may_be_freed_from_its_own_calls),
		cmocka_unit_test(a_bad_descriptor_stays_the_callers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
