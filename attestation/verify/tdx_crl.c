/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_crl.h"

#include <stdio.h>

#include "attestation/verify/p256.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "common/secret.h"

COF_OSSL_AUTO(X509_CRL, cof_ossl_crl, X509_CRL_free)

/* One check of a list that has a name of its own. */
static bool check(cof_checks *c, const char *name, const char *what, bool passed, const char *expected,
		  const char *found)
{
	char full[COF_CHECK_NAME_MAX];
	(void)snprintf(full, sizeof full, "%s-%s", name, what);
	return cof_check_text(c, COF_STAGE_COLLATERAL, full, passed, expected, found);
}

static X509_CRL *read_crl(cof_span der)
{
	const uint8_t *at = der.data;
	uint8_t *again = NULL;
	if (der.len > COF_TDX_CRL_MAX)
		return NULL;
	COF_AUTO_PTR(cof_ossl_crl) crl = d2i_X509_CRL(NULL, &at, (long)der.len);
	if (crl == NULL || at != der.data + der.len)
		return NULL;
	int n = i2d_X509_CRL(crl, &again);
	bool same = n > 0 && cof_ct_equal(cof_span_of(again, (size_t)n), der);
	OPENSSL_free(again);
	return same ? cof_steal(&crl) : NULL;
}

/* A critical extension (a delta, a scope) changes what absence from the list means: none is known here. */
static const char *profile_fault(X509_CRL *crl)
{
	if (X509_CRL_get_signature_nid(crl) != NID_ecdsa_with_SHA256)
		return "signature algorithm";
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)) != 0)
			return "critical extension";
	}
	return X509_CRL_get0_nextUpdate(crl) == NULL ? "no next update" : NULL;
}

static bool signed_by(X509_CRL *crl, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	return cof_p256_is(key) && X509_CRL_verify(crl, key) == 1;
}

static bool check_times(cof_checks *c, const char *name, X509_CRL *crl, int64_t now)
{
	int64_t from = INT64_MAX, to = INT64_MIN;
	if (!cof_tdx_asn1_time(X509_CRL_get0_lastUpdate(crl), &from) ||
	    !cof_tdx_asn1_time(X509_CRL_get0_nextUpdate(crl), &to)) {
		from = INT64_MAX;
		to = INT64_MIN;
	}
	return cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, name, from, to, now);
}

bool cof_tdx_crl_check(cof_checks *c, const char *name, cof_span der, X509 *issuer, int64_t now, X509_CRL **ret)
{
	char want[64] = "", is[64] = "";
	if (!check(c, name, "missing", der.len > 0, NULL, NULL))
		return false;
	COF_AUTO_PTR(cof_ossl_crl) crl = read_crl(der);
	const char *fault = crl == NULL ? "not one DER list" : profile_fault(crl);
	if (!check(c, name, "malformed", fault == NULL, NULL, fault))
		return false;
	const X509_NAME *by = X509_CRL_get_issuer(crl);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(issuer), NID_commonName, want, sizeof want);
	(void)X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)by, NID_commonName, is, sizeof is);
	bool ok = check(c, name, "issuer", X509_NAME_cmp(by, X509_get_subject_name(issuer)) == 0, want, is);
	ok = check(c, name, "signature", signed_by(crl, issuer), want, NULL) && ok;
	ok = check_times(c, name, crl, now) && ok;
	if (ok)
		*ret = cof_steal(&crl);
	return ok;
}

bool cof_tdx_crl_allows(cof_checks *c, const char *name, X509_CRL *crl, X509 *cert)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
	bool listed = false;
	/* Not OpenSSL's look-up: a listed serial is revoked whatever its entry's extensions say. */
	for (int i = 0; i < sk_X509_REVOKED_num(list) && !listed; i++)
		listed = ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i)), serial) == 0;
	COF_AUTO_FREE char *hex =
		cof_hex_dup(cof_span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	return cof_check_text(c, COF_STAGE_REVOCATION, name, !listed, "not listed", hex);
}
