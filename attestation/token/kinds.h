/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as kinds of evidence, for the table of kinds alone. */
#pragma once

#include "attestation/verify/kind.h"

COF_WUR int cof_kind_cose_sign1(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_ear_jwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_ear_cwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_ear_claims(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_eat_cwt(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
