/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/ek.h"

#include <openssl/pem.h>

#include "common/ossl.h"

/* spec: TCG EK Credential Profile 3.5: tcg-kp-EKCertificate, tcg-at-tpmManufacturer */
#define OID_KP_EK "2.23.133.8.1"
#define OID_TPM_MANUFACTURER "2.23.133.2.1"

static int untrusted(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_CRYPTO, "ek-untrusted", "EK certificate: %s", why);
}

static int read_cert(cof_span der, X509 **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	if (der.len == 0 || der.len > COF_EK_CERT_MAX)
		return untrusted(err, "size");
	COF_AUTO_PTR(cof_ossl_cert) c = d2i_X509(NULL, &at, (long)der.len);
	if (c == NULL || at != der.data + der.len)
		return untrusted(err, "not one DER certificate");
	*ret = cof_steal(&c);
	return 0;
}

static int add_roots(X509_STORE *store, cof_span pem, cof_err *err)
{
	int n = 0;
	if (pem.len > COF_EK_ROOTS_MAX)
		return cof_err_set(err, COF_E_USAGE, "ek-roots", "EK roots have %zu bytes", pem.len);
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return cof_err_oom(err);
	for (;; n++) {
		COF_AUTO_PTR(cof_ossl_cert) c = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (c == NULL)
			break;
		if (n == COF_EK_ROOTS_COUNT_MAX || X509_STORE_add_cert(store, c) != 1)
			return cof_err_set(err, COF_E_USAGE, "ek-roots", "too many EK roots");
	}
	return n > 0 ? 0 : cof_err_set(err, COF_E_USAGE, "ek-roots", "the EK roots hold no PEM certificate");
}

/* No purpose is set: an EK certificate has none that OpenSSL knows. CA flags of issuers are checked all the same. */
static int check_chain(X509 *cert, X509_STORE *store, uint64_t now, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_store_ctx) ctx = X509_STORE_CTX_new();
	if (ctx == NULL || X509_STORE_CTX_init(ctx, store, cert, NULL) != 1)
		return cof_err_oom(err);
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(p, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	X509_VERIFY_PARAM_set_depth(p, 6);
	if (X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return cof_err_oom(err);
	if (X509_verify_cert(ctx) == 1)
		return 0;
	return untrusted(err, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

static bool has_ek_usage(X509 *c)
{
	COF_AUTO_PTR(cof_ossl_eku) eku = X509_get_ext_d2i(c, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		char oid[64] = "";
		(void)OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(eku, i), 1);
		if (strcmp(oid, OID_KP_EK) == 0)
			return true;
	}
	return false;
}

static bool name_has(X509_NAME *name, const char *oid)
{
	COF_AUTO_PTR(cof_ossl_oid) obj = OBJ_txt2obj(oid, 1);
	return obj != NULL && name != NULL && X509_NAME_get_index_by_OBJ(name, obj, -1) >= 0;
}

static bool names_a_tpm(X509 *c)
{
	COF_AUTO_PTR(cof_ossl_names) names = X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		if (g->type == GEN_DIRNAME && name_has(g->d.directoryName, OID_TPM_MANUFACTURER))
			return true;
	}
	return false;
}

/* Any certificate of the same CA chains; only these say that its key is an EK. */
static int check_profile(X509 *c, cof_err *err)
{
	uint32_t usage = X509_get_key_usage(c);
	if (X509_get_version(c) != X509_VERSION_3 || (X509_get_extension_flags(c) & EXFLAG_CA) != 0)
		return untrusted(err, "not an end entity of version 3");
	if (usage == UINT32_MAX || (usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) == 0)
		return untrusted(err, "key usage");
	if (!has_ek_usage(c))
		return untrusted(err, "not issued for an endorsement key");
	return names_a_tpm(c) ? 0 : untrusted(err, "names no TPM manufacturer");
}

int cof_ek_cert_check(cof_span der, cof_span roots_pem, uint64_t now, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	COF_AUTO_PTR(cof_ossl_store) store = X509_STORE_new();
	int r = store == NULL ? cof_err_oom(err) : read_cert(der, &cert, err);
	if (r < 0)
		return r;
	if (roots_pem.len == 0)
		return untrusted(err, "no EK root is enrolled");
	r = add_roots(store, roots_pem, err);
	if (r == 0)
		r = check_chain(cert, store, now, err);
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
