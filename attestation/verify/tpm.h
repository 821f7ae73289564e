/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier of `tpm` evidence: a pure function of its inputs, the time among them. What is forged, replayed or
 * malformed is an error (the broker answers 401); what is genuine gets a verdict, and only a boot that equals a
 * registered reference and whose initdata is registered is affirming. Nothing that is absent is skipped.
 *
 * spec: facts of TPM 2.0 Library parts 2 and 3; TCG PC Client Platform Firmware Profile 1.05
 */
#pragma once

#include "attestation/verify/status.h"
#include "common/digest.h"
#include "common/json.h"

enum {
	COF_TPM_EVIDENCE_MAX = 4 << 20,
	COF_TPM_VERIFY_PCRS = 24,
	COF_TPM_REPORT_DATA_LEN = 32,
	COF_TPM_REFERENCES_MAX = 256,
	COF_REFERENCE_NAME_MAX = 128,
};

typedef struct cof_tpm_verify_in {
	cof_span evidence;    /* primary_evidence as JSON text; hostile */
	cof_span report_data; /* exactly COF_TPM_REPORT_DATA_LEN bytes; anything else is refused (usage) */
	/* With a credential: it was made by cof_tpm_bind for ak_public. Without: the AK must be among enrolled_aks. */
	cof_span credential;
	cof_span ak_public;    /* TPM2B_PUBLIC as it came with the request; must be what the evidence carries */
	cof_span enrolled_aks; /* SHA-256 names, 32 bytes each; may be empty */
	cof_span ek_roots;     /* PEM: judged again when the evidence repeats its EK certificate; may be empty only when
				  no certificate is in the evidence */
	const json_t *references;  /* array of coffer-reference-values/1; NULL or empty: nothing can match */
	cof_span initdata_digests; /* registered, 32 bytes each (cof_initdata_field of width 32) */
	cof_span initdata_digest;  /* of the initdata that came with the request, 32 bytes; empty: none came */
	uint64_t now;
} cof_tpm_verify_in;

typedef struct cof_tpm_verdict {
	cof_status status;		 /* affirming or contraindicated */
	char reason[COF_ERR_REASON_MAX]; /* "" when affirming; "pcr-mismatch", "initdata-mismatch", "reference-missing"
					  */
	char text[COF_ERR_TEXT_MAX];
	int pcr;			       /* -1: none */
	char event[64];			       /* "" when none */
	char expected[2 * COF_SHA256_LEN + 1]; /* hex of an event's digest or a register; "" when none */
	char found[2 * COF_SHA256_LEN + 1];
	uint8_t pcrs[COF_TPM_VERIFY_PCRS][COF_SHA256_LEN];
	bool has_initdata; /* PCR 8 holds a registered digest: the one below */
	uint8_t initdata_digest[COF_SHA256_LEN];
	char reference[COF_REFERENCE_NAME_MAX]; /* the set that matched; "" when none did */
	uint8_t ak_name[COF_SHA256_LEN];	/* the name's digest */
	int trust[COF_TRUST_COUNT];
	json_t *claims; /* the token's "tpm" object: pcr00…pcr23, ak_public, init_data, report_data, … */
} cof_tpm_verdict;

void cof_tpm_verdict_release(cof_tpm_verdict *v);
COF_DEFINE_AUTO(cof_tpm_verdict, cof_tpm_verdict_release)

/*
 * 0 and a verdict for genuine evidence. Otherwise class malformed ("evidence-malformed", "tpm-malformed",
 * "eventlog-malformed", …) or crypto: "quote-signature", "quote-magic", "quote-type", "nonce-mismatch",
 * "ak-attributes", "ak-mismatch", "ak-not-enrolled", "activation-mismatch", "ek-untrusted", "pcr-selection",
 * "pcr-digest", "eventlog-replay", "eventlog-data-mismatch".
 */
COF_WUR int cof_tpm_verify(const cof_tpm_verify_in *in, cof_tpm_verdict *ret, cof_err *err);
