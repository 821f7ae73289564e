/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workload's standard streams over the agent's calls: one call and one bounded piece per stream at a time, so that
 * a slow reader here slows the guest down and an endless writer there costs no memory. The guest is hostile.
 */
#pragma once

#include "common/ttrpc.h"

enum { COF_PUMP_CHUNK = 32 << 10 };

typedef struct cof_pump cof_pump;

typedef struct cof_pump_opts {
	struct event_base *base;
	cof_ttrpc *io;
	const char *container; /* must outlive the pump */
	const char *method;    /* "ReadStdout", "ReadStderr", "WriteStdin" */
	int fd;		       /* to write to, or to read from; stays the caller's */
	/* The stream ended; why is NULL at a clean end. Called once. */
	void (*done)(void *arg, const cof_err *why);
	void *arg;
} cof_pump_opts;

COF_WUR int cof_pump_out(cof_pump **ret, const cof_pump_opts *opts, cof_err *err);
COF_WUR int cof_pump_in(cof_pump **ret, const cof_pump_opts *opts, cof_err *err);
/* Only after the connection was freed, or when done was called: a call in flight would answer to freed memory. */
void cof_pump_free(cof_pump *p);
COF_DEFINE_AUTO_PTR(cof_pump, cof_pump_free)
