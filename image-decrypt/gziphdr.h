/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a gzip member, byte by byte as it comes. Nothing in it matters to us but where it ends; what RFC 1952
 * calls reserved is refused, since readers differ there. Reason "layer-inflate".
 *
 * spec: RFC 1952 2.3
 */
#pragma once

#include "common/buf.h"

enum { COF_GZIP_TEXT_MAX = 64 << 10 }; /* of a name or a comment */

typedef struct cof_gziphdr {
	int field; /* which part comes next */
	uint8_t flags;
	uint32_t at; /* bytes of this part so far */
	uint32_t extra;
} cof_gziphdr;

/* Takes header bytes away from *in; *ret_done when deflate data begins at it. h starts zeroed. */
COF_WUR int cof_gziphdr_add(cof_gziphdr *h, cof_span *in, bool *ret_done, cof_err *err);
