/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the TPM attester share: the connection, the two keys, and the TPM's errors as ours. */
#pragma once

#include <tss2/tss2_esys.h>

#include "attestation/evidence/tpm.h"

struct cof_tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR ek, ak;
	cof_buf ek_cert;
	cof_buf ek_public;
	cof_buf ak_public;
	cof_buf ak_spki; /* DER */
	cof_secret credential;
};

/* 0 for success, else "tpm-failed" (io), or "tpm-unreachable" (unavailable) for a connection that broke. */
COF_WUR int cof_tpm_rc(TSS2_RC rc, const char *what, cof_err *err);

/* Opens tcti and esys of t. */
COF_WUR int cof_tpm_connect(cof_tpm *t, const char *tcti, cof_err *err);
void cof_tpm_disconnect(cof_tpm *t);

/* Loads EK (with its certificate) and AK into t. */
COF_WUR int cof_tpm_load_keys(cof_tpm *t, cof_err *err);

/* One SHA-256 selection of the registers in mask. */
TPML_PCR_SELECTION cof_tpm_select(uint32_t mask);
