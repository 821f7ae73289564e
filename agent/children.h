/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaping. As PID 1 (or as a child subreaper) the agent inherits every orphan of the guest; each is reaped at once,
 * and whoever asked for a pid hears how it ended. Exits that nobody asked for yet are remembered for a while, because
 * a container's process may end before crun has told us its pid.
 */
#pragma once

#include <event2/event.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "common/err.h"

typedef struct cof_children cof_children;

/* status is the exit code, or 128 + signal. Called once; the watch is gone then. */
typedef void (*cof_child_exit)(void *arg, pid_t pid, int status);
/* SIGTERM, SIGINT and SIGPWR. */
typedef void (*cof_child_signal)(void *arg, int signal);

/* Blocks the signals it handles; one per process. */
COF_WUR int cof_children_new(cof_children **ret, struct event_base *base, cof_child_signal on_signal, void *arg,
			     cof_err *err);
void cof_children_free(cof_children *c);
COF_DEFINE_AUTO_PTR(cof_children, cof_children_free)

/* Never calls back from inside. */
COF_WUR int cof_children_watch(cof_children *c, pid_t pid, cof_child_exit done, void *arg, cof_err *err);
/* No call back for pid any more; it is still reaped. */
void cof_children_forget(cof_children *c, pid_t pid);
