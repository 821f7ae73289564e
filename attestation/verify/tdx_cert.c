/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_cert.h"

#include <stdio.h>
#include <time.h>

#include "attestation/verify/p256.h"
#include "common/digest.h"
#include "common/ossl.h"
#include "common/secret.h"

enum { NAME_MAX_LEN = 64 };

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
	X509_free(a->cert);
	*a = (cof_tdx_anchor){0};
}

/* --- times --- */

bool cof_tdx_asn1_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm = {0};
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

void cof_tdx_time_text(int64_t t, char out[COF_TDX_TIME_TEXT_MAX])
{
	struct tm tm = {0};
	time_t when = (time_t)t;
	if (gmtime_r(&when, &tm) == NULL || strftime(out, COF_TDX_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, COF_TDX_TIME_TEXT_MAX, "%lld", (long long)t);
}

static bool check_date(cof_checks *c, cof_stage stage, const char *name, const char *end, bool passed, int64_t bound,
		       int64_t now)
{
	char check[COF_CHECK_NAME_MAX], want[COF_CHECK_TEXT_MAX], is[COF_TDX_TIME_TEXT_MAX], at[COF_TDX_TIME_TEXT_MAX];
	bool from = strcmp(end, "not-yet-valid") == 0;
	cof_tdx_time_text(bound, at);
	cof_tdx_time_text(now, is);
	(void)snprintf(check, sizeof check, "%s-%s", name, end);
	(void)snprintf(want, sizeof want, "%s %s", from ? "not before" : "not after", at);
	return cof_check_text(c, stage, check, passed, want, is);
}

bool cof_tdx_check_dates(cof_checks *c, cof_stage stage, const char *name, int64_t from, int64_t to, int64_t now)
{
	bool begun = check_date(c, stage, name, "not-yet-valid", from <= now, from, now);
	bool lasts = check_date(c, stage, name, "expired", now <= to, to, now);
	return begun && lasts;
}

/* --- one certificate --- */

static void common_name(const X509_NAME *n, char out[NAME_MAX_LEN])
{
	int at = X509_NAME_get_index_by_NID(n, NID_commonName, -1);
	out[0] = '\0';
	/* With two of them, two readers could each see another one. */
	if (at < 0 || X509_NAME_get_index_by_NID(n, NID_commonName, at) >= 0)
		return;
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at));
	size_t len = (size_t)ASN1_STRING_length(s);
	if (len >= NAME_MAX_LEN || memchr(ASN1_STRING_get0_data(s), 0, len) != NULL)
		return;
	memcpy(out, ASN1_STRING_get0_data(s), len);
	out[len] = '\0';
}

static bool check_name(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, X509 *cert)
{
	char name[NAME_MAX_LEN];
	bool fits = false;
	common_name(X509_get_subject_name(cert), name);
	for (const char *const *n = rule->names; *n != NULL; n++)
		fits = fits || strcmp(*n, name) == 0;
	return cof_check_text(c, stage, "certificate-name", fits, rule->names[0], name);
}

static const char *profile_fault(const cof_tdx_cert_rule *rule, X509 *cert)
{
	uint32_t flags = X509_get_extension_flags(cert);
	uint32_t usage = X509_get_key_usage(cert);
	uint32_t must = rule->ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : KU_DIGITAL_SIGNATURE;
	if (X509_get_version(cert) != X509_VERSION_3 || (flags & EXFLAG_BCONS) == 0)
		return "no basic constraints";
	if ((flags & EXFLAG_INVALID) != 0)
		return "broken extension";
	if ((flags & EXFLAG_CRITICAL) != 0)
		return "unknown critical extension";
	if (((flags & EXFLAG_CA) != 0) != rule->ca)
		return rule->ca ? "no CA" : "a CA";
	if (usage == UINT32_MAX || (usage & must) != must || (!rule->ca && (usage & KU_KEY_CERT_SIGN) != 0))
		return "key usage";
	return X509_get_signature_nid(cert) == NID_ecdsa_with_SHA256 ? NULL : "signature algorithm";
}

static bool check_profile(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, X509 *cert)
{
	const char *fault = profile_fault(rule, cert);
	return cof_check_text(c, stage, "certificate-profile", fault == NULL, rule->what, fault);
}

static bool issued_by(X509 *cert, X509 *issuer)
{
	return X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 &&
	       cof_p256_is(X509_get0_pubkey(issuer)) && X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
}

bool cof_tdx_cert_check(cof_checks *c, cof_stage stage, const cof_tdx_cert_rule *rule, X509 *cert, X509 *issuer,
			int64_t now)
{
	char by[NAME_MAX_LEN];
	int64_t from = INT64_MAX, to = INT64_MIN;
	bool ok = check_name(c, stage, rule, cert);
	ok = check_profile(c, stage, rule, cert) && ok;
	ok = cof_check_text(c, stage, "certificate-key", cof_p256_is(X509_get0_pubkey(cert)), "P-256", rule->what) &&
	     ok;
	common_name(X509_get_subject_name(issuer), by);
	ok = cof_check_text(c, stage, "certificate-signature", issued_by(cert, issuer), by, rule->what) && ok;
	if (!cof_tdx_asn1_time(X509_get0_notBefore(cert), &from) || !cof_tdx_asn1_time(X509_get0_notAfter(cert), &to)) {
		from = INT64_MAX;
		to = INT64_MIN;
	}
	return cof_tdx_check_dates(c, stage, "certificate", from, to, now) && ok;
}

bool cof_tdx_cert_same_key(X509 *a, X509 *b)
{
	EVP_PKEY *of_a = X509_get0_pubkey(a), *of_b = X509_get0_pubkey(b);
	return of_a != NULL && of_b != NULL && EVP_PKEY_eq(of_a, of_b) == 1;
}

/* --- the anchor --- */

static bool is_intel(X509 *root)
{
	uint8_t *der = NULL, digest[COF_SHA256_LEN] = {0};
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(root), &der);
	bool same =
		n > 0 && cof_sha256(cof_span_of(der, (size_t)n), digest, NULL) == 0 &&
		cof_ct_equal(cof_span_of(digest, sizeof digest), cof_span_of(intel_root_spki, sizeof intel_root_spki));
	OPENSSL_free(der);
	return same;
}

bool cof_tdx_anchor_find(cof_checks *c, cof_span named, X509 *presented, cof_tdx_anchor *ret)
{
	COF_AUTO(cof_tdx_anchor) a = {0};
	cof_err err = {0};
	if (named.len > 0 && cof_tdx_cert_read(named, presented, &a.cert, &err) < 0)
		return cof_check_text(c, COF_STAGE_CHAIN, "untrusted-root", false, "the root that the caller named",
				      err.text);
	if (named.len == 0 && X509_up_ref(presented) == 1)
		a.cert = presented;
	a.intel = a.cert != NULL && is_intel(a.cert);
	bool counts = a.cert != NULL && (a.intel || named.len > 0) && cof_tdx_cert_same_key(a.cert, presented);
	const char *who = a.intel ? "Intel SGX Root CA (pinned key)" : "NOT Intel's: a root that the caller named";
	const char *want = named.len == 0 ? "Intel SGX Root CA (pinned key)" : who;
	if (!cof_check_text(c, COF_STAGE_CHAIN, "untrusted-root", counts, want, counts ? who : "another root"))
		return false;
	if (!a.intel)
		cof_check_waive(c);
	*ret = a;
	a = (cof_tdx_anchor){0};
	return true;
}
