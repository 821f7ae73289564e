/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of evidence behind one interface: named files, a policy and a time in; checks, fields and a verdict out.
 * A kind is one entry of one table. Pure: no file is read, no clock is asked.
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/cache.h"
#include "attestation/verify/check.h"

typedef struct cof_role_file {
	const char *role; /* "report", "vek", "root" */
	cof_span bytes;	  /* hostile, whatever the role; a root is trusted because the caller named it */
} cof_role_file;

typedef struct cof_verify_in {
	const cof_role_file *files;
	size_t n_files;
	const json_t *policy;	 /* words of docs/verifying.md; NULL: the strict defaults alone */
	int64_t now;		 /* seconds since the epoch */
	cof_verify_cache *cache; /* NULL: everything is judged anew */
} cof_verify_in;

typedef struct cof_verdict {
	bool accepted;
	bool decoded_only; /* the kind decodes and judges nothing */
	cof_checks checks;
	const char *tcb_status; /* TDX: the converged status; else NULL */
	json_t *fields; /* what the evidence says, whether or not it is believed; NULL where it does not decode */
} cof_verdict;

void cof_verdict_release(cof_verdict *v);
COF_DEFINE_AUTO(cof_verdict, cof_verdict_release)

typedef struct cof_kind {
	const char *name;	     /* "snp-report" */
	const char *summary;	     /* for people */
	const char *const *required; /* roles without which nothing can be said; NULL-ended */
	const char *const *optional; /* NULL-ended */
	/* Refusals are checks; fails only for what the caller got wrong (policy words, sizes) and for memory. */
	int (*verify)(const cof_verify_in *in, cof_verdict *ret, cof_err *err);
} cof_kind;

/* NULL-name-ended. */
extern const cof_kind cof_kinds[];
/* Reason "kind-unknown" (usage). */
COF_WUR int cof_kind_find(const char *name, const cof_kind **ret, cof_err *err);
/* The role's bytes; an empty span when it was not given. */
cof_span cof_role(const cof_verify_in *in, const char *role);
bool cof_role_given(const cof_verify_in *in, const char *role);

/*
 * Checks the roles against the kind's, then verifies. Reasons "role-missing", "role-unknown" (usage), and "policy-word"
 * (usage: an unknown word, or a value of the wrong type; nothing is judged by half a policy).
 */
COF_WUR int cof_verify(const cof_kind *kind, const cof_verify_in *in, cof_verdict *ret, cof_err *err);
/* {"verdict":"valid"|"invalid"|"parses","reason","stage","checks":[...],"fields":{...}} */
COF_WUR int cof_verdict_json(const cof_kind *kind, const cof_verdict *v, json_t **ret, cof_err *err);
