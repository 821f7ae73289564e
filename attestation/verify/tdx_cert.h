/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's certificates (hostile): read strictly, and each held to a rule. Not OpenSSL's path building: the chains have
 * a fixed shape, and every answer must name the certificate and the number that is wrong.
 *
 * spec: RFC 5280; Intel SGX PCK Certificate and Certificate Revocation List Profile Specification 1.5
 */
#pragma once

#include <openssl/types.h>

#include "attestation/verify/check.h"

enum { COF_TDX_CERT_MAX = 16 << 10, COF_TDX_CHAIN_MAX = 3, COF_TDX_TIME_TEXT_MAX = 40 };

typedef struct cof_tdx_chain {
	X509 *cert[COF_TDX_CHAIN_MAX]; /* leaf first */
	size_t n;
} cof_tdx_chain;

void cof_tdx_chain_release(cof_tdx_chain *c);
COF_DEFINE_AUTO(cof_tdx_chain, cof_tdx_chain_release)

/*
 * Exactly n certificates as PEM and nothing else, but for one NUL at the end. One of the very bytes of known (NULL:
 * none) is known itself: decoding costs as much as checking a signature. Reason "certificate-malformed".
 */
COF_WUR int cof_tdx_chain_read(cof_span pem, size_t n, X509 *known, cof_tdx_chain *ret, cof_err *err);
/* One certificate, as DER or PEM; known as above. Reason "certificate-malformed". */
COF_WUR int cof_tdx_cert_read(cof_span in, X509 *known, X509 **ret, cof_err *err);

typedef struct cof_tdx_cert_rule {
	const char *what;	  /* for people */
	const char *const *names; /* common names that it may have; NULL-ended */
	bool ca;
} cof_tdx_cert_rule;

extern const cof_tdx_cert_rule cof_tdx_rule_pck, cof_tdx_rule_pck_ca, cof_tdx_rule_root, cof_tdx_rule_tcb_signing;

/*
 * Adds the checks "certificate-name", "certificate-profile" (version, CA flag, usage, critical extensions),
 * "certificate-key" (P-256), "certificate-signature" (by issuer's key, over issuer's name), "certificate-expired" and
 * "certificate-not-yet-valid"; true when all passed.
 */
bool cof_tdx_cert_check(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, X509 *cert, X509 *issuer,
			int64_t now);

typedef struct cof_tdx_anchor {
	X509 *cert;
	bool intel; /* carries the key of Intel's root, which is pinned here */
} cof_tdx_anchor;

void cof_tdx_anchor_release(cof_tdx_anchor *a);
COF_DEFINE_AUTO(cof_tdx_anchor, cof_tdx_anchor_release)

/*
 * The root that counts: the one that the caller named, or else the presented one if it carries Intel's key. Adds the
 * check "untrusted-root": the presented one has the anchor's key. False leaves *ret empty. A root that is not Intel's
 * is named so in the check's text.
 */
bool cof_tdx_anchor_find(cof_checks *c, cof_span named, X509 *presented, cof_tdx_anchor *ret);

/* Same key. */
bool cof_tdx_cert_same_key(X509 *a, X509 *b);
/* Seconds since the epoch; false for no time. */
bool cof_tdx_asn1_time(const ASN1_TIME *t, int64_t *ret);
/* RFC 3339. */
void cof_tdx_time_text(int64_t t, char out[COF_TDX_TIME_TEXT_MAX]);
/* Both bounds of something, as the checks "NAME-not-yet-valid" and "NAME-expired"; the bounds themselves are inside. */
bool cof_tdx_check_dates(cof_checks *c, cof_stage stage, const char *name, int64_t from, int64_t to, int64_t now);
