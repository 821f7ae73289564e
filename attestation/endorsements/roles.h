/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a verifier needs beside evidence, out of the cache: under the roles of verify/kind.h. What the cache
 * holds is no anchor: of SEV-SNP, a root that is not AMD's is refused here, unless the caller named it by hand; of
 * TDX, no root is given out at all, and the verifier's own pinned key counts.
 */
#pragma once

#include "attestation/endorsements/cache.h"
#include "attestation/verify/kind.h"

enum { COF_ENDORSE_ROLES_MAX = 2 * COF_ENDORSE_WANTS_MAX };

typedef struct cof_endorse_files {
	cof_endorsement e[COF_ENDORSE_WANTS_MAX];
	size_t n_e;
	cof_role_file file[COF_ENDORSE_ROLES_MAX]; /* borrows from e */
	size_t n;
} cof_endorse_files;

void cof_endorse_files_release(cof_endorse_files *f);
COF_DEFINE_AUTO(cof_endorse_files, cof_endorse_files_release)

typedef struct cof_endorse_files_in {
	const cof_ecache *store;
	const cof_endorse_wants *wants;
	const cof_role_file *given; /* by hand: these roles are not taken from the cache */
	size_t n_given;
} cof_endorse_files_in;

/* Whether anything is wanted that was not given by hand. */
bool cof_endorse_files_needed(const cof_endorse_files_in *in);
/*
 * What is not there, or not to be used, becomes a failed check of stage collateral, one for each: "endorsement-missing"
 * (its name is what was found), "cache-damaged", "endorsement-root", "endorsement-none" (a VLEK, which no service has).
 * Fails for the machine's own reasons.
 */
COF_WUR int cof_endorse_files_load(const cof_endorse_files_in *in, cof_checks *checks, cof_endorse_files *ret,
				   cof_err *err);
