/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer as a plain file: what its bytes are (tar, gzip, zstd) is seen by their first ones, and nothing is known that
 * they could be compared with. Both digests are computed on the way, for those who want to.
 */
#pragma once

#include "common/digest.h"
#include "image-decrypt/unpack.h"

typedef struct cof_unpack_file_result {
	uint64_t stored_bytes, tar_bytes, entries;
	cof_digest stored, diff_id; /* SHA-256 */
} cof_unpack_file_result;

/*
 * Reads fd to its end. Reasons: those of inflate.h and unpack.h. Only a return of 0 says that the tree may be
 * published.
 */
COF_WUR int cof_unpack_file(int fd, const cof_unpack_opts *opts, cof_unpack_file_result *ret, cof_err *err);
