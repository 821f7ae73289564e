/* SPDX-License-Identifier: Apache-2.0 */
/* What tar.c (the stream) and tar_entry.c (an entry from its headers) share. */
#pragma once

#include "image-decrypt/tar.h"
#include "image-decrypt/tarhdr.h"

/* What the next bytes are. */
typedef enum state {
	AT_HEADER,
	AT_META,	/* the body of a pax or long-name header */
	AT_SPARSE_MORE, /* GNU: further blocks of the map */
	AT_SPARSE_TEXT, /* pax 1.0: the map in front of the data */
	AT_DATA,
	AT_PAD,
	AT_END,
} state;

struct cof_tar {
	cof_tar_sink sink;
	state state;
	uint8_t block[COF_TAR_BLOCK];
	size_t have;
	bool zero_block; /* one was seen */
	/* extensions for the next entry */
	char meta_type;
	uint64_t meta_left;
	cof_buf meta, pax_body;
	bool has_pax, pending;
	bool pax_archive; /* a pax header was seen, of any entry */
	bool sized_link;  /* the entry before was a hard link with a size and no data */
	cof_pax pax;
	char *long_name, *long_link;
	/* the entry */
	cof_tarhdr h;
	char name[COF_TAR_NAME_MAX + 1];
	cof_tar_entry entry;
	cof_sparse map;
	uint64_t stored, left; /* bytes in the archive: of this entry, still to come */
	uint64_t map_numbers, map_want;
	uint64_t map_last;
	char digits[20];
	size_t n_digits;
	size_t part;
	uint64_t part_done;
	size_t pad;
};

/* Fills t->entry from t->h and the extensions before it. t->state is AT_DATA, or where the sparse map comes. */
COF_WUR int cof_tar_set_entry(cof_tar *t, cof_err *err);
/* Reason "tar-malformed". */
COF_WUR int cof_tar_bad(cof_err *err, const char *what);
