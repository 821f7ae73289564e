/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream socket between two of coffer-kbs' processes, on an event loop: whole frames in, whole frames out. The
 * peer may be compromised: a frame beyond the limit, a broken head, or a peer that does not read what it is sent
 * ends the link.
 */
#pragma once

#include <event2/event.h>

#include "attestation/kbs/wire.h"

typedef struct cof_link cof_link;

typedef struct cof_link_opts {
	/* A whole frame; body is valid during the call. The link may be freed from here. */
	void (*frame)(void *arg, uint32_t id, enum cof_kb_type type, cof_span body);
	/* The peer left, or the link broke; free it from here or later. Not called by cof_link_free. */
	void (*closed)(void *arg, const cof_err *why);
	void *arg;
} cof_link_opts;

/* Takes the descriptor on success and makes it non-blocking. */
COF_WUR int cof_link_new(cof_link **ret, struct event_base *base, int fd, const cof_link_opts *opts, cof_err *err);
void cof_link_free(cof_link *l);
COF_DEFINE_AUTO_PTR(cof_link, cof_link_free)

/* Queues a frame. Unavailable, reason "peer-stuck", when more than the limit waits already. */
COF_WUR int cof_link_send(cof_link *l, enum cof_kb_type type, uint32_t id, const void *msg, cof_err *err);
/* The same for an encoded frame. */
COF_WUR int cof_link_send_raw(cof_link *l, cof_span frame, cof_err *err);

/* Blocking twins for a process with one thing to do. Reason "peer-closed" at a clean end. */
COF_WUR int cof_link_read(int fd, cof_kb_head *ret_head, cof_buf *ret_body, cof_err *err);
COF_WUR int cof_link_write(int fd, enum cof_kb_type type, uint32_t id, const void *msg, cof_err *err);
