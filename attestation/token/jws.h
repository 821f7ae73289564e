/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact JWS with ECDSA (ES256 on P-256, ES384 on P-384) and the public key as JWK; RS256 of other issuers is verified
 * and never made. The algorithm follows from the configured key, never from the token; keys named in a token's header
 * are hints and are not used.
 *
 * spec: RFC 7515, RFC 7518 3.4 and 6.2, RFC 8725
 */
#pragma once

#include <openssl/types.h>

#include "common/json.h"

enum {
	COF_JWS_MAX = 256 << 10,
	COF_JWS_HEADER_MAX = 16 << 10,
	COF_JWS_RSA_BITS_MIN = 2048,
	COF_JWS_RSA_BITS_MAX = 8192
};

/* {"kty","crv","alg","x","y"}; a new reference. Reason "bad-key" (usage) for anything but P-256 and P-384. */
COF_WUR int cof_jwk_of(EVP_PKEY *key, json_t **ret, cof_err *err);
/* A public key from such an object (other members are ignored); *ret is freed with EVP_PKEY_free. Reason
 * "jwk-malformed". */
COF_WUR int cof_jwk_read(const json_t *jwk, EVP_PKEY **ret, cof_err *err);

/* header gets "alg" first; appends header.payload.signature. */
COF_WUR int cof_jws_sign(EVP_PKEY *key, const json_t *header, const json_t *payload, cof_buf *ret, cof_err *err);
/* The name of a key in a token's header, before anything is verified: a hint for choosing among keys that are believed
 * already. *ret is NULL where there is none that can be read; heap. */
COF_WUR int cof_jws_kid(cof_span token, char **ret, cof_err *err);
/* Hostile token, under a key on P-256 or P-384 or of RSA. *ret_payload is the JSON object that was signed, *ret_header
 * (may be NULL) its header; new references. Reasons "token-malformed" (malformed), "token-algorithm", "token-signature"
 * (crypto). */
COF_WUR int cof_jws_verify(cof_span token, EVP_PKEY *key, json_t **ret_header, json_t **ret_payload, cof_err *err);
