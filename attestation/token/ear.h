/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation results as JWT and CWT: in the IETF draft's dialect, and in the older ones (names with dots) that the key
 * broker protocol's peers read. One token speaks one dialect, chosen by its profile; an unknown profile is refused, and
 * so is a status that is better than what it summarises.
 *
 * spec: draft-ietf-rats-ear-03; KBS protocol, attestation token
 */
#pragma once

#include <openssl/types.h>

#include "attestation/verify/check.h"
#include "attestation/verify/status.h"
#include "common/json.h"

#define COF_EAR_PROFILE_COCO "tag:github.com,2024:confidential-containers/Trustee"
#define COF_EAR_PROFILE_VERAISON "tag:github.com,2023:veraison/ear"
#define COF_EAR_PROFILE_IETF "tag:ietf.org,2026:rats/ear#03"

enum {
	COF_EAR_SKEW = 60,
	COF_EAR_LIFE_MAX = 3600,
	COF_EAR_NONCE_MIN = 8,
	COF_EAR_NONCE_MAX = 64,
	COF_EAR_AUDIENCE_MAX = 256, /* bytes */
};

typedef struct cof_ear_in {
	const char *profile;	       /* one of the three; NULL: COF_EAR_PROFILE_COCO */
	const char *issuer;	       /* NULL: "coffer-kbs" */
	const char *tee;	       /* "tpm": the claims' key */
	const json_t *tee_claims;      /* object; NULL: none */
	cof_span report_data;	       /* empty: none */
	cof_span nonce;		       /* that the evidence answers, COF_EAR_NONCE_MIN to _MAX bytes; empty: none */
	const json_t *runtime_data;    /* {"nonce","tee-pubkey"}: the token's holder; NULL: none */
	const char *initdata_digest;   /* hex; NULL: none */
	const json_t *initdata_claims; /* object or NULL */
	const char *policy_id;	       /* NULL: "default" */
	const int *trust;	       /* COF_TRUST_COUNT values: the status follows from them */
	const cof_status *status;      /* or is this one, which is no better; NULL: it follows, and there must be one */
	int64_t now;
	int64_t life;	      /* seconds, at most COF_EAR_LIFE_MAX */
	const char *audience; /* NULL: none */
	/* Members to add to the appraisal ("coffer.reason", …); may be NULL. */
	const json_t *extra;
} cof_ear_in;

/*
 * Signed with key (P-256 or P-384); x5c_pem: certificates of the key, leaf first, for the header; may be empty. Appends
 * the token. Reasons (usage) "bad-key", "ear-life", "ear-empty" (no trust claim and no status), "ear-status" (better
 * than the vector), "ear-audience", "ear-nonce" (size), "token-profile".
 */
COF_WUR int cof_ear_issue(const cof_ear_in *in, EVP_PKEY *key, cof_span x5c_pem, cof_buf *ret, cof_err *err);
/* The same as CWT: tag 61 around tag 18, deterministic; the draft's profile alone has this form. */
COF_WUR int cof_ear_issue_cwt(const cof_ear_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err);
/* The claims set alone; a new reference. */
COF_WUR int cof_ear_claims(const cof_ear_in *in, json_t **ret, cof_err *err);

typedef struct cof_ear_want {
	const char *profile;  /* exact; NULL: COF_EAR_PROFILE_COCO */
	const char *audience; /* NULL: the token may have any */
	const char *nonce;    /* eat_nonce as it is written; NULL: not asked for */
	int64_t now;
} cof_ear_want;

typedef struct cof_ear {
	json_t *claims;
	cof_status status;   /* the worst of all appraisals */
	const char *profile; /* borrowed from claims */
} cof_ear;

void cof_ear_release(cof_ear *e);
COF_DEFINE_AUTO(cof_ear, cof_ear_release)

/* Hostile token. Reasons "token-malformed", "token-signature", "token-algorithm", "token-profile", "token-expired",
 * "token-not-yet", "token-audience", "token-nonce", "ear-malformed", "ear-status". */
COF_WUR int cof_ear_verify(cof_span token, EVP_PKEY *key, const cof_ear_want *want, cof_ear *ret, cof_err *err);
/* The claims set alone, already authenticated. */
COF_WUR int cof_ear_check(const json_t *claims, const cof_ear_want *want, cof_status *ret, cof_err *err);
/*
 * The same as a list of checks, for people; all that can be made are made. want NULL: the claims alone, of whatever
 * known profile, without dates, audience and nonce.
 */
void cof_ear_checks(const json_t *claims, const cof_ear_want *want, cof_checks *ret);
/* What the claims say, under the same names for every dialect: profile, iat, exp, nonce, audience, cnf, verifier_id,
 * ear_status, submods (ear_status, vector). Nothing is judged; a new reference. */
COF_WUR int cof_ear_fields(const json_t *claims, json_t **ret, cof_err *err);
/* submods/cpu0; borrowed. Reason "ear-malformed". */
COF_WUR int cof_ear_cpu(const json_t *claims, json_t **ret, cof_err *err);
/* runtime_data_claims/tee-pubkey of cpu0; borrowed. */
COF_WUR int cof_ear_tee_pubkey(const json_t *claims, json_t **ret, cof_err *err);
