/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/stdio.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "tests/unit/test.h"

typedef struct heard {
	int calls;
	size_t bytes;
	bool eof, failed;
	char reason[COF_ERR_REASON_MAX];
} heard;

static void on_read(void *arg, cof_span data, const cof_err *why)
{
	heard *h = arg;
	h->calls++;
	h->bytes += data.len;
	h->eof = why == NULL && data.len == 0;
	h->failed = why != NULL;
	if (why != NULL)
		memcpy(h->reason, why->reason, sizeof h->reason);
}

static void on_write(void *arg, size_t n, const cof_err *why)
{
	on_read(arg, cof_span_of("", 0), why);
	((heard *)arg)->bytes += n;
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void turn(struct event_base *base, const int *calls, int want, int ms)
{
	int64_t until = now_ms() + ms;
	while (*calls < want && now_ms() < until) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(base, &step);
		(void)event_base_dispatch(base);
	}
}

typedef struct bed {
	struct event_base *base;
	cof_outlet *out;
	int theirs;
} bed;

static void bed_init(bed *b)
{
	int fds[2];
	(void)signal(SIGPIPE, SIG_IGN);
	b->base = event_base_new();
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_outlet_new(&b->out, b->base, fds[0], &err));
	b->theirs = fds[1];
}

static void bed_release(bed *b)
{
	cof_outlet_free(b->out);
	cof_fd_close(&b->theirs);
	event_base_free(b->base);
}

static void outlet_gives_what_is_there(void **state)
{
	bed b;
	heard h = {0};
	(void)state;
	bed_init(&b);
	assert_int_equal(write(b.theirs, "hello", 5), 5);
	assert_ok(cof_outlet_read(b.out, 3, on_read, &h, &err));
	assert_int_equal(h.bytes, 3); /* at once, no turn of the loop needed */
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	assert_int_equal(h.bytes, 5);
	assert_fails(cof_outlet_read(b.out, 0, on_read, &h, &err), "bad-length");
	bed_release(&b);
}

static void outlet_blocks_until_a_byte(void **state)
{
	bed b;
	heard h = {0};
	(void)state;
	bed_init(&b);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	turn(b.base, &h.calls, 1, 50);
	assert_int_equal(h.calls, 0);
	assert_int_equal(write(b.theirs, "x", 1), 1);
	turn(b.base, &h.calls, 1, 2000);
	assert_int_equal(h.bytes, 1);
	cof_fd_close(&b.theirs);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	turn(b.base, &h.calls, 2, 2000);
	assert_true(h.eof);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err)); /* for ever */
	assert_true(h.eof && h.calls == 3);
	bed_release(&b);
}

/* Bytes reach readers in their order, one answer each. */
static void outlet_many_readers(void **state)
{
	bed b;
	heard h[COF_STDIO_WAITERS_MAX + 1] = {0};
	(void)state;
	bed_init(&b);
	for (int i = 0; i < COF_STDIO_WAITERS_MAX; i++)
		assert_ok(cof_outlet_read(b.out, 1, on_read, &h[i], &err));
	assert_fails(cof_outlet_read(b.out, 1, on_read, &h[COF_STDIO_WAITERS_MAX], &err), "too-many-calls");
	assert_int_equal(write(b.theirs, "ab", 2), 2);
	turn(b.base, &h[1].calls, 1, 2000);
	assert_int_equal(h[0].bytes, 1);
	assert_int_equal(h[1].bytes, 1);
	assert_int_equal(h[2].calls, 0);
	cof_outlet_cancel(b.out, NULL);
	assert_string_equal(h[2].reason, "cancelled");
	assert_string_equal(h[COF_STDIO_WAITERS_MAX - 1].reason, "cancelled");
	bed_release(&b);
}

/* A cancelled reader takes no bytes with it. */
static void t086_outlet_cancel_loses_nothing(void **state)
{
	bed b;
	heard gone = {0}, h = {0};
	(void)state;
	bed_init(&b);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &gone, &err));
	cof_outlet_cancel(b.out, NULL);
	assert_int_equal(write(b.theirs, "abc", 3), 3);
	turn(b.base, &gone.calls, 2, 30);
	assert_int_equal(gone.bytes, 0);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	assert_int_equal(h.bytes, 3);
	bed_release(&b);
}

static bool is_marked(const void *arg)
{
	return ((const heard *)arg)->failed;
}

/* Only the readers that are gone are sent away; the others stay in their order. */
static void t086_outlet_cancels_some(void **state)
{
	bed b;
	heard h[4] = {0};
	(void)state;
	bed_init(&b);
	for (int i = 0; i < 4; i++)
		assert_ok(cof_outlet_read(b.out, 1, on_read, &h[i], &err));
	h[0].failed = h[2].failed = true; /* marks them */
	cof_outlet_cancel(b.out, is_marked);
	assert_true(h[0].calls == 1 && h[2].calls == 1 && h[1].calls == 0 && h[3].calls == 0);
	assert_string_equal(h[2].reason, "cancelled");
	assert_int_equal(write(b.theirs, "ab", 2), 2);
	turn(b.base, &h[3].calls, 1, 2000);
	assert_true(h[1].bytes == 1 && h[3].bytes == 1 && h[0].bytes + h[2].bytes == 0);
	bed_release(&b);
}

