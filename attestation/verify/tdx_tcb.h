/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good a TDX platform is by Intel's collateral: the quoting enclave against its identity, and one status out of
 * those of platform, TDX module and quoting enclave. Takes collateral whose signatures were checked.
 *
 * spec: Intel PCS API 4, "Determining TCB Level"; DCAP QVL, TCB convergence and TD relaunch of TD 1.5
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/tdx_pck.h"
#include "attestation/verify/tdx_quote.h"
#include "attestation/verify/tdx_tcbinfo.h"

typedef struct cof_tdx_tcb {
	cof_tdx_status status; /* the converged one */
	/* What it was made of; COF_TDX_NO_STATUS for what was not compared (no module identity, or no platform level).
	 */
	cof_tdx_status platform, sgx_level, module, qe;
	const cof_tdx_level_head *platform_head, *module_head, *qe_head; /* the levels that matched; NULL: none */
	uint32_t evaluation;
} cof_tdx_tcb;

typedef struct cof_tdx_tcb_in {
	const cof_tdx_tcb_info *info;
	const cof_tdx_qe_identity *identity;
	const cof_tdx_pck *pck;
	const cof_tdx_quote *quote;
} cof_tdx_tcb_in;

void cof_tdx_tcb_judge(const cof_tdx_tcb_in *in, cof_tdx_tcb *ret);

/* Adds "qe-miscselect", "qe-attributes", "qe-mrsigner" and "qe-isvprodid" of stage qe. */
bool cof_tdx_qe_check(cof_checks *c, const cof_tdx_qe *qe, const cof_tdx_qe_identity *identity);

/* {"status","platform","sgx_level","module","qe","advisories","tcb_date","tcb_evaluation"}; advisories sorted, once
 * each. */
COF_WUR int cof_tdx_tcb_json(const cof_tdx_tcb *t, json_t **ret, cof_err *err);
