/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's TEE key and the JWE in which the key broker answers: EC P-256, ECDH-ES+A256KW, A256GCM, flattened JSON.
 * Nothing is negotiated: any other algorithm, curve or member is refused before a key is touched. Both directions
 * take hostile bytes (the JWK at the broker, the JWE in the guest).
 *
 * spec: RFC 7516 7.2.2, RFC 7518 4.6 and 5.3, RFC 7638 is not used
 */
#pragma once

#include "common/json.h"
#include "common/secret.h"

enum {
	COF_JWE_MAX = 24 << 20,	      /* text of one JWE */
	COF_JWE_PLAIN_MAX = 16 << 20, /* what it may hold */
	COF_JWE_HEADER_MAX = 1024,
};

/* The guest's private key; it exists in one process and is never written, except by cof_jwe_key_pem. */
typedef struct cof_jwe_key cof_jwe_key;
void cof_jwe_key_free(cof_jwe_key *k);
COF_DEFINE_AUTO_PTR(cof_jwe_key, cof_jwe_key_free)

COF_WUR int cof_jwe_key_new(cof_jwe_key **ret, cof_err *err);
/* From a private scalar of 32 bytes; for known-answer tests. */
COF_WUR int cof_jwe_key_from_scalar(cof_span scalar, cof_jwe_key **ret, cof_err *err);
/* The public half: {"alg":"ECDH-ES+A256KW","crv":"P-256","kty":"EC","x","y"}; a new reference. */
COF_WUR int cof_jwe_key_jwk(const cof_jwe_key *k, json_t **ret, cof_err *err);
/* PKCS#8 PEM, for a key that was made to be handed to the workload with its token. */
COF_WUR int cof_jwe_key_pem(const cof_jwe_key *k, cof_secret *ret, cof_err *err);

/* Exactly the members above, a point on the curve. Reason "jwk-malformed" (malformed). */
COF_WUR int cof_jwe_check_jwk(const json_t *jwk, cof_err *err);
/* To the holder of jwk; appends the JSON text. Members and the protected header in the order that peers read. */
COF_WUR int cof_jwe_encrypt(const json_t *jwk, cof_span plain, cof_buf *ret, cof_err *err);
/* Reason "jwe-malformed" (malformed) for what is not such a JWE, "jwe-decrypt" (crypto) for one that does not open. */
COF_WUR int cof_jwe_decrypt(const cof_jwe_key *k, cof_span jwe, cof_secret *ret, cof_err *err);
