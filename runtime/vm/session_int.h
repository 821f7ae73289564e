/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a session share: the way up (session_up), the workload (session_work), the end (session_end). */
#pragma once

#include <event2/event.h>

#include "common/ttrpc.h"
#include "runtime/vm/dialer.h"
#include "runtime/vm/pump.h"
#include "runtime/vm/session.h"

enum {
	COF_SESSION_CALL_MS = 60000, /* of a call that only sets something up; TCG on a busy machine is slow */
	COF_SESSION_PUMPS = 3,
};

/* One container per session: its name is of no interest to anyone. */
#define COF_SESSION_CONTAINER "workload"

struct cof_session {
	struct event_base *base;
	cof_session_opts o;
	cof_dialer *ctl_dialer, *io_dialer;
	cof_ttrpc *ctl, *io;
	bool ctl_ready, io_ready;
	size_t step; /* next in steps[] */
	bool serving, running, exited, ended;
	int exit_code;
	cof_err why; /* reason set: the run failed */
	uint64_t seq;
	int64_t last_sign, boot_until;
	bool pinging;
	struct event *tick, *drain, *pace;
	cof_pump *pumps[COF_SESSION_PUMPS];
	int open_outputs;
	void (*denied)(void *arg, const cof_err *why);
};

int64_t cof_session_now(void);
/* Makes a call on the control port. */
int cof_session_call(cof_session *s, const char *service, const char *method, const cof_buf *payload, int ms,
		     cof_ttrpc_reply reply);
/* Takes the next step that is wanted; after the last one the workload runs. */
void cof_session_step(cof_session *s);
/* The workload was started: its streams, its exit. */
void cof_session_work(cof_session *s);
/* Asks for progress, again and again, but not faster than a person could see. */
void cof_session_watch(evutil_socket_t fd, short what, void *arg);
/* The first failure counts; the guest's own account (which PCR, which event) is fetched before the end. */
void cof_session_fail(cof_session *s, const cof_err *why);
/* DestroySandbox, then the end. */
void cof_session_bye(cof_session *s);
/* Tells the caller, once. */
void cof_session_end(cof_session *s);
/* What may be left of the output has had its time. */
void cof_session_drain_over(evutil_socket_t fd, short what, void *arg);
