/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/snp_chain.h"

#include "common/rd.h"
#include "common/wr.h"

/* Offsets in PAGE_INFO; the digest so far is its first field, and what is not named here is zero. */
enum { CONTENTS = 0x30, LENGTH = 0x60, TYPE = 0x62, GPA = 0x68 };

int cof_snp_chain_open(cof_snp_chain *ret, const uint8_t *start, cof_err *err)
{
	cof_snp_chain c = {0};
	int rc = cof_hasher_new(&c.h, COF_SHA384, err);
	if (rc < 0)
		return rc;
	if (start != NULL)
		memcpy(c.info, start, COF_SHA384_LEN);
	c.info[LENGTH] = COF_SNP_PAGE_INFO_LEN;
	*ret = c;
	return 0;
}

void cof_snp_chain_release(cof_snp_chain *c)
{
	cof_hasher_free(c->h);
	*c = (cof_snp_chain){0};
}

int cof_snp_chain_add(cof_snp_chain *c, enum cof_snp_page_type type, uint64_t gpa, const uint8_t *contents,
		      cof_err *err)
{
	if (contents != NULL)
		memcpy(c->info + CONTENTS, contents, COF_SHA384_LEN);
	else
		memset(c->info + CONTENTS, 0, COF_SHA384_LEN);
	c->info[TYPE] = (uint8_t)type;
	cof_put_le(c->info + GPA, sizeof gpa, gpa);
	return cof_hasher_once(c->h, cof_span_of(c->info, COF_SNP_PAGE_INFO_LEN), c->info, err);
}

int cof_snp_chain_hash(cof_snp_chain *c, cof_span page, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	return cof_hasher_once(c->h, page, ret, err);
}

/* Firmware is no secret: the quick comparison, which stops at the first difference. */
static bool same_page(cof_span a, cof_span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

int cof_snp_chain_add_pages(cof_snp_chain *c, cof_span bytes, uint64_t gpa, cof_err *err)
{
	uint8_t contents[COF_SHA384_LEN] = {0};
	cof_span before = {0};
	cof_rd r = cof_rd_of(bytes);
	int rc = 0;
	for (; rc == 0 && r.left > 0; gpa += COF_SNP_PAGE) {
		cof_span page = cof_rd_bytes(&r, COF_SNP_PAGE);
		if (!cof_rd_ok(&r))
			return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "bytes that are no whole pages");
		/* Half of a firmware image is padding: a page that repeats the one before is not hashed again. */
		if (!same_page(page, before))
			rc = cof_snp_chain_hash(c, page, contents, err);
		if (rc == 0)
			rc = cof_snp_chain_add(c, COF_SNP_NORMAL, gpa, contents, err);
		before = page;
	}
	return rc;
}

void cof_snp_chain_digest(const cof_snp_chain *c, uint8_t ret[COF_SHA384_LEN])
{
	memcpy(ret, c->info, COF_SHA384_LEN);
}
