/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and HMAC through OpenSSL EVP (so that providers, and FIPS, work); and OCI's "sha256:<hex>" strings. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

typedef enum cof_hash {
	COF_SHA256,
	COF_SHA384,
	COF_SHA512,
	COF_SHA1, /* this and the next for banks of event logs alone: nothing of ours rests on them */
	COF_SM3,
} cof_hash;

enum {
	COF_SHA1_LEN = 20,
	COF_SHA256_LEN = 32,
	COF_SHA384_LEN = 48,
	COF_SHA512_LEN = 64,
	COF_SM3_LEN = 32,
	COF_DIGEST_MAX = 64,
	COF_DIGEST_STR_MAX = 7 + 128 + 1
};

typedef struct cof_digest {
	cof_hash alg;
	uint8_t bytes[COF_DIGEST_MAX];
} cof_digest;

size_t cof_hash_len(cof_hash alg);
const char *cof_hash_name(cof_hash alg); /* "sha256" */
/* SHA-256, SHA-384 and SHA-512 alone. Reason "digest-algorithm". */
COF_WUR int cof_hash_by_name(const char *name, cof_hash *ret, cof_err *err);
/* Those of logs too ("sha1", "sm3_256": as TPM tools write them). */
COF_WUR int cof_hash_by_bank(const char *name, cof_hash *ret, cof_err *err);

/* Reason "digest-unavailable" where OpenSSL was built without SM3. */
COF_WUR int cof_digest_of(cof_hash alg, cof_span in, cof_digest *ret, cof_err *err);
/* The bytes alone, for fixed SHA-256: out holds 32. */
COF_WUR int cof_sha256(cof_span in, uint8_t out[COF_SHA256_LEN], cof_err *err);
/* out holds 32. */
COF_WUR int cof_hmac_sha256(cof_span key, cof_span in, uint8_t out[COF_SHA256_LEN], cof_err *err);

/* Streaming. */
typedef struct cof_hasher cof_hasher;
COF_WUR int cof_hasher_new(cof_hasher **ret, cof_hash alg, cof_err *err);
COF_WUR int cof_hasher_add(cof_hasher *h, cof_span in, cof_err *err);
/* May be called once; the hasher can only be freed or used by cof_hasher_once afterwards. */
COF_WUR int cof_hasher_end(cof_hasher *h, cof_digest *ret, cof_err *err);
/* The digest of what was added so far; more can be added afterwards. */
COF_WUR int cof_hasher_peek(const cof_hasher *h, cof_digest *ret, cof_err *err);
/*
 * The digest of one whole message, for many in a row: the algorithm is fetched and memory taken only once, by
 * cof_hasher_new. What was added before is forgotten. out holds cof_hash_len bytes and may lie inside the message.
 */
COF_WUR int cof_hasher_once(cof_hasher *h, cof_span in, uint8_t *out, cof_err *err);
void cof_hasher_free(cof_hasher *h);
COF_DEFINE_AUTO_PTR(cof_hasher, cof_hasher_free)

/* spec: OCI image-spec descriptor.md "Digests": algorithm ':' lower-case hex, only sha256/384/512 here. */
COF_WUR int cof_digest_parse(const char *in, cof_digest *ret, cof_err *err);
/* out holds COF_DIGEST_STR_MAX. */
void cof_digest_str(const cof_digest *d, char out[COF_DIGEST_STR_MAX]);
cof_span cof_digest_span(const cof_digest *d);
bool cof_digest_equal(const cof_digest *a, const cof_digest *b);
