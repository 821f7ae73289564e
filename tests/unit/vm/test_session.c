/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <sys/un.h>

#include "runtime/vm/session.h"
#include "tests/unit/vm/guest_peer.h"

#define IMAGE "registry.coffer.test/demo@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct host {
	struct event_base *base;
	cof_session *s;
	int ends, code, readies, starts, states, denials;
	bool ok;
	cof_err why;
	char phase[16];
	int out[2]; /* a pipe for stdout */
	int in[2];
	int guest_ctl, guest_io;
	int signal_at_start;
} host;

static void on_ended(void *arg, int code, const cof_err *why)
{
	host *h = arg;
	h->ends++;
	h->code = code;
	h->ok = why == NULL;
	if (why != NULL)
		h->why = *why;
	(void)event_base_loopbreak(h->base);
}

static void on_ready(void *arg)
{
	((host *)arg)->readies++;
}

static void on_state(void *arg, const cof_state *s)
{
	host *h = arg;
	h->states++;
	memcpy(h->phase, s->phase, sizeof h->phase);
}

static void on_denied(void *arg, const cof_err *why)
{
	host *h = arg;
	h->denials++;
	assert_int_equal(why->cls, COF_E_POLICY);
}

static void on_started(void *arg)
{
	host *h = arg;
	h->starts++;
	if (h->signal_at_start != 0)
		assert_true(cof_session_signal(h->s, h->signal_at_start, on_denied));
}

static cof_session_opts options(host *h, int silence_ms)
{
	return (cof_session_opts){.image = IMAGE,
				  .network = true,
				  .stdin_fd = -1,
				  .stdout_fd = h->out[1],
				  .stderr_fd = h->out[1],
				  .silence_ms = silence_ms,
				  .ready = on_ready,
				  .state = on_state,
				  .started = on_started,
				  .ended = on_ended,
				  .arg = h};
}

static void host_open(host *h, cof_session_opts *o)
{
	int ctl[2], io[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ctl), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io), 0);
	o->ctl_fd = ctl[0];
	o->io_fd = io[0];
	h->guest_ctl = ctl[1];
	h->guest_io = io[1];
	assert_ok(cof_session_new(&h->s, h->base, o, &err));
}

static void host_init(host *h)
{
	*h = (host){.base = event_base_new(), .guest_ctl = -1, .guest_io = -1};
	assert_non_null(h->base);
	assert_int_equal(pipe2(h->out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(h->in, O_CLOEXEC), 0);
}

static void on_too_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(arg);
}

/* Runs until the session ended; it must, within ms. */
static void host_run(host *h, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
	struct event *late = event_new(h->base, -1, 0, on_too_late, h->base);
	(void)event_add(late, &tv);
	(void)event_base_dispatch(h->base);
	event_free(late);
	if (h->ends != 1)
		fail_msg("the session ended %d times in %d ms", h->ends, ms);
}

static void host_close(host *h)
{
	if (h->s != NULL)
		cof_session_free(cof_steal(&h->s));
	for (int i = 0; i < 2; i++) {
		cof_fd_close(&h->out[i]);
		cof_fd_close(&h->in[i]);
	}
	event_base_free(h->base);
}

static void host_expect_output(host *h, const char *want)
{
	COF_AUTO(cof_buf) got = {0};
	cof_fd_close(&h->out[1]);
	assert_ok(cof_fd_read_all(h->out[0], 1 << 20, &got, &err));
	assert_string_equal(cof_buf_str(&got), want);
}

/* --- vsock: a listener stands for the guest's port --- */

typedef struct vsock_guest {
	char path[64];
	int listener; /* negative: nobody listens yet */
	int dials, dials_before;
	cof_class fails; /* how the socket itself fails */
} vsock_guest;

static void vsock_listen(vsock_guest *v)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	memcpy(a.sun_path, v->path, sizeof v->path);
	v->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(v->listener, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(v->listener, 4), 0);
}

