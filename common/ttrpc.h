/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc over one byte stream, event-driven on libevent: client and server share one connection type.
 * The peer is hostile: frames have a cap, calls outstanding have a cap, and a broken frame ends the connection.
 * On the virtio-serial ports a hello comes first (see cof_ttrpc_opts.hello).
 *
 * source: containerd/ttrpc PROTOCOL.md (header: u32be length, u32be stream, u8 type, u8 flags; requests 1, responses 2)
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_TTRPC_FRAME_MAX = 4 << 20,
	COF_TTRPC_CALLS_MAX = 256,
	COF_TTRPC_SERIAL_CHUNK = 64 << 10, /* largest frame on a virtio-serial port */
	COF_HELLO_LEN = 24,		   /* 8 bytes of magic, 16 of nonce */
};
#define COF_HELLO_MAGIC                                                                                                \
	"\x89"                                                                                                         \
	"COFFER\n"

/* gRPC status codes that we use. */
enum cof_rpc_code {
	COF_RPC_OK = 0,
	COF_RPC_UNKNOWN = 2,
	COF_RPC_INVALID_ARGUMENT = 3,
	COF_RPC_DEADLINE_EXCEEDED = 4,
	COF_RPC_NOT_FOUND = 5,
	COF_RPC_PERMISSION_DENIED = 7,
	COF_RPC_RESOURCE_EXHAUSTED = 8,
	COF_RPC_FAILED_PRECONDITION = 9,
	COF_RPC_UNIMPLEMENTED = 12,
	COF_RPC_INTERNAL = 13,
	COF_RPC_UNAVAILABLE = 14,
};

typedef enum cof_hello { COF_HELLO_NONE, COF_HELLO_SEND, COF_HELLO_ANSWER } cof_hello;

typedef struct cof_ttrpc cof_ttrpc;
typedef struct cof_ttrpc_call cof_ttrpc_call; /* one request being served */

typedef struct cof_ttrpc_opts {
	cof_hello hello;
	size_t frame_max; /* 0: COF_TTRPC_FRAME_MAX */
	/* Serves a request: answers now or later, exactly once, through cof_ttrpc_answer. NULL on a pure client. */
	void (*serve)(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload);
	/* The hello is done (or was not asked for). May be called again after a peer's new hello. May be NULL. */
	void (*ready)(void *arg);
	/* The connection ended; why says how. Free it from here or later. Unanswered client calls were called back
	 * before. */
	void (*closed)(void *arg, const cof_err *why);
	void *arg;
} cof_ttrpc_opts;

/* Takes the descriptor on success. */
COF_WUR int cof_ttrpc_new(cof_ttrpc **ret, struct event_base *base, int fd, const cof_ttrpc_opts *opts, cof_err *err);
void cof_ttrpc_free(cof_ttrpc *c);
COF_DEFINE_AUTO_PTR(cof_ttrpc, cof_ttrpc_free)

/* Client: status COF_RPC_*, its message, and the reply's bytes (valid during the call). timeout_ms 0: none. */
typedef void (*cof_ttrpc_reply)(void *arg, int code, const char *message, cof_span payload);
COF_WUR int cof_ttrpc_send(cof_ttrpc *c, const char *service, const char *method, cof_span payload, int timeout_ms,
			   cof_ttrpc_reply reply, void *arg, cof_err *err);

/* Nobody will hear the answer: the call's connection ended, or the peer began anew on it. */
bool cof_ttrpc_unheard(const cof_ttrpc_call *call);

/* Server. The message is sent as it is: tell a stranger the class only. call is gone afterwards, and it may
 * outlive its connection (the answer is then dropped). */
void cof_ttrpc_answer(cof_ttrpc_call *call, int code, const char *message, cof_span payload);

/* The status code for an error's class, in one table. */
int cof_ttrpc_code_of(const cof_err *err);
