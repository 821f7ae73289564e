/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One endorsement: the vendor's bytes, who signed them, and what they say of their own age. Cache and bundle hold it
 * in one encoding (CBOR); reading it proves nothing, which is judge.h's part.
 */
#pragma once

#include "attestation/endorsements/id.h"
#include "attestation/refvalue/cbor.h"
#include "common/wr.h"

enum {
	COF_ENDORSE_BODY_MAX = 1 << 20,
	COF_ENDORSE_CHAIN_MAX = 48 << 10,
	COF_ENDORSE_SOURCE_MAX = 128,
	COF_ENDORSE_ENTRY_MAX = COF_ENDORSE_BODY_MAX + COF_ENDORSE_CHAIN_MAX + 1024,
};

typedef struct cof_endorsement {
	cof_endorse_id id;
	cof_buf body;	 /* VCEK and lists DER; Intel's JSON as received; of SNP_CHAIN the ASK or ASVK, DER */
	cof_buf chain;	 /* TDX: PEM, signer first, root second; none for the root's list. SNP_CHAIN: the ARK, DER */
	int64_t fetched; /* seconds since the epoch */
	int64_t issued;	 /* of what may not go back: issue date, this update; 0 for certificates */
	int64_t expires; /* next update, or the earliest end of a certificate */
	uint64_t number; /* tcbEvaluationDataNumber, CRL number; 0: none */
	char source[COF_ENDORSE_SOURCE_MAX]; /* origin that it came from, for people */
} cof_endorsement;

void cof_endorsement_release(cof_endorsement *e);
COF_DEFINE_AUTO(cof_endorsement, cof_endorsement_release)

void cof_endorsement_write(const cof_endorsement *e, cof_wr *w);
/* Reason "endorsement-malformed". Copies. */
COF_WUR int cof_endorsement_read(const cof_cbor *v, cof_endorsement *ret, cof_err *err);
COF_WUR int cof_endorsement_parse(cof_span in, cof_endorsement *ret, cof_err *err);

/* When it is time to ask again though it still holds: a day after it was fetched for what changes, a month before
 * the end for certificates. */
int64_t cof_endorsement_refresh_at(const cof_endorsement *e);
/* Whether it still says something at now. */
bool cof_endorsement_holds(const cof_endorsement *e, int64_t now);
