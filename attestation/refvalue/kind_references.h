/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of references.h beside a kind's own: what was given, for the kinds that can be compared with it. */
#pragma once

#include "attestation/refvalue/references.h"

/* Too large for a stack. */
typedef struct cof_given {
	cof_authors authors;
	cof_references refs;
} cof_given;

void cof_given_release(cof_given *g);

/* Whether there is anything to compare with. Reason "role-missing" (usage): an author's key without a file. */
COF_WUR int cof_given_asked(const cof_verify_in *in, bool *ret, cof_err *err);
/* One check for each file; *ret_all: none was refused. Fails for the authors' own faults and for memory. */
COF_WUR int cof_given_read(const cof_verify_in *in, cof_given *g, cof_verdict *v, bool *ret_all, cof_err *err);
/* A file that counts: by whose word. */
void cof_reference_check_taken(const cof_reference *r, bool is_unsigned, cof_checks *c);
