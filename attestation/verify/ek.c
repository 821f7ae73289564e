/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/ek.h"

#include "attestation/verify/ek_profile.h"

static int untrusted(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_CRYPTO, "ek-untrusted", "EK certificate: %s", why);
}

static int read_cert(cof_span der, X509 **ret, cof_err *err)
{
	cof_err why = {0};
	return cof_ek_der_parse(der, ret, &why) < 0 ? untrusted(err, why.text) : 0;
}

static int add_roots(X509_STORE *store, cof_span pem, cof_err *err)
{
	COF_AUTO_PTR(cof_ek_certs) certs = NULL;
	cof_err why = {0};
	if (cof_ek_certs_parse(pem, &certs, &why) < 0)
		return cof_err_set(err, COF_E_USAGE, "ek-roots", "EK roots: %s", why.text);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(certs, i)) != 1)
			return cof_err_oom(err);
	}
	return 0;
}

/* Any certificate of the same CA chains; only these say that its key is an EK. */
static int check_profile(X509 *c, cof_err *err)
{
	if (!cof_ek_is_end_entity(c))
		return untrusted(err, "not an end entity of version 3");
	if (!cof_ek_has_usage(c))
		return untrusted(err, "key usage");
	if (!cof_ek_has_purpose(c))
		return untrusted(err, "not issued for an endorsement key");
	return cof_ek_names_a_tpm(c) ? 0 : untrusted(err, "names no TPM by manufacturer, model and version");
}

int cof_ek_cert_check(cof_span der, cof_span roots_pem, uint64_t now, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	COF_AUTO_PTR(cof_ossl_store) store = X509_STORE_new();
	int64_t at = (int64_t)now;
	int r = store == NULL ? cof_err_oom(err) : read_cert(der, &cert, err);
	if (r < 0)
		return r;
	if (roots_pem.len == 0)
		return untrusted(err, "no EK root is enrolled");
	r = add_roots(store, roots_pem, err);
	if (r == 0)
		r = cof_ek_path_find(cert, store, NULL, &at, NULL, err);
	return r < 0 ? r : check_profile(cert, err);
}

int cof_ek_cert_is_of(cof_span der, const cof_tpm_public *ek, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	int r = read_cert(der, &cert, err);
	if (r == 0)
		r = cof_tpm_public_key(ek, &key, err);
	if (r < 0)
		return r;
	if (EVP_PKEY_eq(X509_get0_pubkey(cert), key) != 1)
		return cof_err_set(err, COF_E_CRYPTO, "ek-key-mismatch", "the EK certificate is for another key");
	return 0;
}
