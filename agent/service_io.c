/* SPDX-License-Identifier: Apache-2.0 */
/* Streams. One answer holds at most what fits a frame of the ports. */
#include "agent/container.h"
#include "agent/reply.h"
#include "agent/service.h"

static cof_process *find_process(cof_agent *a, const char *id, const char *exec, cof_ttrpc_call *call)
{
	cof_container *c = NULL;
	cof_process *p = NULL;
	cof_err err = {0};
	if (cof_container_find(a, id, &c, &err) < 0 || cof_container_process(c, exec, &p, &err) < 0)
		cof_reply_err(call, &err);
	return p;
}

static void on_read(void *arg, cof_span data, const cof_err *why)
{
	Grpc__ReadStreamResponse r = GRPC__READ_STREAM_RESPONSE__INIT;
	if (why != NULL) {
		cof_reply_err(arg, why);
		return;
	}
	r.data.data = (uint8_t *)(uintptr_t)data.data;
	r.data.len = data.len;
	cof_reply(arg, &r.base);
}

static void serve_read(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m, bool err_stream)
{
	const Grpc__ReadStreamRequest *req = cof_pb_as(Grpc__ReadStreamRequest, m);
	cof_process *p = find_process(a, req->container_id, req->exec_id, call);
	cof_err err = {0};
	if (p == NULL)
		return;
	size_t len = req->len < COF_STDIO_CHUNK ? req->len : COF_STDIO_CHUNK;
	if (cof_outlet_read(err_stream ? p->err : p->out, len, on_read, call, &err) < 0)
		cof_reply_err(call, &err);
}

void cof_serve_read_stdout(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	serve_read(a, call, m, false);
}

void cof_serve_read_stderr(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	serve_read(a, call, m, true);
}

static void on_written(void *arg, size_t n, const cof_err *why)
{
	Grpc__WriteStreamResponse r = GRPC__WRITE_STREAM_RESPONSE__INIT;
	if (why != NULL) {
		cof_reply_err(arg, why);
		return;
	}
	r.len = (uint32_t)n;
	cof_reply(arg, &r.base);
}

/* No bytes mean the end of input: not every runtime calls CloseStdin. */
void cof_serve_write_stdin(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__WriteStreamRequest *req = cof_pb_as(Grpc__WriteStreamRequest, m);
	cof_process *p = find_process(a, req->container_id, req->exec_id, call);
	cof_err err = {0};
	if (p == NULL)
		return;
	if (req->data.len == 0) {
		cof_inlet_close(p->in);
		on_written(call, 0, NULL);
	} else if (cof_inlet_write(p->in, cof_span_of(req->data.data, req->data.len), on_written, call, &err) < 0) {
		cof_reply_err(call, &err);
	}
}

void cof_serve_close_stdin(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__CloseStdinRequest *req = cof_pb_as(Grpc__CloseStdinRequest, m);
	cof_process *p = find_process(a, req->container_id, req->exec_id, call);
	if (p == NULL)
		return;
	cof_inlet_close(p->in);
	cof_reply(call, NULL);
}

/* --- the end of a connection --- */

static bool gone(const void *call)
{
	return cof_ttrpc_unheard(call);
}

static void forget_waits(cof_process *p)
{
	cof_outlet_cancel(p->out, gone);
	cof_outlet_cancel(p->err, gone);
	cof_process_drop_waiters(p, gone);
}

void cof_serve_closed(cof_agent *a, bool control)
{
	cof_container *c = a->container;
	cof_watch_cancel(a->watch, gone);
	if (c != NULL && c->init != NULL)
		forget_waits(c->init);
	for (size_t i = 0; c != NULL && i < c->n_execs; i++)
		forget_waits(c->execs[i]);
	if (control && a->ending && c == NULL)
		event_active(a->end, EV_TIMEOUT, 0);
}
