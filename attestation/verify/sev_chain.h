/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six certificates of a SEV platform: ARK, ASK and CEK say that a processor is AMD's, OCA, PEK and PDH whose the
 * platform is and which key agrees on secrets with it. The ARK is trusted because the caller named it; whether its key
 * is one that AMD published is told by fingerprint.
 *
 * spec: AMD SEV API 0.24, chapter 2 (keys) and appendices B and C
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/sev_cert.h"
#include "attestation/verify/snp_tcb.h"
#include "common/digest.h"

typedef struct cof_sev_chain_in {
	cof_span ark, ask, cek, oca, pek, pdh;
} cof_sev_chain_in;

typedef enum cof_sev_place {
	COF_SEV_AT_CEK,
	COF_SEV_AT_OCA,
	COF_SEV_AT_PEK,
	COF_SEV_AT_PDH,
	COF_SEV_PLACES
} cof_sev_place;

typedef struct cof_sev_ca_link {
	bool read;
	cof_sev_ca cert;
	EVP_PKEY *key; /* NULL: none that can be used */
} cof_sev_ca_link;

typedef struct cof_sev_link {
	bool read;
	cof_sev_cert cert;
	EVP_PKEY *key; /* likewise */
} cof_sev_link;

/* What could be read, judged or not. */
typedef struct cof_sev_chain {
	cof_sev_ca_link ark, ask;
	cof_sev_link at[COF_SEV_PLACES];
	cof_snp_line line; /* whose ARK has this key, as AMD published it; none: the caller's word alone */
	uint8_t ark_fingerprint[COF_SHA256_LEN]; /* of its key as SubjectPublicKeyInfo; zero where there is none */
} cof_sev_chain;

void cof_sev_chain_release(cof_sev_chain *c);
COF_DEFINE_AUTO(cof_sev_chain, cof_sev_chain_release)

/* "cek", "oca", "pek", "pdh" */
const char *cof_sev_place_name(cof_sev_place p);

/* Appends every check. *ret borrows from in, and is empty where certificates cannot be read. Fails for memory alone. */
COF_WUR int cof_sev_chain_check(const cof_sev_chain_in *in, cof_checks *checks, cof_sev_chain *ret, cof_err *err);
