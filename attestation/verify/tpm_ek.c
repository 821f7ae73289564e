/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_ek.h"

#include "attestation/verify/tdx_cert.h"
#include "attestation/verify/tpm_keys.h"

void cof_tpm_ek_release(cof_tpm_ek *e)
{
	cof_held_release(e->held);
	*e = (cof_tpm_ek){0};
}

/* ---- the certificate ---- */

/* What was named and what came between; both are freed by the caller. */
static int open_anchors(const cof_tpm_ek_in *in, X509_STORE *store, cof_ek_certs **ret_between, cof_err *err)
{
	COF_AUTO_PTR(cof_ek_certs) roots = NULL;
	int rc = cof_ek_certs_parse(in->root, &roots, err);
	if (rc == 0 && in->intermediates.len > 0)
		rc = cof_ek_certs_parse(in->intermediates, ret_between, err);
	for (int i = 0; rc == 0 && i < sk_X509_num(roots); i++)
		rc = X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1 ? 0 : cof_err_oom(err);
	return rc;
}

static bool read_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm = {0};
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* Of every certificate on the path, the root too. */
static void check_dates(cof_checks *c, cof_ek_certs *path, int64_t now)
{
	int64_t from = INT64_MIN, to = INT64_MAX;
	for (int i = 0; i < sk_X509_num(path); i++) {
		int64_t a = INT64_MAX, b = INT64_MIN;
		X509 *cert = sk_X509_value(path, i);
		if (!read_time(X509_get0_notBefore(cert), &a) || !read_time(X509_get0_notAfter(cert), &b))
			a = INT64_MAX;
		from = a > from ? a : from;
		to = b < to ? b : to;
	}
	(void)cof_tdx_check_dates(c, COF_STAGE_EK, "ek", from, to, now);
}

static void check_profile(cof_checks *c, X509 *cert)
{
	(void)cof_check_text(c, COF_STAGE_EK, "ek-end-entity", cof_ek_is_end_entity(cert), "version 3, no authority",
			     NULL);
	(void)cof_check_text(c, COF_STAGE_EK, "ek-usage", cof_ek_has_usage(cert),
			     "keyEncipherment for RSA, keyAgreement for EC", NULL);
	(void)cof_check_text(c, COF_STAGE_EK, "ek-purpose", cof_ek_has_purpose(cert), "2.23.133.8.1 (EK certificate)",
			     NULL);
	(void)cof_check_text(c, COF_STAGE_EK, "ek-tpm-name", cof_ek_names_a_tpm(cert),
			     "a TPM's manufacturer, model and version", NULL);
}

/* A list that is given is judged; a revoked certificate is nobody's, whatever else holds. */
static int check_revocation(cof_checks *c, const cof_tpm_ek_in *in, X509 *cert, X509_STORE *store,
			    cof_ek_certs *between, cof_err *err)
{
	cof_err why = {0};
	if (cof_ek_crl_add(in->crl, store, &why) == 0 &&
	    cof_ek_revocation_check(cert, store, between, in->now, &why) == 0) {
		(void)cof_check_that(c, COF_STAGE_REVOCATION, "ek-crl", true);
		(void)cof_check_text(c, COF_STAGE_REVOCATION, "ek-revoked", true, "not listed", NULL);
		return 0;
	}
	(void)cof_check_error(c, COF_STAGE_REVOCATION, &why);
	return why.cls == COF_E_INTERNAL ? cof_err_set(err, why.cls, why.reason, "%s", why.text) : 0;
}

static int check_path(cof_checks *c, const cof_tpm_ek_in *in, X509 *cert, cof_err *err)
{
	COF_AUTO_PTR(cof_ek_certs) path = NULL;
	COF_AUTO_PTR(cof_ek_certs) between = NULL;
	COF_AUTO_PTR(cof_ossl_store) store = X509_STORE_new();
	cof_err why = {0};
	int rc = store == NULL ? cof_err_oom(&why) : open_anchors(in, store, &between, &why);
	if (rc == 0)
		rc = cof_ek_path_find(cert, store, between, NULL, &path, &why);
	if (rc < 0 && why.cls == COF_E_INTERNAL)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	(void)cof_check_text(c, COF_STAGE_EK, "ek-chain", rc == 0, "a path to the root that was named",
			     rc == 0 ? NULL : why.text);
	if (rc < 0)
		return 0;
	check_dates(c, path, in->now);
	return in->has_crl ? check_revocation(c, in, cert, store, between, err) : 0;
}

