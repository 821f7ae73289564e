/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of reading an attestation result share: its dialects, and one claims set under examination. */
#pragma once

#include "attestation/token/ear.h"

/* spec: draft-ietf-rats-ear-03, 3; the older dialect spells the same claims with dots and hyphens */
typedef struct cof_ear_dialect {
	const char *profile;
	const char *status;
	const char *vector;
	const char *verifier;
	const char *policies;
	const char *annotated; /* evidence, an extension of Veraison's */
	const char *foreign;   /* how the other dialect's names begin */
	bool one_policy;       /* a text, and not a list of them */
	bool must_expire;
	bool header_has_key; /* and no key id: that is how its peers find the key */
	bool must_explain;   /* a status without a vector cannot be checked; only the draft has a way to leave it out */
} cof_ear_dialect;

#define COF_EAR_ANNOTATED "ear.veraison.annotated-evidence"

/* One claims set on its way through the steps below. */
typedef struct cof_ear_reading {
	const json_t *claims;
	const cof_ear_want *want; /* NULL: nothing is compared with a caller's wishes */
	const cof_ear_dialect *d;
	int64_t iat, nbf, exp;
	cof_status worst;
	char expected[COF_CHECK_TEXT_MAX]; /* for people, of the step that ran */
	char found[COF_CHECK_TEXT_MAX];
} cof_ear_reading;

/* Reason "ear-malformed". */
COF_WUR int cof_ear_malformed(cof_err *err, const char *what);
void cof_ear_note(char to[COF_CHECK_TEXT_MAX], const char *before, int64_t number);
void cof_ear_quote(char to[COF_CHECK_TEXT_MAX], const char *text);
/* The dialect that eat_profile names; NULL for an unknown one. */
const cof_ear_dialect *cof_ear_dialect_of(const json_t *claims);
const cof_ear_dialect *cof_ear_dialect_by(const char *profile);

/* A step gives 0, an error, or this where the claims have nothing for it, or the caller wants nothing. */
enum { COF_EAR_IDLE = 1 };

/* The steps about verifier and appraisals, in this order. */
COF_WUR int cof_ear_step_verifier(cof_ear_reading *r, cof_err *err);
COF_WUR int cof_ear_step_submods(cof_ear_reading *r, cof_err *err);
COF_WUR int cof_ear_step_words(cof_ear_reading *r, cof_err *err); /* gives the worst status */
COF_WUR int cof_ear_step_vectors(cof_ear_reading *r, cof_err *err);
COF_WUR int cof_ear_step_policies(cof_ear_reading *r, cof_err *err);
COF_WUR int cof_ear_step_status(cof_ear_reading *r, cof_err *err);
COF_WUR int cof_ear_step_overall(cof_ear_reading *r, cof_err *err);
