/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the host reaches a machine's agent: over two virtio-serial ports, which every QEMU has, or over vsock, where the
 * host's kernel has vhost-vsock. Which of the two is no part of what is measured: see runtime/vm/argv.h.
 */
#pragma once

#include <stdint.h>

#include "common/cleanup.h"
#include "common/err.h"

#define COF_VHOST_VSOCK "/dev/vhost-vsock"

/* source: Kata agent, vsock://-1:1024 */
enum { COF_TRANSPORT_PORT = 1024 };

typedef struct cof_transport {
	const char *name; /* "serial", "vsock" */
	int vhost_fd;	  /* vsock: the device's descriptor for QEMU, which holds the CID */
	uint32_t cid;	  /* 0: serial */
} cof_transport;

#define COF_TRANSPORT_SERIAL ((cof_transport){.name = "serial", .vhost_fd = -EBADF})

/* Closes the descriptor; safe on zeroed objects. */
void cof_transport_release(cof_transport *t);
COF_DEFINE_AUTO(cof_transport, cof_transport_release)

/*
 * asked is "serial", "vsock" or "auto": vsock if this host has it. device is COF_VHOST_VSOCK. Reasons
 * "transport-unknown" (usage), "vsock-unavailable" (unavailable; never for "auto").
 */
COF_WUR int cof_transport_choose(const char *asked, const char *device, cof_transport *ret, cof_err *err);
/* vsock: a socket that is connecting to the agent. Class unavailable: not now, but perhaps later. */
COF_WUR int cof_transport_dial(const cof_transport *t, cof_err *err);
