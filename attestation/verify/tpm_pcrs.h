/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which registers a quote covers, and what they hold. The selection is judged as it was signed; a value is a fact only
 * where the selection covers it.
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/tpm_policy.h"

enum { COF_TPM_PCR_TEXT_MAX = 24 };

/* The registers of a bank that were quoted; 0 where none was. */
uint32_t cof_tpm_quoted(const cof_tpm_quote *q, uint16_t bank);
/* "sha256 PCR 7" */
void cof_tpm_pcr_text(uint16_t bank, uint32_t pcr, char out[COF_TPM_PCR_TEXT_MAX]);

/*
 * Appends the checks of stage pcr, and "pcr-bank-weak" of stage policy. hash: the signature's; NULL when it has none
 * that counts, and then no digest holds. Fails for memory alone.
 */
COF_WUR int cof_tpm_pcrs_check(cof_checks *c, const cof_tpm_quote *q, const cof_hash *hash, const cof_tpm_banks *values,
			       const cof_tpm_demands *d, cof_err *err);
