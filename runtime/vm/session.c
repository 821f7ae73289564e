/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/session.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/vm/calls.h"
#include "runtime/vm/pump.h"

enum {
	CALL_MS = 60000,      /* of a call that only sets something up; TCG on a busy machine is slow */
	PING_MS = 10000,      /* between health checks */
	DRAIN_MS = 30000,     /* for the rest of the output after the workload's end */
	LAST_WATCH_MS = 2000, /* for the guest's account of a failure */
	BYE_MS = 5000,	      /* for DestroySandbox */
	SILENCE_MS = 120000,
	BOOT_MS = 600000,
	N_PUMPS = 3,
};

#define CONTAINER "workload"

struct cof_session {
	struct event_base *base;
	cof_session_opts o;
	cof_ttrpc *ctl, *io;
	bool ctl_ready, io_ready;
	size_t step; /* next in steps[] */
	bool serving, running, exited, ended;
	int exit_code;
	cof_err why; /* reason set: the run failed */
	uint64_t seq;
	int64_t last_sign, boot_until;
	bool pinging;
	struct event *tick, *drain;
	cof_pump *pumps[N_PUMPS];
	int open_outputs;
	void (*denied)(void *arg, const cof_err *why);
};

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cof_session_progress(cof_session *s)
{
	s->last_sign = now_ms();
}

/* --- the end --- */

static void end(cof_session *s)
{
	if (s->ended)
		return;
	s->ended = true;
	(void)event_del(s->tick);
	(void)event_del(s->drain);
	s->o.ended(s->o.arg, s->exit_code, s->why.cls != COF_OK ? &s->why : NULL);
}

static int call(cof_session *s, const char *service, const char *method, const cof_buf *payload, int ms,
		cof_ttrpc_reply reply)
{
	cof_err err = {0};
	int r = cof_ttrpc_send(s->ctl, service, method, cof_buf_span(payload), ms, reply, s, &err);
	if (r < 0 && s->why.cls == COF_OK)
		s->why = err;
	return r;
}

static void said_bye(void *arg, int code, const char *message, cof_span payload)
{
	(void)code;
	(void)message;
	(void)payload;
	end(arg);
}

static void bye(cof_session *s)
{
	COF_AUTO(cof_buf) none = {0};
	if (s->ended)
		return;
	if (call(s, COF_SERVICE_AGENT, "DestroySandbox", &none, BYE_MS, said_bye) < 0)
		end(s);
}

/* --- progress reports --- */

static void take_state(cof_session *s, cof_span payload)
{
	COF_AUTO(cof_state) state = {0};
	COF_AUTO(cof_buf) json = {0};
	uint64_t seq = 0;
	if (cof_answer_watch(payload, &seq, &json, NULL) < 0 || cof_state_parse(cof_buf_span(&json), &state, NULL) < 0)
		return; /* an account that makes no sense is no account */
	s->seq = seq;
	if (s->o.state != NULL)
		s->o.state(s->o.arg, &state);
}

static void last_watch(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	(void)message;
	if (s->ended)
		return;
	if (code == COF_RPC_OK)
		take_state(s, payload);
	bye(s);
}

/* The first failure counts. The guest's own account (which PCR, which event) is fetched before the end. */
static void fail(cof_session *s, const cof_err *why)
{
	COF_AUTO(cof_buf) payload = {0};
	if (s->ended || s->why.cls != COF_OK)
		return;
	s->why = *why;
	if (cof_call_watch(0, &payload, NULL) < 0 ||
	    call(s, COF_SERVICE_GUEST, "Watch", &payload, LAST_WATCH_MS, last_watch) < 0)
		end(s);
}

static void watch(cof_session *s);

static void watched(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	uint64_t before = s->seq;
	(void)message;
	if (s->ended || code != COF_RPC_OK)
		return; /* an agent without Watch is served all the same */
	take_state(s, payload);
	if (s->seq <= before)
		return; /* answers that bring nothing new would come for ever */
	cof_session_progress(s);
	watch(s);
}

static void watch(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	if (cof_call_watch(s->seq, &payload, NULL) == 0)
		(void)call(s, COF_SERVICE_GUEST, "Watch", &payload, 0, watched);
}

/* --- after the workload --- */

static void removed(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	(void)code;
	(void)message;
	(void)payload;
	bye(s);
}

static void clean_up(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	(void)event_del(s->drain);
	if (s->ended || s->why.cls != COF_OK)
		return;
	if (cof_call_container(CONTAINER, &payload, NULL) < 0 ||
	    call(s, COF_SERVICE_AGENT, "RemoveContainer", &payload, CALL_MS, removed) < 0)
		bye(s);
}

static void output_done(void *arg, const cof_err *why)
{
	cof_session *s = arg;
	if (s->ended)
		return;
	/* A policy that denies a stream is the owner's wish: the run goes on without it. */
	if (why != NULL && why->cls != COF_E_POLICY) {
		fail(s, why);
		return;
	}
	s->open_outputs--;
	if (s->exited && s->open_outputs == 0)
		clean_up(s);
}

static void input_done(void *arg, const cof_err *why)
{
	(void)arg;
	(void)why; /* a workload that reads no more is not a failure */
}

