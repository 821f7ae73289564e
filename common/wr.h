/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder that mirrors cof_rd: appends integers and spans to a cof_buf. It is sticky like the cursor: after a
 * failure (memory, cap) every write does nothing and cof_wr_ok() says so once, at the end.
 */
#pragma once

#include "common/buf.h"

typedef struct cof_wr {
	cof_buf *to;
	bool failed;
} cof_wr;

static inline cof_wr cof_wr_to(cof_buf *b)
{
	return (cof_wr){b, false};
}

/* A number where there is room for it already: n bytes, little-endian. */
static inline void cof_put_le(uint8_t *to, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

void cof_wr_bytes(cof_wr *w, cof_span s);
void cof_wr_u8(cof_wr *w, uint8_t v);
void cof_wr_u16le(cof_wr *w, uint16_t v);
void cof_wr_u32le(cof_wr *w, uint32_t v);
void cof_wr_u64le(cof_wr *w, uint64_t v);
void cof_wr_u16be(cof_wr *w, uint16_t v);
void cof_wr_u32be(cof_wr *w, uint32_t v);
void cof_wr_u64be(cof_wr *w, uint64_t v);
void cof_wr_zeros(cof_wr *w, size_t n);
/* Length prefix and bytes; fails when the length does not fit. */
void cof_wr_span_u16be(cof_wr *w, cof_span s);
void cof_wr_span_u32be(cof_wr *w, cof_span s);

/* Nested prefixes: begin returns a mark, end writes the length of what followed it. */
size_t cof_wr_begin_u16be(cof_wr *w);
void cof_wr_end_u16be(cof_wr *w, size_t mark);
size_t cof_wr_begin_u32be(cof_wr *w);
void cof_wr_end_u32be(cof_wr *w, size_t mark);

COF_WUR int cof_wr_done(const cof_wr *w, cof_err *err);
