/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of IGVM files as its users inside this room see it: one call for everything that goes into memory. */
#pragma once

#include "common/rd.h"
#include "firmware/igvm.h"

enum cof_igvm_kind {
	COF_IGVM_DATA,
	COF_IGVM_UNMEASURED,
	COF_IGVM_SHARED, /* never the guest's private memory */
	COF_IGVM_SECRETS,
	COF_IGVM_CPUID,
	COF_IGVM_CONTEXT,
};

/* Pages of 4 KiB, one behind the other, or a processor's first state (then one page, or none for VSM). */
typedef struct cof_igvm_load {
	enum cof_igvm_kind kind;
	uint32_t mask; /* of the platforms that it is for */
	uint64_t gpa;
	uint64_t n_pages;
	cof_span data; /* borrowed; empty: zeros */
} cof_igvm_load;

typedef int (*cof_igvm_sink)(void *arg, const cof_igvm_load *l, cof_err *err);

/* Checks the file and calls sink (NULL: nobody) in the order of the file. What was called before an error counts not.
 */
COF_WUR int cof_igvm_walk(cof_span in, cof_igvm_sink sink, void *arg, cof_igvm_stats *ret, cof_err *err);

/* --- between igvm.c and igvm_load.c --- */

enum { COF_IGVM_PAGE = 4096, COF_IGVM_PAGES_MAX = 1 << 18, COF_IGVM_AREAS_MAX = 256, COF_IGVM_PLATFORM_VSM = 1 };

typedef struct cof_igvm_area {
	uint32_t index;
	uint32_t inserted; /* mask of the platforms that have taken it */
	uint64_t size;
} cof_igvm_area;

typedef struct cof_igvm {
	cof_span file;
	size_t data_at; /* where the headers end and data may lie */
	int section;
	uint32_t platforms, policies, idblocks; /* masks */
	size_t n_areas;
	cof_igvm_area areas[COF_IGVM_AREAS_MAX];
	cof_igvm_sink sink;
	void *arg;
	cof_igvm_stats stats;
} cof_igvm;

COF_WUR int cof_igvm_malformed(cof_err *err, const char *what);
bool cof_igvm_has_platform(const cof_igvm *f, uint32_t mask, uint8_t platform);

static inline bool cof_igvm_is_page(uint64_t v)
{
	return v % COF_IGVM_PAGE == 0;
}

/* Whole pages that end below 2^64. */
static inline bool cof_igvm_is_range(uint64_t gpa, uint64_t size)
{
	uint64_t end;
	return cof_igvm_is_page(gpa) && cof_igvm_is_page(size) && !__builtin_add_overflow(gpa, size, &end);
}

/* Readers of one header's body each. */
COF_WUR int cof_igvm_read_page(cof_igvm *f, cof_rd *r, cof_err *err);
COF_WUR int cof_igvm_read_area(cof_igvm *f, cof_rd *r, cof_err *err);
COF_WUR int cof_igvm_read_parameter(cof_igvm *f, cof_rd *r, cof_err *err);
COF_WUR int cof_igvm_read_insert(cof_igvm *f, cof_rd *r, cof_err *err);
COF_WUR int cof_igvm_read_context(cof_igvm *f, cof_rd *r, cof_err *err);
