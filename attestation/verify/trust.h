/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a verdict to AR4SI's trustworthiness vector. Every value follows from checks that were made: a claim for whose
 * checks nobody asked stays 0, a value that affirms needs each of its checks by name, made, passed and not waived, and
 * a check that failed (or that the policy waived) gives its claim the value that the table says. Pure.
 *
 * spec: draft-ietf-rats-ar4si, 2.3 (claims and values); docs/verifying.md, Results
 */
#pragma once

#include "attestation/verify/kind.h"
#include "attestation/verify/status.h"

typedef struct cof_trust_said {
	int vector[COF_TRUST_COUNT];
	/* Contraindicated for what was refused; else the worst of the vector; and "none" instead of "affirming" as long
	 * as one of the claims that the kind is asked for in the first place was not made. */
	cof_status status;
} cof_trust_said;

/* Reason "no-result" (usage): the kind decodes only, or what it judges is no attester. */
COF_WUR int cof_trust_of(const cof_kind *kind, const cof_verdict *v, cof_trust_said *ret, cof_err *err);
/* Whether cof_trust_of knows the kind. */
bool cof_trust_knows(const cof_kind *kind);
