/* SPDX-License-Identifier: Apache-2.0 */
/* Makes keys and certificates and writes them as files, for tests of the owner's side. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/file.h"
#include "common/hex.h"
#include "tests/unit/test.h"

/* Keys are slow to make: one of a kind for a whole program. type is "RSA" or a curve's name. */
static inline EVP_PKEY *key_of(const char *type)
{
	static struct {
		const char *type;
		EVP_PKEY *key;
	} made[8];
	for (size_t i = 0; i < 8; i++) {
		if (made[i].type == NULL) {
			made[i].type = type;
			made[i].key = strncmp(type, "RSA", 3) == 0
					      ? EVP_RSA_gen(strcmp(type, "RSA3072") == 0 ? 3072 : 2048)
					      : EVP_EC_gen(type);
			assert_non_null(made[i].key);
		}
		if (strcmp(made[i].type, type) == 0)
			return made[i].key;
	}
	fail_msg("too many kinds");
	return NULL;
}

static inline void write_bio(const char *path, BIO *b)
{
	char *text = NULL;
	long len = BIO_get_mem_data(b, &text);
	assert_ok(cof_file_write(path, cof_span_of(text, (size_t)len), 0600, &err));
	BIO_free(b);
}

/* cipher NULL: not encrypted. */
static inline void write_private(const char *path, EVP_PKEY *key, const char *cipher, const char *password)
{
	BIO *b = BIO_new(BIO_s_mem());
	const EVP_CIPHER *c = cipher == NULL ? NULL : EVP_get_cipherbyname(cipher);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, key, c, NULL, 0, NULL, (void *)(uintptr_t)password), 1);
	write_bio(path, b);
}

static inline void write_public(const char *path, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(b, key), 1);
	write_bio(path, b);
}

static inline X509 *cert_of(EVP_PKEY *key)
{
	X509 *c = X509_new();
	X509_NAME *name = X509_get_subject_name(c);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"owner", -1, -1, 0), 1);
	(void)X509_set_issuer_name(c, name);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
	(void)X509_gmtime_adj(X509_getm_notBefore(c), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(c), 3600);
	(void)X509_set_pubkey(c, key);
	assert_true(X509_sign(c, key, EVP_sha256()) > 0);
	return c;
}

static inline void write_cert(const char *path, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	X509 *c = cert_of(key);
	assert_int_equal(PEM_write_bio_X509(b, c), 1);
	X509_free(c);
	write_bio(path, b);
}

/* A member of a JWK from one of OpenSSL's numbers. */
static inline char *jwk_number(EVP_PKEY *key, const char *param, size_t len)
{
	BIGNUM *n = NULL;
	uint8_t raw[2048];
	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &n), 1);
	int size = len == 0 ? BN_num_bytes(n) : (int)len;
	assert_int_equal(BN_bn2binpad(n, raw, size), size);
	BN_free(n);
	return cof_b64url_dup(cof_span_of(raw, (size_t)size));
}

/* {"kty","crv","x","y","d"} and more members, each with a comma in front. */
static inline void ec_jwk(EVP_PKEY *key, const char *crv, size_t len, const char *more, cof_buf *ret)
{
	COF_AUTO_FREE char *x = jwk_number(key, "qx", len);
	COF_AUTO_FREE char *y = jwk_number(key, "qy", len);
	COF_AUTO_FREE char *d = jwk_number(key, "priv", len);
	assert_ok(cof_buf_printf(ret, &err, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\"%s}",
				 crv, x, y, d, more));
}

/* with_factors: p, q and what follows from them. */
static inline void rsa_jwk(EVP_PKEY *key, bool with_factors, const char *more, cof_buf *ret)
{
	static const struct {
		const char *member, *param;
	} table[] = {{"n", "n"},
		     {"e", "e"},
		     {"d", "d"},
		     {"p", "rsa-factor1"},
		     {"q", "rsa-factor2"},
		     {"dp", "rsa-exponent1"},
		     {"dq", "rsa-exponent2"},
		     {"qi", "rsa-coefficient1"}};
	assert_ok(cof_buf_add_str(ret, "{\"kty\":\"RSA\"", &err));
	for (size_t i = 0; i < (with_factors ? COF_COUNT(table) : 3); i++) {
		COF_AUTO_FREE char *v = jwk_number(key, table[i].param, 0);
		assert_ok(cof_buf_printf(ret, &err, ",\"%s\":\"%s\"", table[i].member, v));
	}
	assert_ok(cof_buf_printf(ret, &err, "%s}", more));
}
