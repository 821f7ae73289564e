/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_cert.h"

#include <stdio.h>

#include "attestation/verify/p256.h"
#include "common/digest.h"
#include "common/secret.h"

enum { VERSION = 3 };

/* spec: Intel SGX PCK Certificate Profile: SHA-256 of the root's SubjectPublicKeyInfo. Two certificates carry the key,
 * and test roots have the same name: the key alone counts. */
static const uint8_t intel_root_spki[COF_SHA256_LEN] = {
	0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
	0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e};

static const char *const pck_names[] = {"Intel SGX PCK Certificate", NULL};
static const char *const pck_ca_names[] = {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA", NULL};
static const char *const root_names[] = {"Intel SGX Root CA", NULL};
static const char *const tcb_signing_names[] = {"Intel SGX TCB Signing", NULL};

const cof_tdx_cert_rule cof_tdx_rule_pck = {"PCK certificate", pck_names, false};
const cof_tdx_cert_rule cof_tdx_rule_pck_ca = {"PCK CA", pck_ca_names, true};
const cof_tdx_cert_rule cof_tdx_rule_root = {"root CA", root_names, true};
const cof_tdx_cert_rule cof_tdx_rule_tcb_signing = {"TCB signing certificate", tcb_signing_names, false};

void cof_tdx_anchor_release(cof_tdx_anchor *a)
{
	cof_x509_free(a->cert);
	*a = (cof_tdx_anchor){0};
}

/* --- times --- */

static bool check_bound(cof_checks *c, cof_stage stage, const char *name, const char *end, const cof_check_dates *d)
{
	char check[COF_CHECK_NAME_MAX], want[COF_CHECK_TEXT_MAX], at[COF_TIME_TEXT_MAX];
	bool from = d->to == INT64_MAX;
	cof_time_text(from ? d->from : d->to, at);
	(void)snprintf(check, sizeof check, "%s-%s", name, end);
	(void)snprintf(want, sizeof want, "%s %s", from ? "not before" : "not after", at);
	return cof_check_dated(c, stage, check, d, want);
}

bool cof_tdx_check_dates(cof_checks *c, cof_stage stage, const char *name, int64_t from, int64_t to, int64_t now)
{
	const cof_check_dates start = {from, INT64_MAX, now}, end = {INT64_MIN, to, now};
	bool begun = check_bound(c, stage, name, "not-yet-valid", &start);
	bool lasts = check_bound(c, stage, name, "expired", &end);
	return begun && lasts;
}

/* --- one certificate --- */

static bool check_name(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, const cof_x509 *cert)
{
	char name[COF_X509_NAME_MAX];
	bool fits = false;
	cof_x509_common_name(cert->subject, name);
	for (const char *const *n = rule->names; *n != NULL; n++)
		fits = fits || strcmp(*n, name) == 0;
	return cof_check_text(c, stage, "certificate-name", fits, rule->names[0], name);
}

static bool usage_fits(const cof_x509_usage *u, bool ca)
{
	uint8_t must = ca ? COF_X509_CERT_SIGN | COF_X509_CRL_SIGN : COF_X509_DIGITAL_SIGNATURE;
	return u->present && (u->bits & must) == must && (ca || (u->bits & COF_X509_CERT_SIGN) == 0);
}

static const char *profile_fault(const cof_tdx_cert_rule *rule, const cof_x509 *cert)
{
	cof_x509_constraints b;
	cof_x509_usage u;
	bool read = cof_x509_constraints_read(cert, &b);
	read = cof_x509_usage_read(cert, &u) && read;
	if (cert->version != VERSION || !b.present)
		return "no basic constraints";
	if (!read || !cof_x509_has_no_double(&cert->ext))
		return "broken extension";
	if (!cof_x509_all_critical_known(&cert->ext))
		return "unknown critical extension";
	if (b.ca != rule->ca)
		return rule->ca ? "no CA" : "a CA";
	if (!usage_fits(&u, rule->ca))
		return "key usage";
	return cof_tdx_alg_is_intel(&cert->sig) ? NULL : "signature algorithm";
}

static bool check_profile(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, const cof_x509 *cert)
{
	const char *fault = profile_fault(rule, cert);
	return cof_check_text(c, stage, "certificate-profile", fault == NULL, rule->what, fault);
}

/* spec: RFC 5758, 3.2: ecdsa-with-SHA256, without parameters */
bool cof_tdx_alg_is_intel(const cof_x509_signed *s)
{
	static const uint8_t alg[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	return cof_ct_equal(s->alg, cof_span_of(alg, sizeof alg)) && cof_ct_equal(s->alg, s->inner_alg);
}

bool cof_tdx_is_signed_by(const cof_x509_signed *s, EVP_PKEY *key)
{
	return cof_tdx_alg_is_intel(s) && cof_p256_verify_der(key, s->bytes, s->signature);
}

static bool issued_by(const cof_x509 *cert, cof_x509 *issuer)
{
	return cof_ct_equal(cert->issuer, issuer->subject) &&
	       cof_tdx_is_signed_by(&cert->sig, cof_x509_key(issuer, COF_X509_P256));
}

bool cof_tdx_cert_check(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, cof_x509 *cert, cof_x509 *issuer,
			int64_t now)
{
	char by[COF_X509_NAME_MAX];
	EVP_PKEY *above = issuer == cert ? NULL : cof_x509_key(issuer, COF_X509_P256);
	EVP_PKEY *key = cof_x509_key_like(cert, COF_X509_P256, above);
	bool ok = check_name(c, stage, rule, cert);
	ok = check_profile(c, stage, rule, cert) && ok;
	ok = cof_check_text(c, stage, "certificate-key", key != NULL, "P-256", rule->what) && ok;
	cof_x509_common_name(issuer->subject, by);
	ok = cof_check_text(c, stage, "certificate-signature", issued_by(cert, issuer), by, rule->what) && ok;
	return cof_tdx_check_dates(c, stage, "certificate", cert->validity.from, cert->validity.to, now) && ok;
}

bool cof_tdx_cert_same_key(const cof_x509 *a, const cof_x509 *b)
{
	return cof_x509_key_kind(a) == COF_X509_P256 && cof_ct_equal(a->spki, b->spki);
}

/* --- the anchor --- */

static bool is_intel(const cof_x509 *root)
{
	uint8_t digest[COF_SHA256_LEN] = {0};
	return cof_sha256(root->spki, digest, NULL) == 0 &&
	       cof_ct_equal(cof_span_of(digest, sizeof digest), cof_span_of(intel_root_spki, sizeof intel_root_spki));
}

bool cof_tdx_anchor_find(cof_checks *c, cof_span named, const cof_x509 *presented, cof_tdx_anchor *ret)
{
	COF_AUTO(cof_tdx_anchor) a = {0};
	cof_err err = {0};
	cof_span root = named.len > 0 ? named : cof_buf_span(&presented->der);
	if (cof_tdx_cert_read(root, &a.cert, &err) < 0)
		return cof_check_text(c, COF_STAGE_CHAIN, "untrusted-root", false, "the root that the caller named",
				      err.text);
	a.intel = is_intel(a.cert);
	bool counts = (a.intel || named.len > 0) && cof_tdx_cert_same_key(a.cert, presented);
	const char *who = a.intel ? "Intel SGX Root CA (pinned key)" : "NOT Intel's: a root that the caller named";
	const char *want = named.len == 0 ? "Intel SGX Root CA (pinned key)" : who;
	if (!cof_check_text(c, COF_STAGE_CHAIN, "untrusted-root", counts, want, counts ? who : "another root"))
		return false;
	*ret = a;
	a = (cof_tdx_anchor){0};
	return true;
}
