/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `coffer verify FILE`: which kind of evidence the bytes look like, and what the cache has for it. A guess chooses the
 * judge and nothing else; the judge reads every byte anew.
 */
#pragma once

#include "attestation/endorsements/roles.h"

typedef struct cof_verify_guess {
	const cof_kind *kind;
	const char *role;	 /* of the file */
	cof_buf bytes;		 /* the file */
	cof_span evidence;	 /* what is judged: bytes, or the report inside of them */
	cof_endorse_files files; /* out of the cache */
} cof_verify_guess;

void cof_verify_guess_release(cof_verify_guess *g);
COF_DEFINE_AUTO(cof_verify_guess, cof_verify_guess_release)

/* By their first bytes and their size. NULL: nothing that is known; *ret_role then too. */
const char *cof_verify_guess_kind(cof_span bytes, const char **ret_role);

/* Reads the file. Reasons "kind-unknown" (usage: neither a kind nor a file), "evidence-unknown" (usage). */
COF_WUR int cof_verify_guess_file(const char *path, cof_verify_guess *ret, cof_err *err);

/*
 * What the cache at dir (NULL: the default one) has for the evidence, beside what was given by hand. What it does not
 * have becomes failed checks: then there is nothing more to judge.
 */
COF_WUR int cof_verify_guess_load(const char *dir, const cof_role_file *given, size_t n_given, cof_verify_guess *g,
				  cof_checks *checks, cof_err *err);
/* The command that would get what is missing. */
const char *cof_verify_guess_hint(const cof_verify_guess *g);
