/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Sign1. What cof_cose_verify gives back was signed by one of the caller's keys; there is no other way to a
 * payload, so that nobody can use what nobody vouched for.
 *
 * spec: RFC 9052, 3 (headers), 4.2 and 4.4 (COSE_Sign1); and narrower: the algorithm is protected, no label stands in
 * both headers, a critical label that the caller does not know is refused, a key in a header is no key
 */
#pragma once

#include "attestation/refvalue/cbor.h"
#include "attestation/refvalue/cosekey.h"

enum {
	COF_COSE_TAG_SIGN1 = 18,
	COF_COSE_TAG_CWT = 61,
	COF_COSE_LABEL_ALG = 1,
	COF_COSE_LABEL_CRIT = 2,
	COF_COSE_LABEL_CONTENT_TYPE = 3,
	COF_COSE_LABEL_KID = 4,
};

typedef struct cof_cose_in {
	cof_span message; /* hostile */
	EVP_PKEY *const *keys;
	size_t n_keys;
	cof_span aad;	   /* external_aad */
	bool has_detached; /* the payload came beside the message, which then must not have one */
	cof_span detached;
	bool allow_untagged; /* tag 18 may be missing */
	bool allow_cwt_tag;  /* tag 61 may be around tag 18 */
	const int64_t *crit; /* labels that the caller will look at, beside algorithm and content type */
	size_t n_crit;
} cof_cose_in;

typedef struct cof_cose {
	cof_cbor *message;
	cof_cbor *protected_header; /* a map */
	cof_span payload;	    /* borrowed from message, or the detached one */
	int64_t alg;
	size_t key; /* which of the keys */
} cof_cose;

void cof_cose_release(cof_cose *c);
COF_DEFINE_AUTO(cof_cose, cof_cose_release)

/* Reasons "cbor-malformed", "cose-malformed" (malformed); "cose-algorithm" (malformed where the
 * algorithm is unknown, crypto where none of the keys is for it), "cose-signature" (crypto). */
COF_WUR int cof_cose_verify(const cof_cose_in *in, cof_cose *ret, cof_err *err);

typedef struct cof_cose_out {
	const char *content_type;
	cof_span more; /* further pairs of the protected header, encoded, with labels above 3 in order */
	size_t n_more;
	cof_span aad;
	cof_span payload;
	bool detached; /* the payload stays outside */
} cof_cose_out;

/* Appends a tagged message. The algorithm follows from the key; reason "bad-key". */
COF_WUR int cof_cose_sign(const cof_cose_out *out, EVP_PKEY *key, cof_buf *ret, cof_err *err);
