/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials on their way to a TPM, by their shapes: what TPM2_MakeCredential gives and TPM2_ActivateCredential takes,
 * and the file that tpm2-tools writes of both. Nothing is opened here.
 *
 * spec: TPM 2.0 Library part 2, 12.4 (TPM2B_ID_OBJECT), 11.4.3 (TPM2B_ENCRYPTED_SECRET)
 */
#pragma once

#include "attestation/verify/public.h"

enum { COF_TPM_TOOLS_MAGIC = (int)0xbadcc0de };

/* Borrows from the input. */
typedef struct cof_tpm_id_object {
	cof_span hmac;
	cof_span enc; /* the sized credential, encrypted: at least 2 bytes */
} cof_tpm_id_object;
/* Reason "credential-malformed". */
COF_WUR int cof_tpm_id_object_parse(cof_span in, cof_tpm_id_object *ret, cof_err *err);

typedef struct cof_tpm_sealed_seed {
	cof_span rsa;  /* OAEP; empty for EC */
	cof_span x, y; /* the ephemeral point; empty for RSA */
} cof_tpm_sealed_seed;
/* By the kind of the EK: COF_TPM_ALG_RSA or COF_TPM_ALG_ECC. Reason "secret-malformed". */
COF_WUR int cof_tpm_sealed_seed_parse(cof_span in, uint16_t type, cof_tpm_sealed_seed *ret, cof_err *err);

/* *ret_blob and *ret_secret with their sizes, as the two files beside it hold them. Reason "tools-malformed". */
COF_WUR int cof_tpm_tools_parse(cof_span in, cof_span *ret_blob, cof_span *ret_secret, cof_err *err);
