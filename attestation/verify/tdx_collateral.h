/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's statements about platforms (hostile): TCB info and QE identity with the chain that signs them, and the
 * revocation lists. One function judges all of it; what it gives out is verified.
 */
#pragma once

#include "attestation/verify/part.h"
#include "attestation/verify/tdx_crl.h"
#include "attestation/verify/tdx_pck.h"
#include "attestation/verify/tdx_tcbinfo.h"

typedef struct cof_tdx_collateral_in {
	/* As received; an empty one is absent, and refused. */
	cof_span tcb_info, qe_identity, tcb_signing_chain, pck_crl, root_crl;
	const cof_tdx_anchor *anchor;	/* found */
	const cof_tdx_chain *pck_chain; /* of the quote: three certificates */
	const cof_tdx_pck *pck;		/* NULL: its chain does not hold, so that nothing is compared with it */
	int64_t now;
	cof_verify_cache *cache; /* or NULL */
	uint32_t min_evaluation; /* tcbEvaluationDataNumber: stops a host from serving an older one while it lasts */
} cof_tdx_collateral_in;

typedef struct cof_tdx_collateral {
	const cof_tdx_tcb_info *info; /* NULL unless all checks passed, like identity */
	const cof_tdx_qe_identity *identity;
	cof_held *info_held, *identity_held;
} cof_tdx_collateral;

void cof_tdx_collateral_release(cof_tdx_collateral *c);
COF_DEFINE_AUTO(cof_tdx_collateral, cof_tdx_collateral_release)

/* Adds the checks of docs/verifying.md, stages collateral and revocation. Fails for memory alone. */
COF_WUR int cof_tdx_collateral_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_collateral *ret,
				     cof_err *err);

/*
 * Its parts, for one statement at a time (of in, what the part is about). The signing chain: *ret is set when all of
 * its checks passed, signer first.
 */
bool cof_tdx_signer_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_tdx_chain *ret);
/* *ret holds what was signed as soon as signature and format are good; true when the rest is, too. */
bool cof_tdx_info_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_tdx_tcb_info *ret);
bool cof_tdx_identity_check(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_tdx_qe_identity *ret);
