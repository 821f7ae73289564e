/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as PEM, made in the test. */
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "attestation/refvalue/cosekey.h"

enum { PEM_NOW = 1800000000 };

static inline void pem_take(BIO *b, cof_buf *ret)
{
	char *data = NULL;
	long n = BIO_get_mem_data(b, &data);
	ret->len = 0;
	assert_true(n > 0);
	assert_ok(cof_buf_add(ret, data, (size_t)n, &err));
	BIO_free(b);
}

static inline void pem_private(EVP_PKEY *k, cof_buf *ret)
{
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
	pem_take(b, ret);
}

static inline void pem_public(EVP_PKEY *k, cof_buf *ret)
{
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(b, k), 1);
	pem_take(b, ret);
}

static inline void pem_cert(EVP_PKEY *k, int64_t from, int64_t to, cof_buf *ret)
{
	X509 *x = X509_new();
	BIO *b = BIO_new(BIO_s_mem());
	static const unsigned char cn[] = "reference author";
	bool edwards = EVP_PKEY_get_id(k) == EVP_PKEY_ED25519;
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to));
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, cn, -1, -1, 0), 1);
	assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
	assert_int_equal(X509_set_pubkey(x, k), 1);
	assert_true(X509_sign(x, k, edwards ? NULL : EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(b, x), 1);
	X509_free(x);
	pem_take(b, ret);
}
