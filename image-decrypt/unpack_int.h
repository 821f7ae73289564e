/* SPDX-License-Identifier: Apache-2.0 */
/* What unpack.c (lifecycle, files' data), unpack_make.c (each type of entry) and whiteout.c share. */
#pragma once

#include "image-decrypt/made.h"
#include "image-decrypt/tar.h"
#include "image-decrypt/tree.h"
#include "image-decrypt/unpack.h"

#define COF_WHITEOUT ".wh."

struct cof_unpack {
	cof_unpack_opts opts;
	cof_tree tree;
	cof_tar *tar;
	cof_place at; /* of the entry in hand */
	const cof_tar_entry *meta_of;
	int file;	 /* being written, or -EBADF */
	cof_made made;	 /* what this layer made; overlay: directories, and all since something was copied */
	cof_made hidden; /* whiteouts that were executed; once is enough */
	cof_made copied; /* overlay: what came up from lower layers for hard links */
	uint64_t entries, bytes;
	uint64_t unseen; /* spent since free space was asked for */
	bool root_opaque;
};

COF_WUR int cof_unpack_meta(const cof_unpack *u, int fd, const cof_tar_entry *e, cof_err *err);
/* The same for a directory that was there: what it had goes. */
COF_WUR int cof_unpack_meta_again(const cof_unpack *u, int fd, const cof_tar_entry *e, cof_err *err);
/* Owner and time of u->at, which cannot be opened. */
COF_WUR int cof_unpack_meta_by_name(const cof_unpack *u, const cof_tar_entry *e, cof_err *err);
/* Bytes that the layer makes us write, against its limits. */
COF_WUR int cof_unpack_count(cof_unpack *u, uint64_t bytes, cof_err *err);
/* Makes the entry at u->at; a file's data follows. */
COF_WUR int cof_unpack_make(cof_unpack *u, const cof_tar_entry *e, cof_err *err);
/* Executes or records the whiteout that u->at names. */
COF_WUR int cof_unpack_whiteout(cof_unpack *u, const cof_tar_entry *e, cof_err *err);
