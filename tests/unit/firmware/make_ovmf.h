/* SPDX-License-Identifier: Apache-2.0 */
/* A small firmware image with the shape of OVMF's: a volume, a volume-image file, an LZMA section, two volumes. */
#pragma once

#include <lzma.h>

#include "common/wr.h"
#include "tests/unit/test.h"

static const uint8_t name_peifv[16] = {0x9b, 0x07, 0x38, 0x69, 0x03, 0xb5, 0x3d, 0x4e,
				       0x9d, 0x24, 0xb2, 0x83, 0x37, 0xa2, 0x58, 0x06};
static const uint8_t name_dxefv[16] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
				       0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};
static const uint8_t guid_of_lzma[16] = {0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
					 0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf};

enum { FV_HEADER = 72 };

/* A volume with a name in its extended header (name NULL: none), holding body. */
static inline void put_fv(cof_buf *b, const uint8_t *name, cof_span body)
{
	cof_wr w = cof_wr_to(b);
	size_t ext = name != NULL ? 24 : 0;
	cof_wr_zeros(&w, 32);
	cof_wr_u64le(&w, FV_HEADER + ext + body.len);
	cof_wr_u32le(&w, 0x4856465f);
	cof_wr_u32le(&w, 0);
	cof_wr_u16le(&w, FV_HEADER);
	cof_wr_u16le(&w, 0);
	cof_wr_u16le(&w, name != NULL ? FV_HEADER : 0);
	cof_wr_zeros(&w, FV_HEADER - 54);
	if (name != NULL) {
		cof_wr_bytes(&w, cof_span_of(name, 16));
		cof_wr_u32le(&w, 20);
		cof_wr_zeros(&w, 4);
	}
	cof_wr_bytes(&w, body);
	assert_false(w.failed);
}

static inline void put_u24(cof_wr *w, size_t v)
{
	cof_wr_u16le(w, (uint16_t)v);
	cof_wr_u8(w, (uint8_t)(v >> 16));
}

static inline void put_section(cof_buf *b, uint8_t type, cof_span body)
{
	cof_wr w = cof_wr_to(b);
	put_u24(&w, 4 + body.len);
	cof_wr_u8(&w, type);
	cof_wr_bytes(&w, body);
	cof_wr_zeros(&w, (4 - body.len % 4) % 4);
	assert_false(w.failed);
}

static inline void put_file(cof_buf *b, uint8_t type, cof_span body)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_zeros(&w, 18);
	cof_wr_u8(&w, type);
	cof_wr_u8(&w, 0);
	put_u24(&w, 24 + body.len);
	cof_wr_u8(&w, 0xf8);
	cof_wr_bytes(&w, body);
	cof_wr_zeros(&w, (8 - body.len % 8) % 8);
	assert_false(w.failed);
}

/* "LZMA alone" with the size that the format leaves out when it streams. */
static inline void put_lzma(cof_buf *b, cof_span in)
{
	lzma_options_lzma opt;
	lzma_stream s = LZMA_STREAM_INIT;
	assert_false(lzma_lzma_preset(&opt, 0));
	assert_int_equal(lzma_alone_encoder(&s, &opt), LZMA_OK);
	assert_ok(cof_buf_reserve(b, in.len + 4096, &err));
	s.next_in = in.data;
	s.avail_in = in.len;
	s.next_out = b->data + b->len;
	s.avail_out = in.len + 4096;
	assert_int_equal(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	for (size_t i = 0; i < 8; i++)
		b->data[b->len + 5 + i] = (uint8_t)((uint64_t)in.len >> (8 * i));
	b->len += s.total_out;
	lzma_end(&s);
}

/* The compressed stream: two volumes by these names (NULL: no such volume). */
static inline void put_stream(cof_buf *b, const uint8_t *first, const uint8_t *second)
{
	const uint8_t *const names[] = {first, second};
	put_section(b, 0x19, cof_span_str("raw"));
	for (size_t i = 0; i < 2; i++) {
		COF_AUTO(cof_buf) fv = {0};
		if (names[i] == NULL)
			continue;
		put_fv(&fv, names[i], cof_span_str(i == 0 ? "first volume's files" : "and the second one's"));
		put_section(b, 0x17, cof_buf_span(&fv));
	}
}

/* A whole image around a stream. */
static inline void put_image(cof_buf *b, cof_span stream)
{
	COF_AUTO(cof_buf) guided = {0};
	COF_AUTO(cof_buf) sections = {0};
	COF_AUTO(cof_buf) files = {0};
	cof_wr w = cof_wr_to(&guided);
	cof_wr_bytes(&w, cof_span_of(guid_of_lzma, 16));
	cof_wr_u16le(&w, 24);
	cof_wr_u16le(&w, 1);
	assert_false(w.failed);
	put_lzma(&guided, stream);
	put_section(&sections, 0x02, cof_buf_span(&guided));
	put_file(&files, 0xf0, cof_span_str("a pad file"));
	put_file(&files, 0x0b, cof_buf_span(&sections));
	put_fv(b, NULL, cof_buf_span(&files));
}

static inline void put_ovmf(cof_buf *b)
{
	COF_AUTO(cof_buf) stream = {0};
	put_stream(&stream, name_peifv, name_dxefv);
	put_image(b, cof_buf_span(&stream));
}
