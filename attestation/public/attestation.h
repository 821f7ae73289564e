/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcoffer-attestation: the verifier as a library (RFC 9334's verifier). Evidence, endorsements, a policy and a time
 * in; an appraisal out: a verdict, and every check behind it with what was expected and found. It reads no file, opens
 * no connection, asks no clock and keeps no global state.
 *
 *	cof_verifier *v = cof_verifier_new();
 *	cof_appraisal *a = cof_verifier_appraise(v, &input, &failure);
 *	if (cof_appraisal_accepted(a)) ...
 *
 * What cannot be appraised, what is refused, and no appraisal at all (NULL) answer no: only cof_appraisal_accepted
 * says yes, and what refused evidence says is not to be had from it.
 *
 * Kinds, their roles and policy words: docs/verifying.md, coffer-verify(1). The symbols of one major version stay as
 *they are: later ones only add.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": of the library that runs, which may be newer than this header. */
const char *cof_attestation_version(void);

typedef struct cof_attestation_kind {
	const char *name;	     /* "snp-report" */
	const char *summary;	     /* for people */
	const char *const *required; /* roles, NULL-ended */
	const char *const *optional; /* NULL-ended */
} cof_attestation_kind;

/* The kinds one by one, from 0; false behind the last. The texts live as long as the library. */
bool cof_attestation_kind_at(size_t i, cof_attestation_kind *ret);

/*
 * A verifier keeps what it has verified of vendors' certificates and collateral, never a verdict, so that evidence
 * from a platform that it knows costs little more than the signatures on it. One thread at a time.
 */
typedef struct cof_verifier cof_verifier;

/* NULL: out of memory. */
cof_verifier *cof_verifier_new(void);
void cof_verifier_free(cof_verifier *v); /* NULL is fine */

typedef struct cof_attestation_file {
	const char *role; /* "report", "vek", "root": a root is trusted because it is named here */
	const void *data; /* hostile, whatever the role; borrowed for the call */
	size_t len;
} cof_attestation_file;

typedef struct cof_attestation_input {
	size_t size; /* sizeof (cof_attestation_input): tells later versions which members are there */
	const char *kind;
	const cof_attestation_file *files; /* each role once; of references, any number */
	size_t n_files;
	const char *policy; /* a JSON object; NULL: the strict defaults alone */
	int64_t now;	    /* seconds since the epoch, UTC */
} cof_attestation_input;

/* Why nothing was appraised: the caller's mistake, or memory. */
typedef struct cof_attestation_failure {
	char reason[48]; /* a stable word: "kind-unknown", "role-missing", "policy-word" */
	char text[320];	 /* for people */
} cof_attestation_failure;

/* Immutable; outlives its verifier and its input. */
typedef struct cof_appraisal cof_appraisal;

/* NULL: nothing was appraised, and *ret_failure (which may be NULL) says why. Bad evidence is an appraisal. */
cof_appraisal *cof_verifier_appraise(cof_verifier *v, const cof_attestation_input *in,
				     cof_attestation_failure *ret_failure);
void cof_appraisal_free(cof_appraisal *a); /* NULL is fine */

/* The verdict: every check passed. False for NULL, and for a kind that only decodes. */
bool cof_appraisal_accepted(const cof_appraisal *a);
/* It decodes; of kinds that judge nothing, all that can be said. False for NULL. */
bool cof_appraisal_decoded(const cof_appraisal *a);
/* Of the first check that failed: "tcb-too-low", "tcb"; "" when none did. Where good evidence matches none of the
 * references that were given, the reason is "reference-mismatch". */
const char *cof_appraisal_reason(const cof_appraisal *a);
const char *cof_appraisal_stage(const cof_appraisal *a);
/* TDX: the converged status, "UpToDate"; else NULL. */
const char *cof_appraisal_tcb_status(const cof_appraisal *a);

typedef struct cof_attestation_check {
	const char *name;  /* stable; the reason when it fails */
	const char *stage; /* "parse", "chain", "signature", "tcb", ... */
	bool passed;
	const char *expected; /* for people; "" where there is nothing to say */
	const char *found;
} cof_attestation_check;

/* The checks one by one, from 0; false behind the last. The texts live as long as the appraisal. */
bool cof_appraisal_check_at(const cof_appraisal *a, size_t i, cof_attestation_check *ret);

/*
 * What accepted (or decoded) evidence says, by the names of docs/verifying.md, members of members with '.':
 * "measurement", "pck.fmspc". NULL and false where there is no such member, where it is of another type, and always of
 * evidence that was refused.
 */
const char *cof_appraisal_text(const cof_appraisal *a, const char *name);
bool cof_appraisal_number(const cof_appraisal *a, const char *name, int64_t *ret);
bool cof_appraisal_flag(const cof_appraisal *a, const char *name, bool *ret);
/* All of it, refused or not, as `coffer verify --json` prints it: for logs and people. Lives as long as the appraisal.
 */
const char *cof_appraisal_json(const cof_appraisal *a);

#ifdef __cplusplus
}
#endif
