/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_crl.h"

#include <stdio.h>

#include "common/der.h"
#include "common/hex.h"
#include "common/secret.h"

/* One check of a list that has a name of its own. */
static bool check(cof_checks *c, const char *name, const char *what, bool passed, const char *expected,
		  const char *found)
{
	char full[COF_CHECK_NAME_MAX];
	(void)snprintf(full, sizeof full, "%s-%s", name, what);
	return cof_check_text(c, COF_STAGE_COLLATERAL, full, passed, expected, found);
}

/* A critical extension (a delta, a scope) changes what absence from the list means: none is known here. */
static const char *profile_fault(const cof_x509_crl *crl)
{
	if (!cof_tdx_alg_is_intel(&crl->sig))
		return "signature algorithm";
	for (size_t i = 0; i < crl->ext.n; i++) {
		if (crl->ext.list[i].critical)
			return "critical extension";
	}
	return crl->has_next ? NULL : "no next update";
}

bool cof_tdx_crl_check(cof_checks *c, const char *name, cof_span der, cof_x509 *issuer, int64_t now, cof_x509_crl **ret)
{
	char want[COF_X509_NAME_MAX], is[COF_X509_NAME_MAX];
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	if (!check(c, name, "missing", der.len > 0, NULL, NULL))
		return false;
	const char *fault = cof_x509_crl_read(der, &crl, NULL) < 0 ? "not one DER list" : profile_fault(crl);
	if (!check(c, name, "malformed", fault == NULL, NULL, fault))
		return false;
	cof_x509_common_name(issuer->subject, want);
	cof_x509_common_name(crl->issuer, is);
	EVP_PKEY *key = cof_x509_key(issuer, COF_X509_P256);
	bool ok = check(c, name, "issuer", cof_ct_equal(crl->issuer, issuer->subject), want, is);
	ok = check(c, name, "signature", cof_tdx_is_signed_by(&crl->sig, key), want, NULL) && ok;
	ok = cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, name, crl->validity.from, crl->validity.to, now) && ok;
	if (ok)
		*ret = cof_steal(&crl);
	return ok;
}

bool cof_tdx_crl_allows(cof_checks *c, const char *name, const cof_x509_crl *crl, const cof_x509 *cert)
{
	char hex[COF_CHECK_TEXT_MAX] = "";
	cof_span serial = cof_der_magnitude(cert->serial);
	if (2 * serial.len < sizeof hex)
		cof_hex(serial, hex);
	return cof_check_text(c, COF_STAGE_REVOCATION, name, !cof_x509_crl_lists(crl, cert->serial), "not listed", hex);
}
