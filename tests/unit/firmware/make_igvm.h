/* SPDX-License-Identifier: Apache-2.0 */
/* IGVM files, made header by header. */
#pragma once

#include <lzma.h>

#include "common/wr.h"
#include "firmware/igvm.h"
#include "tests/unit/test.h"

enum {
	IGVM_SNP_MASK = 1,
	IGVM_OTHER_MASK = 2,
	IGVM_PAGE = 4096,
	IGVM_FIXED = 24,
	IGVM_2MIB = 1,
	IGVM_UNMEASURED = 2,
	IGVM_SHARED = 4,
	IGVM_REFS_MAX = 64,
};

/* References to data are patched when the headers are all there. */
typedef struct make_igvm {
	cof_buf headers, data;
	size_t refs[IGVM_REFS_MAX], n_refs;
} make_igvm;

static inline void make_igvm_release(make_igvm *m)
{
	cof_buf_release(&m->headers);
	cof_buf_release(&m->data);
	*m = (make_igvm){0};
}
COF_DEFINE_AUTO(make_igvm, make_igvm_release)

static inline void igvm_put32(cof_buf *b, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		b->data[at + i] = (uint8_t)(v >> (8 * i));
}

static inline void igvm_header(make_igvm *m, uint32_t type, cof_span body)
{
	cof_wr w = cof_wr_to(&m->headers);
	cof_wr_u32le(&w, type);
	cof_wr_u32le(&w, (uint32_t)body.len);
	cof_wr_bytes(&w, body);
	cof_wr_zeros(&w, (8 - body.len % 8) % 8);
	assert_ok(cof_wr_done(&w, &err));
}

/* A header whose member at ref (of its body) is a reference to data; empty data is the reference 0. */
static inline void igvm_header_data(make_igvm *m, uint32_t type, const cof_buf *body, size_t ref, cof_span data)
{
	size_t at = m->headers.len + 8 + ref;
	igvm_header(m, type, cof_buf_span(body));
	if (data.len == 0)
		return;
	assert_true(m->n_refs < IGVM_REFS_MAX);
	igvm_put32(&m->headers, at, (uint32_t)m->data.len);
	m->refs[m->n_refs++] = at;
	assert_ok(cof_buf_add(&m->data, data.data, data.len, &err));
}

static inline void igvm_platform(make_igvm *m, uint32_t mask, uint8_t platform)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, mask);
	cof_wr_u8(&w, 0);
	cof_wr_u8(&w, platform);
	cof_wr_u16le(&w, 1);
	cof_wr_u64le(&w, (uint64_t)1 << 46);
	igvm_header(m, 0x1, cof_buf_span(&b));
}

static inline void igvm_policy(make_igvm *m, uint32_t mask, uint64_t policy)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u64le(&w, policy);
	cof_wr_u32le(&w, mask);
	cof_wr_u32le(&w, 0);
	igvm_header(m, 0x101, cof_buf_span(&b));
}

typedef struct igvm_page {
	uint64_t gpa;
	uint32_t mask, flags;
	uint16_t type; /* 0 normal, 1 secrets, 2 and 3 CPUID */
	cof_span data;
} igvm_page;

static inline void igvm_add_page(make_igvm *m, igvm_page p)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u64le(&w, p.gpa);
	cof_wr_u32le(&w, p.mask);
	cof_wr_u32le(&w, 0);
	cof_wr_u32le(&w, p.flags);
	cof_wr_u16le(&w, p.type);
	cof_wr_u16le(&w, 0);
	igvm_header_data(m, 0x302, &b, 12, p.data);
}

static inline void igvm_area(make_igvm *m, uint32_t index, uint64_t size)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u64le(&w, size);
	cof_wr_u32le(&w, index);
	cof_wr_u32le(&w, 0);
	igvm_header(m, 0x301, cof_buf_span(&b));
}

static inline void igvm_parameter(make_igvm *m, uint32_t type, uint32_t index, uint32_t offset)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, index);
	cof_wr_u32le(&w, offset);
	igvm_header(m, type, cof_buf_span(&b));
}

