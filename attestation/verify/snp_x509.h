/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates in AMD's profile, looked at one by one: what OpenSSL's own path building would let pass (names, PSS
 * parameters, key sizes, critical extensions that nobody judged) is asked here. They are read by OpenSSL's ASN.1 with a
 * template of our own, since X509 looks for a decoder of every key, which costs more than checking a signature.
 *
 * spec: VCEK certificate and KDS interface 57230; RFC 5280; RFC 4055 (RSASSA-PSS parameters)
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/ossl.h"

enum { COF_SNP_CERT_MAX = 4096, COF_SNP_EXTENSIONS_MAX = 32, COF_SNP_TIME_TEXT_MAX = 24 };

typedef struct cof_snp_spki {
	X509_ALGOR *alg;
	ASN1_BIT_STRING *bits;
} cof_snp_spki;

typedef struct cof_snp_tbs {
	ASN1_ENCODING enc; /* the bytes that came: what the signature is checked over */
	ASN1_INTEGER *version;
	ASN1_INTEGER *serial;
	X509_ALGOR *alg;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	cof_snp_spki *spki;
	STACK_OF(X509_EXTENSION) * extensions; /* may be NULL */
} cof_snp_tbs;

typedef struct cof_snp_x509 {
	cof_snp_tbs *tbs;
	X509_ALGOR *alg;
	ASN1_BIT_STRING *signature;
	EVP_PKEY *key; /* RSA of 4096 bits or EC on P-384; any other key is not read: NULL */
} cof_snp_x509;

void cof_snp_x509_free(cof_snp_x509 *c);
COF_DEFINE_AUTO_PTR(cof_snp_x509, cof_snp_x509_free)

/* One certificate of version 3, in DER to the last byte. Reason "certificate-malformed" (malformed). */
COF_WUR int cof_snp_x509_read(cof_span der, cof_snp_x509 **ret, cof_err *err);
bool cof_snp_x509_has_rsa4096(const cof_snp_x509 *c);
/* A named curve and an uncompressed point. */
bool cof_snp_x509_has_p384(const cof_snp_x509 *c);
/* Both algorithms that a certificate states are AMD's. */
bool cof_snp_x509_has_amd_algorithm(const cof_snp_x509 *c);
/* By RSASSA-PSS with AMD's parameters, whatever the certificate states. key: RSA. */
bool cof_snp_x509_is_signed_by(const cof_snp_x509 *c, EVP_PKEY *key);
/* SHA-256 of the public key with its algorithm; out holds 32. */
COF_WUR int cof_snp_x509_fingerprint(const cof_snp_x509 *c, uint8_t *out, cof_err *err);
/* No extension twice, and none critical that is not judged here. */
bool cof_snp_x509_is_sound(const cof_snp_x509 *c);
/* Marked as an authority that may sign certificates, critically, with room for `below` more authorities. */
bool cof_snp_x509_is_ca(const cof_snp_x509 *c, int64_t below);
bool cof_snp_x509_is_leaf(const cof_snp_x509 *c);
/* Allowed by its key usage to sign revocation lists. */
bool cof_snp_x509_may_revoke(const cof_snp_x509 *c);

/* RSASSA-PSS with SHA-384, MGF1 over SHA-384, 48 bytes of salt: exactly the encodings that AMD and OpenSSL write. */
bool cof_snp_pss_is_amd(const X509_ALGOR *alg);
/* AMD's distinguished name with this common name and nothing else. */
bool cof_snp_name_is(const X509_NAME *name, const char *cn);
/* The one common name, as text for people; "" when there is none. */
void cof_snp_name_text(const X509_NAME *name, char *out, size_t size);
bool cof_snp_name_equal(const X509_NAME *a, const X509_NAME *b);
/* False for a time that cannot be read. */
bool cof_snp_time_read(const ASN1_TIME *t, int64_t *ret);
void cof_snp_time_text(int64_t t, char out[COF_SNP_TIME_TEXT_MAX]);