/* The guest comes up after dials_before attempts. */
static int vsock_dial(void *arg, cof_err *err)
{
	vsock_guest *v = arg;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (v->fails != COF_OK)
		return cof_err_set(err, v->fails, "socket-failed", "no such sockets");
	if (v->dials++ == v->dials_before)
		vsock_listen(v);
	memcpy(a.sun_path, v->path, sizeof v->path);
	COF_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "not yet");
	return cof_steal_fd(&fd);
}

static void vsock_init(vsock_guest *v, int dials_before)
{
	*v = (vsock_guest){.listener = -1, .dials_before = dials_before};
	(void)snprintf(v->path, sizeof v->path, "/tmp/coffer-session-%d", (int)getpid());
	(void)unlink(v->path);
}

static void vsock_release(vsock_guest *v)
{
	cof_fd_close(&v->listener);
	(void)unlink(v->path);
}

/* A whole run against this guest. */
static void run_against(host *h, peer *p, int silence_ms)
{
	cof_session_opts o = options(h, silence_ms);
	host_open(h, &o);
	peer_open(p, h->base, h->guest_ctl, h->guest_io);
	host_run(h, 8000);
}

static void fails_with(const peer_answer *answers, const char *reason)
{
	host h;
	peer p = {.answers = answers};
	host_init(&h);
	run_against(&h, &p, 1000);
	assert_false(h.ok);
	assert_string_equal(h.why.reason, reason);
	peer_close(&p);
	host_close(&h);
}

/* --- an honest guest --- */

static void a_whole_run_in_order(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .payload = "\x08\x07", .payload_len = 2}, {0}};
	host h;
	peer p = {.answers = answers,
		  .output = "hello from the guest\n",
		  .state = "{\"phase\":\"running\",\"phases_ms\":{\"kernel\":5}}"};
	host_init(&h);
	cof_session_opts o = options(&h, 2000);
	static const char *const hosts[] = {"10.0.2.2 kbs.coffer.test", NULL};
	o.hosts = hosts;
	host_open(&h, &o);
	peer_open(&p, h.base, h.guest_ctl, h.guest_io);
	host_run(&h, 8000);
	assert_true(h.ok);
	assert_int_equal(h.code, 7);
	assert_int_equal(h.readies, 1);
	assert_int_equal(h.starts, 1);
	assert_true(h.states > 0);
	assert_string_equal(h.phase, "running");
	assert_string_equal(p.log, "Check SetHosts UpdateInterface UpdateRoutes CreateSandbox CreateContainer "
				   "StartContainer WaitProcess RemoveContainer DestroySandbox ");
	host_expect_output(&h, "hello from the guest\n");
	peer_close(&p);
	host_close(&h);
}

typedef struct late_guest {
	peer p;
	vsock_guest v;
	struct event *tick;
} late_guest;

/* Serves both connections once they came, plain as the agent does on vsock: the first was dialled for control. */
static void accept_both(evutil_socket_t fd, short what, void *arg)
{
	late_guest *g = arg;
	const cof_ttrpc_opts o = {.serve = peer_serve, .arg = &g->p};
	cof_ttrpc **const to[] = {&g->p.ctl, &g->p.io};
	(void)fd;
	(void)what;
	for (size_t i = 0; i < COF_COUNT(to) && g->v.listener >= 0; i++) {
		int fd_of_host = *to[i] == NULL ? accept4(g->v.listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd_of_host >= 0)
			assert_ok(cof_ttrpc_new(to[i], g->p.base, fd_of_host, &o, &err));
	}
}

static void a_whole_run_over_vsock(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .payload = "\x08\x07", .payload_len = 2}, {0}};
	static const struct timeval often = {.tv_usec = 10000};
	host h;
	late_guest g = {.p = {.answers = answers, .output = "hello by vsock\n"}};
	host_init(&h);
	vsock_init(&g.v, 4); /* nobody listens at first */
	g.p.base = h.base;
	g.tick = event_new(h.base, -1, EV_PERSIST, accept_both, &g);
	assert_int_equal(event_add(g.tick, &often), 0);
	cof_session_opts o = options(&h, 3000);
	o.ctl_fd = o.io_fd = -1;
	o.dial = vsock_dial;
	o.dial_arg = &g.v;
	assert_ok(cof_session_new(&h.s, h.base, &o, &err));
	host_run(&h, 8000);
	assert_true(h.ok);
	assert_int_equal(h.code, 7);
	assert_int_equal(h.readies, 1);
	assert_true(g.v.dials >= 6);
	assert_string_equal(g.p.log, "Check UpdateInterface UpdateRoutes CreateSandbox CreateContainer StartContainer "
				     "WaitProcess RemoveContainer DestroySandbox ");
	host_expect_output(&h, "hello by vsock\n");
	event_free(g.tick);
	peer_close(&g.p);
	vsock_release(&g.v);
	host_close(&h);
}

