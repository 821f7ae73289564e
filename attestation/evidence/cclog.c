/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/cclog.h"

#include "common/rd.h"
#include "common/wr.h"

enum {
	ALGS_MAX = 8,
	OLD_DIGEST_LEN = 20,
	SPEC_ID_HEAD = 24, /* signature, platform class, versions, size of UINTN */
	EVENTS_MAX = 1 << 16,
	EV_EVENT_TAG = 6,
	AAEL_TAG = 0x4141454c,
};

typedef struct log_head {
	uint16_t alg[ALGS_MAX], size[ALGS_MAX];
	uint32_t n;
} log_head;

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "eventlog-malformed", "no event log in the crypto-agile format");
}

/* The first record has the old shape, and tells the sizes of all digests behind it. */
static bool read_head(cof_rd *r, log_head *h)
{
	cof_rd_skip(r, 4 + 4 + OLD_DIGEST_LEN);
	cof_rd body = cof_rd_sub(r, cof_rd_u32le(r));
	cof_rd_skip(&body, SPEC_ID_HEAD);
	h->n = cof_rd_u32le(&body);
	if (!cof_rd_ok(&body) || h->n == 0 || h->n > ALGS_MAX)
		return false;
	for (uint32_t i = 0; i < h->n; i++) {
		h->alg[i] = cof_rd_u16le(&body);
		h->size[i] = cof_rd_u16le(&body);
	}
	return cof_rd_ok(&body);
}

static bool skip_digest(cof_rd *r, const log_head *h)
{
	uint16_t alg = cof_rd_u16le(r);
	for (uint32_t i = 0; cof_rd_ok(r) && i < h->n; i++) {
		if (h->alg[i] == alg) {
			cof_rd_skip(r, h->size[i]);
			return cof_rd_ok(r);
		}
	}
	return false;
}

static bool skip_record(cof_rd *r, const log_head *h)
{
	cof_rd_skip(r, 4 + 4);
	uint32_t count = cof_rd_u32le(r);
	if (!cof_rd_ok(r) || count == 0 || count > h->n)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!skip_digest(r, h))
			return false;
	}
	cof_rd_skip(r, cof_rd_u32le(r));
	return cof_rd_ok(r);
}

/* How many bytes of one value, 00 or ff, stand at the very end. */
static size_t padding_of(cof_span area)
{
	cof_rd r = cof_rd_of(area);
	size_t n = 0;
	uint8_t value = area.len > 0 ? area.data[area.len - 1] : 1;
	if (value != 0 && value != 0xff)
		return 0;
	while (r.left > 0 && cof_rd_tail(&r, 1).data[0] == value)
		n++;
	return n;
}

/* No record begins with padding: its register would be ffffffff, or it would have no digest. */
static bool at_padding(const cof_rd *r, size_t padding)
{
	cof_rd look = *r;
	if (r->left > padding)
		return false;
	uint32_t reg = cof_rd_u32le(&look);
	cof_rd_skip(&look, 4);
	uint32_t count = cof_rd_u32le(&look);
	return !cof_rd_ok(&look) || reg == UINT32_MAX || count == 0;
}

int cof_cclog_parse(cof_span area, cof_span *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(area);
	log_head h = {0};
	const size_t padding = padding_of(area);
	if (area.len > COF_CCLOG_MAX || !read_head(&r, &h))
		return malformed(err);
	for (size_t i = 0; r.left > 0 && !at_padding(&r, padding); i++) {
		if (i == EVENTS_MAX || !skip_record(&r, &h))
			return malformed(err);
	}
	*ret = cof_span_of(area.data, area.len - r.left);
	return 0;
}

/* --- records of our own --- */

static bool is_word(const char *s)
{
	size_t n = strnlen(s, COF_CCLOG_WORD_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return n > 0 && n <= COF_CCLOG_WORD_MAX;
}

static bool is_content(const char *s)
{
	size_t n = strnlen(s, COF_CCLOG_CONTENT_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		if ((uint8_t)s[i] < ' ' || s[i] == 0x7f)
			return false;
	}
	return n <= COF_CCLOG_CONTENT_MAX;
}

static uint16_t tcg_alg(cof_hash bank)
{
	return bank == COF_SHA384 ? 0xc : 0xb;
}

int cof_cclog_record(const cof_runtime_event *e, uint32_t mr_index, cof_hash bank, cof_digest *ret_digest, cof_buf *ret,
		     cof_err *err)
{
	COF_AUTO(cof_buf) line = {0};
	COF_AUTO(cof_buf) tagged = {0};
	cof_digest digest;
	if (!is_word(e->domain) || !is_word(e->operation) || !is_content(e->content))
		return cof_err_set(err, COF_E_USAGE, "runtime-event",
				   "domain and operation are words, content a line of at most %d bytes",
				   COF_CCLOG_CONTENT_MAX);
	int r = cof_buf_printf(&line, err, "%s %s %s", e->domain, e->operation, e->content);
	if (r < 0)
		return r;
	cof_wr t = cof_wr_to(&tagged), w = cof_wr_to(ret);
	cof_wr_u32le(&t, AAEL_TAG);
	cof_wr_u32le(&t, (uint32_t)line.len);
	cof_wr_bytes(&t, cof_buf_span(&line));
	r = cof_wr_done(&t, err);
	if (r == 0)
		r = cof_digest_of(bank, cof_buf_span(&tagged), &digest, err);
	if (r < 0)
		return r;
	cof_wr_u32le(&w, mr_index);
	cof_wr_u32le(&w, EV_EVENT_TAG);
	cof_wr_u32le(&w, 1);
	cof_wr_u16le(&w, tcg_alg(bank));
	cof_wr_bytes(&w, cof_digest_span(&digest));
	cof_wr_u32le(&w, (uint32_t)tagged.len);
	cof_wr_bytes(&w, cof_buf_span(&tagged));
	*ret_digest = digest;
	return cof_wr_done(&w, err);
}
