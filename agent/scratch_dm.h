/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a mapping is what it should be: the device mapper's own table, read back from the kernel, and compared
 * with the one form that is right. What a library reported does not count (T-29).
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* One line of a table. params is zero-ended. */
typedef struct cof_dm_target {
	const char *type; /* "crypt" */
	const char *params;
	uint32_t targets; /* of the whole table */
} cof_dm_target;

/*
 * t encrypts the device "MAJOR:MINOR" (whole, from its first sector) with AES-256 in XTS mode and 4 KiB sectors, and
 * nothing else; integrity: and authenticates it. Reason "scratch-not-encrypted".
 */
COF_WUR int cof_dm_check_crypt(const cof_dm_target *t, const char *device, bool integrity, cof_err *err);
/* t keeps tags of 32 bytes on the device, and leaves their check to what is above. Reason "scratch-not-encrypted". */
COF_WUR int cof_dm_check_integrity(const cof_dm_target *t, const char *device, cof_err *err);
/* Both of a live mapping that lies on device, a path. Reasons "scratch-not-encrypted", "scratch-failed". */
COF_WUR int cof_scratch_prove(const char *mapping, const char *device, bool integrity, cof_err *err);
