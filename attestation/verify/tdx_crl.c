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

static bool check_list(cof_checks *c, const cof_tdx_crl_in *in, const cof_x509_crl *crl, int64_t now)
{
	char want[COF_X509_NAME_MAX], is[COF_X509_NAME_MAX];
	const cof_check_dates d = {crl->validity.from, crl->validity.to, now};
	EVP_PKEY *key = cof_x509_key(in->issuer, COF_X509_P256);
	cof_x509_common_name(in->issuer->subject, want);
	cof_x509_common_name(crl->issuer, is);
	bool ok = check(c, in->name, "issuer", cof_ct_equal(crl->issuer, in->issuer->subject), want, is);
	ok = check(c, in->name, "signature", cof_tdx_is_signed_by(&crl->sig, key), want, NULL) && ok;
	return cof_tdx_check_dates(c, COF_STAGE_COLLATERAL, in->name, &d) && ok;
}

static int judge(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tdx_crl_in *in = ctx;
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	(void)err;
	if (!check(c, in->name, "missing", in->der.len > 0, NULL, NULL))
		return 0;
	const char *fault = cof_x509_crl_read(in->der, &crl, NULL) < 0 ? "not one DER list" : profile_fault(crl);
	if (check(c, in->name, "malformed", fault == NULL, NULL, fault) && check_list(c, in, crl, now))
		*ret = cof_steal(&crl);
	return 0;
}

static void drop(void *object)
{
	cof_x509_crl_free(object);
}

int cof_tdx_crl_check(cof_checks *c, const cof_tdx_crl_in *in, const cof_x509_crl **ret, cof_held **ret_held,
		      cof_err *err)
{
	const cof_part part = {.name = "tdx-crl",
			       .inputs = {cof_span_str(in->name), in->der, cof_buf_span(&in->issuer->der)},
			       .n = 3,
			       .judge = judge,
			       .ctx = in,
			       .drop = drop};
	int rc = cof_part_judge(in->cache, &part, in->now, c, ret_held, err);
	if (rc == 0)
		*ret = (*ret_held)->object;
	return rc;
}

bool cof_tdx_crl_allows(cof_checks *c, const char *name, const cof_x509_crl *crl, const cof_x509 *cert)
{
	char hex[COF_CHECK_TEXT_MAX] = "";
	cof_span serial = cof_der_magnitude(cert->serial);
	if (2 * serial.len < sizeof hex)
		cof_hex(serial, hex);
	return cof_check_text(c, COF_STAGE_REVOCATION, name, !cof_x509_crl_lists(crl, cert->serial), "not listed", hex);
}
