/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init's state: one of it in the guest. Everything happens in one thread, in call backs of one event loop.
 */
#pragma once

#include "agent/crun.h"
#include "agent/hosts.h"
#include "agent/owner.h"
#include "agent/port.h"
#include "agent/trust.h"
#include "agent/vsock.h"
#include "agent/watch.h"

enum { COF_HOSTNAME_MAX = 64, COF_DNS_MAX = 4096 };

typedef struct cof_container cof_container;

/* Where things are: fixed in the guest, below one folder in a process-level guest. */
typedef struct cof_places {
	char *bundles; /* containers' folders */
	char *run;     /* crun's state, files */
	char *store;   /* layers and what the workload writes: in memory, or on the scratch disk */
	const char *cgroups;
} cof_places;

typedef struct cof_agent {
	struct event_base *base;
	cof_children *children;
	cof_crun crun;
	cof_watch *watch;
	cof_places places;
	cof_helper_opts helper; /* base, children and exe for helpers */
	cof_port *ctl, *io;
	cof_vsock *vsock;
	cof_trust *trust; /* the line to the keeper */
	cof_owner owner;
	cof_err refused; /* a class beside COF_OK: this guest serves nothing, and says why */
	cof_hosts hosts;
	bool sandbox; /* CreateSandbox was here */
	char hostname[COF_HOSTNAME_MAX + 1];
	cof_buf dns; /* resolv.conf's text */
	cof_container *container;
	bool init;   /* true PID 1 */
	bool ending; /* DestroySandbox was here, or a signal */
	struct event *end;
} cof_agent;

/* The keeper as a way to keys; NULL when initdata names no broker, and then nothing is attested or decrypted. */
cof_trust *cof_agent_broker(const cof_agent *a);
/* Answers what is under way, then ends the loop: when the host has hung up, or a second later. */
void cof_agent_end(cof_agent *a);
