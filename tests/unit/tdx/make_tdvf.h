/* SPDX-License-Identifier: Apache-2.0 */
/* Small firmware images with TDVF metadata: bytes of a pattern, a descriptor, and OVMF's table or td-shim's pointer. */
#pragma once

#include "common/wr.h"
#include "firmware/tdx/tdvf.h"
#include "tests/unit/test.h"

enum { TDVF_DATA_LEN = 0x3000, TDVF_DESCRIPTOR_AT = TDVF_DATA_LEN + 16, TDVF_RECORDS_AT = TDVF_DESCRIPTOR_AT + 16 };

/* e9eaf9f3-168e-44d5-a8eb-7f4d8738f6ae and 96b582de-1fb2-45f7-baea-a366c55a082d */
static const uint8_t tdvf_guid[16] = {0xf3, 0xf9, 0xea, 0xe9, 0x8e, 0x16, 0xd5, 0x44,
				      0xa8, 0xeb, 0x7f, 0x4d, 0x87, 0x38, 0xf6, 0xae};
static const uint8_t table_guid[16] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
				       0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};

/* Code that ends inside its last page, variables, memory in two places around the hand-off blocks. */
static const cof_tdvf_section tdvf_usual[] = {
	{0x1000, 0x1801, 0xffffe000, 0x2000, COF_TDVF_BFV, COF_TDVF_EXTEND},
	{0, 0x1000, 0xffffd000, 0x1000, COF_TDVF_CFV, 0},
	{0, 0, 0x810000, 0x2000, COF_TDVF_TEMP_MEM, 0},
	{0, 0, 0x809000, 0x2000, COF_TDVF_TD_HOB, 0},
};

static inline void put_descriptor(cof_wr *w, const cof_tdvf_section *s, size_t n)
{
	cof_wr_bytes(w, cof_span_of(tdvf_guid, sizeof tdvf_guid));
	cof_wr_bytes(w, cof_span_str("TDVF"));
	cof_wr_u32le(w, (uint32_t)(16 + 32 * n));
	cof_wr_u32le(w, 1);
	cof_wr_u32le(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		cof_wr_u32le(w, s[i].data_offset);
		cof_wr_u32le(w, s[i].raw_size);
		cof_wr_u64le(w, s[i].memory_address);
		cof_wr_u64le(w, s[i].memory_size);
		cof_wr_u32le(w, s[i].type);
		cof_wr_u32le(w, s[i].attributes);
	}
}

static inline void put_data(cof_wr *w)
{
	for (size_t i = 0; i < TDVF_DATA_LEN; i++)
		cof_wr_u8(w, (uint8_t)(i * 7 + (i >> 8) + 1));
}

static inline void make_tdvf(cof_buf *b, const cof_tdvf_section *s, size_t n)
{
	cof_wr w = cof_wr_to(b);
	put_data(&w);
	put_descriptor(&w, s, n);
	cof_wr_u32le(&w, (uint32_t)(16 + 32 * n + 22 + 18 + 32)); /* from the descriptor to the end */
	cof_wr_u16le(&w, 22);
	cof_wr_bytes(&w, cof_span_of(cof_guid_tdx_metadata, 16));
	cof_wr_u16le(&w, 22 + 18);
	cof_wr_bytes(&w, cof_span_of(table_guid, sizeof table_guid));
	cof_wr_zeros(&w, 32);
	assert_ok(cof_wr_done(&w, &err));
}

static inline void make_shim(cof_buf *b, const cof_tdvf_section *s, size_t n)
{
	cof_wr w = cof_wr_to(b);
	put_data(&w);
	put_descriptor(&w, s, n);
	cof_wr_zeros(&w, 64);
	cof_wr_u32le(&w, TDVF_DESCRIPTOR_AT);
	cof_wr_zeros(&w, 28);
	assert_ok(cof_wr_done(&w, &err));
}
