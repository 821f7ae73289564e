/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of credential protection: key derivation, the outer wrapping of a credential, and the seed to an EK.
 *
 * spec: TPM 2.0 Library part 1, 11.4.10 (KDFa, KDFe), 24 (credential protection), B.10.4 (OAEP label), C.6.1 (EC)
 */
#pragma once

#include "attestation/verify/public.h"
#include "common/secret.h"

/* SP800-108 in counter mode with HMAC; ret holds bits / 8. */
typedef struct cof_kdfa_in {
	cof_hash hash;
	cof_span key;
	const char *label; /* its NUL is part of the input */
	cof_span u, v;
	uint32_t bits;
} cof_kdfa_in;
COF_WUR int cof_kdfa(const cof_kdfa_in *in, uint8_t *ret, cof_err *err);

/* SP800-56A's one-step derivation as part 1, 11.4.10.3 has it; z, u and v padded to the curve's size. */
typedef struct cof_kdfe_in {
	cof_hash hash;
	cof_span z;
	const char *label; /* its NUL is part of the input */
	cof_span u, v;
	uint32_t bits; /* at most the hash's */
} cof_kdfe_in;
COF_WUR int cof_kdfe(const cof_kdfe_in *in, uint8_t *ret, cof_err *err);

/* What a seed is good for; the owner wipes it. */
typedef struct cof_credential_keys {
	uint8_t sym[32];	      /* of the EK's symmetric bits */
	uint8_t hmac[COF_DIGEST_MAX]; /* of the EK's name digest */
} cof_credential_keys;
COF_WUR int cof_credential_derive(const cof_tpm_public *ek, cof_span seed, cof_span name, cof_credential_keys *ret,
				  cof_err *err);
/* Over the encrypted identity and the object's name; mac holds the EK's name digest. */
COF_WUR int cof_credential_mac(const cof_tpm_public *ek, const cof_credential_keys *keys, cof_span enc, cof_span name,
			       uint8_t mac[COF_DIGEST_MAX], cof_err *err);

/* TPM2B_ID_OBJECT for the object with this name, under a seed that ek's TPM will learn. */
COF_WUR int cof_credential_wrap(const cof_tpm_public *ek, cof_span seed, cof_span name, cof_span credential,
				cof_buf *ret, cof_err *err);
/* OAEP as part 1, B.10.4 demands it, for either direction. */
COF_WUR int cof_credential_oaep(EVP_PKEY_CTX *ctx, cof_hash h, cof_err *err);
/* TPM2B_ENCRYPTED_SECRET: the seed by RSA-OAEP to ek. Reason "ek-template" (crypto) when ek is not RSA. */
COF_WUR int cof_credential_seal_seed(const cof_tpm_public *ek, cof_span seed, cof_buf *ret, cof_err *err);
/*
 * A fresh seed of the length of ek's name digest, and the TPM2B_ENCRYPTED_SECRET by which its TPM learns it: random for
 * RSA, from an ephemeral key's exchange with ek for EC. The owner wipes seed.
 */
COF_WUR int cof_credential_make_seed(const cof_tpm_public *ek, uint8_t seed[COF_DIGEST_MAX], cof_buf *ret_secret,
				     cof_err *err);

/* The seed that an exchange gives: own's private half, peer's public one; ephemeral and ek are x coordinates, padded.
 * z holds the curve's size and is for known answers alone; the owner wipes both. spec: part 1, C.6.1 */
typedef struct cof_credential_exchange {
	cof_hash hash;
	EVP_PKEY *own, *peer;
	cof_span ephemeral_x, ek_x;
} cof_credential_exchange;
enum { COF_CREDENTIAL_Z_MAX = 66 };
COF_WUR int cof_credential_exchange_seed(const cof_credential_exchange *in, uint8_t z[COF_CREDENTIAL_Z_MAX],
					 uint8_t seed[COF_DIGEST_MAX], cof_err *err);
/* A key's coordinates, padded to the curve's size; its size, or 0 when it has none. */
size_t cof_credential_point(const EVP_PKEY *key, uint8_t x[COF_CREDENTIAL_Z_MAX], uint8_t y[COF_CREDENTIAL_Z_MAX]);