static void drop_cert(void *object)
{
	X509_free(object);
}

static int judge_cert(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err)
{
	const cof_tpm_ek_in *in = ctx;
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	cof_err why = {0};
	(void)now; /* in has it, too */
	if (cof_ek_cert_parse(in->cert, &cert, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_EK, &why);
		return 0;
	}
	int rc = check_path(c, in, cert, err);
	if (rc == 0)
		check_profile(c, cert);
	*ret = cof_steal(&cert);
	return rc;
}

/* A path depends on bytes and its dates alone. Whether a list revokes it is asked anew each time: OpenSSL judges a
 * list's own dates, which no check shows. */
static int check_cert(cof_checks *c, const cof_tpm_ek_in *in, cof_tpm_ek *e, cof_err *err)
{
	const cof_part part = {.name = "tpm-ek",
			       .inputs = {in->cert, in->intermediates, in->root},
			       .n = 3,
			       .judge = judge_cert,
			       .ctx = in,
			       .drop = drop_cert};
	int rc = cof_part_judge(in->has_crl ? NULL : in->cache, &part, in->now, c, &e->held, err);
	if (rc == 0)
		e->cert = e->held->object;
	return rc;
}

/* ---- the public area ---- */

static void check_public(cof_checks *c, const cof_tpm_ek_in *in, cof_tpm_ek *e)
{
	cof_err why = {0};
	if (cof_tpm_public_parse(in->public_area, &e->pub, &why) < 0) {
		(void)cof_check_text(c, COF_STAGE_EK, "ek-malformed", false, "a public area", why.text);
		return;
	}
	e->has_public = true;
	cof_tpm_ek_attributes_check(c, &e->pub);
}

static void check_same(cof_checks *c, const cof_tpm_ek *e)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	bool same = cof_tpm_public_key(&e->pub, &key, NULL) == 0 && EVP_PKEY_eq(X509_get0_pubkey(e->cert), key) == 1;
	(void)cof_check_text(c, COF_STAGE_EK, "ek-key-mismatch", same, "the certificate is for this EK", NULL);
}

/* ---- both ---- */

static bool check_enrolled(cof_checks *c, const cof_tpm_ek_in *in, const cof_tpm_ek *e)
{
	cof_span name = e->has_public ? cof_tpm_public_name(&e->pub) : (cof_span){0};
	bool listed = cof_tpm_name_is_listed(in->demands->ek_names, name);
	return cof_check_text(c, COF_STAGE_EK, "ek-not-enrolled", listed, "a name in the policy's ek_names",
			      e->has_public ? NULL : "no public area");
}

int cof_tpm_ek_check_all(cof_checks *c, const cof_tpm_ek_in *in, cof_tpm_ek *ret, cof_err *err)
{
	COF_AUTO(cof_tpm_ek) e = {0};
	size_t failed = c->failed;
	bool enrolled = false;
	int rc = in->has_cert ? check_cert(c, in, &e, err) : 0;
	if (rc < 0)
		return rc;
	if (in->has_public)
		check_public(c, in, &e);
	if (e.cert != NULL && e.has_public)
		check_same(c, &e);
	if (in->demands->ek_names != NULL)
		enrolled = check_enrolled(c, in, &e);
	if (in->demands->require_ek)
		(void)cof_check_text(c, COF_STAGE_EK, "ek-missing", in->has_cert || enrolled,
				     "a certificate, or an enrolled name", NULL);
	if (in->demands->require_ek_crl)
		(void)cof_check_text(c, COF_STAGE_REVOCATION, "ek-crl-missing", in->has_cert && in->has_crl,
				     "a certificate and a revocation list", NULL);
	e.trusted = c->failed == failed && (in->has_cert || enrolled);
	*ret = e;
	e = (cof_tpm_ek){0};
	return 0;
}
