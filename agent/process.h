/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process of a container: its streams, its end, and who waits for it. The end stays known until the container is
 * removed, so that an answer lost with a connection can be asked for again.
 */
#pragma once

#include "agent/children.h"
#include "agent/gate.h"
#include "agent/stdio.h"
#include "common/ttrpc.h"

enum { COF_WAITERS_MAX = 16 };

typedef struct cof_process cof_process;

/* Called once, after those who waited were answered. */
typedef void (*cof_process_ended)(void *arg, cof_process *p);

struct cof_process {
	char id[COF_ID_MAX + 1];
	cof_children *children;
	pid_t pid; /* 0: not there yet */
	int pidfd;
	bool exited;
	int status;
	cof_inlet *in;
	cof_outlet *out, *err;
	int theirs[3]; /* the other ends, for crun; closed once it runs */
	cof_ttrpc_call *waiters[COF_WAITERS_MAX];
	size_t n_waiters;
	int stop_signal; /* what SIGTERM becomes: the image's own; 0: nothing else */
	cof_process_ended ended;
	void *arg;
};

/* Streams for a process to be. */
COF_WUR int cof_process_new(cof_process **ret, struct event_base *base, cof_children *children, const char *id,
			    cof_err *err);
/* Answers whoever waits with "cancelled". Does not kill. */
void cof_process_free(cof_process *p);
COF_DEFINE_AUTO_PTR(cof_process, cof_process_free)

/* crun has the streams, or will never need them. */
void cof_process_close_theirs(cof_process *p);
/* The pid that crun wrote into file: from now on its end is seen. Removes the file. */
COF_WUR int cof_process_adopt(cof_process *p, const char *pid_file, cof_err *err);
/* Answers now or at the end. */
void cof_process_wait(cof_process *p, cof_ttrpc_call *call);
/* Sends those waiters away whose call is gone (gone NULL: all). */
void cof_process_drop_waiters(cof_process *p, bool (*gone)(const void *call));
/* A process that is gone already is no error. SIGTERM to one that could not hear it becomes SIGKILL. */
COF_WUR int cof_process_signal(cof_process *p, int signal, cof_err *err);
/* Does the process with this /proc/PID/status text block, ignore or catch signal? */
bool cof_process_hears(cof_span status, int signal);