static void drain_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	clean_up(arg);
}

static void exited(void *arg, int code, const char *message, cof_span payload)
{
	static const struct timeval drain_time = {DRAIN_MS / 1000, 0};
	cof_session *s = arg;
	cof_err err = {0};
	if (s->ended)
		return;
	int r = code == COF_RPC_OK ? cof_answer_wait(payload, &s->exit_code, &err)
				   : cof_answer_error(code, message, &err);
	if (r < 0) {
		fail(s, &err);
		return;
	}
	s->exited = true;
	s->running = false;
	if (s->open_outputs == 0 || event_add(s->drain, &drain_time) < 0)
		clean_up(s);
}

static int start_pumps(cof_session *s, cof_err *err)
{
	cof_pump_opts o = {.base = s->base, .io = s->io, .container = CONTAINER, .arg = s, .done = output_done};
	s->open_outputs = 2;
	o.method = "ReadStdout";
	o.fd = s->o.stdout_fd;
	int r = cof_pump_out(&s->pumps[0], &o, err);
	o.method = "ReadStderr";
	o.fd = s->o.stderr_fd;
	if (r == 0)
		r = cof_pump_out(&s->pumps[1], &o, err);
	o.method = "WriteStdin";
	o.fd = s->o.stdin_fd;
	o.done = input_done;
	if (r == 0 && s->o.stdin_fd >= 0)
		r = cof_pump_in(&s->pumps[2], &o, err);
	return r;
}

static void start_workload(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_err err = {0};
	s->running = true;
	int r = cof_call_container(CONTAINER, &payload, &err);
	if (r == 0)
		r = cof_ttrpc_send(s->ctl, COF_SERVICE_AGENT, "WaitProcess", cof_buf_span(&payload), 0, exited, s,
				   &err);
	if (r == 0)
		r = start_pumps(s, &err);
	if (r < 0)
		fail(s, &err);
	else if (s->o.started != NULL)
		s->o.started(s->o.arg);
}

/* --- the way up, step by step --- */

static int build_hosts(const cof_session *s, cof_buf *ret, cof_err *err)
{
	return cof_call_set_hosts(s->o.hosts, ret, err);
}

static int build_interface(const cof_session *s, cof_buf *ret, cof_err *err)
{
	(void)s;
	return cof_call_interface(ret, err);
}

static int build_routes(const cof_session *s, cof_buf *ret, cof_err *err)
{
	(void)s;
	return cof_call_routes(ret, err);
}

static int build_sandbox(const cof_session *s, cof_buf *ret, cof_err *err)
{
	(void)s;
	return cof_call_create_sandbox("coffer", ret, err);
}

static int build_container(const cof_session *s, cof_buf *ret, cof_err *err)
{
	return cof_call_create_container(CONTAINER, s->o.image, ret, err);
}

static int build_start(const cof_session *s, cof_buf *ret, cof_err *err)
{
	(void)s;
	return cof_call_container(CONTAINER, ret, err);
}

static bool with_hosts(const cof_session *s)
{
	return s->o.hosts != NULL && s->o.hosts[0] != NULL;
}

static bool with_network(const cof_session *s)
{
	return s->o.network;
}

/* CreateContainer attests and pulls: it has no time limit of its own, only that of silence. */
static const struct step {
	const char *service, *method;
	int ms;
	int (*build)(const cof_session *s, cof_buf *ret, cof_err *err);
	bool (*wanted)(const cof_session *s);
} steps[] = {
	{COF_SERVICE_HEALTH, "Check", CALL_MS, NULL, NULL},
	{COF_SERVICE_GUEST, "SetHosts", CALL_MS, build_hosts, with_hosts},
	{COF_SERVICE_AGENT, "UpdateInterface", CALL_MS, build_interface, with_network},
	{COF_SERVICE_AGENT, "UpdateRoutes", CALL_MS, build_routes, with_network},
	{COF_SERVICE_AGENT, "CreateSandbox", CALL_MS, build_sandbox, NULL},
	{COF_SERVICE_AGENT, "CreateContainer", 0, build_container, NULL},
	{COF_SERVICE_AGENT, "StartContainer", CALL_MS, build_start, NULL},
};

static void next_step(cof_session *s);

static void step_done(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	cof_err err = {0};
	(void)payload;
	if (s->ended || s->why.cls != COF_OK)
		return;
	cof_session_progress(s);
	if (code != COF_RPC_OK) {
		(void)!cof_answer_error(code, message, &err);
		fail(s, &err);
		return;
	}
	if (s->step == 0) {
		s->serving = true;
		if (s->o.ready != NULL)
			s->o.ready(s->o.arg);
		watch(s);
	}
	s->step++;
	next_step(s);
}

static void next_step(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_err err = {0};
	while (s->step < COF_COUNT(steps) && steps[s->step].wanted != NULL && !steps[s->step].wanted(s))
		s->step++;
	if (s->step >= COF_COUNT(steps)) {
		start_workload(s);
		return;
	}
	const struct step *t = &steps[s->step];
	int r = t->build != NULL ? t->build(s, &payload, &err) : 0;
	if (r == 0)
		r = cof_ttrpc_send(s->ctl, t->service, t->method, cof_buf_span(&payload), t->ms, step_done, s, &err);
	if (r < 0)
		fail(s, &err);
}

