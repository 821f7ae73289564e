/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pax extended headers and GNU sparse maps: the two parts of tar that are text. Hostile; a record that does not parse,
 * or says the same thing twice, ends the archive instead of being skipped, since readers that skip see other archives.
 *
 * spec: POSIX.1-2017 pax "pax Header Block"; GNU tar manual "Storing Sparse Files"
 */
#pragma once

#include <stdbool.h>

#include "common/rd.h"

enum { COF_PAX_MAX = 1 << 20, COF_PAX_XATTRS_MAX = 64, COF_PAX_XATTR_VALUE_MAX = 64 << 10, COF_SPARSE_MAX = 16384 };

typedef struct cof_tar_xattr {
	char *name;
	cof_span value; /* borrowed from the header's bytes, or from own */
	cof_buf own;
} cof_tar_xattr;

typedef struct cof_sparse_part {
	uint64_t offset, len;
} cof_sparse_part;

typedef struct cof_sparse {
	cof_sparse_part *parts; /* ascending, not overlapping */
	size_t n, room;
	uint64_t real_size;
} cof_sparse;

void cof_sparse_release(cof_sparse *s);
COF_DEFINE_AUTO(cof_sparse, cof_sparse_release)
/* Reason "tar-sparse". */
COF_WUR int cof_sparse_add(cof_sparse *s, uint64_t offset, uint64_t len, cof_err *err);
/* The parts end where the file does, and hold exactly stored bytes together. */
COF_WUR int cof_sparse_check(const cof_sparse *s, uint64_t stored, cof_err *err);

typedef struct cof_pax {
	char *path, *link; /* NULL: not given */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_ns;
	cof_tar_xattr xattrs[COF_PAX_XATTRS_MAX];
	size_t n_xattrs;
	/* GNU.sparse.*: versions 0.0 and 0.1 bring the map in the header, 1.0 in front of the data */
	bool sparse, sparse_in_data, has_real_size;
	char *sparse_name;
	uint64_t sparse_major, sparse_minor, sparse_offset;
	bool has_sparse_major, has_sparse_offset, has_sparse_count;
	uint64_t sparse_count;
	cof_sparse map;
} cof_pax;

void cof_pax_release(cof_pax *p);
COF_DEFINE_AUTO(cof_pax, cof_pax_release)

/* body outlives ret. Reason "tar-pax" (malformed). ret must be zeroed. */
COF_WUR int cof_pax_parse(cof_span body, cof_pax *ret, cof_err *err);
/* A global header: accepted when nothing in it would change an entry. */
COF_WUR int cof_pax_check_global(cof_span body, cof_err *err);
/* Decimal digits only, no sign, no overflow of 63 bits. */
COF_WUR bool cof_pax_decimal(cof_span s, uint64_t *ret);
