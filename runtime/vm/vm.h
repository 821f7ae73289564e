/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one virtual machine, on the caller's event loop. The guest, and so QEMU, are hostile to this process:
 * the console goes to a bounded log, sockets are unnamed pairs, everything lives in a private folder that goes away
 * with the machine, and every process dies with ours.
 */
#pragma once

#include <event2/event.h>

#include "runtime/vm/backend.h"
#include "runtime/vm/probe.h"
#include "runtime/vm/transport.h"

enum { COF_CONSOLE_MAX = 1 << 20 };

typedef struct cof_vm cof_vm;

typedef struct cof_vm_opts {
	const cof_manifest *guest;
	const cof_profile *profile;
	const cof_tee *tee;
	const cof_qemu *qemu;
	cof_accel accel;
	const cof_transport *transport; /* borrowed for the start; NULL: the ports */
	cof_span initdata;		/* TOML text; empty: none */
	int scratch_fd;			/* the profile's scratch disk, borrowed for the start; -1: it has none */
	bool scratch_integrity;
	const char *keep_ca;	  /* swtpm CA folder that outlives the run; NULL: made for this run */
	const char *console_file; /* the end of the guest's console is kept here; NULL: nowhere */
	/* The machine ended or broke: reasons "qemu-died", "guest-died", "tpm-died". Called once, from the loop. */
	void (*died)(void *arg, const cof_err *why);
	/* The guest printed something: a sign of life, nothing more. May be NULL. */
	void (*progress)(void *arg);
	void *arg;
} cof_vm_opts;

/* Prepares the run folder, starts the TEE's helpers and QEMU. base must outlive the machine. */
COF_WUR int cof_vm_start(cof_vm **ret, struct event_base *base, const cof_vm_opts *opts, cof_err *err);
/* When QEMU was started, on CLOCK_MONOTONIC. */
int64_t cof_vm_since_ms(const cof_vm *vm);
/* The host's ends of the ports, handed over once each; negative afterwards, and on a machine with vsock. */
int cof_vm_take_ctl(cof_vm *vm);
int cof_vm_take_io(cof_vm *vm);
/* Waits up to grace_ms for the guest to power itself off, then stops everything and removes the folder. */
void cof_vm_stop(cof_vm *vm, int grace_ms);
void cof_vm_free(cof_vm *vm);
COF_DEFINE_AUTO_PTR(cof_vm, cof_vm_free)
/* The last printable bytes of the console, for error messages; appended to ret. */
COF_WUR int cof_vm_console_tail(const cof_vm *vm, size_t max, cof_buf *ret, cof_err *err);
