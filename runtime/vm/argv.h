/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's arguments as a vector, made from the guest manifest, a machine profile and the run's own paths. Launch and
 * prediction both come through cof_argv_build, so that what is measured cannot drift from what is predicted: the two
 * differ in back ends (files, sockets), and in one device that no measurement tells apart: the transport's. Ports and
 * vsock lie in the same PCI slot, and the firmware's ACPI tables, where PCR 1 has the machine's devices from, tell of
 * the slot and not of what is in it. So one prediction serves both, on hosts without vsock too. Values that came from
 * outside are escaped or refused; none of them can become another option.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "runtime/vm/manifest.h"

enum { COF_ARGV_MAX = 96 };

typedef enum cof_accel { COF_ACCEL_TCG, COF_ACCEL_KVM } cof_accel;

/* "tcg", "kvm" */
const char *cof_accel_name(cof_accel a);

typedef struct cof_argv {
	char *v[COF_ARGV_MAX]; /* NULL-ended */
	size_t n;
} cof_argv;

void cof_argv_release(cof_argv *a);
COF_DEFINE_AUTO(cof_argv, cof_argv_release)

/* Appends a formatted argument; reason "argv-too-long" beyond COF_ARGV_MAX. */
COF_WUR COF_PRINTF(3, 4) int cof_argv_add(cof_argv *a, cof_err *err, const char *fmt, ...);
/* Heap copy of value with QEMU's commas doubled; control characters are refused (usage, "bad-path"). */
COF_WUR int cof_argv_escape(const char *value, char **ret, cof_err *err);

/* Descriptor numbers are QEMU's (after the spawn's table); -1 puts a back end without a peer in place. */
typedef struct cof_argv_in {
	const char *qemu; /* path of the program */
	const cof_manifest *guest;
	const cof_profile *profile;
	cof_accel accel;
	const char *vars;	   /* this run's writable variable store; NULL: the manifest's, read-only */
	const char *initdata_disk; /* NULL: a disk of the same shape that holds nothing */
	const char *qtest;	   /* prediction: stop before the first instruction and connect to this socket */
	int tpm_fd;		   /* swtpm's control channel; a TPM is part of every machine */
	int ctl_fd, io_fd;	   /* the two virtio-serial ports */
	uint32_t cid;		   /* not 0: vsock in their place, with this context id, which vhost_fd holds */
	int vhost_fd;		   /* an open /dev/vhost-vsock */
	int qmp_fd;
	int console_fd;
	int scratch_fd;		/* the profile's scratch disk: an open file; -1: a disk that holds nothing */
	bool scratch_integrity; /* the host asks for a scratch disk that is authenticated too */
} cof_argv_in;

#define COF_ARGV_NO_FDS                                                                                                \
	.tpm_fd = -1, .ctl_fd = -1, .io_fd = -1, .vhost_fd = -1, .qmp_fd = -1, .console_fd = -1, .scratch_fd = -1

/* ret->v[0] is the program. tpm_fd must be a real one (QEMU asks the TPM before it starts). */
COF_WUR int cof_argv_build(const cof_argv_in *in, cof_argv *ret, cof_err *err);
