/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running launch digest of an SEV-SNP machine: one step of 112 hashed bytes for each 4 KiB page, in the order in
 * which the host gives the pages to the security processor.
 *
 * spec: SEV-SNP ABI 1.55, 8.17 (SNP_LAUNCH_UPDATE, PAGE_INFO)
 */
#pragma once

#include <openssl/evp.h>

#include "common/digest.h"

enum { COF_SNP_PAGE_LEN = 4096 };

enum cof_snp_page_type {
	COF_SNP_PAGE_NORMAL = 1,
	COF_SNP_PAGE_VMSA = 2,
	COF_SNP_PAGE_ZERO = 3,
	COF_SNP_PAGE_UNMEASURED = 4,
	COF_SNP_PAGE_SECRETS = 5,
	COF_SNP_PAGE_CPUID = 6,
};

/* One context serves every page: nothing is allocated, fetched or copied for a page but what OpenSSL does inside. */
typedef struct cof_snp_chain {
	uint8_t ld[COF_SHA384_LEN]; /* the digest after the pages so far */
	EVP_MD *md;
	EVP_MD_CTX *ctx;
} cof_snp_chain;

/* Starts from seed (48 bytes: a digest after earlier pages), or from zeros when it is NULL. */
COF_WUR int cof_snp_chain_begin(cof_snp_chain *ret, const uint8_t *seed, cof_err *err);
/* page is 4096 bytes for NORMAL and VMSA, and empty for the types whose content does not count. */
COF_WUR int cof_snp_chain_add(cof_snp_chain *c, enum cof_snp_page_type type, uint64_t gpa, cof_span page, cof_err *err);
void cof_snp_chain_release(cof_snp_chain *c);
COF_DEFINE_AUTO(cof_snp_chain, cof_snp_chain_release)