static inline void igvm_insert(make_igvm *m, uint64_t gpa, uint32_t mask, uint32_t index)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u64le(&w, gpa);
	cof_wr_u32le(&w, mask);
	cof_wr_u32le(&w, index);
	igvm_header(m, 0x303, cof_buf_span(&b));
}

static inline void igvm_context(make_igvm *m, uint64_t gpa, uint32_t mask, cof_span state)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u64le(&w, gpa);
	cof_wr_u32le(&w, mask);
	cof_wr_u32le(&w, 0);
	cof_wr_u32le(&w, 0);
	igvm_header_data(m, 0x304, &b, 12, state);
}

/* Makes the checksum hold again. */
static inline void igvm_seal(cof_buf *file, size_t headers_len)
{
	igvm_put32(file, 20, 0);
	igvm_put32(file, 20, lzma_crc32(file->data, IGVM_FIXED + headers_len, 0));
}

static inline void igvm_end(const make_igvm *m, cof_buf *ret)
{
	size_t data_at = IGVM_FIXED + m->headers.len;
	cof_wr w = cof_wr_to(ret);
	ret->len = 0;
	cof_wr_u32le(&w, 0x4d564749);
	cof_wr_u32le(&w, 1);
	cof_wr_u32le(&w, IGVM_FIXED);
	cof_wr_u32le(&w, (uint32_t)m->headers.len);
	cof_wr_u32le(&w, (uint32_t)(data_at + m->data.len));
	cof_wr_u32le(&w, 0);
	cof_wr_bytes(&w, cof_buf_span(&m->headers));
	cof_wr_bytes(&w, cof_buf_span(&m->data));
	assert_ok(cof_wr_done(&w, &err));
	for (size_t i = 0; i < m->n_refs; i++) {
		const uint8_t *p = ret->data + IGVM_FIXED + m->refs[i];
		uint32_t v = (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
		igvm_put32(ret, IGVM_FIXED + m->refs[i], v + (uint32_t)data_at);
	}
	igvm_seal(ret, m->headers.len);
}

static inline void igvm_fill(uint8_t *page, size_t len, uint8_t seed)
{
	for (size_t i = 0; i < len; i++)
		page[i] = (uint8_t)(i * 5 + seed);
}

/* One of everything that SNP measures, and something for another platform in between. */
static inline void make_igvm_all(make_igvm *m)
{
	uint8_t page[IGVM_PAGE];
	cof_span data = cof_span_of(page, sizeof page);
	igvm_platform(m, IGVM_SNP_MASK, COF_IGVM_SNP);
	igvm_platform(m, IGVM_OTHER_MASK, COF_IGVM_SEV);
	igvm_policy(m, IGVM_OTHER_MASK, 5);
	igvm_policy(m, IGVM_SNP_MASK, 0x30000);
	igvm_area(m, 7, 2 * IGVM_PAGE);
	igvm_parameter(m, 0x307, 7, 0);
	igvm_parameter(m, 0x30c, 7, 8);
	igvm_fill(page, sizeof page, 1);
	igvm_add_page(m, (igvm_page){0x10000, IGVM_SNP_MASK | IGVM_OTHER_MASK, 0, 0, data});
	igvm_fill(page, sizeof page, 2);
	igvm_add_page(m, (igvm_page){0x11000, IGVM_OTHER_MASK, 0, 0, data});
	igvm_add_page(m, (igvm_page){0x12000, IGVM_SNP_MASK, 0, 0, {0}});
	igvm_add_page(m, (igvm_page){0x13000, IGVM_SNP_MASK, IGVM_UNMEASURED, 0, data});
	igvm_add_page(m, (igvm_page){0x14000, IGVM_SNP_MASK, 0, 1, {0}});
	igvm_add_page(m, (igvm_page){0x15000, IGVM_SNP_MASK, 0, 2, data});
	igvm_add_page(m, (igvm_page){0x16000, IGVM_SNP_MASK, IGVM_SHARED, 0, data});
	igvm_insert(m, 0x20000, IGVM_SNP_MASK, 7);
	igvm_fill(page, sizeof page, 3);
	igvm_context(m, 0xfffffffff000, IGVM_SNP_MASK, data);
}
