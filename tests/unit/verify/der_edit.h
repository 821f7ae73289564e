/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate or list with one part of its signed half replaced by other bytes, whatever they are, and signed again:
 * what no library would write.
 */
#pragma once

#include "tests/unit/test.h"

#include "common/hex.h"
#include "common/rd.h"
#include "common/wr.h"

enum { EDIT_CHILDREN_MAX = 16 };

/* One element of well-formed DER, with its header. */
static inline cof_span edit_next(cof_rd *r)
{
	cof_rd look = *r;
	(void)cof_rd_u8(&look);
	size_t len = cof_rd_u8(&look), n = len & 0x7f;
	if (len >= 0x80) {
		for (len = 0; n > 0; n--)
			len = len << 8 | cof_rd_u8(&look);
	}
	size_t header = r->left - look.left;
	cof_span whole = cof_rd_bytes(r, header + len);
	assert_true(cof_rd_ok(r));
	return whole;
}

/* A cursor over what is inside of an element. */
static inline cof_rd edit_inside(cof_span element)
{
	cof_rd r = cof_rd_of(element);
	(void)cof_rd_u8(&r);
	size_t n = cof_rd_u8(&r);
	if (n >= 0x80)
		cof_rd_skip(&r, n & 0x7f);
	return r;
}

static inline void edit_put(cof_buf *out, uint8_t tag, cof_span content)
{
	cof_wr w = cof_wr_to(out);
	cof_wr_u8(&w, tag);
	if (content.len >= 0x80)
		cof_wr_u8(&w, content.len < 0x100 ? 0x81 : 0x82);
	if (content.len < 0x100)
		cof_wr_u8(&w, (uint8_t)content.len);
	else
		cof_wr_u16be(&w, (uint16_t)content.len);
	cof_wr_bytes(&w, content);
	assert_ok(cof_wr_done(&w, &err));
}

static inline void edit_add_hex(cof_buf *out, const char *hex)
{
	uint8_t bytes[256];
	size_t n = strlen(hex) / 2;
	assert_true(n <= sizeof bytes);
	assert_ok(cof_unhex(hex, bytes, n, &err));
	assert_ok(cof_buf_add(out, bytes, n, &err));
}

/* Bytes instead of a child of the signed half: "" takes it away; one past the last child is behind them all. */
typedef struct edit_part {
	size_t child;
	const char *hex;
	bool keep; /* the child stays, and the bytes go before it */
} edit_part;

typedef void edit_sign(EVP_PKEY *by, cof_span tbs, cof_buf *ret);

static inline void edit_tbs(cof_span tbs, const edit_part *part, cof_buf *ret)
{
	COF_AUTO(cof_buf) content = {0};
	cof_rd r = edit_inside(tbs);
	size_t i = 0;
	for (; r.left > 0; i++) {
		cof_span child = edit_next(&r);
		if (i == part->child)
			edit_add_hex(&content, part->hex);
		if (i != part->child || part->keep)
			assert_ok(cof_buf_add(&content, child.data, child.len, &err));
	}
	if (i <= part->child)
		edit_add_hex(&content, part->hex);
	edit_put(ret, 0x30, cof_buf_span(&content));
}

/* In place; the algorithm beside the signature stays. */
static inline void edit_signed(cof_buf *der, const edit_part *part, EVP_PKEY *by, edit_sign *sign)
{
	COF_AUTO(cof_buf) tbs = {0};
	COF_AUTO(cof_buf) bits = {0};
	COF_AUTO(cof_buf) content = {0};
	cof_rd r = edit_inside(cof_buf_span(der));
	edit_tbs(edit_next(&r), part, &tbs);
	cof_span alg = edit_next(&r);
	assert_ok(cof_buf_add(&bits, "", 1, &err));
	sign(by, cof_buf_span(&tbs), &bits);
	assert_ok(cof_buf_add(&content, tbs.data, tbs.len, &err));
	assert_ok(cof_buf_add(&content, alg.data, alg.len, &err));
	edit_put(&content, 0x03, cof_buf_span(&bits));
	der->len = 0;
	edit_put(der, 0x30, cof_buf_span(&content));
}
