/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attester over a TPM 2.0: EK by the TCG's RSA-2048 template with its certificate from NV, a restricted signing
 * AK made afresh from the endorsement seed, credential activation, and a quote over all 24 SHA-256 PCRs.
 * Blocking; one thread. The TPM of a machine that the host runs is the host's: its answers are parsed with limits.
 *
 * spec: TCG EK Credential Profile 2.5 (template L-1), TPM 2.0 Library parts 1 and 3
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"
#include "common/secret.h"

enum {
	COF_TPM_PCRS = 24,
	COF_TPM_EXTRA_LEN = 32,
	COF_TPM_EK_CERT_MAX = 4096,
	COF_TPM_EVENTLOG_FILE_MAX = 1 << 20,
};

typedef struct cof_tpm cof_tpm;
void cof_tpm_free(cof_tpm *t);
COF_DEFINE_AUTO_PTR(cof_tpm, cof_tpm_free)

/* tcti: "device:PATH" or "swtpm:path=SOCKET" or "swtpm:host=H,port=P"; reason "tcti-unknown" (usage) otherwise.
 * Makes EK and AK. Reason "tpm-unreachable" (unavailable), "tpm-failed" (io: the TPM's response code is in the text).
 */
COF_WUR int cof_tpm_open(cof_tpm **ret, const char *tcti, cof_err *err);

/* Borrowed; valid as long as t. ek_cert (DER) is empty when the TPM holds none. The others are TPM2B_PUBLIC. */
cof_span cof_tpm_ek_cert(const cof_tpm *t);
cof_span cof_tpm_ek_public(const cof_tpm *t);
cof_span cof_tpm_ak_public(const cof_tpm *t);
/* {"tpm": {"ek_cert","ek_public","ak_public"}}: the request's extra-params; a new reference. */
COF_WUR int cof_tpm_request_extra(const cof_tpm *t, json_t **ret, cof_err *err);

/* Opens a credential (TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET; hostile) and keeps it for the next evidence. Reason
 * "activation-refused" (crypto) when it was not made for this AK in this TPM. */
COF_WUR int cof_tpm_activate(cof_tpm *t, cof_span blob, cof_span secret, cof_err *err);

/* All 24 SHA-256 PCRs, read in one consistent state. Reason "tpm-pcrs-moving" (unavailable). */
COF_WUR int cof_tpm_pcrs(cof_tpm *t, uint8_t ret[COF_TPM_PCRS][COF_SHA256_LEN], cof_err *err);
/* pcr is below COF_TPM_PCRS. The SHA-256 bank alone; the TPM's word that it did is not checked here. */
COF_WUR int cof_tpm_extend(cof_tpm *t, uint32_t pcr, const uint8_t digest[COF_SHA256_LEN], cof_err *err);
/* Extends an all-zero PCR 8 in the SHA-256 bank and reads the result back. Reason "initdata-bound" (policy) when it
 * was extended before, "pcr-extend-lost" (crypto) when the register does not hold what it must. */
COF_WUR int cof_tpm_bind_initdata(cof_tpm *t, const uint8_t digest[COF_SHA256_LEN], cof_err *err);

/* primary_evidence. eventlog: path, NULL for none. activation is there only after cof_tpm_activate, whose credential
 * it uses up. */
COF_WUR int cof_tpm_evidence(cof_tpm *t, const uint8_t extra[COF_TPM_EXTRA_LEN], const char *eventlog, json_t **ret,
			     cof_err *err);
/* The evidence's event log: the firmware's, and behind it records of the guest's own. path NULL: none is set. */
COF_WUR int cof_tpm_set_eventlog(json_t *evidence, const char *path, cof_span records, cof_err *err);
