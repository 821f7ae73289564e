/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds' own functions, for the table in kinds.c alone. */
#pragma once

#include "attestation/verify/kind.h"

/* snp.c */
COF_WUR int cof_kind_snp_report_parse(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_snp_response(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
/* tpm_credential.c, tpm_kat.c */
COF_WUR int cof_kind_tpm_credential(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_tpm_kat(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
/* azure.c */
COF_WUR int cof_kind_azure_hcl(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
/* tdx.c, tdx_ccel.c */
COF_WUR int cof_kind_tdx_quote_parse(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_ccel(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
/* sev.c, sev_kat.c */
COF_WUR int cof_kind_sev_chain(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
COF_WUR int cof_kind_sev_kat(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
