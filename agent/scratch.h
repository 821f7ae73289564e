/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scratch disk: room for an image that is larger than memory. The host hands over a virtio-blk disk; the guest
 * encrypts it under a key that it makes at this boot and never lets out, makes a file system on it, and keeps layers
 * and the workload's files there. Nothing that lay on the disk before is read, no header is kept on it, and a disk that
 * is not encrypted as it must be is not used.
 */
#pragma once

#include "agent/helper.h"
#include "agent/policy.h"

typedef struct cof_scratch_disk {
	char *name; /* "vdb"; NULL: the machine has none */
	uint64_t bytes;
	bool asked; /* the host asks for authentication too */
} cof_scratch_disk;

void cof_scratch_disk_release(cof_scratch_disk *d);
COF_DEFINE_AUTO(cof_scratch_disk, cof_scratch_disk_release)

/* Looks below sysfs (normally "/sys/block"). Reasons "scratch-ambiguous" when there are two, "scratch-too-small",
 * "disk-size". */
COF_WUR int cof_scratch_find(const char *sysfs, cof_scratch_disk *ret, cof_err *err);
/* Whether such a disk is authenticated too. Reason "scratch-denied" when the owner wants none. */
COF_WUR int cof_scratch_allowed(cof_scratch_rule rule, bool asked, bool *ret_integrity, cof_err *err);
/*
 * Has a process of its own make the disk ready and mount it at folder, which is made; runs helper's loop meanwhile.
 * Reasons: those of the process ("scratch-failed", "scratch-not-encrypted", "module-failed"), "scratch-died",
 * "scratch-timeout".
 */
COF_WUR int cof_scratch_open(const cof_helper_opts *helper, const cof_scratch_disk *d, bool integrity,
			     const char *folder, cof_err *err);
