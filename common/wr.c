/* SPDX-License-Identifier: Apache-2.0 */
#include "common/wr.h"

void cof_wr_bytes(cof_wr *w, cof_span s)
{
	if (!w->failed && cof_buf_add(w->to, s.data, s.len, NULL) < 0)
		w->failed = true;
}

static void write_le(cof_wr *w, uint64_t v, size_t n)
{
	uint8_t b[8];
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	cof_wr_bytes(w, cof_span_of(b, n));
}

static void store_be(uint8_t *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static void write_be(cof_wr *w, uint64_t v, size_t n)
{
	uint8_t b[8];
	store_be(b, v, n);
	cof_wr_bytes(w, cof_span_of(b, n));
}

void cof_wr_u8(cof_wr *w, uint8_t v)
{
	write_le(w, v, 1);
}

void cof_wr_u16le(cof_wr *w, uint16_t v)
{
	write_le(w, v, 2);
}

void cof_wr_u32le(cof_wr *w, uint32_t v)
{
	write_le(w, v, 4);
}

void cof_wr_u64le(cof_wr *w, uint64_t v)
{
	write_le(w, v, 8);
}

void cof_wr_u16be(cof_wr *w, uint16_t v)
{
	write_be(w, v, 2);
}

void cof_wr_u32be(cof_wr *w, uint32_t v)
{
	write_be(w, v, 4);
}

void cof_wr_u64be(cof_wr *w, uint64_t v)
{
	write_be(w, v, 8);
}

void cof_wr_zeros(cof_wr *w, size_t n)
{
	if (w->failed || cof_buf_reserve(w->to, n, NULL) < 0) {
		w->failed = true;
		return;
	}
	memset(w->to->data + w->to->len, 0, n + 1);
	w->to->len += n;
}

void cof_wr_span_u16be(cof_wr *w, cof_span s)
{
	if (s.len > UINT16_MAX)
		w->failed = true;
	cof_wr_u16be(w, (uint16_t)s.len);
	cof_wr_bytes(w, s);
}

void cof_wr_span_u32be(cof_wr *w, cof_span s)
{
	if (s.len > UINT32_MAX)
		w->failed = true;
	cof_wr_u32be(w, (uint32_t)s.len);
	cof_wr_bytes(w, s);
}

/* A mark is the offset of the prefix; the length is what stands behind it at the end. */
static size_t begin(cof_wr *w, size_t prefix)
{
	size_t mark = w->to->len;
	cof_wr_zeros(w, prefix);
	return mark;
}

static void end(cof_wr *w, size_t mark, size_t prefix)
{
	if (w->failed)
		return;
	uint64_t len = w->to->len - mark - prefix;
	if (len >> (8 * prefix) != 0)
		w->failed = true;
	else
		store_be(w->to->data + mark, len, prefix);
}

size_t cof_wr_begin_u16be(cof_wr *w)
{
	return begin(w, 2);
}

void cof_wr_end_u16be(cof_wr *w, size_t mark)
{
	end(w, mark, 2);
}

size_t cof_wr_begin_u32be(cof_wr *w)
{
	return begin(w, 4);
}

void cof_wr_end_u32be(cof_wr *w, size_t mark)
{
	end(w, mark, 4);
}

int cof_wr_done(const cof_wr *w, cof_err *err)
{
	return w->failed ? cof_err_set(err, COF_E_INTERNAL, "write-too-large", "a message outgrew its limit") : 0;
}
