/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's virtio-blk disks. The host chose them and their serials: a serial says what a disk is for, no more. */
#pragma once

#include <stdint.h>

#include "common/buf.h"

/* How many disks below sysfs (normally "/sys/block") have this serial; *ret, on heap, is the first one's name ("vdb")
 * and stays NULL when there is none. Memory that runs out is like a disk that is not there. */
size_t cof_disk_find(const char *sysfs, const char *serial, char **ret);
/* Its size. Reason "disk-size". */
COF_WUR int cof_disk_bytes(const char *sysfs, const char *disk, uint64_t *ret, cof_err *err);
