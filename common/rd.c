/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rd.h"

void cof_rd_fail(cof_rd *r)
{
	r->failed = true;
	r->left = 0;
}

/* The one bounds check. */
static bool take(cof_rd *r, size_t n)
{
	if (!r->failed && n <= r->left)
		return true;
	cof_rd_fail(r);
	return false;
}

cof_span cof_rd_bytes(cof_rd *r, size_t n)
{
	if (!take(r, n))
		return (cof_span){0};
	cof_span s = {r->at, n};
	if (n > 0)
		r->at += n;
	r->left -= n;
	return s;
}

cof_span cof_rd_tail(cof_rd *r, size_t n)
{
	if (!take(r, n))
		return (cof_span){0};
	r->left -= n;
	return (cof_span){n > 0 ? r->at + r->left : r->at, n};
}

cof_span cof_rd_rest(cof_rd *r)
{
	return cof_rd_bytes(r, r->left);
}

cof_rd cof_rd_sub(cof_rd *r, size_t n)
{
	cof_span s = cof_rd_bytes(r, n);
	return (cof_rd){s.data, s.len, r->failed};
}

void cof_rd_skip(cof_rd *r, size_t n)
{
	(void)cof_rd_bytes(r, n);
}

void cof_rd_copy(cof_rd *r, void *out, size_t n)
{
	cof_span s = cof_rd_bytes(r, n);
	if (n == 0)
		return;
	if (s.len == n)
		memcpy(out, s.data, n);
	else
		memset(out, 0, n);
}

static uint64_t read_le(cof_rd *r, size_t n)
{
	cof_span s = cof_rd_bytes(r, n);
	uint64_t v = 0;
	for (size_t i = s.len; i-- > 0;)
		v = v << 8 | s.data[i];
	return v;
}

static uint64_t read_be(cof_rd *r, size_t n)
{
	cof_span s = cof_rd_bytes(r, n);
	uint64_t v = 0;
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	return v;
}

uint16_t cof_rd_u16le(cof_rd *r)
{
	return (uint16_t)read_le(r, 2);
}

uint32_t cof_rd_u32le(cof_rd *r)
{
	return (uint32_t)read_le(r, 4);
}

uint64_t cof_rd_u64le(cof_rd *r)
{
	return read_le(r, 8);
}

uint16_t cof_rd_u16be(cof_rd *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t cof_rd_u32be(cof_rd *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t cof_rd_u64be(cof_rd *r)
{
	return read_be(r, 8);
}

cof_span cof_rd_span_u16be(cof_rd *r)
{
	size_t n = cof_rd_u16be(r);
	return cof_rd_bytes(r, n);
}

cof_span cof_rd_span_u32be(cof_rd *r)
{
	size_t n = cof_rd_u32be(r);
	return cof_rd_bytes(r, n);
}

size_t cof_rd_find(const cof_rd *r, uint8_t byte)
{
	const uint8_t *at = r->left > 0 ? memchr(r->at, byte, r->left) : NULL;
	return at != NULL ? (size_t)(at - r->at) : r->left;
}

bool cof_rd_zeros(cof_rd *r, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n && cof_rd_ok(r); i++)
		any |= cof_rd_u8(r);
	return cof_rd_ok(r) && any == 0;
}
