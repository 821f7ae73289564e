/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/session_int.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/vm/calls.h"

enum {
	PING_MS = 5000, /* without any other sign of life */
	SILENCE_MS = 120000,
	BOOT_MS = 600000,
};

int64_t cof_session_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cof_session_progress(cof_session *s)
{
	s->last_sign = cof_session_now();
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
	cof_session_end(s);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	COF_AUTO(cof_buf) none = {0};
	cof_session *s = arg;
	int64_t now = cof_session_now();
	int limit = s->o.silence_ms > 0 ? s->o.silence_ms : SILENCE_MS;
	(void)fd;
	(void)what;
	if (now - s->last_sign > limit) {
		silent(s,
		       s->serving ? "the agent stopped answering" : "the guest booted to no agent, and says nothing");
	} else if (!s->serving && now > s->boot_until) {
		silent(s, "the guest did not bring up its agent in time");
	} else if (s->serving && !s->pinging && now - s->last_sign > PING_MS) {
		s->pinging = true;
		(void)cof_session_call(s, COF_SERVICE_HEALTH, "Check", &none, 0, pinged);
	}
}

/* --- connections --- */

static void maybe_begin(cof_session *s)
{
	cof_session_progress(s);
	if (s->ctl_ready && s->io_ready && s->step == 0 && !s->serving)
		cof_session_step(s);
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

/* Either connection's end is the guest's end for us. After the workload's exit code came, it only cuts the farewell
 * short. */
static void closed(void *arg, const cof_err *why)
{
	cof_session *s = arg;
	if (s->why.cls == COF_OK && !s->exited)
		s->why = *why;
	cof_session_end(s);
}

static int connect_port(cof_session *s, int fd, void (*ready)(void *), cof_ttrpc **ret, cof_err *err)
{
	bool serial = s->o.dial == NULL;
	const cof_ttrpc_opts o = {.hello = serial ? COF_HELLO_SEND : COF_HELLO_NONE,
				  .frame_max = serial ? COF_TTRPC_SERIAL_CHUNK : 0,
				  .ready = ready,
				  .closed = closed,
				  .arg = s};
	return cof_ttrpc_new(ret, s->base, fd, &o, err);
}

/* --- vsock --- */

static void dialed(cof_session *s, int fd, const cof_err *why, void (*ready)(void *), cof_ttrpc **ret)
{
	COF_AUTO_FD int owned = fd;
	cof_err err = {0};
	if (s->ended)
		return;
	if (why == NULL && connect_port(s, owned, ready, ret, &err) == 0) {
		(void)cof_steal_fd(&owned);
		return;
	}
	s->why = why != NULL ? *why : err;
	cof_session_end(s);
}

static void ctl_dialed(void *arg, int fd, const cof_err *why)
{
	cof_session *s = arg;
	dialed(s, fd, why, ctl_ready, &s->ctl);
}

static void io_dialed(void *arg, int fd, const cof_err *why)
{
	cof_session *s = arg;
	dialed(s, fd, why, io_ready, &s->io);
}

static int connect_both(cof_session *s, cof_err *err)
{
	cof_dialer_opts o = {.dial = s->o.dial, .dial_arg = s->o.dial_arg, .done = ctl_dialed, .arg = s};
	if (s->o.dial == NULL) {
		int r = connect_port(s, s->o.ctl_fd, ctl_ready, &s->ctl, err);
		return r < 0 ? r : connect_port(s, s->o.io_fd, io_ready, &s->io, err);
	}
	int r = cof_dialer_new(&s->ctl_dialer, s->base, &o, err);
	o.done = io_dialed;
	return r < 0 ? r : cof_dialer_new(&s->io_dialer, s->base, &o, err);
}

static int make_timers(cof_session *s, cof_err *err)
{
	static const struct timeval second = {1, 0};
	static const struct timeval often = {0, 50000};
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->drain = event_new(s->base, -1, 0, cof_session_drain_over, s);
	s->pace = event_new(s->base, -1, 0, cof_session_watch, s);
	bool fast = s->o.silence_ms > 0 && s->o.silence_ms < 2000;
	if (s->tick == NULL || s->drain == NULL || s->pace == NULL || event_add(s->tick, fast ? &often : &second) < 0)
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
	s->last_sign = cof_session_now();
	s->boot_until = s->last_sign + (opts->boot_ms > 0 ? opts->boot_ms : BOOT_MS);
	int r = make_timers(s, err);
	if (r == 0)
		r = connect_both(s, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&s);
	return 0;
}

void cof_session_free(cof_session *s)
{
	s->ended = true; /* late answers go nowhere */
	if (s->ctl_dialer != NULL)
		cof_dialer_free(s->ctl_dialer);
	if (s->io_dialer != NULL)
		cof_dialer_free(s->io_dialer);
	if (s->ctl != NULL)
		cof_ttrpc_free(s->ctl);
	if (s->io != NULL)
		cof_ttrpc_free(s->io);
	for (size_t i = 0; i < COF_SESSION_PUMPS; i++)
		if (s->pumps[i] != NULL)
			cof_pump_free(s->pumps[i]);
	struct event *const timers[] = {s->tick, s->drain, s->pace};
	for (size_t i = 0; i < COF_COUNT(timers); i++)
		if (timers[i] != NULL)
			event_free(timers[i]);
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
	if (!s->running || s->ended || cof_call_signal(COF_SESSION_CONTAINER, sig, &payload, NULL) < 0)
		return false;
	s->denied = denied;
	return cof_ttrpc_send(s->ctl, COF_SERVICE_AGENT, "SignalProcess", cof_buf_span(&payload), COF_SESSION_CALL_MS,
			      signalled, s, NULL) == 0;
}
