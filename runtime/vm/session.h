/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run on a guest, seen from the host: hello on both ports (or two plain vsock connections), network, sandbox,
 * container, streams, exit code, and the end, on the caller's event loop. The guest is hostile: every answer is
 * checked, nothing waits for ever, and the worst it can do is to fail its own run. Works on any two connected sockets
 * (QEMU's ports, a process-level guest's).
 */
#pragma once

#include <event2/event.h>

#include "runtime/vm/state.h"

typedef struct cof_session cof_session;

typedef struct cof_session_opts {
	int ctl_fd, io_fd; /* the two ports, taken on success */
	/* vsock in their place: begins a connection to the agent (as in dialer.h); one for control, one for streams. */
	int (*dial)(void *arg, cof_err *err);
	void *dial_arg;
	const char *image;	  /* NAME@sha256:... */
	const char *const *hosts; /* "ADDR NAME" lines, NULL-ended; may be NULL */
	bool network;		  /* QEMU's user-mode network is there to configure */
	int stdin_fd;		  /* -1: closed */
	int stdout_fd, stderr_fd;
	int silence_ms; /* no sign of life for so long is "agent-silent"; 0: 120 s */
	int boot_ms;	/* the longest time to the first answer whatever the signs; 0: 600 s */
	/* Both connections stand, and the agent serves. */
	void (*ready)(void *arg);
	void (*state)(void *arg, const cof_state *s);
	/* The workload runs: signals can be sent. */
	void (*started)(void *arg);
	/* The end, once: why is NULL when the workload ended by itself, with its exit code. */
	void (*ended)(void *arg, int exit_code, const cof_err *why);
	void *arg;
} cof_session_opts;

COF_WUR int cof_session_new(cof_session **ret, struct event_base *base, const cof_session_opts *opts, cof_err *err);
/* Not from inside a callback. */
void cof_session_free(cof_session *s);
COF_DEFINE_AUTO_PTR(cof_session, cof_session_free)

/* A sign of life from elsewhere (the console): moves the silence deadline, not the longest time. */
void cof_session_progress(cof_session *s);
/* Sends a signal to the workload; false when it does not run. denied is called when the guest refuses it. */
bool cof_session_signal(cof_session *s, int sig, void (*denied)(void *arg, const cof_err *why));
