/* SPDX-License-Identifier: Apache-2.0 */
/* A run of init: from boot's leftovers to the end of the sandbox. */
#pragma once

#include <stdint.h>

#include "common/err.h"

typedef struct cof_run_opts {
	const char *folder;	   /* process-level guest: where its sockets and files go; NULL: true init */
	const char *tcti;	   /* tss2 TCTI text */
	const char *eventlog;	   /* the firmware's */
	const char *initdata_disk; /* a file; NULL: the disk with our serial */
	const char *crun;
	const char *cgroups; /* mount point */
	int rest_port;
	bool serial, vsock;	/* true init: the host's ways in that this machine has */
	int64_t started_ms;	/* since boot, when init began */
	const cof_err *refused; /* boot found a reason to serve nothing; NULL: none */
} cof_run_opts;

/* Returns when the sandbox was destroyed (0), or with the reason why nothing was served. */
COF_WUR int cof_agent_run(const cof_run_opts *opts, cof_err *err);

/* PID 1: boots, runs, powers off. */
__attribute__((noreturn)) void cof_init_main(void);
/* The process-level guest: own mount namespace, then the same. Returns an exit code. */
int cof_process_guest_main(const cof_run_opts *opts);
