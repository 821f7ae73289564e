/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar archive that is being written, beside its name, which it gets when it is whole. Names of files are needed only
 * at their ends. The same files make the same bytes: no times, no owners.
 *
 * spec: POSIX.1-2017 pax "ustar Interchange Format"
 */
#pragma once

#include "common/buf.h"

enum { COF_ARCHIVE_NAME_MAX = 100 };

typedef struct cof_archive_new cof_archive_new;

COF_WUR int cof_archive_create(cof_archive_new **ret, const char *path, cof_err *err);
/* Removes what did not get its name. */
void cof_archive_new_free(cof_archive_new *a);
COF_DEFINE_AUTO_PTR(cof_archive_new, cof_archive_new_free)

/* Begins a file: its bytes are written to *ret_fd, which is borrowed, in order. One at a time. */
COF_WUR int cof_archive_begin(cof_archive_new *a, int *ret_fd, cof_err *err);
/* Ends it, under a name of at most COF_ARCHIVE_NAME_MAX bytes: reason "archive-name" (internal). */
COF_WUR int cof_archive_end(cof_archive_new *a, const char *name, cof_err *err);
/* Forgets the file that was begun. */
void cof_archive_abort(cof_archive_new *a);
COF_WUR int cof_archive_add(cof_archive_new *a, const char *name, cof_span bytes, cof_err *err);
/* Ends the archive and gives it its name. */
COF_WUR int cof_archive_commit(cof_archive_new *a, cof_err *err);
