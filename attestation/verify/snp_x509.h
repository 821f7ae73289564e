/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's profile of certificates: names, extensions, and RSASSA-PSS with one set of parameters.
 *
 * spec: VCEK certificate and KDS interface 57230; RFC 4055 (RSASSA-PSS parameters)
 */
#pragma once

#include "attestation/verify/x509.h"

/* Both algorithms that are stated are AMD's: exactly the encodings that AMD and OpenSSL write of RSASSA-PSS with
 * SHA-384, MGF1 over SHA-384 and 48 bytes of salt. */
bool cof_snp_alg_is_amd(const cof_x509_signed *s);
/* By RSASSA-PSS with AMD's parameters, whatever is stated. key: RSA, or NULL: then it is not. */
bool cof_snp_is_signed_by(const cof_x509_signed *s, EVP_PKEY *key);
/* AMD's distinguished name with this common name and nothing else. */
bool cof_snp_name_is(cof_span name, const char *cn);
/* Marked as an authority that may sign certificates, critically, with room for `below` more authorities. */
bool cof_snp_is_ca(const cof_x509 *c, uint64_t below);
bool cof_snp_is_leaf(const cof_x509 *c);
/* Allowed by its key usage to sign revocation lists. */
bool cof_snp_may_revoke(const cof_x509 *c);
