/* SPDX-License-Identifier: Apache-2.0 */
#include "common/pb.h"
#include "common/ttrpc_conn.h"
#include "ttrpc.pb-c.h"

enum { STREAM_LAST = 0xfffffff0u };

/* --- our calls --- */

static void drop_wait(cof_ttrpc_wait *w)
{
	LIST_REMOVE(w, at);
	w->conn->n_waits--;
	if (w->timer != NULL)
		event_free(w->timer);
	free(w);
}

/* The wait is gone before its caller hears of it, so that the caller may do anything. */
static void finish_wait(cof_ttrpc_wait *w, int code, const char *message, cof_span payload)
{
	cof_ttrpc_reply reply = w->reply;
	void *arg = w->arg;
	drop_wait(w);
	reply(arg, code, message, payload);
}

void cof_ttrpc_fail_waits(cof_ttrpc *c, const cof_err *why)
{
	while (!LIST_EMPTY(&c->waits))
		finish_wait(LIST_FIRST(&c->waits), COF_RPC_UNAVAILABLE, why->text, (cof_span){0});
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	cof_ttrpc_wait *w = arg;
	cof_ttrpc *c = w->conn;
	cof_ttrpc_enter(c);
	finish_wait(w, COF_RPC_DEADLINE_EXCEEDED, "no answer in time", (cof_span){0});
	(void)cof_ttrpc_leave(c);
}

static int new_wait(cof_ttrpc *c, int timeout_ms, cof_ttrpc_wait **ret, cof_err *err)
{
	cof_ttrpc_wait *w = calloc(1, sizeof *w);
	if (w == NULL)
		return cof_err_oom(err);
	w->conn = c;
	w->stream = c->next_stream;
	struct timeval tv = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
	if (timeout_ms > 0)
		w->timer = event_new(c->base, -1, 0, on_timeout, w);
	if (timeout_ms > 0 && (w->timer == NULL || event_add(w->timer, &tv) < 0)) {
		if (w->timer != NULL)
			event_free(w->timer);
		free(w);
		return cof_err_oom(err);
	}
	LIST_INSERT_HEAD(&c->waits, w, at);
	c->n_waits++;
	*ret = w;
	return 0;
}

static int may_call(const cof_ttrpc *c, cof_err *err)
{
	if (c->state != COF_TTRPC_OPEN)
		return cof_err_set(err, COF_E_UNAVAILABLE, "not-connected",
				   "no call before the hello or after the end");
	if (c->n_waits >= COF_TTRPC_CALLS_MAX || c->next_stream >= STREAM_LAST)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-calls", "%zu calls are waiting", c->n_waits);
	return 0;
}

int cof_ttrpc_send(cof_ttrpc *c, const char *service, const char *method, cof_span payload, int timeout_ms,
		   cof_ttrpc_reply reply, void *arg, cof_err *err)
{
	COF_AUTO(cof_buf) frame = {0};
	cof_frame_call call = {c->next_stream, service, method, payload, timeout_ms};
	cof_ttrpc_wait *w = NULL;
	size_t max = c->opts.frame_max == 0 ? COF_TTRPC_FRAME_MAX : c->opts.frame_max;
	int r = may_call(c, err);
	if (r == 0)
		r = cof_frame_request(&call, max, &frame, err);
	if (r == 0)
		r = new_wait(c, timeout_ms, &w, err);
	if (r < 0)
		return r;
	r = cof_ttrpc_queue(c, cof_buf_span(&frame), err);
	if (r < 0) {
		drop_wait(w);
		return r;
	}
	w->reply = reply;
	w->arg = arg;
	c->next_stream += 2;
	return 0;
}

static int on_response(cof_ttrpc *c, const cof_frame *head, cof_span body, cof_err *err)
{
	if ((head->stream & 1) == 0 || head->stream >= c->next_stream)
		return cof_err_set(err, COF_E_MALFORMED, "ttrpc-frame", "an answer to call %u, never made",
				   head->stream);
	cof_ttrpc_wait *w = NULL;
	LIST_FOREACH(w, &c->waits, at)
	if (w->stream == head->stream)
		break;
	if (w == NULL)
		return 0; /* its time was over */
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	int r = cof_pb_unpack(&ttrpc__response__descriptor, body, COF_PB_MAX, &any, err);
	if (r < 0)
		return r;
	const Ttrpc__Response *m = cof_pb_as(Ttrpc__Response, any);
	bool failed = m->status != NULL && m->status->code != COF_RPC_OK;
	cof_span payload = failed ? (cof_span){0} : cof_span_of(m->payload.data, m->payload.len);
	finish_wait(w, failed ? m->status->code : COF_RPC_OK, failed ? m->status->message : "", payload);
	return 0;
}

