/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's other way in, on machines with the device: vsock port 1024, as Kata's agent has it. A connection is plain
 * ttrpc: no hello, frames up to the protocol's own limit, since a socket tells by itself when its peer has gone.
 *
 * One connection can carry all calls. Two may be open at a time, so that a stream that nobody reads keeps no other
 * call waiting: the first that makes a call other than a stream's is the control connection until it ends, and beside
 * it the other is for streams alone. Whoever is not the host itself is closed at once; a third connection waits until
 * one has ended.
 *
 * source: Linux Documentation of AF_VSOCK, vsock(7); Kata agent: vsock://-1:1024
 */
#pragma once

#include <event2/event.h>
#include <sys/socket.h>

#include "common/ttrpc.h"

enum { COF_VSOCK_PORT = 1024, COF_VSOCK_CONNECTIONS_MAX = 2 };

typedef struct cof_vsock cof_vsock;

typedef struct cof_vsock_opts {
	bool any_peer; /* process-level guest: a unix socket listens, and its folder's mode says who may come */
	/* streams: another connection is the control connection. */
	void (*serve)(void *arg, bool streams, cof_ttrpc_call *call, const char *service, const char *method,
		      cof_span payload);
	/* A connection ended; control: it was the control connection. Its calls are unheard by then. */
	void (*closed)(void *arg, bool control);
	void *arg;
} cof_vsock_opts;

/* The port's listening descriptor. Reason "listen-failed". */
COF_WUR int cof_vsock_listen(cof_err *err);
/* Serves who comes to the listening descriptor, which is taken on success. */
COF_WUR int cof_vsock_new(cof_vsock **ret, struct event_base *base, int listener, const cof_vsock_opts *opts,
			  cof_err *err);
void cof_vsock_free(cof_vsock *v);
COF_DEFINE_AUTO_PTR(cof_vsock, cof_vsock_free)

/* The machine has a vsock device. */
bool cof_vsock_there(void);
/* A peer's address, as accept gave it: the host's own, and neither a local process's nor another machine's. */
bool cof_vsock_is_host(const struct sockaddr_storage *from, socklen_t len);
