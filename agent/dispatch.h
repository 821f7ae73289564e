/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request's bytes to its handler, by one table: every method of every service that we speak, the type of its
 * request, its gate rule and its handler. There is no way to a handler that does not pass the rule beside it.
 */
#pragma once

#include "agent/agent.h"
#include "agent/gate.h"

enum {
	COF_METHOD_IO = 1,     /* a stream's: served on a connection for streams, and there alone with its like */
	COF_METHOD_ALWAYS = 2, /* served even by a guest that refuses everything: it tells why */
};

/* Answers the call, now or later. */
typedef void (*cof_handler)(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m);

typedef struct cof_method {
	const char *service, *name;
	const ProtobufCMessageDescriptor *request;
	cof_gate_rule gate;
	cof_handler handler; /* NULL: not offered, and answered so after the gate */
	unsigned flags;
} cof_method;

extern const cof_method cof_methods[];
extern const size_t cof_methods_n;

/* Decodes and asks the gate, no more: what stands between bytes and handler. *ret is freed with cof_pb_free. */
COF_WUR int cof_dispatch_admit(const cof_method *method, const cof_policy *policy, cof_span payload,
			       ProtobufCMessage **ret, cof_err *err);
const cof_method *cof_dispatch_find(const char *service, const char *name);

/* streams: the call came on a connection that is for streams only. */
void cof_dispatch(cof_agent *a, bool streams, cof_ttrpc_call *call, const char *service, const char *method,
		  cof_span payload);
