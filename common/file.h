/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files with a limit, all-or-nothing writes, and full reads and writes on descriptors. */
#pragma once

#include <sys/types.h>

#include "common/secret.h"

/* Appends the whole file to ret; reason "file-too-large" beyond max, "no-such-file" when it is absent. */
COF_WUR int cof_file_read(const char *path, size_t max, cof_buf *ret, cof_err *err);
COF_WUR int cof_file_read_at(int dirfd, const char *path, size_t max, cof_buf *ret, cof_err *err);
/* Temporary file beside the target, fsync, rename: the target is the old or the new content, never half. */
COF_WUR int cof_file_write(const char *path, cof_span data, mode_t mode, cof_err *err);
/* Reads to the end of fd. */
COF_WUR int cof_fd_read_all(int fd, size_t max, cof_buf *ret, cof_err *err);
/* The same into secret memory from the first byte on: a buf would leave copies behind when it grows. ret must be
 * zeroed. */
COF_WUR int cof_fd_read_secret(int fd, size_t max, cof_secret *ret, cof_err *err);
COF_WUR int cof_fd_write_all(int fd, cof_span data, cof_err *err);
/* Exactly len bytes; reason "short-read" when the stream ends before. */
COF_WUR int cof_fd_read_exact(int fd, void *out, size_t len, cof_err *err);
/* mkdir -p; existing directories are fine. */
COF_WUR int cof_mkdirs(const char *path, mode_t mode, cof_err *err);
/* A path made from a format, heap, reason "path-too-long" beyond PATH_MAX. */
COF_WUR COF_PRINTF(3, 4) int cof_path(char **ret, cof_err *err, const char *fmt, ...);
/* Removes a tree without following links or leaving its file system. An absent path is fine. */
COF_WUR int cof_rm_tree(const char *path, cof_err *err);
