/* SPDX-License-Identifier: Apache-2.0 */
/* The SEV-SNP launch digest of an IGVM file: its directives, in its order, one step for each page. */
#include "firmware/igvm_int.h"
#include "firmware/sev/snp_chain.h"

typedef struct measure {
	cof_snp_chain chain;
	uint32_t mask;
	bool zero_pages;
} measure;

static const uint8_t zero_page[COF_SNP_PAGE];

static int add_content(measure *m, enum cof_snp_page_type type, uint64_t gpa, cof_span page, cof_err *err)
{
	uint8_t contents[COF_SHA384_LEN];
	int rc = cof_snp_chain_hash(&m->chain, page, contents, err);
	return rc < 0 ? rc : cof_snp_chain_add(&m->chain, type, gpa, contents, err);
}

static int add_data(measure *m, uint64_t gpa, cof_rd *r, cof_err *err)
{
	if (r->left > 0)
		return add_content(m, COF_SNP_NORMAL, gpa, cof_rd_bytes(r, COF_SNP_PAGE), err);
	if (m->zero_pages)
		return cof_snp_chain_add(&m->chain, COF_SNP_ZERO, gpa, NULL, err);
	return add_content(m, COF_SNP_NORMAL, gpa, cof_span_of(zero_page, sizeof zero_page), err);
}

static int add_page(measure *m, const cof_igvm_load *l, uint64_t gpa, cof_rd *r, cof_err *err)
{
	static const enum cof_snp_page_type types[] = {
		[COF_IGVM_UNMEASURED] = COF_SNP_UNMEASURED,
		[COF_IGVM_SECRETS] = COF_SNP_SECRETS,
		[COF_IGVM_CPUID] = COF_SNP_CPUID,
	};
	if (l->kind == COF_IGVM_DATA)
		return add_data(m, gpa, r, err);
	if (l->kind == COF_IGVM_CONTEXT)
		return add_content(m, COF_SNP_VMSA, gpa, l->data, err);
	return cof_snp_chain_add(&m->chain, types[l->kind], gpa, NULL, err);
}

/* spec: shared pages are the host's to fill; they are no part of the launch. */
static int add_load(void *arg, const cof_igvm_load *l, cof_err *err)
{
	measure *m = arg;
	cof_rd r = cof_rd_of(l->data);
	int rc = 0;
	if ((l->mask & m->mask) == 0 || l->kind == COF_IGVM_SHARED)
		return 0;
	for (uint64_t i = 0; rc == 0 && i < l->n_pages; i++)
		rc = add_page(m, l, l->gpa + i * COF_SNP_PAGE, &r, err);
	return rc;
}

static int find_snp(const cof_igvm_stats *s, uint32_t *ret, cof_err *err)
{
	for (size_t i = 0; i < s->n_platforms; i++) {
		if (s->platforms[i].platform == COF_IGVM_SNP) {
			*ret = s->platforms[i].mask;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_POLICY, "igvm-platform-missing", "the IGVM file is not for SEV-SNP");
}

static void measure_release(measure *m)
{
	cof_snp_chain_release(&m->chain);
}
COF_DEFINE_AUTO(measure, measure_release)

int cof_igvm_snp_measure(const cof_igvm_measure_in *in, uint8_t ret[COF_SHA384_LEN], cof_err *err)
{
	COF_AUTO(measure) m = {.zero_pages = in->zero_pages};
	cof_igvm_stats stats;
	int rc = cof_igvm_parse(in->file, &stats, err);
	if (rc == 0)
		rc = find_snp(&stats, &m.mask, err);
	if (rc == 0)
		rc = cof_snp_chain_open(&m.chain, NULL, err);
	if (rc == 0)
		rc = cof_igvm_walk(in->file, add_load, &m, &stats, err);
	if (rc == 0)
		cof_snp_chain_digest(&m.chain, ret);
	return rc;
}
