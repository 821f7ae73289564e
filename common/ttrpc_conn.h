/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of ttrpc share: the connection (common/ttrpc.c) and the calls on it (common/ttrpc_calls.c). */
#pragma once

#include <event2/buffer.h>
#include <sys/queue.h>

#include "common/ttrpc_frame.h"

enum { COF_TTRPC_OUT_MAX = 16 << 20 }; /* queued for a peer that does not read */

/* A call of ours that has no answer yet. */
typedef struct cof_ttrpc_wait {
	LIST_ENTRY(cof_ttrpc_wait) at;
	cof_ttrpc *conn;
	uint32_t stream;
	struct event *timer;
	cof_ttrpc_reply reply;
	void *arg;
} cof_ttrpc_wait;

struct cof_ttrpc_call {
	LIST_ENTRY(cof_ttrpc_call) at;
	cof_ttrpc *conn; /* NULL: gone, or begun anew by the peer */
	uint32_t stream;
};

typedef enum cof_ttrpc_state { COF_TTRPC_HUNT, COF_TTRPC_OPEN, COF_TTRPC_CLOSED } cof_ttrpc_state;

struct cof_ttrpc {
	struct event_base *base;
	int fd;
	bool socket;
	cof_ttrpc_opts opts;
	cof_ttrpc_state state;
	uint8_t hello[COF_HELLO_LEN]; /* ours, when we send it */
	struct event *readable;
	struct event *writable;
	struct event *timer; /* hello: send it again; answer: a frame that does not come whole */
	struct evbuffer *in;
	struct evbuffer *out;
	LIST_HEAD(, cof_ttrpc_wait) waits;
	LIST_HEAD(, cof_ttrpc_call) calls;
	size_t n_waits;
	size_t n_calls;
	uint32_t next_stream; /* of our next call */
	uint32_t last_stream; /* highest that the peer used */
	int busy;	      /* inside a call back: freeing waits */
	bool doomed;
};

/* Ends the connection; call backs happen inside. */
void cof_ttrpc_end(cof_ttrpc *c, const cof_err *why);
/* Queues bytes. */
COF_WUR int cof_ttrpc_queue(cof_ttrpc *c, cof_span bytes, cof_err *err);
/* Brackets around anything that may call back. leave frees a connection that was freed meanwhile: c is gone when it
 * returns false. */
void cof_ttrpc_enter(cof_ttrpc *c);
bool cof_ttrpc_leave(cof_ttrpc *c);

/* One whole frame's body. A failure ends the connection. */
COF_WUR int cof_ttrpc_on_frame(cof_ttrpc *c, const cof_frame *head, cof_span body, cof_err *err);
/* The peer's calls are void (their answers are dropped). */
void cof_ttrpc_forget_calls(cof_ttrpc *c);
/* Our calls are answered with UNAVAILABLE. */
void cof_ttrpc_fail_waits(cof_ttrpc *c, const cof_err *why);
