/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsement keys: a certificate (hostile DER) that leads to what the owner enrolled, at a given time, and whose key
 * is the EK itself.
 *
 * spec: TCG EK Credential Profile 2.5, 3 (X.509 profile)
 */
#pragma once

#include "attestation/verify/public.h"

/* Every certificate in roots_pem is a trust anchor, issuing CAs too: the owner enrolled each by hand. Reason
 * "ek-untrusted" (crypto), "ek-roots" (usage) when roots_pem holds none. */
COF_WUR int cof_ek_cert_check(cof_span der, cof_span roots_pem, uint64_t now, cof_err *err);
/* Reason "ek-key-mismatch" (crypto). */
COF_WUR int cof_ek_cert_is_of(cof_span der, const cof_tpm_public *ek, cof_err *err);
