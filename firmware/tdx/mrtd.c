/* SPDX-License-Identifier: Apache-2.0 */
/* MRTD: one running SHA-384 over 128-byte records of what the TDX module was asked to do, and the measured bytes. */
#include "common/rd.h"
#include "common/wr.h"
#include "firmware/tdx/tdx.h"

enum {
	PAGE = 4096,
	RECORD = 128,
	GPA_AT = 16,
	CHUNK = 256,
	EXTEND = RECORD + CHUNK,
	PAGE_RECORDS = RECORD + (PAGE / CHUNK) * EXTEND,
};

/* All that one page can bring: its record, then one record and 256 bytes for each chunk. Only addresses and bytes
 * change from page to page, so that most pages cost one call of the hash. */
typedef struct measurer {
	cof_hasher *h;
	cof_span data;
	const cof_tdvf_section *section;
	uint8_t records[PAGE_RECORDS];
} measurer;

static void put_name(uint8_t *record, cof_span name)
{
	memset(record, 0, RECORD);
	memcpy(record, name.data, name.len);
}

static void put_gpa(uint8_t *record, uint64_t gpa)
{
	cof_put_le(record + GPA_AT, 8, gpa);
}

static void put_names(measurer *m)
{
	put_name(m->records, cof_span_str("MEM.PAGE.ADD"));
	for (size_t at = RECORD; at < PAGE_RECORDS; at += EXTEND)
		put_name(m->records + at, cof_span_str("MR.EXTEND"));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The records of the page at this offset into the section; what the image does not fill is zero. */
static void fill(measurer *m, uint64_t offset)
{
	uint64_t gpa = m->section->memory_address + offset;
	cof_rd r = cof_rd_of(m->data);
	cof_rd_skip(&r, least((size_t)offset, m->data.len));
	put_gpa(m->records, gpa);
	for (size_t at = RECORD; at < PAGE_RECORDS; at += EXTEND, gpa += CHUNK) {
		uint8_t *chunk = m->records + at + RECORD;
		size_t n = least(r.left, CHUNK);
		put_gpa(m->records + at, gpa);
		cof_rd_copy(&r, chunk, n);
		memset(chunk + n, 0, CHUNK - n);
	}
}

/* From record to record of every page of the section. */
static int measure(measurer *m, size_t from, size_t to, cof_err *err)
{
	int rc = 0;
	for (uint64_t at = 0; rc == 0 && from < to && at < m->section->memory_size; at += PAGE) {
		fill(m, at);
		rc = cof_hasher_add(m->h, cof_span_of(m->records + from, to - from), err);
	}
	return rc;
}

static int measure_section(measurer *m, cof_span image, cof_mrtd_order order, cof_err *err)
{
	const cof_tdvf_section *s = m->section;
	size_t first = (s->attributes & COF_TDVF_AUG) != 0 ? RECORD : 0;
	size_t last = (s->attributes & COF_TDVF_EXTEND) != 0 ? PAGE_RECORDS : RECORD;
	m->data = cof_tdvf_data(image, s);
	if (m->data.len != s->raw_size)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "the metadata is of another image");
	if (order == COF_MRTD_PAGE)
		return measure(m, first, last, err);
	int rc = measure(m, first, RECORD, err);
	return rc < 0 ? rc : measure(m, RECORD, last, err);
}

int cof_tdx_mrtd(cof_span image, const cof_tdvf *meta, cof_mrtd_order order, uint8_t ret[COF_TDX_DIGEST_LEN],
		 cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d;
	measurer m;
	int rc = cof_hasher_new(&h, COF_SHA384, err);
	m.h = h;
	put_names(&m);
	for (size_t i = 0; rc == 0 && i < meta->n; i++) {
		m.section = &meta->sections[i];
		rc = measure_section(&m, image, order, err);
	}
	if (rc == 0)
		rc = cof_hasher_end(h, &d, err);
	if (rc == 0)
		memcpy(ret, d.bytes, COF_TDX_DIGEST_LEN);
	return rc;
}
