/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of verdicts that a test changes: a check taken away, failed or waived. */
#pragma once

#include "tests/unit/test.h"

#include <string.h>

#include "attestation/verify/trust.h"

#define AFF COF_STATUS_AFFIRMING
#define WARN COF_STATUS_WARNING
#define CONTRA COF_STATUS_CONTRAINDICATED

/* A vector in the order of AR4SI: identity, configuration, executables, files, hardware, runtime, storage, sources. */
typedef struct vector_row {
	const char *label;
	const char *check; /* "" : none */
	bool failed;	   /* else waived */
	int want[COF_TRUST_COUNT];
	cof_status status;
} vector_row;

static inline cof_trust_said said_of(const char *kind, const cof_verdict *v)
{
	const cof_kind *k = NULL;
	cof_trust_said said;
	assert_ok(cof_kind_find(kind, &k, &err));
	assert_ok(cof_trust_of(k, v, &said, &err));
	return said;
}

static inline void assert_vector(const char *label, const cof_trust_said *said, const int want[COF_TRUST_COUNT],
				 cof_status status)
{
	for (size_t i = 0; i < COF_TRUST_COUNT; i++) {
		if (said->vector[i] != want[i])
			fail_msg("%s: %s is %d, not %d", label, cof_trust_name((enum cof_trust)i), said->vector[i],
				 want[i]);
	}
	if (said->status != status)
		fail_msg("%s: %s", label, cof_status_name(said->status));
}

/* The verdict as if that check had ended otherwise. */
static inline void set_check(cof_verdict *v, const char *name, bool failed)
{
	bool found = *name == '\0';
	for (size_t i = 0; i < v->checks.n; i++) {
		cof_check *k = &v->checks.list[i];
		if (found || strcmp(k->name, name) != 0)
			continue;
		found = true;
		k->passed = !failed;
		k->waived = !failed;
		v->checks.failed += failed;
		v->accepted = !failed;
	}
	if (!found)
		fail_msg("no check %s was made", name);
}

/* As the pinned root of the maker would have it, which no test can sign with. */
static inline void set_maker(cof_verdict *v)
{
	for (size_t i = 0; i < v->checks.n; i++) {
		cof_check *k = &v->checks.list[i];
		if (strcmp(k->name, "root-anchor") == 0 || strcmp(k->name, "untrusted-root") == 0)
			k->waived = false;
	}
}

static inline void take_away(cof_verdict *v, size_t at)
{
	memmove(&v->checks.list[at], &v->checks.list[at + 1], (v->checks.n - at - 1) * sizeof v->checks.list[0]);
	v->checks.n--;
}

static inline void walk_rows(const char *kind, const cof_verdict *good, const vector_row *rows, size_t n)
{
	static cof_verdict v; /* too large for a frame */
	for (size_t i = 0; i < n; i++) {
		v = *good;
		set_check(&v, rows[i].check, rows[i].failed);
		cof_trust_said said = said_of(kind, &v);
		assert_vector(rows[i].label, &said, rows[i].want, rows[i].status);
	}
}

/* No check of these stages is idle: without any one of them the hardware is not affirmed, nor its memory. */
static inline void walk_takings(const char *kind, const cof_verdict *good)
{
	static cof_verdict v;
	static const cof_stage stages[] = {COF_STAGE_PARSE, COF_STAGE_CHAIN,	  COF_STAGE_SIGNATURE,
					   COF_STAGE_TCB,   COF_STAGE_REVOCATION, COF_STAGE_COLLATERAL,
					   COF_STAGE_QE};
	unsigned taken = 0;
	for (size_t i = 0; i < good->checks.n; i++) {
		bool counts = false;
		for (size_t s = 0; s < COF_COUNT(stages); s++)
			counts = counts || good->checks.list[i].stage == stages[s];
		if (!counts)
			continue;
		v = *good;
		take_away(&v, i);
		cof_trust_said said = said_of(kind, &v);
		if (said.vector[COF_TRUST_HARDWARE] != 0 || said.vector[COF_TRUST_RUNTIME_OPAQUE] != 0 ||
		    said.status == COF_STATUS_AFFIRMING)
			fail_msg("without %s the hardware is still %d", good->checks.list[i].name,
				 said.vector[COF_TRUST_HARDWARE]);
		taken++;
	}
	assert_true(taken >= 40);
}

/* Without that check the claim has this value. */
typedef struct taking {
	const char *check;
	enum cof_trust claim;
	int value;
} taking;

static inline void walk_demands(const char *kind, const cof_verdict *good, const taking *t, size_t n)
{
	static cof_verdict v;
	for (size_t i = 0; i < n; i++) {
		bool taken = false;
		v = *good;
		for (size_t at = v.checks.n; at-- > 0;) {
			if (strcmp(v.checks.list[at].name, t[i].check) != 0)
				continue;
			take_away(&v, at);
			taken = true;
		}
		cof_trust_said said = said_of(kind, &v);
		if (!taken || said.vector[t[i].claim] != t[i].value)
			fail_msg("without %s: %s is %d", t[i].check, cof_trust_name(t[i].claim),
				 said.vector[t[i].claim]);
	}
}