static void nobody_by_vsock(int silence_ms, cof_class fails, bool listens, const char *reason)
{
	host h;
	vsock_guest v;
	host_init(&h);
	vsock_init(&v, listens ? 0 : 1 << 20);
	v.fails = fails;
	cof_session_opts o = options(&h, silence_ms);
	o.dial = vsock_dial;
	o.dial_arg = &v;
	assert_ok(cof_session_new(&h.s, h.base, &o, &err));
	host_run(&h, 4000);
	assert_false(h.ok);
	assert_string_equal(h.why.reason, reason);
	assert_int_equal(h.readies, 0);
	vsock_release(&v);
	host_close(&h);
}

static void t087_a_guest_that_never_listens_is_silent(void **state)
{
	(void)state;
	nobody_by_vsock(400, COF_OK, false, "agent-silent");
	nobody_by_vsock(400, COF_OK, true, "agent-silent"); /* or listens and says nothing */
	nobody_by_vsock(3000, COF_E_IO, false, "socket-failed");
}

static void stdin_goes_in_and_ends(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .silent = true}, {0}};
	host h;
	peer p = {.answers = answers};
	host_init(&h);
	cof_session_opts o = options(&h, 8000);
	o.stdin_fd = h.in[0];
	assert_int_equal(write(h.in[1], "some input", 10), 10);
	cof_fd_close(&h.in[1]);
	host_open(&h, &o);
	peer_open(&p, h.base, h.guest_ctl, h.guest_io);
	struct timeval tv = {1, 0};
	(void)event_base_loopexit(h.base, &tv);
	(void)event_base_dispatch(h.base);
	assert_string_equal(cof_buf_str(&p.input), "some input<end>");
	assert_int_equal(h.ends, 0);
	peer_close(&p);
	host_close(&h);
}

static void signals_reach_the_workload(void **state)
{
	(void)state;
	static const peer_answer answers[] = {
		{.method = "SignalProcess", .code = COF_RPC_PERMISSION_DENIED, .text = "policy-denied: signal 2"},
		{.method = "WaitProcess", .silent = true},
		{0}};
	host h;
	peer p = {.answers = answers};
	host_init(&h);
	h.signal_at_start = SIGINT;
	cof_session_opts o = options(&h, 1000);
	host_open(&h, &o);
	assert_false(cof_session_signal(h.s, SIGINT, on_denied)); /* nothing runs yet */
	peer_open(&p, h.base, h.guest_ctl, h.guest_io);
	struct timeval tv = {1, 0};
	(void)event_base_loopexit(h.base, &tv);
	(void)event_base_dispatch(h.base);
	assert_non_null(strstr(p.log, "SignalProcess "));
	assert_int_equal(h.denials, 1);
	peer_close(&p);
	host_close(&h);
}

static void a_denied_stream_is_not_a_failure(void **state)
{
	(void)state;
	static const peer_answer answers[] = {
		{.method = "ReadStdout", .code = COF_RPC_PERMISSION_DENIED, .text = "policy-denied: stdout"},
		{.method = "WaitProcess", .payload = "\x08\x03", .payload_len = 2},
		{0}};
	host h;
	peer p = {.answers = answers};
	host_init(&h);
	run_against(&h, &p, 2000);
	assert_true(h.ok);
	assert_int_equal(h.code, 3);
	peer_close(&p);
	host_close(&h);
}

/* --- refusals and failures keep their reasons --- */

