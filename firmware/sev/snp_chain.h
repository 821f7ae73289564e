/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running digest of an SEV-SNP launch: each page that the hypervisor adds is one link. One hashing context serves
 * for all of them.
 *
 * spec: SEV-SNP ABI 1.55, 8.17.2 (PAGE_INFO)
 */
#pragma once

#include "common/digest.h"

enum { COF_SNP_PAGE = 4096, COF_SNP_PAGE_INFO_LEN = 0x70 };

enum cof_snp_page_type {
	COF_SNP_NORMAL = 1,
	COF_SNP_VMSA = 2,
	COF_SNP_ZERO = 3,
	COF_SNP_UNMEASURED = 4,
	COF_SNP_SECRETS = 5,
	COF_SNP_CPUID = 6,
};

typedef struct cof_snp_chain {
	cof_hasher *h;
	uint8_t info[COF_SNP_PAGE_INFO_LEN]; /* the last link; its first field is the digest so far */
} cof_snp_chain;

/* start: a digest to go on from; NULL: from nothing. */
COF_WUR int cof_snp_chain_open(cof_snp_chain *ret, const uint8_t *start, cof_err *err);
void cof_snp_chain_release(cof_snp_chain *c);
COF_DEFINE_AUTO(cof_snp_chain, cof_snp_chain_release)

/* One page by the hash of its contents; NULL for types that count by type and address only. */
COF_WUR int cof_snp_chain_add(cof_snp_chain *c, enum cof_snp_page_type type, uint64_t gpa, const uint8_t *contents,
			      cof_err *err);
/* The hash of a page's contents, by the chain's own context. */
COF_WUR int cof_snp_chain_hash(cof_snp_chain *c, cof_span page, uint8_t ret[COF_SHA384_LEN], cof_err *err);
/* NORMAL pages from gpa upwards; reason "firmware-malformed" when bytes are no whole pages. */
COF_WUR int cof_snp_chain_add_pages(cof_snp_chain *c, cof_span bytes, uint64_t gpa, cof_err *err);
/* The digest so far. */
void cof_snp_chain_digest(const cof_snp_chain *c, uint8_t ret[COF_SHA384_LEN]);
