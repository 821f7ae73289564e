/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence against the reference values that the caller gave beside it (references.h), for the kinds of evidence alone.
 * Each file has a check. Then "reference-mismatch" says whether an entry matched, and one check for each condition of
 * the entry that did, or was nearest, says what was wanted: "reference-" and the field. Sets v->appraisal and
 * fields.appraisal; nothing where no such role is given. Evidence that was refused (NULL) is compared with nothing, and
 * the files are judged all the same; where one of these is refused, nothing is compared either.
 *
 * Fails for memory and for what the caller got wrong: reasons of cof_authors_add, and "role-missing" for an author's
 * key without a file (usage).
 */
#pragma once

#include "attestation/verify/kind.h"
#include "attestation/verify/snp.h"
#include "attestation/verify/tdx.h"

COF_WUR int cof_references_judge_snp(const cof_verify_in *in, const cof_snp_verified *snp, cof_verdict *v,
				     cof_err *err);
COF_WUR int cof_references_judge_tdx(const cof_verify_in *in, const cof_tdx_verified *tdx, cof_verdict *v,
				     cof_err *err);
