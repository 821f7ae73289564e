/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a set-reference call: one document, or a whole signed CoRIM. The admin's signature on the call vouches
 * for the author's key that comes with a CoRIM; the CoRIM's own signature must hold under that key. Nobody is an
 * author by having been one before.
 */
#pragma once

#include "attestation/refvalue/rim.h"
#include "common/digest.h"

/* One set, as it is kept. */
typedef struct cof_owner_reference {
	cof_rim_tee tee;
	char name[COF_RIM_NAME_MAX + 1];
	uint64_t version; /* 0 where it is not said */
	cof_buf document;
} cof_owner_reference;

typedef struct cof_owner_references {
	cof_owner_reference *at;
	size_t n;
	/* Where they come from; all empty for a document that the admin sent as it is. */
	bool from_corim;
	char corim[COF_RIM_ID_MAX + 1];
	char signer[COF_RIM_NAME_MAX + 1];
	char key[2 * COF_SHA256_LEN + 1]; /* hex of the SHA-256 of the author's public key (DER) */
	int64_t not_after;		  /* 0: no end */
} cof_owner_references;

void cof_owner_references_release(cof_owner_references *r);
COF_DEFINE_AUTO(cof_owner_references, cof_owner_references_release)

/*
 * {"version":"0.1.0","type":"coffer-reference-values/1","payload":base64} or
 * {"version":"0.1.0","type":"corim","payload":base64,"key":PEM}, where the key is a public key or a certificate.
 * Reasons of cof_refvalue_read, cof_corim_read and cof_cose_key_public; "reference-malformed" for another type.
 */
COF_WUR int cof_owner_parse_references(cof_span body, int64_t now, cof_owner_references *ret, cof_err *err);
