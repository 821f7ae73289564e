/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values as kinds of evidence, for the table of kinds alone. */
#pragma once

#include "attestation/verify/kind.h"

COF_WUR int cof_kind_corim(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_comid(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_concise_evidence(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_corim_appraisal(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
