/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values as kinds of evidence, and the kinds of evidence that can be compared with them; for the table of
 * kinds alone.
 *
 * snp-report, tdx-quote and tpm-quote take the roles of references.h. Each file has a check. Then "reference-mismatch"
 * says whether an entry matched, and one check for each condition of the entry that did, or was nearest, says what was
 * wanted: "reference-" and the field. Evidence that was refused is compared with nothing, and the files are judged all
 * the same; where one of these is refused, nothing is compared either. All fail for what the caller got wrong too:
 * reasons of cof_authors_add, and "role-missing" for an author's key without a file.
 */
#pragma once

#include "attestation/verify/kind.h"

COF_WUR int cof_kind_corim(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_comid(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_concise_evidence(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_corim_appraisal(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_snp_report(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_tdx_quote(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_tpm_quote(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
