/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's signature (TPMT_SIGNATURE, hostile) over an attestation.
 *
 * spec: TPM 2.0 Library part 2, 11.3.4 (signatures); part 1, B.4 to B.6 (schemes)
 */
#pragma once

#include "attestation/verify/public.h"

enum { COF_TPM_SIGNATURE_MAX = 1024 };

/* Borrows from the input. */
typedef struct cof_tpm_signature {
	uint16_t scheme;   /* RSASSA, RSAPSS or ECDSA */
	uint16_t hash_alg; /* any number: cof_tpm_hash judges it */
	cof_span rsa;
	cof_span r, s; /* big-endian; zeros in front may be left out */
} cof_tpm_signature;

/* Reason "signature-malformed" (malformed): another scheme, a length that does not fit, bytes behind it. */
COF_WUR int cof_tpm_signature_parse(cof_span in, cof_tpm_signature *ret, cof_err *err);
/* The key is of the scheme's kind. */
bool cof_tpm_signature_fits(const cof_tpm_signature *sig, const EVP_PKEY *key);
/* For a key that fits and that cof_tpm_key_is_supported takes: RSA of exactly the modulus's length; R and S of no more
 * bytes than the order, from 1 to the order less 1. */
bool cof_tpm_signature_in_range(const cof_tpm_signature *sig, const EVP_PKEY *key);
/* Over the bytes as they came. Reasons "quote-signature", "tpm-hash" (crypto). */
COF_WUR int cof_tpm_signature_check(const cof_tpm_signature *sig, EVP_PKEY *key, cof_span attest, cof_err *err);
