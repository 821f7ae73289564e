/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's quote as files, judged: the attestation key and why it is believed, the quote, its registers and the event
 * log. Pure. What a TPM that the host runs says is measured, not confidential, and the answer says so.
 *
 * spec: TPM 2.0 Library parts 1 to 3; docs/verifying.md has the list of checks
 */
#pragma once

#include "attestation/verify/kind.h"
#include "attestation/verify/quote.h"

/*
 * A quote that passed every check: cof_tpm_quote_verify alone makes one. Code that acts on a quote takes this type, so
 * that it cannot be given one that was only parsed. Borrows from the files that were judged.
 */
typedef struct cof_tpm_verified cof_tpm_verified;

void cof_tpm_verified_free(cof_tpm_verified *v);
COF_DEFINE_AUTO_PTR(cof_tpm_verified, cof_tpm_verified_free)

const cof_tpm_quote *cof_tpm_verified_quote(const cof_tpm_verified *v);
/* A register's value; empty where the quote does not cover it, and for registers that user space resets (16, 23). */
cof_span cof_tpm_verified_pcr(const cof_tpm_verified *v, uint16_t bank, uint32_t pcr);
/* Algorithm and digest; empty for an AK that came as PEM. */
cof_span cof_tpm_verified_ak_name(const cof_tpm_verified *v);

/*
 * The checks of kind tpm-quote into ret, which must be empty (cof_verify's convention), and the verified quote, NULL
 * when any check failed; ret_quote may be NULL. Fails for policy words ("policy-word") and memory alone.
 */
COF_WUR int cof_tpm_quote_verify(const cof_verify_in *in, cof_verdict *ret, cof_tpm_verified **ret_quote, cof_err *err);
