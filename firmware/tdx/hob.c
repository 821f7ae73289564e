/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of hand-off blocks that tells a TD's firmware about its memory.
 *
 * spec: UEFI PI 1.8 vol. 3, 5 (HOB); TDVF Design Guide 1.01, 4.2 (TD HOB) and 7.1 (memory ranges)
 * source: QEMU hw/i386/tdvf-hob.c
 */
#include "common/wr.h"
#include "firmware/kernel.h"
#include "firmware/tdx/tdx.h"

enum {
	PAGE = 4096,
	HANDOFF_LEN = 56,
	RESOURCE_LEN = 48,
	END_LEN = 8,
	HANDOFF = 1,
	RESOURCE = 3,
	HOB_VERSION = 9,
	ADDED = 0,	/* system memory, accepted when it was added */
	UNACCEPTED = 7, /* the guest has to accept it */
	ATTRIBUTES = 7, /* present, initialized, tested */
	GUID_ZERO = 16,
	RANGES_MAX = 2 + 2 * COF_TDVF_SECTIONS_MAX, /* a section cuts one range into three at most */
};

#define FOUR_GIB (1ull << 32)
#define MEMORY_MAX (1ull << 46) /* more than any machine has */

typedef struct range {
	uint64_t start;
	uint64_t len;
	uint32_t type;
} range;

typedef struct memory {
	range ranges[RANGES_MAX];
	size_t n;
} memory;

static void add_range(memory *m, uint64_t start, uint64_t len, uint32_t type)
{
	if (len > 0)
		m->ranges[m->n++] = (range){start, len, type};
}

static range *range_around(memory *m, const cof_tdvf_section *s)
{
	for (size_t i = 0; i < m->n; i++) {
		range *r = &m->ranges[i];
		if (r->type == UNACCEPTED && s->memory_address >= r->start && s->memory_size <= r->len &&
		    s->memory_address - r->start <= r->len - s->memory_size)
			return r;
	}
	return NULL;
}

/* Cuts the section out; what is left and right of it stays unaccepted. */
static int carve(memory *m, const cof_tdvf_section *s, cof_err *err)
{
	range *r = range_around(m, s);
	if (r == NULL || m->n + 2 > RANGES_MAX)
		return cof_err_set(err, COF_E_USAGE, "bad-memory-size",
				   "the firmware needs memory at 0x%llx, which this machine has not",
				   (unsigned long long)s->memory_address);
	range whole = *r;
	uint64_t left = s->memory_address - whole.start;
	*r = (range){s->memory_address, s->memory_size, ADDED};
	add_range(m, whole.start, left, UNACCEPTED);
	add_range(m, s->memory_address + s->memory_size, whole.len - left - s->memory_size, UNACCEPTED);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const range *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static const cof_tdvf_section *hob_section(const cof_tdvf *meta)
{
	for (size_t i = 0; i < meta->n; i++) {
		if (meta->sections[i].type == COF_TDVF_TD_HOB)
			return &meta->sections[i];
	}
	return NULL;
}

static int lay_out(const cof_tdvf *meta, uint64_t memory_bytes, memory *ret, cof_err *err)
{
	uint64_t low = cof_q35_low_memory(memory_bytes);
	if (memory_bytes == 0 || memory_bytes % PAGE != 0 || memory_bytes > MEMORY_MAX)
		return cof_err_set(err, COF_E_USAGE, "bad-memory-size", "not a size that a machine can have");
	add_range(ret, 0, low, UNACCEPTED);
	add_range(ret, FOUR_GIB, memory_bytes - low, UNACCEPTED);
	for (size_t i = 0; i < meta->n; i++) {
		uint32_t type = meta->sections[i].type;
		int rc = type == COF_TDVF_TD_HOB || type == COF_TDVF_TEMP_MEM ? carve(ret, &meta->sections[i], err) : 0;
		if (rc < 0)
			return rc;
	}
	qsort(ret->ranges, ret->n, sizeof ret->ranges[0], by_start);
	return 0;
}

static void put_header(cof_wr *w, uint16_t type, uint16_t len)
{
	cof_wr_u16le(w, type);
	cof_wr_u16le(w, len);
	cof_wr_u32le(w, 0);
}

/* The firmware measures up to the end marker, but the address says where the list ends with it. */
static void put_handoff(cof_wr *w, uint64_t end_of_list)
{
	put_header(w, HANDOFF, HANDOFF_LEN);
	cof_wr_u32le(w, HOB_VERSION);
	cof_wr_u32le(w, 0);		       /* boot mode: full configuration */
	cof_wr_zeros(w, 4 * sizeof(uint64_t)); /* memory top and bottom, free memory: the firmware fills them */
	cof_wr_u64le(w, end_of_list);
}

static void put_resource(cof_wr *w, const range *r)
{
	put_header(w, RESOURCE, RESOURCE_LEN);
	cof_wr_zeros(w, GUID_ZERO);
	cof_wr_u32le(w, r->type);
	cof_wr_u32le(w, ATTRIBUTES);
	cof_wr_u64le(w, r->start);
	cof_wr_u64le(w, r->len);
}

int cof_tdx_hob_list(const cof_tdvf *meta, uint64_t memory_bytes, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	memory m = {0};
	const cof_tdvf_section *hob = hob_section(meta);
	if (hob == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "TDVF metadata: no place for the HOBs");
	int rc = lay_out(meta, memory_bytes, &m, err);
	size_t len = HANDOFF_LEN + RESOURCE_LEN * m.n + END_LEN;
	if (rc == 0 && len > hob->memory_size)
		rc = cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "TDVF metadata: too little for the HOBs");
	if (rc < 0)
		return rc;
	cof_wr w = cof_wr_to(&b);
	put_handoff(&w, hob->memory_address + len);
	for (size_t i = 0; i < m.n; i++)
		put_resource(&w, &m.ranges[i]);
	rc = cof_wr_done(&w, err);
	if (rc < 0)
		return rc;
	*ret = b;
	b = (cof_buf){0};
	return 0;
}
