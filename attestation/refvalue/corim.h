/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values as CoRIM, signed or not: the table of rim.h in CBOR, one CoMID for each entry. A CoRIM has one
 * profile, so a file holds entries of one kind:
 *
 *	snp           tag:amd.com,2025:snp-corim-profile
 *	tdx           2.16.840.1.113741.1.16.1 (Intel)
 *	tpm sev seves COF_CORIM_PROFILE_COFFER; docs/formats.md says what stands where
 *
 * spec: draft-ietf-rats-corim at 0b855af; draft-deeglaze-amd-sev-snp-corim-profile at 0fbed55;
 *       draft-cds-rats-intel-corim-profile-07
 */
#pragma once

#include "attestation/refvalue/cosekey.h"
#include "attestation/refvalue/rim.h"

#define COF_CORIM_PROFILE_SNP "tag:amd.com,2025:snp-corim-profile"
#define COF_CORIM_PROFILE_COFFER "tag:coffer.example,2026:corim-profile/1"

/* The entries of one kind, with the id "ID/tee"; appends. Reasons "rim-malformed", "reference-malformed";
 * "corim-unsupported": a condition that the profile has no words for. */
COF_WUR int cof_corim_write(const cof_rim *rim, cof_rim_tee tee, cof_buf *ret, cof_err *err);

typedef struct cof_corim_signer {
	EVP_PKEY *key;
	const char *name;
	int64_t not_before; /* of the signature; 0: not said */
	int64_t not_after;
} cof_corim_signer;

COF_WUR int cof_corim_sign(const cof_rim *rim, cof_rim_tee tee, const cof_corim_signer *by, cof_buf *ret, cof_err *err);

typedef struct cof_corim_in {
	cof_span bytes; /* hostile */
	EVP_PKEY *const *keys;
	size_t n_keys;
	bool allow_unsigned;
	bool allow_open; /* entries that do not say which guest was launched, but demand other things */
	int64_t now;
} cof_corim_in;

typedef struct cof_corim {
	cof_rim rim;
	bool is_signed;
	char signer[COF_RIM_NAME_MAX + 1]; /* as it names itself; the key is what counts */
	size_t key;			   /* which of the keys */
	int64_t not_after;		   /* the earlier of the manifest's and the signature's; 0: neither says */
} cof_corim;

void cof_corim_release(cof_corim *c);
COF_DEFINE_AUTO(cof_corim, cof_corim_release)

/*
 * All or nothing. Reasons: "cbor-malformed", "cose-malformed", "corim-malformed", "rim-malformed",
 * "reference-malformed" (malformed); "cose-algorithm", "cose-signature" (crypto); "corim-unsigned", "corim-profile"
 * (unknown, or none), "corim-unsupported" (well-formed, but with a condition that the table cannot hold),
 * "corim-validity" (expired, or not valid yet) (policy).
 */
COF_WUR int cof_corim_read(const cof_corim_in *in, cof_corim *ret, cof_err *err);

/* Whether it begins like one, for tools that take several formats. */
bool cof_corim_looks_like(cof_span bytes);