static void reasons_come_through(void **state)
{
	(void)state;
	static const peer_answer denied[] = {{.method = "CreateContainer",
					      .code = COF_RPC_PERMISSION_DENIED,
					      .text = "policy-denied: the policy names no such image"},
					     {0}};
	static const peer_answer pcr[] = {
		{.method = "CreateContainer", .code = COF_RPC_PERMISSION_DENIED, .text = "pcr-mismatch: PCR 9"}, {0}};
	static const peer_answer vague[] = {{.method = "CreateSandbox", .code = COF_RPC_INTERNAL, .text = "oops"}, {0}};
	fails_with(denied, "policy-denied");
	fails_with(pcr, "pcr-mismatch");
	fails_with(vague, "agent-error");
}

static void the_guests_account_is_fetched_before_the_end(void **state)
{
	(void)state;
	static const peer_answer answers[] = {
		{.method = "CreateContainer", .code = COF_RPC_PERMISSION_DENIED, .text = "pcr-mismatch: PCR 9"}, {0}};
	host h;
	peer p = {.answers = answers, .state = "{\"phase\":\"failed\",\"reason\":\"pcr-mismatch\"}"};
	host_init(&h);
	run_against(&h, &p, 1000);
	assert_string_equal(h.phase, "failed");
	assert_non_null(strstr(p.log, "DestroySandbox "));
	peer_close(&p);
	host_close(&h);
}

/* --- a hostile guest --- */

static void t087_silence_is_an_error_in_bounded_time(void **state)
{
	(void)state;
	static const char *const methods[] = {"Check", "UpdateInterface", "CreateSandbox", "CreateContainer",
					      "StartContainer"};
	host h;
	host_init(&h); /* no guest at all */
	cof_session_opts o = options(&h, 300);
	host_open(&h, &o);
	host_run(&h, 3000);
	assert_string_equal(h.why.reason, "agent-silent");
	cof_fd_close(&h.guest_ctl);
	cof_fd_close(&h.guest_io);
	host_close(&h);
	for (size_t i = 0; i < COF_COUNT(methods); i++) {
		const peer_answer answers[] = {
			{.method = methods[i], .silent = true}, {.method = "Watch", .silent = true}, {0}};
		fails_with(answers, "agent-silent");
	}
}

static void t087_an_agent_that_stops_under_the_workload(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .silent = true},
					      {.method = "ReadStdout", .silent = true},
					      {.method = "ReadStderr", .silent = true},
					      {.method = "Watch", .silent = true},
					      {0}};
	fails_with(answers, "agent-silent");
}

static void t087_signs_of_life_do_not_extend_a_boot_for_ever(void **state)
{
	(void)state;
	host h;
	host_init(&h);
	cof_session_opts o = options(&h, 1500);
	o.boot_ms = 400;
	host_open(&h, &o);
	cof_session_progress(h.s);
	host_run(&h, 3000);
	assert_string_equal(h.why.reason, "agent-silent");
	cof_fd_close(&h.guest_ctl);
	cof_fd_close(&h.guest_io);
	host_close(&h);
}

static void t046_a_port_that_ends(void **state)
{
	(void)state;
	static const char *const methods[] = {"Check", "CreateSandbox", "CreateContainer", "StartContainer",
					      "WaitProcess"};
	for (size_t i = 0; i < COF_COUNT(methods); i++) {
		host h;
		const peer_answer answers[] = {{.method = methods[i], .close = true}, {0}};
		peer p = {.answers = answers};
		host_init(&h);
		run_against(&h, &p, 2000);
		assert_false(h.ok);
		assert_int_equal(h.why.cls, COF_E_UNAVAILABLE);
		peer_close(&p);
		host_close(&h);
	}
}

