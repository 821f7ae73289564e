/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "attestation/kbs/holder_int.h"
#include "common/file.h"

enum { CERT_DAYS = 3650 };

static int put_meta(cof_store *s, const char *name, const cof_buf *v, cof_err *err)
{
	return cof_store_put(s, COF_KIND_META, name, cof_buf_span(v), err);
}

static bool fill_cert(X509 *x, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(x);
	static const unsigned char cn[] = "coffer-kbs token signer";
	return X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x), 86400L * CERT_DAYS) != NULL && X509_set_pubkey(x, key) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, name) == 1 && X509_sign(x, key, EVP_sha256()) > 0;
}

static int make_cert(EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	X509 *x = X509_new();
	BIO *b = BIO_new(BIO_s_mem());
	char *data = NULL;
	bool ok = x != NULL && b != NULL && fill_cert(x, key) && PEM_write_bio_X509(b, x) == 1;
	long len = ok ? BIO_get_mem_data(b, &data) : 0;
	int rc = len > 0 ? cof_buf_add(ret, data, (size_t)len, err)
			 : cof_err_set(err, COF_E_INTERNAL, "keygen-failed", "token certificate");
	BIO_free(b);
	X509_free(x);
	return rc;
}

static int make_token_key(cof_store *s, cof_err *err)
{
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) cert = {0};
	int rc = cof_es256_new(&key, err);
	if (rc == 0)
		rc = cof_es256_write_private(key, &pem, err);
	if (rc == 0)
		rc = put_meta(s, COF_META_TOKEN_KEY, &pem, err);
	cof_buf_wipe(&pem);
	if (rc == 0)
		rc = make_cert(key, &cert, err);
	return rc < 0 ? rc : put_meta(s, COF_META_TOKEN_CERT, &cert, err);
}

static int make_admin_key(cof_store *s, const char *path, cof_err *err)
{
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO(cof_buf) private = {0};
	COF_AUTO(cof_buf) public = {0};
	int rc = cof_es256_new(&key, err);
	if (rc == 0)
		rc = cof_es256_write_public(key, &public, err);
	if (rc == 0)
		rc = put_meta(s, COF_META_ADMIN_KEY, &public, err);
	if (rc == 0)
		rc = cof_es256_write_private(key, &private, err);
	if (rc == 0)
		rc = cof_file_write(path, cof_buf_span(&private), 0600, err);
	cof_buf_wipe(&private);
	return rc;
}

int cof_holder_init(const char *store_dir, const char *admin_key_path, cof_err *err)
{
	COF_AUTO_PTR(cof_store) s = NULL;
	COF_AUTO(cof_record) r = cof_record_new("init", "done");
	cof_audit_head head = {0};
	int rc = cof_store_create(store_dir, &s, err);
	if (rc == 0)
		rc = cof_store_begin(s, err);
	if (rc == 0)
		rc = make_token_key(s, err);
	if (rc == 0)
		rc = make_admin_key(s, admin_key_path, err);
	if (rc == 0)
		rc = cof_record_done(&r, err);
	if (rc == 0)
		rc = cof_audit_append(s, &head, cof_holder_time(), r.o, err);
	return rc < 0 ? rc : cof_store_commit(s, err);
}
