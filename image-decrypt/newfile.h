/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that gets its name when it is whole. Until then it has none, where the file system can do that (so that
 * nothing is left of it whatever ends the program), else one that begins with a dot.
 */
#pragma once

#include <sys/types.h>

#include "common/buf.h"

typedef struct cof_newfile {
	int fd;
	char *path; /* NULL: it has no name */
} cof_newfile;

#define COF_NEWFILE_NONE ((cof_newfile){.fd = -EBADF})

/* In the folder, which must be on the file system where it will be. */
COF_WUR int cof_newfile_create(const char *folder, cof_newfile *ret, cof_err *err);
/* Gives it the name, in the place of what has it now; written through. It is closed then. */
COF_WUR int cof_newfile_publish(cof_newfile *n, const char *path, mode_t mode, cof_err *err);
/* Forgets what was not published. */
void cof_newfile_release(cof_newfile *n);
COF_DEFINE_AUTO(cof_newfile, cof_newfile_release)

/* A file that never gets a name, for what must lie somewhere for a while: where a machine keeps large things that it
 * can lose (not a tmpfs, as /tmp may be), else in /tmp. */
COF_WUR int cof_newfile_spool(int *ret_fd, cof_err *err);
