/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of checks that a verifier makes: each with its name (the reason word when it fails), what was expected and
 * what was found. All checks that can be made are made, so that a person sees everything that is wrong at once; a
 * verdict is "accepted" only when there are checks and every one passed. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* Where in the appraisal a check belongs, for people and for tests; order means nothing. */
typedef enum cof_stage {
	COF_STAGE_PARSE,
	COF_STAGE_CHAIN,
	COF_STAGE_SIGNATURE,
	COF_STAGE_TCB,
	COF_STAGE_REVOCATION,
	COF_STAGE_COLLATERAL,
	COF_STAGE_QE,
	COF_STAGE_AK,
	COF_STAGE_EK,
	COF_STAGE_FRESHNESS,
	COF_STAGE_PCR,
	COF_STAGE_EVENTLOG,
	COF_STAGE_CLAIMS,
	COF_STAGE_VALIDITY,
	COF_STAGE_PROFILE,
	COF_STAGE_POLICY,
	COF_STAGES
} cof_stage;

/* "parse", "chain", ... */
const char *cof_stage_name(cof_stage s);

enum { COF_CHECKS_MAX = 128, COF_CHECK_NAME_MAX = 48, COF_CHECK_TEXT_MAX = 112, COF_TIME_TEXT_MAX = 40 };

typedef struct cof_check {
	char name[COF_CHECK_NAME_MAX]; /* "tcb-too-low" */
	cof_stage stage;
	bool passed;
	bool waived;			   /* passed by the policy's word alone: what it asks for does not hold */
	char expected[COF_CHECK_TEXT_MAX]; /* printable; "" where there is nothing to say; long bytes are cut */
	char found[COF_CHECK_TEXT_MAX];
	bool dated; /* made by cof_check_dated, with these bounds */
	int64_t from, to;
} cof_check;

/* Seconds since the epoch. */
typedef struct cof_check_dates {
	int64_t from, to; /* inclusive; from above to: never */
	int64_t now;
} cof_check_dates;

typedef struct cof_checks {
	size_t n;
	size_t failed;
	size_t first; /* index of the first that failed */
	cof_check list[COF_CHECKS_MAX];
} cof_checks;

/* Each adds one check and gives whether it passed. A list that is full fails as a whole ("too-many-checks"). */
bool cof_check_that(cof_checks *c, cof_stage stage, const char *name, bool passed);
/* With what a person reads; either may be NULL. */
bool cof_check_text(cof_checks *c, cof_stage stage, const char *name, bool passed, const char *expected,
		    const char *found);
/* Equal lengths and bytes, in constant time. */
bool cof_check_bytes(cof_checks *c, cof_stage stage, const char *name, cof_span expected, cof_span found);
bool cof_check_equal(cof_checks *c, cof_stage stage, const char *name, uint64_t expected, uint64_t found);
/* found >= least: "at least 24", "23" */
bool cof_check_at_least(cof_checks *c, cof_stage stage, const char *name, uint64_t least, uint64_t found);
/* No bit of found outside of allowed. */
bool cof_check_bits(cof_checks *c, cof_stage stage, const char *name, uint64_t allowed, uint64_t found);
/* RFC 3339; the number itself where there is no such year. */
void cof_time_text(int64_t t, char out[COF_TIME_TEXT_MAX]);
/* from <= now <= to: found is now. expected may be NULL: then it is "FROM to TO". */
bool cof_check_dated(cof_checks *c, cof_stage stage, const char *name, const cof_check_dates *d, const char *expected);
/* A failure of a function behind the list becomes a failed check of that reason; its text is what was found. */
bool cof_check_error(cof_checks *c, cof_stage stage, const cof_err *err);

/* Marks the last check, where it passed: the policy lets it, and what it asks for does not hold. */
void cof_check_waive(cof_checks *c);

/* At least one check, and none failed. */
bool cof_checks_passed(const cof_checks *c);
/* A list that did not pass as an error: the first failed check's name is the reason; "nothing-checked" for an empty
 * one. */
COF_WUR int cof_checks_refusal(const cof_checks *c, cof_err *err);
