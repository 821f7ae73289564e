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
	int file; /* being written, or -EBADF */
	cof_made made;
	uint64_t entries, bytes;
	bool root_opaque;
};

COF_WUR int cof_unpack_meta(const cof_unpack *u, int fd, const cof_tar_entry *e, cof_err *err);
/* Makes the entry at u->at; a file's data follows. */
COF_WUR int cof_unpack_make(cof_unpack *u, const cof_tar_entry *e, cof_err *err);
/* Executes or records the whiteout that u->at names. */
COF_WUR int cof_unpack_whiteout(cof_unpack *u, const cof_tar_entry *e, cof_err *err);
