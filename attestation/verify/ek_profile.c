/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/ek_profile.h"

#include <openssl/pem.h>

#include "common/rd.h"

#define OID_KP_EK "2.23.133.8.1"
#define OID_TPM_MANUFACTURER "2.23.133.2.1"
#define OID_TPM_MODEL "2.23.133.2.2"
#define OID_TPM_VERSION "2.23.133.2.3"

enum { PATH_MAX_DEPTH = 6, AUTH_LEVEL_112_BITS = 2, MANUFACTURER_LEN = 3 + 8 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ek-certificate", "certificate: %s", what);
}

/* ---- reading ---- */

/* The next SEQUENCE with its head, by its own length alone; empty when there is none. */
static cof_span next_sequence(cof_rd *r)
{
	cof_rd look = *r;
	uint8_t tag = cof_rd_u8(&look), first = cof_rd_u8(&look);
	size_t len = first, head = 2;
	if (first == 0x81) {
		len = cof_rd_u8(&look);
		head = 3;
	} else if (first == 0x82) {
		len = cof_rd_u16be(&look);
		head = 4;
	} else if (first > 0x7f) {
		cof_rd_fail(&look);
	}
	return cof_rd_ok(&look) && tag == 0x30 ? cof_rd_bytes(r, head + len) : (cof_span){0};
}

static bool is_padding(cof_rd r)
{
	uint8_t fill = 0;
	for (bool first = true; r.left > 0; first = false) {
		uint8_t c = cof_rd_u8(&r);
		if (first)
			fill = c;
		if (c != fill || (c != 0 && c != 0xff))
			return false;
	}
	return true;
}

int cof_ek_der_parse(cof_span der, X509 **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	if (der.len == 0 || der.len > COF_EK_CERT_MAX)
		return malformed(err, "size");
	COF_AUTO_PTR(cof_ossl_cert) c = d2i_X509(NULL, &at, (long)der.len);
	if (c == NULL || at != der.data + der.len)
		return malformed(err, "not one DER certificate");
	*ret = cof_steal(&c);
	return 0;
}

int cof_ek_cert_parse(cof_span in, X509 **ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	cof_span der = next_sequence(&r);
	if (!cof_rd_ok(&r) || !is_padding(r))
		return malformed(err, "bytes behind it");
	return cof_ek_der_parse(der, ret, err);
}

static int push(cof_ek_certs *certs, X509 **c, cof_err *err)
{
	if (sk_X509_num(certs) == COF_EK_CERTS_COUNT_MAX)
		return malformed(err, "too many");
	if (sk_X509_push(certs, *c) <= 0)
		return cof_err_oom(err);
	(void)cof_steal(c);
	return 0;
}

static int read_ders(cof_span in, cof_ek_certs *certs, cof_err *err)
{
	int rc = 0;
	cof_rd r = cof_rd_of(in);
	while (rc == 0 && (sk_X509_num(certs) == 0 || !is_padding(r))) {
		COF_AUTO_PTR(cof_ossl_cert) c = NULL;
		rc = cof_ek_der_parse(next_sequence(&r), &c, err);
		if (rc == 0)
			rc = push(certs, &c, err);
	}
	return rc;
}

/* Nobody is asked for a passphrase: a certificate needs none. */
static int no_passphrase(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	return 0;
}

static int read_pems(cof_span in, cof_ek_certs *certs, cof_err *err)
{
	int rc = 0;
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(in.data, (int)in.len);
	if (bio == NULL)
		return cof_err_oom(err);
	while (rc == 0) {
		COF_AUTO_PTR(cof_ossl_cert) c = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
		if (c == NULL)
			break;
		rc = push(certs, &c, err);
	}
	return rc == 0 && sk_X509_num(certs) == 0 ? malformed(err, "no PEM certificate") : rc;
}

int cof_ek_certs_parse(cof_span in, cof_ek_certs **ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	if (in.len == 0 || in.len > COF_EK_CERTS_MAX)
		return malformed(err, "size");
	COF_AUTO_PTR(cof_ek_certs) certs = sk_X509_new_null();
	if (certs == NULL)
		return cof_err_oom(err);
	int rc = cof_rd_u8(&r) == 0x30 ? read_ders(in, certs, err) : read_pems(in, certs, err);
	if (rc == 0)
		*ret = cof_steal(&certs);
	return rc;
}

/* ---- what it says ---- */

bool cof_ek_is_end_entity(X509 *c)
{
	return X509_get_version(c) == X509_VERSION_3 && (X509_get_extension_flags(c) & EXFLAG_CA) == 0;
}

bool cof_ek_has_usage(X509 *c)
{
	uint32_t usage = X509_get_key_usage(c);
	EVP_PKEY *key = X509_get0_pubkey(c);
	if (usage == UINT32_MAX || key == NULL)
		return false;
	return (usage & (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? KU_KEY_AGREEMENT : KU_KEY_ENCIPHERMENT)) != 0;
}

bool cof_ek_has_purpose(X509 *c)
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

