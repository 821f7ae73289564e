/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/session_int.h"

#include "runtime/vm/calls.h"

enum {
	LAST_WATCH_MS = 2000, /* for the guest's account of a failure */
	BYE_MS = 5000,	      /* for DestroySandbox */
};

void cof_session_end(cof_session *s)
{
	if (s->ended)
		return;
	s->ended = true;
	(void)event_del(s->tick);
	(void)event_del(s->drain);
	(void)event_del(s->pace);
	s->o.ended(s->o.arg, s->exit_code, s->why.cls != COF_OK ? &s->why : NULL);
}

int cof_session_call(cof_session *s, const char *service, const char *method, const cof_buf *payload, int ms,
		     cof_ttrpc_reply reply)
{
	return cof_ttrpc_send(s->ctl, service, method, cof_buf_span(payload), ms, reply, s, NULL);
}

static void said_bye(void *arg, int code, const char *message, cof_span payload)
{
	(void)code;
	(void)message;
	(void)payload;
	cof_session_end(arg);
}

void cof_session_bye(cof_session *s)
{
	COF_AUTO(cof_buf) none = {0};
	if (s->ended)
		return;
	if (cof_session_call(s, COF_SERVICE_AGENT, "DestroySandbox", &none, BYE_MS, said_bye) < 0)
		cof_session_end(s);
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
	cof_session_bye(s);
}

void cof_session_fail(cof_session *s, const cof_err *why)
{
	COF_AUTO(cof_buf) payload = {0};
	if (s->ended || s->why.cls != COF_OK)
		return;
	s->why = *why;
	if (cof_call_watch(0, &payload, NULL) < 0 ||
	    cof_session_call(s, COF_SERVICE_GUEST, "Watch", &payload, LAST_WATCH_MS, last_watch) < 0)
		cof_session_end(s);
}

static void watched(void *arg, int code, const char *message, cof_span payload)
{
	static const struct timeval pace = {0, 50000};
	cof_session *s = arg;
	uint64_t before = s->seq;
	(void)message;
	if (s->ended || code != COF_RPC_OK)
		return; /* an agent without Watch is served all the same */
	take_state(s, payload);
	if (s->seq <= before)
		return; /* answers that bring nothing new would come for ever */
	cof_session_progress(s);
	(void)event_add(s->pace, &pace);
}

void cof_session_watch(evutil_socket_t fd, short what, void *arg)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_session *s = arg;
	(void)fd;
	(void)what;
	if (!s->ended && cof_call_watch(s->seq, &payload, NULL) == 0)
		(void)cof_session_call(s, COF_SERVICE_GUEST, "Watch", &payload, 0, watched);
}
