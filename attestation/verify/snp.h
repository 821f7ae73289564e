/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier of SEV-SNP reports: a pure function of report, certificates, revocation list, policy and time. Every
 * check is made and listed, the failed ones too; the report is trusted only through a cof_snp_verified, which nothing
 * but cof_snp_verify makes.
 *
 * spec: SEV-SNP Firmware ABI 56860; VCEK certificate and KDS interface 57230
 */
#pragma once

#include "attestation/verify/cache.h"
#include "attestation/verify/kind.h"
#include "attestation/verify/snp_policy.h"

typedef struct cof_snp_in {
	cof_span report;		  /* hostile, like the rest; the root is trusted because it is named here */
	cof_span vek, intermediate, root; /* DER */
	bool root_is_presented;		  /* it was not named, and came with the evidence: AMD's key or none */
	bool has_crl;
	cof_span crl; /* DER */
	const cof_snp_demands *demands;
	int64_t now;
	cof_verify_cache *cache; /* or NULL */
} cof_snp_in;

/* What the report says, believed or not. */
typedef struct cof_snp_said {
	bool decoded;
	cof_snp_report report;
	cof_snp_line line; /* by CPUID, in version 2 by the VEK or, failing that, the root */
} cof_snp_said;

/* A report that passed every check. */
typedef struct cof_snp_verified cof_snp_verified;

void cof_snp_verified_free(cof_snp_verified *v);
COF_DEFINE_AUTO_PTR(cof_snp_verified, cof_snp_verified_free)
const cof_snp_report *cof_snp_verified_report(const cof_snp_verified *v);
cof_snp_line cof_snp_verified_line(const cof_snp_verified *v);
/* The provider whose VLEK signed; "" where a VCEK did. */
const char *cof_snp_verified_csp(const cof_snp_verified *v);
/* False: the caller's own root vouches for it, not AMD. */
bool cof_snp_verified_by_amd(const cof_snp_verified *v);

/*
 * Appends every check to checks. *ret is NULL unless all of them passed, those that were there before too; ret may be
 * NULL where only the checks are wanted. *ret_said is for display. Fails for memory alone.
 */
COF_WUR int cof_snp_verify(const cof_snp_in *in, cof_checks *checks, cof_snp_said *ret_said, cof_snp_verified **ret,
			   cof_err *err);

/* The same for the files of a kind's roles and the words of its policy: checks and fields into ret. *ret_report (may be
 * NULL) is NULL unless every check passed. Fails for policy words ("policy-word") and memory alone. */
COF_WUR int cof_snp_verify_files(const cof_verify_in *in, cof_verdict *ret, cof_snp_verified **ret_report,
				 cof_err *err);
