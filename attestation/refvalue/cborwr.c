/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cborwr.h"

enum {
	UINT = 0,
	NEGATIVE = 1,
	BYTES = 2,
	TEXT = 3,
	ARRAY = 4,
	MAP = 5,
	TAG = 6,
	FALSE_ITEM = 0xf4,
	TRUE_ITEM = 0xf5,
	NULL_ITEM = 0xf6
};

static void put_head(cof_wr *w, unsigned major, uint64_t v)
{
	uint8_t lead = (uint8_t)(major << 5);
	if (v < 24) {
		cof_wr_u8(w, (uint8_t)(lead | v));
	} else if (v <= UINT8_MAX) {
		cof_wr_u8(w, lead | 24);
		cof_wr_u8(w, (uint8_t)v);
	} else if (v <= UINT16_MAX) {
		cof_wr_u8(w, lead | 25);
		cof_wr_u16be(w, (uint16_t)v);
	} else if (v <= UINT32_MAX) {
		cof_wr_u8(w, lead | 26);
		cof_wr_u32be(w, (uint32_t)v);
	} else {
		cof_wr_u8(w, lead | 27);
		cof_wr_u64be(w, v);
	}
}

void cof_cbor_put_uint(cof_wr *w, uint64_t v)
{
	put_head(w, UINT, v);
}

void cof_cbor_put_int(cof_wr *w, int64_t v)
{
	if (v < 0)
		put_head(w, NEGATIVE, (uint64_t)(-1 - v));
	else
		put_head(w, UINT, (uint64_t)v);
}

void cof_cbor_put_bytes(cof_wr *w, cof_span s)
{
	put_head(w, BYTES, s.len);
	cof_wr_bytes(w, s);
}

void cof_cbor_put_text(cof_wr *w, const char *s)
{
	put_head(w, TEXT, strlen(s));
	cof_wr_bytes(w, cof_span_str(s));
}

void cof_cbor_put_array(cof_wr *w, uint64_t n)
{
	put_head(w, ARRAY, n);
}

void cof_cbor_put_map(cof_wr *w, uint64_t n)
{
	put_head(w, MAP, n);
}

void cof_cbor_put_tag(cof_wr *w, uint64_t tag)
{
	put_head(w, TAG, tag);
}

void cof_cbor_put_null(cof_wr *w)
{
	cof_wr_u8(w, NULL_ITEM);
}

void cof_cbor_put_bool(cof_wr *w, bool b)
{
	cof_wr_u8(w, b ? TRUE_ITEM : FALSE_ITEM);
}