/* Its one value of this kind; empty without. */
static cof_span name_part(X509_NAME *name, const char *oid)
{
	COF_AUTO_PTR(cof_ossl_oid) obj = OBJ_txt2obj(oid, 1);
	int at = obj == NULL || name == NULL ? -1 : X509_NAME_get_index_by_OBJ(name, obj, -1);
	if (at < 0)
		return (cof_span){0};
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return cof_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool is_manufacturer(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	bool good = s.len == MANUFACTURER_LEN && cof_rd_u8(&r) == 'i' && cof_rd_u8(&r) == 'd' && cof_rd_u8(&r) == ':';
	while (good && r.left > 0) {
		uint8_t c = cof_rd_u8(&r);
		good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	}
	return good;
}

bool cof_ek_names_a_tpm(X509 *c)
{
	COF_AUTO_PTR(cof_ossl_names) names = X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		if (g->type == GEN_DIRNAME && is_manufacturer(name_part(g->d.directoryName, OID_TPM_MANUFACTURER)) &&
		    name_part(g->d.directoryName, OID_TPM_MODEL).len > 0 &&
		    name_part(g->d.directoryName, OID_TPM_VERSION).len > 0)
			return true;
	}
	return false;
}

/* ---- where it leads ---- */

/* OpenSSL lets a key usage stand for the CA flag. The anchor may be what it likes: the caller named it. */
static bool all_authorities(const cof_ek_certs *path)
{
	enum { BY_BASIC_CONSTRAINTS = 1 };
	for (int i = 1; i + 1 < sk_X509_num(path); i++) {
		if (X509_check_ca(sk_X509_value(path, i)) != BY_BASIC_CONSTRAINTS)
			return false;
	}
	return true;
}

/* No purpose is set: an EK certificate has none that OpenSSL knows. now NULL: dates are not looked at. */
static int set_up(X509_STORE_CTX *ctx, X509_STORE *anchors, X509 *c, cof_ek_certs *between, const int64_t *now,
		  cof_err *err)
{
	if (ctx == NULL || X509_STORE_CTX_init(ctx, anchors, c, between) != 1)
		return cof_err_oom(err);
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL_112_BITS);
	X509_VERIFY_PARAM_set_depth(p, PATH_MAX_DEPTH);
	if (now != NULL)
		X509_VERIFY_PARAM_set_time(p, (time_t)*now);
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | (now == NULL ? X509_V_FLAG_NO_CHECK_TIME : 0);
	return X509_VERIFY_PARAM_set_flags(p, flags) == 1 ? 0 : cof_err_oom(err);
}

static const char *why(X509_STORE_CTX *ctx)
{
	return X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
}

int cof_ek_path_find(X509 *c, X509_STORE *anchors, cof_ek_certs *between, const int64_t *now, cof_ek_certs **ret_path,
		     cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_store_ctx) ctx = X509_STORE_CTX_new();
	int rc = set_up(ctx, anchors, c, between, now, err);
	if (rc < 0)
		return rc;
	if (X509_verify_cert(ctx) != 1)
		return cof_err_set(err, COF_E_CRYPTO, "ek-untrusted", "EK certificate: %s", why(ctx));
	if (!all_authorities(X509_STORE_CTX_get0_chain(ctx)))
		return cof_err_set(err, COF_E_CRYPTO, "ek-untrusted", "EK certificate: an issuer is no authority");
	if (ret_path != NULL)
		*ret_path = X509_STORE_CTX_get1_chain(ctx);
	return ret_path != NULL && *ret_path == NULL ? cof_err_oom(err) : 0;
}

/* ---- revocation ---- */

static inline void crl_free(X509_CRL *l)
{
	X509_CRL_free(l);
}
typedef X509_CRL ek_crl;
COF_DEFINE_AUTO_PTR(ek_crl, crl_free)

int cof_ek_crl_add(cof_span der, X509_STORE *anchors, cof_err *err)
{
	const uint8_t *at = der.data;
	bool sized = der.len > 0 && der.len <= COF_EK_CRL_MAX;
	COF_AUTO_PTR(ek_crl) list = sized ? d2i_X509_CRL(NULL, &at, (long)der.len) : NULL;
	if (list == NULL || at != der.data + der.len)
		return cof_err_set(err, COF_E_MALFORMED, "ek-crl-malformed", "not one DER revocation list");
	return X509_STORE_add_crl(anchors, list) == 1 ? 0 : cof_err_oom(err);
}

int cof_ek_revocation_check(X509 *c, X509_STORE *anchors, cof_ek_certs *between, int64_t now, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_store_ctx) ctx = X509_STORE_CTX_new();
	int rc = set_up(ctx, anchors, c, between, &now, err);
	if (rc < 0)
		return rc;
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK);
	if (X509_verify_cert(ctx) == 1)
		return 0;
	bool revoked = X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_REVOKED;
	return cof_err_set(err, COF_E_CRYPTO, revoked ? "ek-revoked" : "ek-crl", "EK certificate: %s", why(ctx));
}
