/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host's bytes come in: a virtio-serial port found by its name, or (process-level guest) a unix socket.
 * Either way one connection at a time; the next begins when the one before has ended.
 */
#pragma once

#include <event2/event.h>

#include "common/ttrpc.h"

typedef struct cof_port cof_port;

typedef struct cof_port_opts {
	const char *name; /* virtio port name, or path of the socket */
	bool unix_socket;
	void (*serve)(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload);
	void (*closed)(void *arg); /* the host went away, or began anew */
	void *arg;
} cof_port_opts;

COF_WUR int cof_port_open(cof_port **ret, struct event_base *base, const cof_port_opts *opts, cof_err *err);
void cof_port_free(cof_port *p);
COF_DEFINE_AUTO_PTR(cof_port, cof_port_free)

/* Process-level guest: listens on a unix socket in the place of one of the machine's ways in; the descriptor. */
COF_WUR int cof_port_listen(const char *path, cof_err *err);
/* "/dev/vportNpM" of the port called name below sysfs (normally "/sys/class/virtio-ports"); heap. Reason "no-port". */
COF_WUR int cof_port_find(const char *sysfs, const char *name, char **ret, cof_err *err);
