/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's keys, judged attribute by attribute: what an attestation key and an endorsement key must be able to do, and
 * what they must not.
 *
 * spec: TPM 2.0 Library part 2, 8.3 (attributes); TCG EK Credential Profile 2.5, B (templates)
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/public.h"

/*
 * A restricted signing key that was made in this TPM, cannot leave it and decrypts nothing: "ak-restricted",
 * "ak-signing", "ak-decrypting", "ak-fixed-tpm", "ak-fixed-parent", "ak-origin", "ak-duplication", "ak-scheme" (one
 * scheme and a hash from SHA-256 up, no cipher), of stage ak.
 */
void cof_tpm_ak_attributes_check(cof_checks *c, const cof_tpm_public *p);
/* A restricted decryption key as the TCG's templates have it: the same names with "ek-", and "ek-template" (AES in CFB,
 * no scheme), of stage ek. */
void cof_tpm_ek_attributes_check(cof_checks *c, const cof_tpm_public *p);

/*
 * One public key in PEM and nothing else: RSA of 2048 to 4096 bits, or EC on P-256, P-384 or P-521. Freed with
 * EVP_PKEY_free. Reason "ak-malformed" (malformed).
 */
COF_WUR int cof_tpm_pem_parse(cof_span pem, EVP_PKEY **ret, cof_err *err);