/* The raw end of a port: bytes before, instead of and after the hello. */
static void raw_guest(cof_span first, cof_span after_hello, bool echo, const char *reason)
{
	host h;
	uint8_t hello[COF_HELLO_LEN];
	host_init(&h);
	cof_session_opts o = options(&h, 600);
	host_open(&h, &o);
	assert_ok(cof_fd_write_all(h.guest_ctl, first, &err));
	assert_ok(cof_fd_read_exact(h.guest_ctl, hello, 0, &err));
	struct timeval soon = {0, 50000};
	(void)event_base_loopexit(h.base, &soon);
	(void)event_base_dispatch(h.base);
	int const fds[] = {h.guest_ctl, h.guest_io};
	for (size_t i = 0; echo && i < 2; i++) {
		assert_ok(cof_fd_read_exact(fds[i], hello, sizeof hello, &err));
		assert_ok(cof_fd_write_all(fds[i], cof_span_of(hello, sizeof hello), &err));
	}
	assert_ok(cof_fd_write_all(h.guest_ctl, after_hello, &err));
	host_run(&h, 4000);
	assert_false(h.ok);
	if (reason != NULL)
		assert_string_equal(h.why.reason, reason);
	cof_fd_close(&h.guest_ctl);
	cof_fd_close(&h.guest_io);
	host_close(&h);
}

static void t046_garbage_before_the_hello_is_dropped(void **state)
{
	(void)state;
	uint8_t garbage[10000];
	for (size_t i = 0; i < sizeof garbage; i++)
		garbage[i] = (uint8_t)(i * 37 + 11);
	/* nothing but garbage: silence; somebody else's hello: not ours */
	raw_guest(cof_span_of(garbage, sizeof garbage), (cof_span){0}, false, "agent-silent");
	raw_guest(cof_span_str(COF_HELLO_MAGIC "0123456789abcdef"), (cof_span){0}, false, "agent-silent");
}

static void t046_broken_frames_end_the_run(void **state)
{
	(void)state;
	/* length, stream, type, flags */
	static const uint8_t giant[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 2, 0};
	static const uint8_t over[] = {0, 1, 0, 1, 0, 0, 0, 1, 2, 0};
	static const uint8_t never_asked[] = {0, 0, 0, 0, 0, 0, 0x7f, 0xff, 2, 0};
	static const uint8_t even[] = {0, 0, 0, 0, 0, 0, 0, 2, 2, 0};
	static const uint8_t request_to_a_client[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0};
	static const uint8_t broken_body[] = {0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0xff, 0xff};
	const cof_span all[] = {{giant, sizeof giant},
				{over, sizeof over},
				{never_asked, sizeof never_asked},
				{even, sizeof even},
				{request_to_a_client, sizeof request_to_a_client},
				{broken_body, sizeof broken_body}};
	for (size_t i = 0; i < COF_COUNT(all); i++)
		raw_guest((cof_span){0}, all[i], true, NULL);
}

static void t047_answers_that_are_no_messages(void **state)
{
	(void)state;
	static const peer_answer truncated[] = {{.method = "WaitProcess", .payload = "\x08", .payload_len = 1}, {0}};
	static const peer_answer huge_code[] = {
		{.method = "WaitProcess", .payload = "\x08\xff\xff\xff\xff\x07", .payload_len = 6}, {0}};
	static const peer_answer negative[] = {
		{.method = "WaitProcess", .payload = "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", .payload_len = 11},
		{0}};
	static const peer_answer output[] = {{.method = "ReadStdout", .payload = "\x0a\x05x", .payload_len = 3},
					     {.method = "WaitProcess", .silent = true},
					     {0}};
	fails_with(truncated, "agent-answer-malformed");
	fails_with(huge_code, "agent-answer-malformed");
	fails_with(negative, "agent-answer-malformed");
	fails_with(output, "agent-answer-malformed");
}

static void t087_more_output_than_asked_for(void **state)
{
	(void)state;
	static char payload[(40 << 10) + 4];
	payload[0] = 0x0a; /* field 1, 40 KiB */
	payload[1] = (char)0x80;
	payload[2] = (char)0xc0;
	payload[3] = 0x02;
	const peer_answer answers[] = {{.method = "ReadStdout", .payload = payload, .payload_len = sizeof payload},
				       {.method = "WaitProcess", .silent = true},
				       {0}};
	fails_with(answers, "agent-answer-malformed");
}

