/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of layers as a stream, bytes in, bytes out to a sink or into a belt, constant memory: gzip (any number
 * of members, CRC and length checked, zero padding tolerated behind the last), zstd (any number of frames, skippable
 * ones included), or neither. Input is hostile: reason "layer-inflate" for a broken or cut stream,
 * "layer-trailing-bytes" for anything behind its end.
 *
 * spec: RFC 1952, RFC 8878
 */
#pragma once

#include "image-decrypt/belt.h"
#include "image-decrypt/manifest.h"

/* zstd's frame header asks for memory: more than this is refused. Peers write 8 MiB at most. */
enum { COF_INFLATE_WINDOW_LOG_MAX = 26 };

typedef struct cof_inflate cof_inflate;
void cof_inflate_free(cof_inflate *z);
COF_DEFINE_AUTO_PTR(cof_inflate, cof_inflate_free)
COF_WUR int cof_inflate_new(cof_inflate **ret, cof_compression comp, cof_sink sink, void *arg, cof_err *err);
/* Writes into the belt's blocks, without a copy, and hands them on when they are full. */
COF_WUR int cof_inflate_into(cof_inflate **ret, cof_compression comp, cof_belt *to, cof_err *err);
/* A negative return of the sink stops it and is returned; for a belt that was stopped, reason "cancelled". */
COF_WUR int cof_inflate_add(cof_inflate *z, cof_span in, cof_err *err);
/* For a belt: hands on a block that is not full, after a failure too. */
COF_WUR int cof_inflate_flush(cof_inflate *z, cof_err *err);
/* The input ended: it must have ended where a stream may. */
COF_WUR int cof_inflate_end(const cof_inflate *z, cof_err *err);
