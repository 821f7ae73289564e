/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV's certificates, which are no X.509: those of AMD (ARK, ASK) and those of platforms (CEK, OCA, PEK, PDH). They are
 * read here and judged in sev_chain.h: a reader refuses sizes alone, everything else is a member.
 *
 * spec: AMD SEV API 0.24, appendices B and C; numbers are little-endian
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_SEV_CERT_LEN = 2084,
	COF_SEV_KEY_FIELD_LEN = 1028,
	COF_SEV_SIGNATURE_LEN = 512,
	COF_SEV_SIGNATURES = 2,
	COF_SEV_ID_LEN = 16,
	COF_SEV_CA_MAX = 64 + 3 * 512,
};

typedef enum cof_sev_usage {
	COF_SEV_ARK = 0,
	COF_SEV_ASK = 0x13,
	COF_SEV_NOBODY = 0x1000,
	COF_SEV_OCA = 0x1001,
	COF_SEV_PEK = 0x1002,
	COF_SEV_PDH = 0x1003,
	COF_SEV_CEK = 0x1004,
} cof_sev_usage;

typedef enum cof_sev_algo {
	COF_SEV_NONE = 0,
	COF_SEV_RSA_SHA256 = 0x001,
	COF_SEV_ECDSA_SHA256 = 0x002,
	COF_SEV_ECDH_SHA256 = 0x003,
	COF_SEV_RSA_SHA384 = 0x101,
	COF_SEV_ECDSA_SHA384 = 0x102,
	COF_SEV_ECDH_SHA384 = 0x103,
} cof_sev_algo;

typedef struct cof_sev_signature {
	uint32_t usage, algo; /* of the key that signed; as they stand, known or not */
	cof_span bytes;
} cof_sev_signature;

/* Spans borrow from what was read. */
typedef struct cof_sev_cert {
	uint32_t version;
	uint8_t api_major, api_minor;
	bool reserved_zero;
	uint32_t usage, algo;
	cof_span key;
	cof_span covered; /* by the signatures */
	cof_sev_signature signatures[COF_SEV_SIGNATURES];
} cof_sev_cert;

typedef struct cof_sev_ca {
	uint32_t version;
	uint8_t key_id[COF_SEV_ID_LEN], certifying_id[COF_SEV_ID_LEN];
	uint32_t usage;
	bool reserved_zero;
	uint32_t bits; /* 2048 or 4096 */
	cof_span exponent, modulus, signature, covered;
} cof_sev_ca;

/* Reason "sev-certificate-size" (malformed): not 2084 bytes. */
COF_WUR int cof_sev_cert_parse(cof_span in, cof_sev_cert *ret, cof_err *err);
/* Reason "sev-certificate-size" (malformed): sizes of another key than RSA-2048 or -4096, or bytes more or less. */
COF_WUR int cof_sev_ca_parse(cof_span in, cof_sev_ca *ret, cof_err *err);

/* Both are freed with EVP_PKEY_free; NULL for what is no key of its kind, or has anything behind it. */
COF_WUR EVP_PKEY *cof_sev_cert_key(const cof_sev_cert *c);
COF_WUR EVP_PKEY *cof_sev_ca_key(const cof_sev_ca *c);

bool cof_sev_algo_is_rsa(uint32_t algo);
bool cof_sev_algo_is_ecdsa(uint32_t algo);
bool cof_sev_algo_is_ecdh(uint32_t algo);
/* What RSA keys of this size sign with. */
cof_sev_algo cof_sev_ca_algo(const cof_sev_ca *c);

/* Whether everything that a signature of this key leaves over is zero. */
bool cof_sev_signature_padded(const EVP_PKEY *key, cof_span signature);
/* *ret: it holds. algo is the signing key's; a signature by an algorithm that is not of the key does not hold. Fails
 * for memory alone. */
COF_WUR int cof_sev_signature_verify(EVP_PKEY *key, uint32_t algo, cof_span message, cof_span signature, bool *ret,
				     cof_err *err);
