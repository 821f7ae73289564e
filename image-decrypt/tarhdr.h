/* SPDX-License-Identifier: Apache-2.0 */
/* One 512-byte tar header. Hostile. Reasons "tar-checksum", "tar-number", "tar-malformed". */
#pragma once

#include "image-decrypt/tar.h"

typedef struct cof_tarhdr {
	char name[101], prefix[156], link[101];
	char type; /* the byte as it stands */
	uint32_t mode, uid, gid;
	uint64_t size;
	int64_t mtime;
	uint32_t dev_major, dev_minor; /* types '3' and '4' */
	bool posix, magic;	       /* ustar's magic; ustar's or GNU's */
	cof_span gnu_sparse;	       /* type 'S': the map, the "more follows" byte and the real size; borrowed */
} cof_tarhdr;

COF_WUR int cof_tarhdr_parse(cof_span block, cof_tarhdr *ret, cof_err *err);
/* A numeric field: octal text, or base-256 when the first bit is set. */
COF_WUR bool cof_tarhdr_number(cof_span field, int64_t *ret);
/* Adds the n pairs of a GNU map; a pair of zeros after the first is room that was not used. */
COF_WUR int cof_tarhdr_sparse(cof_span pairs, cof_sparse *to, cof_err *err);
