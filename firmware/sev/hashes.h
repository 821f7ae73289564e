/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of kernel, initrd and command line hashes that QEMU puts into an SEV guest's memory, and that OVMF checks
 * the blobs against.
 *
 * source: QEMU target/i386/sev.c (SevHashTable); EDK2 OvmfPkg/AmdSev/BlobVerifierLibSevHashes
 */
#pragma once

#include "common/digest.h"

enum { COF_SEV_HASH_TABLE_LEN = 176 };

typedef struct cof_sev_hashes {
	uint8_t kernel[COF_SHA256_LEN]; /* of the unmodified file */
	uint8_t initrd[COF_SHA256_LEN]; /* of nothing when there is none */
	uint8_t cmdline[COF_SHA256_LEN];
} cof_sev_hashes;

/* The hash of the command line's bytes and one NUL; NULL counts as "". */
COF_WUR int cof_sev_cmdline_hash(const char *cmdline, uint8_t ret[COF_SHA256_LEN], cof_err *err);
/* The padded table. */
COF_WUR int cof_sev_hash_table(const cof_sev_hashes *h, uint8_t ret[COF_SEV_HASH_TABLE_LEN], cof_err *err);
