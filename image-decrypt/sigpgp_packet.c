/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpgp_packet.h"

#include "common/hex.h"
#include "image-decrypt/sigpgp.h"

void cof_pgp_packet_release(cof_pgp_packet *p)
{
	cof_buf_release(&p->joined);
	*p = (cof_pgp_packet){0};
}

static bool is_data(uint8_t tag)
{
	return tag == COF_PGP_TAG_LITERAL || tag == COF_PGP_TAG_COMPRESSED;
}

/* spec: RFC 4880 4.2.2: one, two or five octets, or a part of 2^n bytes that more lengths follow */
static size_t new_length(cof_rd *r, bool *ret_partial)
{
	uint8_t first = cof_rd_u8(r);
	*ret_partial = first >= 224 && first < 255;
	if (first < 192)
		return first;
	if (first < 224)
		return (((size_t)first - 192) << 8) + cof_rd_u8(r) + 192;
	return *ret_partial ? (size_t)1 << (first & 0x1f) : cof_rd_u32be(r);
}

static bool read_parts(cof_rd *r, cof_span first, cof_pgp_packet *p)
{
	bool partial = true;
	p->joined = cof_buf_capped(COF_PGP_MESSAGE_MAX);
	if (cof_buf_add(&p->joined, first.data, first.len, NULL) < 0)
		return false;
	while (partial) {
		cof_span part = cof_rd_bytes(r, new_length(r, &partial));
		if (!cof_rd_ok(r) || cof_buf_add(&p->joined, part.data, part.len, NULL) < 0)
			return false;
	}
	p->body = cof_buf_span(&p->joined);
	return true;
}

static bool read_new(cof_rd *r, uint8_t head, cof_pgp_packet *p)
{
	bool partial = false;
	p->tag = head & 0x3f;
	cof_span body = cof_rd_bytes(r, new_length(r, &partial));
	if (!cof_rd_ok(r) || (partial && !is_data(p->tag)))
		return false;
	p->body = body;
	return !partial || read_parts(r, body, p);
}

static bool read_old(cof_rd *r, uint8_t head, cof_pgp_packet *p)
{
	p->tag = (head >> 2) & 0x0f;
	size_t len = r->left;
	switch (head & 3) {
	case 0:
		len = cof_rd_u8(r);
		break;
	case 1:
		len = cof_rd_u16be(r);
		break;
	case 2:
		len = cof_rd_u32be(r);
		break;
	default:
		if (!is_data(p->tag))
			return false;
	}
	p->body = cof_rd_bytes(r, len);
	return cof_rd_ok(r);
}

bool cof_pgp_packet_next(cof_rd *r, cof_pgp_packet *ret)
{
	uint8_t head = cof_rd_u8(r);
	if (!cof_rd_ok(r) || (head & 0x80) == 0)
		return false;
	bool ok = (head & 0x40) != 0 ? read_new(r, head, ret) : read_old(r, head, ret);
	if (!ok)
		cof_pgp_packet_release(ret);
	return ok;
}

cof_span cof_pgp_mpi(cof_rd *r, size_t max)
{
	size_t bits = cof_rd_u16be(r);
	cof_span n = cof_rd_bytes(r, (bits + 7) / 8);
	unsigned top = bits % 8 == 0 ? 8 : (unsigned)(bits % 8);
	if (!cof_rd_ok(r) || n.len > max || (n.len > 0 && n.data[0] >> (top - 1) != 1)) {
		cof_rd_fail(r);
		return (cof_span){0};
	}
	return n;
}

/* --- armour --- */

static cof_span take_line(cof_rd *r)
{
	size_t n = cof_rd_find(r, '\n');
	cof_span line = cof_rd_bytes(r, n);
	if (r->left > 0)
		cof_rd_skip(r, 1);
	while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL && line.data[line.len - 1] != 0)
		line.len--;
	return line;
}

static bool line_is(cof_span line, const char *before, const char *kind)
{
	size_t n = strlen(before), k = strlen(kind);
	return line.len == n + k + 5 && strncmp((const char *)line.data, before, n) == 0 &&
	       strncmp((const char *)line.data + n, kind, k) == 0 &&
	       strncmp((const char *)line.data + n + k, "-----", 5) == 0;
}

/* spec: RFC 4880 6.1. What it guards against are accidents, and a cut keyring is one. */
static uint32_t crc24(cof_span in)
{
	uint32_t crc = 0xb704ce;
	for (size_t i = 0; i < in.len; i++) {
		crc ^= (uint32_t)in.data[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ ((crc & 0x800000) != 0 ? 0x1864cfb : 0);
	}
	return crc & 0xffffff;
}

static bool crc_holds(cof_span line, const cof_buf *data)
{
	COF_AUTO(cof_buf) sum = {0};
	if (line.len != 5 || cof_unb64(cof_span_of(line.data + 1, 4), &sum, NULL) < 0 || sum.len != 3)
		return false;
	return crc24(cof_buf_span(data)) ==
	       (((uint32_t)sum.data[0] << 16) | ((uint32_t)sum.data[1] << 8) | sum.data[2]);
}

bool cof_pgp_dearmor(cof_span in, const char *kind, cof_buf *ret)
{
	COF_AUTO(cof_buf) text = {0};
	cof_rd r = cof_rd_of(in);
	cof_span line, sum = {0};
	if (!line_is(take_line(&r), "-----BEGIN PGP ", kind))
		return false;
	do /* headers, up to the empty line */
		line = take_line(&r);
	while (line.len > 0 && r.left > 0);
	for (line = take_line(&r); r.left > 0 && line.len > 0 && line.data[0] != '-'; line = take_line(&r)) {
		if (line.data[0] == '=')
			sum = line;
		else if (sum.len > 0 || cof_buf_add(&text, line.data, line.len, NULL) < 0)
			return false;
	}
	if (!line_is(line, "-----END PGP ", kind) || cof_unb64(cof_buf_span(&text), ret, NULL) < 0)
		return false;
	while (r.left > 0)
		if (take_line(&r).len > 0)
			return false;
	return sum.len == 0 || crc_holds(sum, ret);
}
