/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "runtime/vm/pump.h"
#include "tests/unit/vm/guest_peer.h"

typedef struct ctx {
	struct event_base *base;
	cof_ttrpc *io;
	peer guest;
	int done;
	bool ok;
	cof_err why;
} ctx;

static void on_done(void *arg, const cof_err *why)
{
	ctx *c = arg;
	c->done++;
	c->ok = why == NULL;
	if (why != NULL)
		c->why = *why;
	(void)event_base_loopbreak(c->base);
}

static void on_ready(void *arg)
{
	(void)event_base_loopbreak(((ctx *)arg)->base);
}

static void loop(ctx *c, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
	(void)event_base_loopexit(c->base, &tv);
	(void)event_base_dispatch(c->base);
}

static void ctx_open(ctx *c)
{
	int a[2], b[2];
	c->base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b), 0);
	const cof_ttrpc_opts o = {.hello = COF_HELLO_SEND, .ready = on_ready, .arg = c};
	assert_ok(cof_ttrpc_new(&c->io, c->base, a[0], &o, &err));
	peer_open(&c->guest, c->base, b[1], a[1]);
	(void)close(b[0]);
	loop(c, 2000);
}

static void ctx_close(ctx *c, cof_pump *p)
{
	cof_ttrpc_free(c->io);
	cof_pump_free(p);
	peer_close(&c->guest);
	event_base_free(c->base);
}

static cof_pump_opts options(ctx *c, const char *method, int fd)
{
	return (cof_pump_opts){
		.base = c->base, .io = c->io, .container = "c", .method = method, .fd = fd, .done = on_done, .arg = c};
}

static void output_arrives_whole_and_ends(void **state)
{
	(void)state;
	ctx c = {.guest.output = "some output"};
	cof_pump *p = NULL;
	int out[2];
	char got[32] = "";
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	ctx_open(&c);
	cof_pump_opts o = options(&c, "ReadStdout", out[1]);
	assert_ok(cof_pump_out(&p, &o, &err));
	loop(&c, 2000);
	assert_int_equal(c.done, 1);
	assert_true(c.ok);
	assert_int_equal(read(out[0], got, sizeof got), 11);
	assert_string_equal(got, "some output");
	ctx_close(&c, p);
	cof_fd_close(&out[0]);
	cof_fd_close(&out[1]);
}

static void a_plain_file_is_a_fine_input(void **state)
{
	(void)state;
	ctx c = {0};
	cof_pump *p = NULL;
	char path[] = "/tmp/coffer-pump-XXXXXX";
	COF_AUTO_FD int fd = mkstemp(path);
	uint8_t data[10000];
	memset(data, 'd', sizeof data);
	assert_ok(cof_fd_write_all(fd, cof_span_of(data, sizeof data), &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	ctx_open(&c);
	cof_pump_opts o = options(&c, "WriteStdin", fd);
	assert_ok(cof_pump_in(&p, &o, &err));
	loop(&c, 2000);
	assert_int_equal(c.done, 1);
	assert_true(c.ok);
	assert_int_equal(c.guest.input.len, sizeof data + 5);
	assert_string_equal(cof_buf_str(&c.guest.input) + sizeof data, "<end>");
	ctx_close(&c, p);
	assert_int_equal(unlink(path), 0);
}

static void a_refused_input_ends(void **state)
{
	(void)state;
	static const peer_answer answers[] = {
		{.method = "WriteStdin", .code = COF_RPC_PERMISSION_DENIED, .text = "policy-denied: stdin"}, {0}};
	ctx c = {.guest.answers = answers};
	cof_pump *p = NULL;
	int in[2];
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	cof_fd_close(&in[1]);
	ctx_open(&c);
	cof_pump_opts o = options(&c, "WriteStdin", in[0]);
	assert_ok(cof_pump_in(&p, &o, &err));
	loop(&c, 2000);
	assert_int_equal(c.done, 1);
	assert_string_equal(c.why.reason, "policy-denied");
	ctx_close(&c, p);
	cof_fd_close(&in[0]);
}

static void t086_a_full_pipe_holds_the_guest_back(void **state)
{
	(void)state;
	ctx c = {.guest.endless = true};
	cof_pump *p = NULL;
	int out[2];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	ctx_open(&c);
	cof_pump_opts o = options(&c, "ReadStdout", out[1]);
	assert_ok(cof_pump_out(&p, &o, &err));
	loop(&c, 300);
	uint64_t before = c.guest.reads;
	assert_true(before >= 2 && before <= 4); /* 64 KiB of pipe, and one piece in hand */
	loop(&c, 200);
	assert_int_equal(c.guest.reads, before);
	COF_AUTO_FREE uint8_t *sink = malloc(64 << 10);
	assert_true(read(out[0], sink, 64 << 10) > 0);
	loop(&c, 200);
	assert_true(c.guest.reads > before); /* and it goes on when somebody reads */
	ctx_close(&c, p);
	cof_fd_close(&out[0]);
	cof_fd_close(&out[1]);
}

static void a_lost_connection_ends_the_stream(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "ReadStdout", .silent = true}, {0}};
	ctx c = {.guest.answers = answers};
	cof_pump *p = NULL;
	ctx_open(&c);
	cof_pump_opts o = options(&c, "ReadStdout", STDOUT_FILENO);
	assert_ok(cof_pump_out(&p, &o, &err));
	loop(&c, 100);
	cof_ttrpc_free(cof_steal(&c.guest.io));
	loop(&c, 2000);
	assert_int_equal(c.done, 1);
	assert_int_equal(c.why.cls, COF_E_UNAVAILABLE);
	ctx_close(&c, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_arrives_whole_and_ends),
		cmocka_unit_test(a_plain_file_is_a_fine_input),
		cmocka_unit_test(a_refused_input_ends),
		cmocka_unit_test(t086_a_full_pipe_holds_the_guest_back),
		cmocka_unit_test(a_lost_connection_ends_the_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
