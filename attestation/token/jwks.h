/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of public keys: what a verifier publishes, and what a relying party believes. A file with one bare key counts as
 * a set of it. Keys for other uses, and kinds of keys that are not known here, are passed over; a private half in any
 * of them, or one name for two keys, refuses the whole.
 *
 * spec: RFC 7517, 5 (sets); RFC 7638 (names of keys)
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_JWKS_MAX = 64 << 10,
	COF_JWKS_KEYS_MAX = 32,
	COF_JWK_KID_STR = 44, /* base64url of SHA-256, and NUL */
};

typedef struct cof_jwks {
	EVP_PKEY *keys[COF_JWKS_KEYS_MAX];
	char *kids[COF_JWKS_KEYS_MAX]; /* NULL: without one */
	size_t n;
	bool is_set; /* and not one key alone */
} cof_jwks;

void cof_jwks_release(cof_jwks *s);
COF_DEFINE_AUTO(cof_jwks, cof_jwks_release)

/* At least one key that can be used. Reason "jwk-malformed". */
COF_WUR int cof_jwks_parse(cof_span text, cof_jwks *ret, cof_err *err);
/* The one for a token that names this key, or (NULL) none. A key that came alone is for every token. Borrowed. Reason
 * "key-unknown" (crypto). */
COF_WUR int cof_jwks_choose(const cof_jwks *s, const char *kid, EVP_PKEY **ret, cof_err *err);

/* spec: RFC 7638, 3. Reason "bad-key" for anything but P-256 and P-384. */
COF_WUR int cof_jwk_kid(EVP_PKEY *key, char out[COF_JWK_KID_STR], cof_err *err);
/* Appends {"keys":[...]} with the public half, as JSON text for a file. */
COF_WUR int cof_jwks_write(EVP_PKEY *key, cof_buf *ret, cof_err *err);
