/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private folder of one run: mode 0700, beneath a base that only we can write, locked while we live. What a killed
 * run left behind is swept by the next one, which finds its lock free.
 */
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

typedef struct cof_rundir {
	char *path;
	int lock_fd;
} cof_rundir;

#define COF_RUNDIR_NONE ((cof_rundir){.lock_fd = -EBADF})

/* Removes the folder. Safe on zeroed objects. */
void cof_rundir_release(cof_rundir *d);
COF_DEFINE_AUTO(cof_rundir, cof_rundir_release)

/* The base, made when absent: $XDG_RUNTIME_DIR/coffer, /run/coffer for root, else coffer-UID in $TMPDIR or /tmp.
 * Reason "run-dir-unsafe" when it belongs to somebody else or is open to others. */
COF_WUR int cof_rundir_base(char **ret, cof_err *err);
/* Sweeps dead runs, then makes a folder for this one. */
COF_WUR int cof_rundir_new(const char *base, cof_rundir *ret, cof_err *err);
