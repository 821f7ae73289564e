/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/session_int.h"

#include "runtime/vm/calls.h"

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
	return cof_call_create_container(COF_SESSION_CONTAINER, s->o.image, ret, err);
}

static int build_start(const cof_session *s, cof_buf *ret, cof_err *err)
{
	(void)s;
	return cof_call_container(COF_SESSION_CONTAINER, ret, err);
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
	{COF_SERVICE_HEALTH, "Check", COF_SESSION_CALL_MS, NULL, NULL},
	{COF_SERVICE_GUEST, "SetHosts", COF_SESSION_CALL_MS, build_hosts, with_hosts},
	{COF_SERVICE_AGENT, "UpdateInterface", COF_SESSION_CALL_MS, build_interface, with_network},
	{COF_SERVICE_AGENT, "UpdateRoutes", COF_SESSION_CALL_MS, build_routes, with_network},
	{COF_SERVICE_AGENT, "CreateSandbox", COF_SESSION_CALL_MS, build_sandbox, NULL},
	{COF_SERVICE_AGENT, "CreateContainer", 0, build_container, NULL},
	{COF_SERVICE_AGENT, "StartContainer", COF_SESSION_CALL_MS, build_start, NULL},
};

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
		cof_session_fail(s, &err);
		return;
	}
	if (s->step == 0) {
		s->serving = true;
		if (s->o.ready != NULL)
			s->o.ready(s->o.arg);
		cof_session_watch(-1, 0, s);
	}
	s->step++;
	cof_session_step(s);
}

void cof_session_step(cof_session *s)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_err err = {0};
	while (s->step < COF_COUNT(steps) && steps[s->step].wanted != NULL && !steps[s->step].wanted(s))
		s->step++;
	if (s->step >= COF_COUNT(steps)) {
		cof_session_work(s);
		return;
	}
	const struct step *t = &steps[s->step];
	int r = t->build != NULL ? t->build(s, &payload, &err) : 0;
	if (r == 0)
		r = cof_ttrpc_send(s->ctl, t->service, t->method, cof_buf_span(&payload), t->ms, step_done, s, &err);
	if (r < 0)
		cof_session_fail(s, &err);
}
