/* SPDX-License-Identifier: Apache-2.0 */
/* Footer tables over the end of a small image. */
#pragma once

#include "common/wr.h"
#include "tests/unit/test.h"

static const uint8_t guid_of_footer[16] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
					   0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};

typedef struct footer_record {
	const uint8_t *guid;
	uint32_t words[2];
	size_t n; /* words used */
} footer_record;

/* An image of this many bytes, each page different from the others. */
static inline void make_image(cof_buf *b, size_t len)
{
	assert_ok(cof_buf_reserve(b, len, &err));
	for (size_t i = 0; i < len; i++)
		b->data[i] = (uint8_t)(i * 7 + (i >> 12) * 13 + 1);
	b->len = len;
}

static inline void poke(cof_buf *b, size_t at, size_t width, uint64_t value)
{
	assert_true(at + width <= b->len);
	for (size_t i = 0; i < width; i++)
		b->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* The records as they lie in memory: the last one first. */
static inline size_t put_records(cof_buf *t, const footer_record *records, size_t n)
{
	cof_wr w = cof_wr_to(t);
	for (size_t i = n; i-- > 0;) {
		for (size_t k = 0; k < records[i].n; k++)
			cof_wr_u32le(&w, records[i].words[k]);
		cof_wr_u16le(&w, (uint16_t)(records[i].n * 4 + 18));
		cof_wr_bytes(&w, cof_span_of(records[i].guid, 16));
	}
	cof_wr_u16le(&w, (uint16_t)(t->len + 18));
	cof_wr_bytes(&w, cof_span_of(guid_of_footer, 16));
	assert_false(w.failed);
	return t->len;
}

/* Over the end of the image; records from its end towards its start. Returns the length of the table. */
static inline size_t put_footer(cof_buf *image, const footer_record *records, size_t n)
{
	COF_AUTO(cof_buf) t = {0};
	size_t len = put_records(&t, records, n);
	assert_true(len + 0x20 <= image->len);
	memcpy(image->data + image->len - 0x20 - len, t.data, len);
	return len;
}
