/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small messages between our own processes over an AF_UNIX SOCK_STREAM pair: u32le type, u32le length, payload,
 * and up to COF_CHAN_FDS descriptors by SCM_RIGHTS. The peer may be a compromised process: lengths meet a cap,
 * surplus descriptors are closed, unknown types are the receiver's to refuse. Blocking; a program with an event
 * loop waits for readability first and gives the peer a receive timeout (SO_RCVTIMEO).
 */
#pragma once

#include "common/buf.h"

enum { COF_CHAN_FDS = 8, COF_CHAN_MAX = 8 << 20 };

typedef struct cof_msg {
	uint32_t type;
	cof_buf body;
	int fds[COF_CHAN_FDS];
	size_t n_fds;
} cof_msg;

/* Closes descriptors that were not stolen, wipes and frees the body. */
void cof_msg_release(cof_msg *m);
COF_DEFINE_AUTO(cof_msg, cof_msg_release)

/* A connected pair, both close-on-exec. */
COF_WUR int cof_chan_pair(int ret[2], cof_err *err);
COF_WUR int cof_chan_send(int fd, uint32_t type, cof_span body, const int *fds, size_t n_fds, cof_err *err);
/* m must be released or zeroed. Reason "peer-closed" (unavailable) at a clean end, "peer-timeout" after SO_RCVTIMEO. */
COF_WUR int cof_chan_recv(int fd, cof_msg *ret, cof_err *err);
/* An error as (the end of) a message body, and back: class, reason, text. */
COF_WUR int cof_chan_add_err(cof_buf *body, const cof_err *e, cof_err *err);
COF_WUR int cof_chan_send_err(int fd, uint32_t type, const cof_err *e, cof_err *err);
void cof_chan_parse_err(cof_span body, cof_err *out);
