/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs crun, one command at a time per container, as a child whose end the event loop sees. crun is given a deadline;
 * what it says about a failure is read from its own log file, because its stderr belongs to the workload.
 */
#pragma once

#include "agent/children.h"
#include "common/proc.h"

enum { COF_CRUN_DEADLINE_S = 60, COF_CRUN_ARGS_MAX = 16 };

typedef struct cof_crun {
	const char *exe;  /* "/usr/bin/crun" */
	const char *root; /* its state folder */
	struct event_base *base;
	cof_children *children;
} cof_crun;

/* why is NULL when crun exited 0; else reason "runtime-failed" and what crun said. */
typedef void (*cof_crun_done)(void *arg, const cof_err *why);

typedef struct cof_crun_cmd {
	const char *const *args; /* behind crun's own options, NULL-ended */
	const char *log;	 /* path for crun's messages */
	int in, out, err;	 /* -EBADF: /dev/null */
	cof_crun_done done;
	void *arg;
} cof_crun_cmd;

COF_WUR int cof_crun_run(const cof_crun *c, const cof_crun_cmd *cmd, cof_err *err);
