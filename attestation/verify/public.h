/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's public areas (TPM2B_PUBLIC, hostile): parsed strictly, named, judged as AK or EK, and turned into a key.
 * Spans borrow from the input.
 *
 * spec: TPM 2.0 Library part 2, 12.2 (TPMT_PUBLIC), 8.3 (attributes); part 1, 16 (names)
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/digest.h"

enum {
	COF_TPM_PUBLIC_MAX = 2048,
	COF_TPM_NAME_MAX = 2 + COF_DIGEST_MAX,

	COF_TPM_ALG_RSA = 0x0001,
	COF_TPM_ALG_SHA1 = 0x0004,
	COF_TPM_ALG_AES = 0x0006,
	COF_TPM_ALG_SHA256 = 0x000b,
	COF_TPM_ALG_SHA384 = 0x000c,
	COF_TPM_ALG_SHA512 = 0x000d,
	COF_TPM_ALG_NULL = 0x0010,
	COF_TPM_ALG_RSASSA = 0x0014,
	COF_TPM_ALG_RSAPSS = 0x0016,
	COF_TPM_ALG_ECDSA = 0x0018,
	COF_TPM_ALG_ECC = 0x0023,
	COF_TPM_ALG_CFB = 0x0043,

	COF_TPM_CURVE_P256 = 0x0003,
	COF_TPM_CURVE_P384 = 0x0004,
	COF_TPM_CURVE_P521 = 0x0005,
};

enum cof_tpm_attribute {
	COF_TPM_FIXED_TPM = 1u << 1,
	COF_TPM_FIXED_PARENT = 1u << 4,
	COF_TPM_SENSITIVE_DATA_ORIGIN = 1u << 5,
	COF_TPM_USER_WITH_AUTH = 1u << 6,
	COF_TPM_ADMIN_WITH_POLICY = 1u << 7,
	COF_TPM_ENCRYPTED_DUPLICATION = 1u << 11,
	COF_TPM_RESTRICTED = 1u << 16,
	COF_TPM_DECRYPT = 1u << 17,
	COF_TPM_SIGN = 1u << 18,
};

typedef struct cof_tpm_public {
	uint16_t type; /* RSA or ECC */
	cof_hash name_alg;
	uint32_t attributes;
	cof_span auth_policy;
	uint16_t sym_alg, sym_bits, sym_mode; /* sym_alg NULL: the others are 0 */
	uint16_t scheme, scheme_hash;	      /* scheme NULL: none fixed */
	uint16_t bits;			      /* RSA */
	uint32_t exponent;
	cof_span modulus;
	uint16_t curve; /* ECC */
	cof_span x, y;
	uint8_t name[COF_TPM_NAME_MAX];
	size_t name_len;
} cof_tpm_public;

/* The hash of a TPM algorithm number; reason "tpm-hash" (crypto) for SHA-1 and anything else below SHA-256. */
COF_WUR int cof_tpm_hash(uint16_t alg, cof_hash *ret, cof_err *err);
/* Reason "tpm-malformed" (malformed), or "tpm-hash". */
COF_WUR int cof_tpm_public_parse(cof_span tpm2b, cof_tpm_public *ret, cof_err *err);
/* Bytes of a coordinate; 0 for a curve that is not known. */
size_t cof_tpm_curve_len(uint16_t curve);
/* By OpenSSL's name of the group, "prime256v1"; 0 when not known. */
uint16_t cof_tpm_curve_of(const EVP_PKEY *key);
/* RSA of 2048 to 4096 bits with exponent 65537, or EC on a known curve that is named. */
bool cof_tpm_key_is_supported(const EVP_PKEY *key);
/* *ret is freed with EVP_PKEY_free. Reason "tpm-malformed" when the numbers are no key. */
COF_WUR int cof_tpm_public_key(const cof_tpm_public *p, EVP_PKEY **ret, cof_err *err);

static inline cof_span cof_tpm_public_name(const cof_tpm_public *p)
{
	return (cof_span){p->name, p->name_len};
}

/* A key that signs only what the TPM itself made, and cannot leave it. Reason "ak-attributes" (crypto). */
COF_WUR int cof_tpm_ak_check(const cof_tpm_public *p, cof_err *err);
/* A storage key as the TCG's templates have it. Reason "ek-template" (crypto). */
COF_WUR int cof_tpm_ek_check(const cof_tpm_public *p, cof_err *err);
