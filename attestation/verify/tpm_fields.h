/* SPDX-License-Identifier: Apache-2.0 */
/* What TPM structures say, as JSON for people, tokens and logs; whether it is believed is said elsewhere. New
 * references. Bytes in lower-case hex, in the order in which they lie. */
#pragma once

#include <jansson.h>

#include "attestation/verify/tpm_ek.h"
#include "attestation/verify/tpm_signature.h"

/* len: of the bytes that it was read from. */
COF_WUR int cof_tpm_attest_json(const cof_tpm_quote *q, size_t len, json_t **ret, cof_err *err);
COF_WUR int cof_tpm_signature_json(const cof_tpm_signature *s, json_t **ret, cof_err *err);
/* Type, name and attributes. */
COF_WUR int cof_tpm_public_json(const cof_tpm_public *p, json_t **ret, cof_err *err);
/* Serial number, issuer and last day. */
COF_WUR int cof_ek_cert_json(X509 *c, json_t **ret, cof_err *err);
