/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verified evidence against reference values. It matches when all conditions of one entry hold, and the entry is of the
 * evidence's class. Where none does, the nearest entry is the answer's explanation. Pure.
 *
 * spec: draft-ietf-rats-corim, 9.4.6 (comparison); AMD's TCB words are compared part by part, in the layout of the
 * report's product, and never as one number
 */
#pragma once

#include "attestation/refvalue/facts.h"
#include "attestation/refvalue/references.h"

typedef struct cof_match {
	bool matched;
	size_t entries;	 /* that there are */
	size_t of_class; /* of these, of the evidence's class */
	/* The one that matched, or the nearest: the fewest conditions that do not hold, the most that do; both NULL
	 * where none is of the class. */
	const cof_reference *reference;
	const cof_rim_entry *entry;
	size_t held; /* of the entry's conditions */
} cof_match;

void cof_appraise(const cof_references *refs, const cof_facts *facts, cof_match *ret);

bool cof_cond_holds(const cof_rim_cond *c, const cof_facts *facts);

typedef struct cof_cond_text {
	char expected[COF_CHECK_TEXT_MAX];
	char found[COF_CHECK_TEXT_MAX]; /* of a TCB that is too low, the first part that is comes first */
} cof_cond_text;
void cof_cond_explain(const cof_rim_cond *c, const cof_facts *facts, cof_cond_text *ret);

/* {"result":"match"|"no-match","entries","of_class",...} and, with an entry, {"entry","version","corim","signer",
 * "author","conditions":[{"field","passed","expected","found"}]}: a new reference. */
COF_WUR int cof_match_json(const cof_match *a, const cof_facts *facts, json_t **ret, cof_err *err);

/* "snp: signed by a chip's key": the class of the facts, for people. */
const char *cof_facts_class(const cof_facts *facts);
