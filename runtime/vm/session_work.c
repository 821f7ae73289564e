/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/session_int.h"

#include "runtime/vm/calls.h"

enum { DRAIN_MS = 30000 }; /* for the rest of the output after the workload's end */

static void removed(void *arg, int code, const char *message, cof_span payload)
{
	cof_session *s = arg;
	(void)code;
	(void)message;
	(void)payload;
	cof_session_bye(s);
}

static void clean_up(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	(void)event_del(s->drain);
	if (s->ended || s->why.cls != COF_OK)
		return;
	if (cof_call_container(COF_SESSION_CONTAINER, &payload, NULL) < 0 ||
	    cof_session_call(s, COF_SERVICE_AGENT, "RemoveContainer", &payload, COF_SESSION_CALL_MS, removed) < 0)
		cof_session_bye(s);
}

static void output_done(void *arg, const cof_err *why)
{
	cof_session *s = arg;
	if (s->ended)
		return;
	/* A policy that denies a stream is the owner's wish: the run goes on without it. */
	if (why != NULL && why->cls != COF_E_POLICY) {
		cof_session_fail(s, why);
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

void cof_session_drain_over(evutil_socket_t fd, short what, void *arg)
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
		cof_session_fail(s, &err);
		return;
	}
	s->exited = true;
	s->running = false;
	if (s->open_outputs == 0 || event_add(s->drain, &drain_time) < 0)
		clean_up(s);
}

static int start_pumps(cof_session *s, cof_err *err)
{
	cof_pump_opts o = {
		.base = s->base, .io = s->io, .container = COF_SESSION_CONTAINER, .arg = s, .done = output_done};
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

void cof_session_work(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_err err = {0};
	s->running = true;
	int r = cof_call_container(COF_SESSION_CONTAINER, &payload, &err);
	if (r == 0)
		r = cof_ttrpc_send(s->ctl, COF_SERVICE_AGENT, "WaitProcess", cof_buf_span(&payload), 0, exited, s,
				   &err);
	if (r == 0)
		r = start_pumps(s, &err);
	if (r < 0)
		cof_session_fail(s, &err);
	else if (s->o.started != NULL)
		s->o.started(s->o.arg);
}
