/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our helper processes give up before they touch a byte from outside: capabilities, other files, the network,
 * memory without end. The system call filters are in seccomp.h.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* Keeps only the capabilities in mask (bit per number) in every set, empties the rest and the bounding set. */
COF_WUR int cof_lockdown_caps(uint64_t mask, cof_err *err);
/*
 * Only files beneath dirfd from now on, and reading beneath the others (Landlock; a kernel without it is not an error:
 * see cof_lockdown_root).
 */
COF_WUR int cof_lockdown_files(int dirfd, const int *readable, size_t n, cof_err *err);
/* No file is written, made or removed any more but beneath these folders (those that are there); reading is as before.
 * Landlock; a kernel without it is not an error. */
COF_WUR int cof_lockdown_writes(const char *const *folders, size_t n, cof_err *err);
/* True where the kernel has Landlock. */
bool cof_lockdown_landlock(void);
/* dirfd becomes the root folder: there is no other name in reach. Needs CAP_SYS_CHROOT, which goes afterwards. */
COF_WUR int cof_lockdown_root(int dirfd, cof_err *err);
/* A network namespace of its own with nothing in it. */
COF_WUR int cof_lockdown_network(cof_err *err);
/* no_new_privs, no core dumps, at most files descriptors. */
COF_WUR int cof_lockdown_limits(unsigned long files, cof_err *err);
