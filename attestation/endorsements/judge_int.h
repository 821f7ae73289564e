/* SPDX-License-Identifier: Apache-2.0 */
/* The judges of the two vendors. */
#pragma once

#include "attestation/endorsements/judge.h"
#include "attestation/verify/check.h"
#include "attestation/verify/x509.h"

/* Each judges the types of its vendor; what it finds are checks, and errors what is not of the verifier's. */
COF_WUR int cof_endorse_judge_snp(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err);
COF_WUR int cof_endorse_judge_tdx(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err);

COF_WUR int cof_endorse_is_other(cof_err *err, const char *what);
COF_WUR int cof_endorse_no_above(cof_err *err);
/* Number and updates of a list, for e. */
COF_WUR int cof_endorse_list_facts(const cof_x509_crl *crl, cof_endorsement *e, cof_err *err);
/* e expires then, if not before. */
void cof_endorse_until(cof_endorsement *e, int64_t end);
