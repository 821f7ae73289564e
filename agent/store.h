/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image's layers lie, and how much of them there may be. In guest memory they get a tmpfs of their own, whose
 * size leaves a reserve for the workload and for us: what an image expands to can then never eat the guest, however
 * many unpackers write at once. On another file system its free space is the limit.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* Makes the folder, mode 0700; in guest memory, mounts its tmpfs there. Reasons "image-too-large" when there is no
 * room at all, "mount-failed", "unpack-io". */
COF_WUR int cof_store_make(const char *folder, cof_err *err);
/* Unmounts and removes; what is not there is fine. */
void cof_store_remove(const char *folder);

/* Before a pull: need is what the layers' sizes add up to as they are stored, so the files take this at least. Reason
 * "image-too-large", with both figures. */
COF_WUR int cof_store_admit(int folder_fd, uint64_t need, cof_err *err);
/* The error for an unpacker that found no more room: always "image-too-large". */
COF_WUR int cof_store_full(int folder_fd, uint64_t need, cof_err *err);

/* A size and a number of files that memory allows, when so much of total is available; at most most. */
typedef struct cof_store_room {
	uint64_t bytes, files;
} cof_store_room;
cof_store_room cof_store_room_of(uint64_t total, uint64_t available, uint64_t most);
/* MemTotal and MemAvailable of /proc/meminfo's text, in bytes. Reason "meminfo-malformed". */
COF_WUR int cof_store_meminfo(const char *text, uint64_t *ret_total, uint64_t *ret_available, cof_err *err);