/* The pipe is the only buffer: a writer without reader is stopped, not stored. */
static void t086_outlet_pushes_back(void **state)
{
	bed b;
	char block[4096] = {0};
	size_t written = 0, got = 0;
	heard h = {0};
	(void)state;
	bed_init(&b);
	assert_int_equal(fcntl(b.theirs, F_SETFL, O_NONBLOCK), 0);
	for (ssize_t n = 1; n > 0; written += n > 0 ? (size_t)n : 0)
		n = write(b.theirs, block, sizeof block);
	turn(b.base, &h.calls, 1, 30);
	assert_true(write(b.theirs, block, 1) < 0 && errno == EAGAIN);
	while (got < written) {
		h.bytes = 0;
		assert_ok(cof_outlet_read(b.out, 1 << 20, on_read, &h, &err));
		assert_true(h.bytes > 0 && h.bytes <= COF_STDIO_CHUNK);
		got += h.bytes;
	}
	assert_int_equal(got, written);
	bed_release(&b);
}

/* A process's child that keeps the pipe open does not hold the end back for ever. */
static void t049_outlet_drains_with_a_deadline(void **state)
{
	bed b;
	heard h = {0};
	(void)state;
	bed_init(&b);
	assert_int_equal(write(b.theirs, "last", 4), 4);
	cof_outlet_process_ended(b.out);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	assert_int_equal(h.bytes, 4);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	int64_t before = now_ms();
	turn(b.base, &h.calls, 2, 5000);
	assert_true(h.eof);
	assert_true(now_ms() - before < 2000);
	bed_release(&b);
}

static void t049_outlet_late_reader_after_the_deadline(void **state)
{
	bed b;
	heard h = {0};
	int never = 0;
	(void)state;
	bed_init(&b);
	cof_outlet_process_ended(b.out);
	turn(b.base, &never, 1, COF_STDIO_DRAIN_MS + 100);
	assert_ok(cof_outlet_read(b.out, 100, on_read, &h, &err));
	assert_true(h.eof);
	bed_release(&b);
}

static void inlet_writes_and_closes(void **state)
{
	int fds[2];
	heard h = {0};
	char got[8] = "";
	cof_inlet *in = NULL;
	(void)state;
	struct event_base *base = event_base_new();
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_inlet_new(&in, base, fds[1], &err));
	assert_ok(cof_inlet_write(in, cof_span_str("hi"), on_write, &h, &err));
	assert_int_equal(h.bytes, 2);
	assert_int_equal(read(fds[0], got, sizeof got), 2);
	cof_inlet_close(in);
	assert_int_equal(read(fds[0], got, sizeof got), 0);
	assert_fails(cof_inlet_write(in, cof_span_str("x"), on_write, &h, &err), "stdin-closed");
	cof_inlet_free(in);
	cof_fd_close(&fds[0]);
	event_base_free(base);
}

static void t086_inlet_pushes_back(void **state)
{
	int fds[2];
	heard h = {0}, second = {0};
	cof_inlet *in = NULL;
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	struct event_base *base = event_base_new();
	COF_AUTO(cof_buf) big = {0};
	assert_ok(cof_buf_reserve(&big, 1 << 20, &err));
	memset(big.data, 'x', 1 << 20);
	big.len = 1 << 20;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_inlet_new(&in, base, fds[1], &err));
	assert_ok(cof_inlet_write(in, cof_buf_span(&big), on_write, &h, &err));
	turn(base, &h.calls, 1, 30);
	assert_int_equal(h.calls, 0); /* nobody reads */
	assert_fails(cof_inlet_write(in, cof_span_str("x"), on_write, &second, &err), "stdin-busy");
	size_t got = 0;
	static char chunk[65536];
	while (h.calls == 0) {
		ssize_t n = read(fds[0], chunk, sizeof chunk);
		assert_true(n > 0);
		got += (size_t)n;
		turn(base, &h.calls, 1, 5);
	}
	assert_int_equal(h.bytes, 1 << 20);
	/* A reader that goes away ends the write with a reason. */
	h = (heard){0};
	assert_ok(cof_inlet_write(in, cof_buf_span(&big), on_write, &h, &err));
	cof_fd_close(&fds[0]);
	turn(base, &h.calls, 1, 2000);
	assert_string_equal(h.reason, "stdin-closed");
	cof_inlet_free(in);
	event_base_free(base);
	assert_true(got > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t086_outlet_cancel_loses_nothing),
		cmocka_unit_test(t086_outlet_cancels_some),
		cmocka_unit_test(t086_outlet_pushes_back),
		cmocka_unit_test(t049_outlet_drains_with_a_deadline),
		cmocka_unit_test(t049_outlet_late_reader_after_the_deadline),
		cmocka_unit_test(t086_inlet_pushes_back),
		cmocka_unit_test(outlet_gives_what_is_there),
		cmocka_unit_test(outlet_blocks_until_a_byte),
		cmocka_unit_test(outlet_many_readers),
		cmocka_unit_test(inlet_writes_and_closes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
