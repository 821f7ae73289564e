/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes an X.509 certificate one of an endorsement key, asked one thing at a time; and where it leads.
 *
 * spec: TCG EK Credential Profile 2.5, 3.2 (X.509 profile), 3.5 (object identifiers)
 */
#pragma once

#include "common/buf.h"
#include "common/ossl.h"

enum { COF_EK_CERT_MAX = 8192, COF_EK_CERTS_COUNT_MAX = 64, COF_EK_CERTS_MAX = 256 << 10, COF_EK_CRL_MAX = 4 << 20 };

static inline void cof_ek_certs_drop(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}
typedef STACK_OF(X509) cof_ek_certs;
COF_DEFINE_AUTO_PTR(cof_ek_certs, cof_ek_certs_drop)

/* One certificate and nothing behind it. Reason "ek-certificate" (malformed). */
COF_WUR int cof_ek_der_parse(cof_span der, X509 **ret, cof_err *err);
/* The certificate at the front of an NV area: behind it are only zeros or only FF. Reason "ek-certificate". */
COF_WUR int cof_ek_cert_parse(cof_span in, X509 **ret, cof_err *err);
/* Certificates as PEM, or one DER behind another as NV areas have them; at least one. Reason "ek-certificate". */
COF_WUR int cof_ek_certs_parse(cof_span in, cof_ek_certs **ret, cof_err *err);

/* Of version 3, and no authority. */
bool cof_ek_is_end_entity(X509 *c);
/* keyEncipherment for RSA, keyAgreement for EC. */
bool cof_ek_has_usage(X509 *c);
/* tcg-kp-EKCertificate among its extended usages. */
bool cof_ek_has_purpose(X509 *c);
/* A TPM's manufacturer ("id:" and eight digits), model and version in its alternative name. */
bool cof_ek_names_a_tpm(X509 *c);

/*
 * A path to a trust anchor through what was given; now NULL: dates are not looked at. Authorities must be ones;
 * critical extensions that OpenSSL does not know are refused, and keys and digests below 112 bits. *ret_path (may be
 * NULL) has the certificates from c up. Reason "ek-untrusted" (crypto).
 */
COF_WUR int cof_ek_path_find(X509 *c, X509_STORE *anchors, cof_ek_certs *between, const int64_t *now,
			     cof_ek_certs **ret_path, cof_err *err);

/* One revocation list in DER and nothing behind it, into the anchors. Reason "ek-crl-malformed" (malformed). */
COF_WUR int cof_ek_crl_add(cof_span der, X509_STORE *anchors, cof_err *err);
/*
 * Whether the list of c's issuer, among the anchors, holds at that time and does not have c. Reasons "ek-crl" (crypto:
 * of another issuer, out of date, not signed by who may), "ek-revoked" (crypto).
 */
COF_WUR int cof_ek_revocation_check(X509 *c, X509_STORE *anchors, cof_ek_certs *between, int64_t now, cof_err *err);
