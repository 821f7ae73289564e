/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's certificates (hostile): read out of their text, and each held to a rule.
 *
 * spec: RFC 5280; Intel SGX PCK Certificate and Certificate Revocation List Profile Specification 1.5
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/x509.h"

enum { COF_TDX_CHAIN_MAX = 3 };

typedef struct cof_tdx_chain {
	cof_x509 *cert[COF_TDX_CHAIN_MAX]; /* leaf first */
	size_t n;
} cof_tdx_chain;

void cof_tdx_chain_release(cof_tdx_chain *c);
COF_DEFINE_AUTO(cof_tdx_chain, cof_tdx_chain_release)

/* Exactly n certificates as PEM and nothing else, but for one NUL at the end. Reason "certificate-malformed". */
COF_WUR int cof_tdx_chain_read(cof_span pem, size_t n, cof_tdx_chain *ret, cof_err *err);
/* One certificate, as DER or PEM. Reason "certificate-malformed". */
COF_WUR int cof_tdx_cert_read(cof_span in, cof_x509 **ret, cof_err *err);

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
bool cof_tdx_cert_check(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, cof_x509 *cert, cof_x509 *issuer,
			int64_t now);

typedef struct cof_tdx_anchor {
	cof_x509 *cert;
	bool intel; /* carries the key of Intel's root, which is pinned here */
} cof_tdx_anchor;

void cof_tdx_anchor_release(cof_tdx_anchor *a);
COF_DEFINE_AUTO(cof_tdx_anchor, cof_tdx_anchor_release)

/*
 * The root that counts: the one that the caller named, or else the presented one if it carries Intel's key. Adds the
 * check "untrusted-root": the presented one has the anchor's key. False leaves *ret empty. A root that is not Intel's
 * is named so in the check's text.
 */
bool cof_tdx_anchor_find(cof_checks *c, cof_span named, const cof_x509 *presented, cof_tdx_anchor *ret);

/* Same key, byte by byte, and one on P-256. */
bool cof_tdx_cert_same_key(const cof_x509 *a, const cof_x509 *b);
/* Stated inside of what is signed and beside it: ECDSA with SHA-256. */
bool cof_tdx_alg_is_intel(const cof_x509_signed *s);
/* key: NULL: it is not. */
bool cof_tdx_is_signed_by(const cof_x509_signed *s, EVP_PKEY *key);
/* Both bounds of something, as the checks "NAME-not-yet-valid" and "NAME-expired"; the bounds themselves are inside. */
bool cof_tdx_check_dates(cof_checks *c, cof_stage stage, const char *name, int64_t from, int64_t to, int64_t now);
