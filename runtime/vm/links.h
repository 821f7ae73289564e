/* SPDX-License-Identifier: Apache-2.0 */
/* The channels between us and one QEMU: unnamed socket pairs, so that none lies in the file system. */
#pragma once

#include "common/proc.h"
#include "runtime/vm/argv.h"

typedef struct cof_link {
	int ours, theirs; /* negative: not there, or handed on */
} cof_link;

enum { COF_LINK_CTL, COF_LINK_IO, COF_LINK_QMP, COF_LINK_CONSOLE, COF_LINK_LOG, COF_LINKS };

typedef struct cof_links {
	cof_link at[COF_LINKS];
} cof_links;

/* Closes both ends of all. Not for zeroed objects: cof_links_none. */
void cof_links_release(cof_links *l);
void cof_links_none(cof_links *l);
/* Our ends, but the monitor's, do not block. Without ports, CTL and IO are not made. Reason "socket-failed". */
COF_WUR int cof_links_make(cof_links *l, bool ports, cof_err *err);
/* QEMU has its ends: ours of them are closed. */
void cof_links_given(cof_links *l);
/*
 * The links that there are, and vhost_fd unless it is negative, as rows of QEMU's descriptor table from number *next
 * on (LOG is its stderr); in has the numbers. fds has room for COF_LINKS + 1. Returns how many.
 */
size_t cof_links_give(const cof_links *l, int vhost_fd, cof_argv_in *in, cof_proc_fd *fds, int *next);