/* Nobody reads our stdout: the guest must be held back, and our memory stay as it is. */
static void t086_endless_output_without_a_reader(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .silent = true}, {0}};
	host h;
	peer p = {.answers = answers, .endless = true};
	host_init(&h);
	cof_session_opts o = options(&h, 5000);
	host_open(&h, &o);
	peer_open(&p, h.base, h.guest_ctl, h.guest_io);
	struct timeval tv = {0, 500000};
	(void)event_base_loopexit(h.base, &tv);
	(void)event_base_dispatch(h.base);
	assert_int_equal(h.ends, 0);
	assert_true(p.reads >= 1 && p.reads < 8); /* a pipe's worth, and no more */
	peer_close(&p);
	host_close(&h);
}

static void t086_a_reader_that_went_away(void **state)
{
	(void)state;
	static const peer_answer answers[] = {{.method = "WaitProcess", .payload = "\x08\x05", .payload_len = 2}, {0}};
	host h;
	peer p = {.answers = answers, .output = "nobody reads this"};
	host_init(&h);
	(void)signal(SIGPIPE, SIG_IGN);
	cof_fd_close(&h.out[0]);
	run_against(&h, &p, 2000);
	assert_true(h.ok);
	assert_int_equal(h.code, 5);
	peer_close(&p);
	host_close(&h);
}

static void t087_hostile_states_are_ignored(void **state)
{
	(void)state;
	static char big[70000];
	memset(big, '[', sizeof big - 1);
	static const char *const states[] = {
		"", "null", "{", "[]", "{\"phase\":1}", "{\"phases_ms\":{\"kernel\":-1}}", "{\"phase\":\"\\u001b[2J\"}",
		big};
	static const peer_answer answers[] = {{.method = "WaitProcess", .payload = "\x08\x01", .payload_len = 2}, {0}};
	for (size_t i = 0; i < COF_COUNT(states); i++) {
		host h;
		peer p = {.answers = answers, .state = states[i]};
		host_init(&h);
		run_against(&h, &p, 2000);
		assert_true(h.ok || i == COF_COUNT(states) - 1);
		assert_int_equal(h.states, 0);
		peer_close(&p);
		host_close(&h);
	}
}

static void freeing_at_any_moment_is_safe(void **state)
{
	(void)state;
	for (int steps = 0; steps < 40; steps++) {
		static const peer_answer answers[] = {{.method = "WaitProcess", .silent = true}, {0}};
		host h;
		peer p = {.answers = answers, .output = "x", .state = "{\"phase\":\"running\"}"};
		host_init(&h);
		cof_session_opts o = options(&h, 5000);
		host_open(&h, &o);
		peer_open(&p, h.base, h.guest_ctl, h.guest_io);
		for (int i = 0; i < steps; i++)
			(void)event_base_loop(h.base, EVLOOP_NONBLOCK);
		cof_session_free(cof_steal(&h.s));
		peer_close(&p);
		host_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_run_in_order),
		cmocka_unit_test(a_whole_run_over_vsock),
		cmocka_unit_test(t087_a_guest_that_never_listens_is_silent),
		cmocka_unit_test(stdin_goes_in_and_ends),
		cmocka_unit_test(signals_reach_the_workload),
		cmocka_unit_test(a_denied_stream_is_not_a_failure),
		cmocka_unit_test(reasons_come_through),
		cmocka_unit_test(the_guests_account_is_fetched_before_the_end),
		cmocka_unit_test(t087_silence_is_an_error_in_bounded_time),
		cmocka_unit_test(t087_an_agent_that_stops_under_the_workload),
		cmocka_unit_test(t087_signs_of_life_do_not_extend_a_boot_for_ever),
		cmocka_unit_test(t046_a_port_that_ends),
		cmocka_unit_test(t046_garbage_before_the_hello_is_dropped),
		cmocka_unit_test(t046_broken_frames_end_the_run),
		cmocka_unit_test(t047_answers_that_are_no_messages),
		cmocka_unit_test(t087_more_output_than_asked_for),
		cmocka_unit_test(t086_endless_output_without_a_reader),
		cmocka_unit_test(t086_a_reader_that_went_away),
		cmocka_unit_test(t087_hostile_states_are_ignored),
		cmocka_unit_test(freeing_at_any_moment_is_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