/* --- the peer's calls --- */

void cof_ttrpc_forget_calls(cof_ttrpc *c)
{
	while (!LIST_EMPTY(&c->calls)) {
		cof_ttrpc_call *call = LIST_FIRST(&c->calls);
		LIST_REMOVE(call, at);
		call->conn = NULL;
	}
	c->n_calls = 0;
}

bool cof_ttrpc_unheard(const cof_ttrpc_call *call)
{
	return call->conn == NULL;
}

static int send_reply(cof_ttrpc *c, const cof_frame_reply *reply, cof_err *err)
{
	COF_AUTO(cof_buf) frame = {0};
	size_t max = c->opts.frame_max == 0 ? COF_TTRPC_FRAME_MAX : c->opts.frame_max;
	int r = cof_frame_response(reply, max, &frame, err);
	if (r < 0 && cof_err_is(err, "ttrpc-too-large")) {
		cof_frame_reply sorry = {reply->stream, COF_RPC_RESOURCE_EXHAUSTED, "the answer is too large", {0}};
		cof_buf_release(&frame);
		r = cof_frame_response(&sorry, max, &frame, err);
	}
	return r < 0 ? r : cof_ttrpc_queue(c, cof_buf_span(&frame), err);
}

void cof_ttrpc_answer(cof_ttrpc_call *call, int code, const char *message, cof_span payload)
{
	cof_ttrpc *c = call->conn;
	cof_frame_reply reply = {call->stream, code, message, payload};
	if (c != NULL) {
		LIST_REMOVE(call, at);
		c->n_calls--;
	}
	free(call);
	cof_err err = {0};
	if (c != NULL && send_reply(c, &reply, &err) < 0)
		cof_ttrpc_end(c, &err);
}

static int refuse(cof_ttrpc *c, uint32_t stream, int code, const char *message, cof_err *err)
{
	cof_frame_reply reply = {stream, code, message, {0}};
	return send_reply(c, &reply, err);
}

static int serve(cof_ttrpc *c, uint32_t stream, const Ttrpc__Request *m, cof_err *err)
{
	cof_ttrpc_call *call = calloc(1, sizeof *call);
	if (call == NULL)
		return cof_err_oom(err);
	call->conn = c;
	call->stream = stream;
	LIST_INSERT_HEAD(&c->calls, call, at);
	c->n_calls++;
	c->opts.serve(c->opts.arg, call, m->service, m->method, cof_span_of(m->payload.data, m->payload.len));
	return 0;
}

static int on_request(cof_ttrpc *c, const cof_frame *head, cof_span body, cof_err *err)
{
	if (c->opts.serve == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "ttrpc-frame", "a request to a client");
	/* source: ttrpc PROTOCOL.md: clients' streams are odd and rise */
	if ((head->stream & 1) == 0 || head->stream <= c->last_stream)
		return refuse(c, head->stream, COF_RPC_INVALID_ARGUMENT, "stream ids are odd and rise", err);
	c->last_stream = head->stream;
	if (c->n_calls >= COF_TTRPC_CALLS_MAX)
		return refuse(c, head->stream, COF_RPC_RESOURCE_EXHAUSTED, "too many calls at once", err);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	cof_err why = {0};
	if (cof_pb_unpack(&ttrpc__request__descriptor, body, COF_PB_MAX, &any, &why) < 0)
		return refuse(c, head->stream, COF_RPC_INVALID_ARGUMENT, "no ttrpc request", err);
	return serve(c, head->stream, cof_pb_as(Ttrpc__Request, any), err);
}

static int on_data(cof_ttrpc *c, const cof_frame *head, cof_span body, cof_err *err)
{
	(void)body;
	if (c->opts.serve == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "ttrpc-frame", "stream data to a client");
	return refuse(c, head->stream, COF_RPC_INVALID_ARGUMENT, "streams are not served", err);
}

int cof_ttrpc_on_frame(cof_ttrpc *c, const cof_frame *head, cof_span body, cof_err *err)
{
	static int (*const on[])(cof_ttrpc *, const cof_frame *, cof_span, cof_err *) = {
		[COF_FRAME_REQUEST] = on_request,
		[COF_FRAME_RESPONSE] = on_response,
		[COF_FRAME_DATA] = on_data,
	};
	return on[head->type](c, head, body, err);
}
