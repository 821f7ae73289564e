/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/pageinfo.h"

enum {
	INFO_LEN = 0x70,
	CONTENTS_AT = 0x30,
	LENGTH_AT = 0x60,
	TYPE_AT = 0x62,
	GPA_AT = 0x68,
};

void cof_snp_chain_release(cof_snp_chain *c)
{
	EVP_MD_CTX_free(c->ctx);
	EVP_MD_free(c->md);
	*c = (cof_snp_chain){0};
}

int cof_snp_chain_begin(cof_snp_chain *ret, const uint8_t *seed, cof_err *err)
{
	COF_AUTO(cof_snp_chain) c = {.md = EVP_MD_fetch(NULL, "SHA384", NULL), .ctx = EVP_MD_CTX_new()};
	if (c.md == NULL || c.ctx == NULL)
		return cof_err_oom(err);
	if (seed != NULL)
		memcpy(c.ld, seed, sizeof c.ld);
	*ret = c;
	c = (cof_snp_chain){0};
	return 0;
}

static int digest(cof_snp_chain *c, cof_span in, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	if (EVP_DigestInit_ex2(c->ctx, c->md, NULL) != 1 || EVP_DigestUpdate(c->ctx, in.data, in.len) != 1 ||
	    EVP_DigestFinal_ex(c->ctx, ret, NULL) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "openssl", "a page could not be hashed");
	return 0;
}

static bool has_contents(enum cof_snp_page_type type)
{
	return type == COF_SNP_PAGE_NORMAL || type == COF_SNP_PAGE_VMSA;
}

int cof_snp_chain_add(cof_snp_chain *c, enum cof_snp_page_type type, uint64_t gpa, cof_span page, cof_err *err)
{
	uint8_t info[INFO_LEN] = {0}; /* permissions of the lower VMPLs stay zero */
	if (page.len != (has_contents(type) ? COF_SNP_PAGE_LEN : 0))
		return cof_err_set(err, COF_E_INTERNAL, "page-length", "a page of %zu bytes, type %u", page.len, type);
	memcpy(info, c->ld, sizeof c->ld);
	int rc = has_contents(type) ? digest(c, page, info + CONTENTS_AT, err) : 0;
	if (rc < 0)
		return rc;
	info[LENGTH_AT] = INFO_LEN;
	info[TYPE_AT] = (uint8_t)type;
	for (size_t i = 0; i < sizeof gpa; i++)
		info[GPA_AT + i] = (uint8_t)(gpa >> (8 * i));
	return digest(c, cof_span_of(info, sizeof info), c->ld, err);
}
