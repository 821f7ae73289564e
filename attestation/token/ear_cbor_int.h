/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of an attestation result in both forms: one table, read in one direction and written in the other. */
#pragma once

#include "attestation/token/ear_cbor.h"
#include "common/wr.h"

typedef struct cof_ear_claim {
	int64_t key;
	const char *name;
	/* How the value stands in JSON; NULL for another shape (and when memory ran out). NULL itself: not read. */
	json_t *(*to_json)(const cof_cbor *v);
	/* Reason "ear-malformed" for another shape. */
	int (*write)(cof_wr *w, const json_t *v, cof_err *err);
} cof_ear_claim;

enum { COF_EAR_VERIFIER_CLAIMS = 2, COF_EAR_APPRAISAL_CLAIMS = 6, COF_EAR_RESULT_CLAIMS = 14 };

/* Each in the order of its keys' encoding. */
extern const cof_ear_claim cof_ear_verifier_claims[COF_EAR_VERIFIER_CLAIMS];
extern const cof_ear_claim cof_ear_appraisal_claims[COF_EAR_APPRAISAL_CLAIMS];
extern const cof_ear_claim cof_ear_result_claims[COF_EAR_RESULT_CLAIMS];

enum {
	COF_EAR_CNF_KEY = 1,
	COF_COSE_KEY_KTY = 1,
	COF_COSE_KEY_CRV = -1,
	COF_COSE_KEY_X = -2,
	COF_COSE_KEY_Y = -3,
	COF_COSE_KEY_EC2 = 2,
	COF_COSE_KEY_P256 = 1,
	COF_COSE_KEY_P256_LEN = 32,
};

int cof_ear_write_int(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_text(cof_wr *w, const json_t *v, cof_err *err);
/* base64url */
int cof_ear_write_bytes(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_json(cof_wr *w, const json_t *v, cof_err *err);
/* One, or an array of them. */
int cof_ear_write_nonce(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_status(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_vector(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_verifier(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_submods(cof_wr *w, const json_t *v, cof_err *err);
int cof_ear_write_holder(cof_wr *w, const json_t *v, cof_err *err);
