/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's half of the scratch disk: a file that only the guest's key makes sense of. It has no name, so it is gone
 * with the last process that holds it, whatever ends that process.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/*
 * A sparse file of bytes, rounded up to whole 4 KiB, mode 0600, removed from its folder already; *ret is the caller's.
 * dir NULL: $TMPDIR, or /tmp. Reasons "scratch-dir" (no such folder, or no file can be made there), "scratch-no-space"
 * when its file system has less room than that.
 */
COF_WUR int cof_scratch_file(const char *dir, uint64_t bytes, int *ret, cof_err *err);
