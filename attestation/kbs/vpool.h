/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key holder's side of verifiers: each job gets a fresh process that was made by exec, knows nothing of other
 * jobs, and is gone afterwards. A few run at once, a bounded number waits, and each has a deadline.
 */
#pragma once

#include <event2/event.h>

#include "attestation/kbs/wire.h"

typedef struct cof_vpool cof_vpool;

enum { COF_VPOOL_RUNNING_MAX = 4, COF_VPOOL_WAITING_MAX = 64, COF_VPOOL_DEADLINE_MS = 10000 };

/* One answer of the type that was asked for, or err (reason "verifier-died", "verifier-timeout",
 * "frame-malformed") and an empty body. Hostile bytes: the verifier read a stranger's evidence. */
typedef void (*cof_vpool_done)(void *arg, cof_span body, const cof_err *err);

/* exe is the program to start with `--role verifier`. */
COF_WUR int cof_vpool_new(cof_vpool **ret, struct event_base *base, const char *exe, cof_err *err);
/* Ends running verifiers; their jobs are not called back. */
void cof_vpool_free(cof_vpool *p);
COF_DEFINE_AUTO_PTR(cof_vpool, cof_vpool_free)

/* job is COF_KB_JOB_*, msg its struct (copied), want the type of the answer. done is called from the event loop,
 * exactly once. Unavailable, reason "verifier-busy", when too many wait. */
COF_WUR int cof_vpool_submit(cof_vpool *p, enum cof_kb_type job, const void *msg, cof_vpool_done done, void *arg,
			     cof_err *err);
size_t cof_vpool_load(const cof_vpool *p);
