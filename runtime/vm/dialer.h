/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to an agent that is not there yet: begins again and again, a moment after each failure, until somebody
 * listens. It sets no end to that; its owner knows when the guest has been silent for too long, and frees it.
 */
#pragma once

#include <event2/event.h>

#include "common/cleanup.h"
#include "common/err.h"

typedef struct cof_dialer cof_dialer;

typedef struct cof_dialer_opts {
	/* A non-blocking socket that is connecting. Class unavailable: again, later; any other failure is the end. */
	int (*dial)(void *arg, cof_err *err);
	void *dial_arg;
	/* Once, from the loop: a connected socket, which is the callee's; or a negative number, and why. */
	void (*done)(void *arg, int fd, const cof_err *why);
	void *arg;
} cof_dialer_opts;

COF_WUR int cof_dialer_new(cof_dialer **ret, struct event_base *base, const cof_dialer_opts *opts, cof_err *err);
/* Also from inside done. */
void cof_dialer_free(cof_dialer *d);
COF_DEFINE_AUTO_PTR(cof_dialer, cof_dialer_free)
