/* SPDX-License-Identifier: Apache-2.0 */
/* What the vector is made by: which checks affirm a claim, and what a check that failed says. */
#pragma once

#include "attestation/verify/kind.h"
#include "attestation/verify/status.h"

/* Checks of one stage that must all have been made: words with one space between; "a*3": so many of that name; "a|b":
 * one or the other. */
typedef struct cof_trust_need {
	cof_stage stage;
	const char *checks;
} cof_trust_need;

enum { COF_TRUST_SETS_MAX = 4 };

/* A value that affirms. sets: NULL-ended or full; each ends with a need without checks. */
typedef struct cof_trust_rule {
	enum cof_trust claim;
	int value;
	const cof_trust_need *sets[COF_TRUST_SETS_MAX];
} cof_trust_rule;

typedef struct cof_trust_kind {
	const char *kind;
	const cof_trust_rule *rules; /* of two for one claim the first that holds counts; n_rules of them */
	size_t n_rules;
	const enum cof_trust *core; /* without one of these the whole is not affirming */
	size_t n_core;
} cof_trust_kind;

/* NULL when the kind gives no result. */
const cof_trust_kind *cof_trust_kind_of(const char *kind);

/* COF_TRUST_COUNT as a claim: every claim that the kind has rules for. */
typedef struct cof_trust_fault {
	const char *check;
	enum cof_trust claim;
	int failed;
	int waived; /* 0: nothing */
} cof_trust_fault;

/* The faults that a check has by its name, NULL-name-ended; a check without one has its stage's. */
extern const cof_trust_fault cof_trust_faults[];
const cof_trust_fault *cof_trust_stage_fault(cof_stage stage);
