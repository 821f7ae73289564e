/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of `tpm` evidence (hostile), decoded and limited, with nothing judged yet.
 *
 * spec: KBS protocol, evidence of TEE "tpm", with coffer's members ak_tpm_public, ek_cert, eventlog, activation
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"

enum { COF_TPM_EVIDENCE_PCRS = 24 };

typedef struct cof_tpm_evidence_in {
	cof_buf signature;     /* TPMT_SIGNATURE */
	cof_buf message;       /* TPMS_ATTEST */
	cof_buf ak_spki;       /* DER SubjectPublicKeyInfo */
	cof_buf ak_tpm_public; /* TPM2B_PUBLIC; empty: absent */
	cof_buf ek_cert;       /* empty: absent */
	cof_buf eventlog;      /* empty: absent */
	cof_buf activation;    /* empty: absent */
	uint8_t pcrs[COF_TPM_EVIDENCE_PCRS][COF_SHA256_LEN];
} cof_tpm_evidence_in;

void cof_tpm_evidence_in_release(cof_tpm_evidence_in *e);
COF_DEFINE_AUTO(cof_tpm_evidence_in, cof_tpm_evidence_in_release)

/* Members of later versions are ignored: nothing that is not read here is believed. Reason "evidence-malformed". */
COF_WUR int cof_tpm_evidence_parse(cof_span text, cof_tpm_evidence_in *ret, cof_err *err);
