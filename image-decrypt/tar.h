/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar archives as a stream: ustar, GNU (long names, base-256 numbers, sparse files) and pax, pushed in pieces of any
 * size, events out. Hostile. What readers could disagree about is refused instead of guessed: one rule for sizes, no
 * data behind entries that hold none, no conflicting names, nothing but zeros behind the end. Memory is bounded.
 *
 * Reasons: "tar-malformed", "tar-checksum", "tar-number", "tar-type", "tar-pax", "tar-global", "tar-sparse",
 * "tar-name-too-long", "tar-truncated", "tar-trailing-bytes".
 *
 * spec: POSIX.1-2017 pax "ustar Interchange Format"; GNU tar manual "Basic Tar Format"
 */
#pragma once

#include "image-decrypt/pax.h"

enum { COF_TAR_BLOCK = 512, COF_TAR_NAME_MAX = 4096 };

typedef enum cof_tar_type {
	COF_TAR_FILE,
	COF_TAR_HARDLINK,
	COF_TAR_SYMLINK,
	COF_TAR_DEVICE,
	COF_TAR_DIR,
	COF_TAR_FIFO,
} cof_tar_type;

/* Texts are valid during the call. */
typedef struct cof_tar_entry {
	cof_tar_type type;
	const char *path; /* as written, not empty, at most COF_TAR_NAME_MAX bytes; it may climb and be absolute */
	const char *link; /* hard and symbolic links; else "" */
	uint32_t mode;	  /* 07777 */
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size; /* files: the real size, holes included */
	bool block;    /* devices: a block device, else a character device */
	uint32_t dev_major, dev_minor;
	bool sparse;
	const cof_tar_xattr *xattrs;
	size_t n_xattrs;
} cof_tar_entry;

typedef struct cof_tar_sink {
	void *arg;
	int (*entry)(void *arg, const cof_tar_entry *e, cof_err *err);
	/* Files only: bytes at an offset, ascending. */
	int (*data)(void *arg, uint64_t offset, cof_span bytes, cof_err *err);
	/* All data of the entry came. Called for every entry. */
	int (*done)(void *arg, cof_err *err);
} cof_tar_sink;

typedef struct cof_tar cof_tar;
void cof_tar_free(cof_tar *t);
COF_DEFINE_AUTO_PTR(cof_tar, cof_tar_free)
COF_WUR int cof_tar_new(cof_tar **ret, const cof_tar_sink *sink, cof_err *err);
COF_WUR int cof_tar_add(cof_tar *t, cof_span in, cof_err *err);
COF_WUR int cof_tar_end(cof_tar *t, cof_err *err);
