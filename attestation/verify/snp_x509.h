/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates in AMD's profile, looked at one by one: what OpenSSL's own path building would let pass (names, PSS
 * parameters, key sizes, critical extensions that nobody judged) is asked here.
 *
 * spec: VCEK certificate and KDS interface 57230; RFC 5280; RFC 4055 (RSASSA-PSS parameters)
 */
#pragma once

#include <stdbool.h>

#include "attestation/verify/ossl.h"
#include "common/buf.h"

enum { COF_SNP_CERT_MAX = 4096, COF_SNP_EXTENSIONS_MAX = 32, COF_SNP_TIME_TEXT_MAX = 24 };

/* One certificate of version 3, in DER to the last byte. Reason "certificate-malformed" (malformed). */
COF_WUR int cof_snp_cert_read(cof_span der, X509 **ret, cof_err *err);
/* AMD's distinguished name with this common name and nothing else. */
bool cof_snp_name_is(const X509_NAME *name, const char *cn);
/* The one common name, as text for people; "" when there is none. */
void cof_snp_name_text(const X509_NAME *name, char *out, size_t size);
bool cof_snp_name_equal(const X509_NAME *a, const X509_NAME *b);
/* RSASSA-PSS with SHA-384, MGF1 over SHA-384, 48 bytes of salt: exactly the encodings that AMD and OpenSSL write. */
bool cof_snp_pss_is_amd(const X509_ALGOR *alg);
bool cof_snp_key_is_rsa4096(const X509 *c);
/* A named curve and an uncompressed point. */
bool cof_snp_key_is_p384(const X509 *c);
/* No extension twice, none critical that is not judged here, none that OpenSSL could not read. */
bool cof_snp_extensions_are_sound(X509 *c);
/* Marked as an authority that may sign certificates, critically, with room for `below` more authorities. */
bool cof_snp_is_ca(X509 *c, long below);
bool cof_snp_is_leaf(X509 *c);
/* False for a time that cannot be read. */
bool cof_snp_time_read(const ASN1_TIME *t, int64_t *ret);
void cof_snp_time_text(int64_t t, char out[COF_SNP_TIME_TEXT_MAX]);
