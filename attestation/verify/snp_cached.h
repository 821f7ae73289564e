/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an SNP verdict that may come from a cache: see part.h. cache: NULL: judged. Both fail for memory alone.
 */
#pragma once

#include "attestation/verify/part.h"
#include "attestation/verify/snp_certs.h"

typedef struct cof_snp_certs_in {
	cof_span vek, intermediate, root; /* DER */
	int64_t now;
	cof_verify_cache *cache;
} cof_snp_certs_in;

/* Object: cof_snp_certs, always. */
COF_WUR int cof_snp_certs_find(cof_checks *c, const cof_snp_certs_in *in, cof_held **ret, cof_err *err);

typedef struct cof_snp_crl_in {
	cof_span crl;
	const cof_snp_certs *certs; /* all three */
	int64_t now;
	cof_verify_cache *cache;
} cof_snp_crl_in;

/* No object: the checks are all. */
COF_WUR int cof_snp_crl_find(cof_checks *c, const cof_snp_crl_in *in, cof_err *err);
