/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TDX quotes, judged: chain, signatures, collateral, revocation, TCB, the TD itself, and the event log where there is
 * one. Pure.
 *
 * spec: Intel TDX DCAP Quote Verification Library; docs/verifying.md has the list of checks
 */
#pragma once

#include "attestation/verify/kind.h"
#include "attestation/verify/tdx_pck.h"
#include "attestation/verify/tdx_quote.h"
#include "attestation/verify/tdx_status.h"

/*
 * A quote that passed every check: cof_tdx_verify alone makes one. Code that acts on a quote takes this type, so that
 * it cannot be given one that was only parsed. Borrows from the files that were judged.
 */
typedef struct cof_tdx_verified cof_tdx_verified;

void cof_tdx_verified_free(cof_tdx_verified *v);
COF_DEFINE_AUTO_PTR(cof_tdx_verified, cof_tdx_verified_free)

const cof_tdx_quote *cof_tdx_verified_quote(const cof_tdx_verified *v);
const cof_tdx_pck *cof_tdx_verified_pck(const cof_tdx_verified *v);
/* COF_TDX_NO_STATUS when the policy said signatures_only and there was no collateral. */
cof_tdx_status cof_tdx_verified_status(const cof_tdx_verified *v);
/* The event log was given, and replays to the quote's RTMRs. */
bool cof_tdx_verified_has_log(const cof_tdx_verified *v);

/*
 * The checks of kind tdx-quote into ret, which must be empty (cof_verify's convention), and the verified quote, NULL
 * when any check failed; ret_quote may be NULL. Fails for policy words ("policy-word") and memory alone.
 */
COF_WUR int cof_tdx_verify(const cof_verify_in *in, cof_verdict *ret, cof_tdx_verified **ret_quote, cof_err *err);
