/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate revocation lists (hostile DER) of Intel's CAs. spec: RFC 5280, 5 */
#pragma once

#include "attestation/verify/tdx_cert.h"

enum { COF_TDX_CRL_MAX = 4 << 20 };

/*
 * Adds the checks "NAME-missing" (no bytes), "NAME-malformed", "NAME-issuer", "NAME-signature", "NAME-not-yet-valid"
 * and "NAME-expired"; *ret is set when all passed, and freed with X509_CRL_free.
 */
bool cof_tdx_crl_check(cof_checks *c, const char *name, cof_span der, X509 *issuer, int64_t now, X509_CRL **ret);
/* Adds the check name: the certificate's serial number is not on the list. */
bool cof_tdx_crl_allows(cof_checks *c, const char *name, X509_CRL *crl, X509 *cert);
