/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and revocation lists (hostile) as every vendor's profile needs them: read strictly by the DER reader,
 * with nothing judged yet; snp_x509.h and tdx_cert.h hold them to AMD's and Intel's rules. Not OpenSSL's X509: the
 * chains have a fixed shape, every answer must name the certificate and the rule, and X509 looks for a decoder of every
 * key, which costs more than checking a signature.
 *
 * spec: RFC 5280, 4.1 and 5.1
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_X509_MAX = 16 << 10,
	COF_X509_EXTENSIONS_MAX = 32,
	COF_X509_NAME_MAX = 64, /* of a common name, with its NUL */
	COF_X509_CRL_MAX = 4 << 20,
};

typedef struct cof_x509_extension {
	cof_span oid; /* contents */
	bool critical;
	cof_span value;
} cof_x509_extension;

typedef struct cof_x509_extensions {
	cof_x509_extension list[COF_X509_EXTENSIONS_MAX];
	size_t n;
} cof_x509_extensions;

/* What a signature is over, what it is, and by which algorithm: stated inside of what is signed, and beside it. */
typedef struct cof_x509_signed {
	cof_span bytes; /* as they came */
	cof_span inner_alg, alg;
	cof_span signature;
} cof_x509_signed;

typedef struct cof_x509_validity {
	int64_t from, to; /* both inclusive; from above to where nothing is valid */
} cof_x509_validity;

/* Keys that a profile asks for: a named curve, the exponent 65537. */
typedef enum cof_x509_kind {
	COF_X509_NO_KEY,
	COF_X509_P256,
	COF_X509_P384,
	COF_X509_RSA4096,
} cof_x509_kind;

/* Spans are of der, which belongs to the certificate. */
typedef struct cof_x509 {
	cof_buf der;
	cof_x509_signed sig;
	uint64_t version;	  /* 1 to 3 */
	cof_span serial;	  /* as an INTEGER's contents */
	cof_span issuer, subject; /* whole, with their tags */
	cof_x509_validity validity;
	cof_span key_alg, key_bits;
	cof_span spki; /* whole: key_alg and key_bits */
	cof_x509_extensions ext;
	EVP_PKEY *key; /* once cof_x509_key made it; of this kind */
	cof_x509_kind key_kind;
} cof_x509;

void cof_x509_free(cof_x509 *c);
COF_DEFINE_AUTO_PTR(cof_x509, cof_x509_free)

/* One certificate in DER to its last byte, without the unique identifiers of version 2. Reason "certificate-malformed".
 */
COF_WUR int cof_x509_read(cof_span der, cof_x509 **ret, cof_err *err);

/* By algorithm and size alone. */
cof_x509_kind cof_x509_key_kind(const cof_x509 *c);
/* The key of that kind, owned by the certificate and made once; NULL: another kind, or no point of the curve. */
EVP_PKEY *cof_x509_key(cof_x509 *c, cof_x509_kind kind);
/* The same on the curve of like, a public key of this kind or NULL: to make a curve costs a quarter of a signature. */
EVP_PKEY *cof_x509_key_like(cof_x509 *c, cof_x509_kind kind, EVP_PKEY *like);

/* --- names --- */

/* The one common name for people; "" when there is none, or two, or it does not fit or holds a NUL. */
void cof_x509_common_name(cof_span name, char out[COF_X509_NAME_MAX]);
/* The one value of an attribute (oid: contents); empty when it is not there, or twice. */
cof_span cof_x509_name_value(cof_span name, cof_span oid);
/* All attributes. */
size_t cof_x509_name_count(cof_span name);

/* --- extensions --- */

/* No extension twice, and none critical but basic constraints and key usage. */
bool cof_x509_has_no_double(const cof_x509_extensions *e);
bool cof_x509_all_critical_known(const cof_x509_extensions *e);
/* NULL when there is none; the first when there are more. */
const cof_x509_extension *cof_x509_find(const cof_x509_extensions *e, cof_span oid);

typedef struct cof_x509_constraints {
	bool present, critical, ca;
	bool has_room;
	uint64_t room; /* authorities that may follow */
} cof_x509_constraints;

/* spec: RFC 5280, 4.2.1.3: bits of KeyUsage, the first one highest as in the first byte of its BIT STRING */
enum cof_x509_use {
	COF_X509_DIGITAL_SIGNATURE = 0x80,
	COF_X509_CERT_SIGN = 0x04,
	COF_X509_CRL_SIGN = 0x02,
};
typedef struct cof_x509_usage {
	bool present, critical;
	uint8_t bits;
} cof_x509_usage;

/* False for an extension that is there and cannot be read. */
COF_WUR bool cof_x509_constraints_read(const cof_x509 *c, cof_x509_constraints *ret);
COF_WUR bool cof_x509_usage_read(const cof_x509 *c, cof_x509_usage *ret);

/* --- revocation lists --- */

typedef struct cof_x509_crl {
	cof_buf der;
	cof_x509_signed sig;
	uint64_t version; /* 1 or 2 */
	cof_span issuer;
	bool has_next;
	cof_x509_validity validity; /* by this and next update; from above to without a next one */
	cof_span revoked;	    /* the entries, each one well-formed */
	cof_x509_extensions ext;
} cof_x509_crl;

void cof_x509_crl_free(cof_x509_crl *c);
COF_DEFINE_AUTO_PTR(cof_x509_crl, cof_x509_crl_free)

/* One list in DER to its last byte. Reason "crl-malformed". */
COF_WUR int cof_x509_crl_read(cof_span der, cof_x509_crl **ret, cof_err *err);
/* A listed serial is revoked whatever its entry says of reasons. */
bool cof_x509_crl_lists(const cof_x509_crl *c, cof_span serial);
