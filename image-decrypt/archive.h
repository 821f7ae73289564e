/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar archive on disk as a table of its files: names, offsets and sizes, so that each can be read alone. Hostile. The
 * archive is walked once, header by header, by the same reader that unpacks layers. One that is compressed (gzip, zstd)
 * is unpacked into a file without a name first. Links lead within the archive or nowhere; a name that comes twice
 * refuses the whole.
 */
#pragma once

#include "common/buf.h"

enum { COF_ARCHIVE_FILES_MAX = 65536 };

typedef struct cof_archive cof_archive;
typedef struct cof_archive_file cof_archive_file;

/* Reasons "no-such-file", "archive-malformed", and those of tar.h and inflate.h. */
COF_WUR int cof_archive_open(cof_archive **ret, const char *path, cof_err *err);
void cof_archive_free(cof_archive *a);
COF_DEFINE_AUTO_PTR(cof_archive, cof_archive_free)

/* A regular file, through links; NULL when there is none. Names have no leading "./". Borrowed. */
const cof_archive_file *cof_archive_find(const cof_archive *a, const char *name);
uint64_t cof_archive_size(const cof_archive_file *f);
/* The whole file; reason "file-too-large" beyond max. */
COF_WUR int cof_archive_read(const cof_archive *a, const cof_archive_file *f, size_t max, cof_buf *ret, cof_err *err);
/* The first n bytes, fewer when it has fewer. */
COF_WUR int cof_archive_head(const cof_archive *a, const cof_archive_file *f, size_t n, cof_buf *ret, cof_err *err);
COF_WUR int cof_archive_stream(const cof_archive *a, const cof_archive_file *f, cof_sink sink, void *arg, cof_err *err);
