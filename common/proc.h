/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes with an explicit descriptor table: nothing is inherited that is not named. Every child gets a
 * pidfd and dies with its parent (PR_SET_PDEATHSIG) unless told otherwise.
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"

typedef struct cof_proc_fd {
	int from; /* descriptor here */
	int to;	  /* number there */
} cof_proc_fd;

typedef struct cof_proc_opts {
	const char *const *argv; /* argv[0] is the path unless exe is set */
	const char *exe;	 /* NULL: argv[0]; PATH is never searched unless search_path */
	const char *const *env;	 /* NULL: empty environment */
	const cof_proc_fd *fds;	 /* 0, 1, 2 that are not named go to /dev/null */
	size_t n_fds;
	bool search_path;
	bool new_session;
	bool outlive_parent;
} cof_proc_opts;

typedef struct cof_proc {
	pid_t pid;
	int pidfd;
} cof_proc;

#define COF_PROC_NONE ((cof_proc){.pid = -1, .pidfd = -EBADF})

/* exec failure is reported here, not by the child. Reason "exec-failed". */
COF_WUR int cof_proc_spawn(const cof_proc_opts *opts, cof_proc *ret, cof_err *err);
/* Waits at most timeout_ms (-1: for ever); *ret_status is the exit code, or 128 + signal. Reason "wait-timeout". */
COF_WUR int cof_proc_wait(cof_proc *p, int timeout_ms, int *ret_status, cof_err *err);
/* Signal, wait for grace_ms, SIGKILL, reap. Safe on COF_PROC_NONE and zeroed objects. */
void cof_proc_stop(cof_proc *p, int sig, int grace_ms);
