/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IGVM files: a whole launch in one file, read, checked, and measured for SEV-SNP where the format gives the
 * measurement.
 *
 * spec: IGVM file format (microsoft/igvm, igvm_defs), version 1
 */
#pragma once

#include <stdbool.h>

#include "common/digest.h"

enum { COF_IGVM_MAX = 256 << 20, COF_IGVM_HEADERS_MAX = 1 << 20 };

enum cof_igvm_platform { COF_IGVM_SNP = 2, COF_IGVM_TDX = 3, COF_IGVM_SEV = 4, COF_IGVM_SEVES = 5 };

typedef struct cof_igvm_stats {
	uint32_t version;
	size_t n_headers;
	size_t n_platforms;
	struct {
		uint8_t platform; /* enum cof_igvm_platform, or another number */
		uint32_t mask;
		uint64_t shared_boundary;
	} platforms[8];
	size_t n_pages, n_unmeasured, n_contexts; /* of 4 KiB; all platforms together */
	bool has_idblock;
	bool has_policy;
	uint64_t policy; /* SNP's, where there are several */
} cof_igvm_stats;

/* Checks the whole file. Reason "igvm-malformed". */
COF_WUR int cof_igvm_parse(cof_span in, cof_igvm_stats *ret, cof_err *err);

/* Begins like one: for tools that take several kinds of firmware. */
bool cof_igvm_looks_like(cof_span in);

typedef struct cof_igvm_measure_in {
	cof_span file;
	bool zero_pages; /* the loader turns pages without data into ZERO pages (QEMU does) */
} cof_igvm_measure_in;

/* Reasons "igvm-malformed", "igvm-platform-missing" (policy: the file is not for SNP). */
COF_WUR int cof_igvm_snp_measure(const cof_igvm_measure_in *in, uint8_t ret[COF_SHA384_LEN], cof_err *err);
