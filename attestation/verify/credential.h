/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of credential protection: key derivation, the outer wrapping of a credential, and the seed to an
 * RSA EK.
 *
 * spec: TPM 2.0 Library part 1, 11.4.10 (KDFa), 24 (credential protection), B.10.4 (OAEP label)
 */
#pragma once

#include "attestation/verify/public.h"
#include "common/secret.h"

/* SP800-108 in counter mode with HMAC; ret holds bits / 8. */
typedef struct cof_kdfa_in {
	cof_hash hash;
	cof_span key;
	const char *label; /* its NUL is part of the input */
	cof_span u, v;
	uint32_t bits;
} cof_kdfa_in;
COF_WUR int cof_kdfa(const cof_kdfa_in *in, uint8_t *ret, cof_err *err);

/* TPM2B_ID_OBJECT for the object with this name, under a seed that ek's TPM will learn. */
COF_WUR int cof_credential_wrap(const cof_tpm_public *ek, cof_span seed, cof_span name, cof_span credential,
				cof_buf *ret, cof_err *err);
/* TPM2B_ENCRYPTED_SECRET: the seed by RSA-OAEP to ek. Reason "ek-template" (crypto) when ek is not RSA. */
COF_WUR int cof_credential_seal_seed(const cof_tpm_public *ek, cof_span seed, cof_buf *ret, cof_err *err);
