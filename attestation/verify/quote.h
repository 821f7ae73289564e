/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's quote (TPMS_ATTEST) and its signature (TPMT_SIGNATURE), both hostile. What a quote says is a fact only
 * after its signature was checked with a key that was judged; values beside it are facts only where its selection
 * covers them.
 *
 * spec: TPM 2.0 Library part 2, 10.12 (attestation), 11.3.4 (signatures)
 */
#pragma once

#include "attestation/verify/tpm_signature.h"

enum {
	COF_TPM_ATTEST_MAX = 1024,
	COF_TPM_BANKS_MAX = 4,
	COF_TPM_BANK_PCRS = 24,
	COF_TPM_ALL_PCRS = 0xffffff,
	COF_TPM_ST_ATTEST_QUOTE = 0x8018,
};

typedef struct cof_tpm_selection {
	uint16_t bank; /* hash algorithm */
	uint32_t mask; /* bit n: PCR n */
} cof_tpm_selection;

#define COF_TPM_GENERATED 0xff544347u

typedef struct cof_tpm_quote {
	uint32_t magic;
	uint16_t type;
	cof_span qualified_signer;
	cof_span extra;
	uint64_t clock;
	uint32_t reset_count, restart_count;
	uint8_t safe;
	uint64_t firmware_version;
	cof_tpm_selection select[COF_TPM_BANKS_MAX];
	size_t n_select;
	cof_span pcr_digest;
} cof_tpm_quote;

/*
 * An attestation of any type, judged by nobody: a quote's members where type says that it is one, else magic and type
 * alone. Reason "quote-malformed" (malformed).
 */
COF_WUR int cof_tpm_attest_parse(cof_span attest, cof_tpm_quote *ret, cof_err *err);
/* Reasons "quote-magic", "quote-type" (crypto: something else was signed), "quote-malformed" (malformed). */
COF_WUR int cof_tpm_quote_parse(cof_span attest, cof_tpm_quote *ret, cof_err *err);
/* Over the bytes as they came. *ret_hash is the signature's hash, which pcrDigest uses too. Reasons
 * "quote-signature" (crypto), "signature-malformed" (malformed), "tpm-hash" (crypto). */
COF_WUR int cof_tpm_quote_check_signature(cof_span attest, cof_span signature, const cof_tpm_public *ak,
					  cof_hash *ret_hash, cof_err *err);

/* Register values that came beside a quote. */
typedef struct cof_tpm_bank {
	uint16_t bank;
	uint32_t mask; /* which values are there */
	uint8_t pcrs[COF_TPM_BANK_PCRS][COF_DIGEST_MAX];
} cof_tpm_bank;

/* NULL when there is none of this algorithm. */
const cof_tpm_bank *cof_tpm_bank_find(const cof_tpm_bank *banks, size_t n, uint16_t alg);
/* Bytes of one register; 0 for a bank that is not known. */
size_t cof_tpm_bank_len(uint16_t alg);

/* What the TPM signs for these values, in the order of the selection. Reason "pcr-selection" (crypto): some that are
 * selected are not there, or of a bank that is not known. */
COF_WUR int cof_tpm_quote_digest(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_bank *banks, size_t n,
				 cof_digest *ret, cof_err *err);
/*
 * The selection is exactly these banks with exactly these registers, and the digest over their values in the order
 * of the selection is the quoted one. Reasons "pcr-selection", "pcr-digest", "tpm-hash" (crypto).
 */
COF_WUR int cof_tpm_quote_check_pcrs(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_bank *banks, size_t n,
				     cof_err *err);
