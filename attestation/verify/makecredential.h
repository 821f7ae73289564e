/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software TPM2_MakeCredential: the verifier's half of credential activation, and the judgement of the two keys that
 * comes before it. Everything but credential, roots and enrolled names is a stranger's.
 *
 * spec: TPM 2.0 Library part 1, 24 (credential protection); TCG EK Credential Profile 2.5
 */
#pragma once

#include "common/buf.h"

enum { COF_TPM_CREDENTIAL_LEN = 32, COF_TPM_SEED_LEN = 32 };

typedef struct cof_tpm_bind_in {
	cof_span ek_cert;      /* DER; empty: the EK must be enrolled */
	cof_span ek_public;    /* TPM2B_PUBLIC */
	cof_span ak_public;    /* TPM2B_PUBLIC */
	cof_span credential;   /* COF_TPM_CREDENTIAL_LEN random bytes */
	cof_span ek_roots;     /* PEM certificates that the owner enrolled: roots and issuing CAs; may be empty */
	cof_span enrolled_eks; /* SHA-256 names (32 bytes each) of EKs that need no certificate; may be empty */
	uint64_t now;	       /* seconds since 1970, for the certificates' dates */
} cof_tpm_bind_in;

/*
 * Judges EK and AK, then makes the credential for exactly this AK in the TPM of this EK: *ret_blob TPM2B_ID_OBJECT,
 * *ret_secret TPM2B_ENCRYPTED_SECRET. Reasons: "ek-untrusted" (crypto: chain, dates, or not enrolled),
 * "ek-key-mismatch", "ek-template" (crypto), "ak-attributes" (crypto), "tpm-malformed" (malformed).
 */
COF_WUR int cof_tpm_bind(const cof_tpm_bind_in *in, cof_buf *ret_blob, cof_buf *ret_secret, cof_err *err);
/* The guest's answer: an HMAC over the quote, keyed with the credential (32 bytes). Reason "activation-mismatch"
 * (crypto).
 */
COF_WUR int cof_tpm_activation_check(cof_span credential, cof_span attest, cof_span answer, cof_err *err);
