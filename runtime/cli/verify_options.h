/* SPDX-License-Identifier: Apache-2.0 */
/* What `coffer verify` was asked: a kind, one file for each role, a policy and a time. Texts borrow from argv. */
#pragma once

#include "attestation/verify/kind.h"
#include "runtime/cli/verify_result.h"

enum { COF_VERIFY_ROLES_MAX = 64 };

typedef struct cof_verify_path {
	const char *role; /* of the kind's table */
	const char *path;
} cof_verify_path;

typedef struct cof_verify_opts {
	const cof_kind *kind; /* set before: the first argument is a file, of this kind */
	cof_verify_path files[COF_VERIFY_ROLES_MAX];
	size_t n_files;
	const char *policy; /* path; NULL: none */
	const char *cache;  /* folder of endorsements; NULL: the default one */
	bool has_at;
	int64_t at;
	bool json, list, help;
	cof_verify_result result; /* --ear, --cwt and what goes with them */
} cof_verify_opts;

/* Reasons "kind-unknown", "usage", "bad-time" and "no-result" (usage). Whether all roles are there is the verifier's
 * question. */
COF_WUR int cof_verify_options(int argc, char **argv, cof_verify_opts *ret, cof_err *err);

/* "2026-01-31T23:59:59Z", or with +HH:MM or -HH:MM; the years 1970 to 9999. Reason "bad-time".
 * spec: RFC 3339, 5.6, without fractions of a second and without leap seconds */
COF_WUR int cof_verify_time(const char *text, int64_t *ret, cof_err *err);

/* A role whose file is believed because the caller named it. */
bool cof_verify_is_anchor(const char *role);
