/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate revocation lists (hostile DER) of Intel's CAs. spec: RFC 5280, 5 */
#pragma once

#include "attestation/verify/tdx_cert.h"

/*
 * Adds the checks "NAME-missing" (no bytes), "NAME-malformed", "NAME-issuer", "NAME-signature", "NAME-not-yet-valid"
 * and "NAME-expired"; *ret is set when all passed, and freed with cof_x509_crl_free.
 */
bool cof_tdx_crl_check(cof_checks *c, const char *name, cof_span der, cof_x509 *issuer, int64_t now,
		       cof_x509_crl **ret);
/* Adds the check name: the certificate's serial number is not on the list. */
bool cof_tdx_crl_allows(cof_checks *c, const char *name, const cof_x509_crl *crl, const cof_x509 *cert);