/* --- silence --- */

static void pinged(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	(void)code;
	(void)message;
	(void)payload;
	s->pinging = false;
	cof_session_progress(s);
}

/* A silent agent is not asked for its last words. */
static void silent(cof_session *s, const char *what)
{
	cof_err err = {0};
	if (s->ended || s->why.cls != COF_OK)
		return;
	(void)!cof_err_set(&err, COF_E_UNAVAILABLE, "agent-silent", "%s", what);
	s->why = err;
	end(s);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	COF_AUTO(cof_buf) none = {0};
	cof_session *s = arg;
	int64_t now = now_ms();
	int limit = s->o.silence_ms > 0 ? s->o.silence_ms : SILENCE_MS;
	(void)fd;
	(void)what;
	if (now - s->last_sign > limit) {
		silent(s,
		       s->serving ? "the agent stopped answering" : "the guest booted to no agent, and says nothing");
	} else if (!s->serving && now > s->boot_until) {
		silent(s, "the guest did not bring up its agent in time");
	} else if (s->serving && !s->pinging && now - s->last_sign > PING_MS / 2) {
		s->pinging = true;
		(void)call(s, COF_SERVICE_HEALTH, "Check", &none, 0, pinged);
	}
}

/* --- connections --- */

static void maybe_begin(cof_session *s)
{
	cof_session_progress(s);
	if (s->ctl_ready && s->io_ready && s->step == 0 && !s->serving)
		next_step(s);
}

static void ctl_ready(void *arg)
{
	cof_session *s = arg;
	if (!s->ctl_ready) {
		s->ctl_ready = true;
		maybe_begin(s);
	}
}

static void io_ready(void *arg)
{
	cof_session *s = arg;
	if (!s->io_ready) {
		s->io_ready = true;
		maybe_begin(s);
	}
}

/* Either port's end is the guest's end for us. After the workload's exit code came, it only cuts the farewell short. */
static void closed(void *arg, const cof_err *why)
{
	cof_session *s = arg;
	if (s->why.cls == COF_OK && !s->exited)
		s->why = *why;
	end(s);
}

static int connect_port(cof_session *s, int fd, void (*ready)(void *), cof_ttrpc **ret, cof_err *err)
{
	const cof_ttrpc_opts o = {.hello = COF_HELLO_SEND,
				  .frame_max = COF_TTRPC_SERIAL_CHUNK,
				  .ready = ready,
				  .closed = closed,
				  .arg = s};
	return cof_ttrpc_new(ret, s->base, fd, &o, err);
}

static int make_timers(cof_session *s, cof_err *err)
{
	static const struct timeval second = {1, 0};
	static const struct timeval often = {0, 50000};
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->drain = event_new(s->base, -1, 0, drain_over, s);
	bool fast = s->o.silence_ms > 0 && s->o.silence_ms < 2000;
	if (s->tick == NULL || s->drain == NULL || event_add(s->tick, fast ? &often : &second) < 0)
		return cof_err_oom(err);
	return 0;
}

int cof_session_new(cof_session **ret, struct event_base *base, const cof_session_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_session) s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	s->base = base;
	s->o = *opts;
	s->last_sign = now_ms();
	s->boot_until = s->last_sign + (opts->boot_ms > 0 ? opts->boot_ms : BOOT_MS);
	int r = make_timers(s, err);
	if (r == 0)
		r = connect_port(s, opts->ctl_fd, ctl_ready, &s->ctl, err);
	if (r == 0)
		r = connect_port(s, opts->io_fd, io_ready, &s->io, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&s);
	return 0;
}

void cof_session_free(cof_session *s)
{
	s->ended = true; /* late answers go nowhere */
	if (s->ctl != NULL)
		cof_ttrpc_free(s->ctl);
	if (s->io != NULL)
		cof_ttrpc_free(s->io);
	for (size_t i = 0; i < N_PUMPS; i++)
		if (s->pumps[i] != NULL)
			cof_pump_free(s->pumps[i]);
	if (s->tick != NULL)
		event_free(s->tick);
	if (s->drain != NULL)
		event_free(s->drain);
	free(s);
}

/* --- signals --- */

static void signalled(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	cof_err err = {0};
	(void)payload;
	if (s->ended || code == COF_RPC_OK || s->denied == NULL)
		return;
	(void)!cof_answer_error(code, message, &err);
	s->denied(s->o.arg, &err);
}

bool cof_session_signal(cof_session *s, int sig, void (*denied)(void *arg, const cof_err *why))
{
	COF_AUTO(cof_buf) payload = {0};
	if (!s->running || s->ended || cof_call_signal(CONTAINER, sig, &payload, NULL) < 0)
		return false;
	s->denied = denied;
	return cof_ttrpc_send(s->ctl, COF_SERVICE_AGENT, "SignalProcess", cof_buf_span(&payload), CALL_MS, signalled, s,
			      NULL) == 0;
}
