/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer verify … --ear FILE | --cwt FILE`: the verdict as a signed result. Texts borrow from argv. */
#pragma once

#include "attestation/verify/kind.h"

enum { COF_VERIFY_LIFETIME_S = 300 };

typedef struct cof_verify_result {
	const char *ear, *cwt; /* paths, "-": stdout; NULL: not that one */
	const char *sign_key, *pin_file;
	const char *audience;
	const char *profile; /* URI; NULL: the IETF draft's */
	const char *tee_pubkey;
	int64_t lifetime; /* 0: the default */
} cof_verify_result;

/* Takes the option where it is one of the result's, and says so in *ret_taken. name: without dashes, len bytes of it.
 * Reason "usage". */
COF_WUR int cof_verify_result_option(cof_verify_result *o, cof_span name, const char *value, bool *ret_taken,
				     cof_err *err);
/* Whether the options go together, and with --json. Reasons "usage", "no-result". */
COF_WUR int cof_verify_result_check(const cof_verify_result *o, const cof_kind *kind, bool json, cof_err *err);

/* One verdict on its way out. */
typedef struct cof_verify_outcome {
	const cof_kind *kind;
	const json_t *policy;
	int64_t now;
	cof_verdict *verdict;
	json_t *runtime; /* of --tee-pubkey; the caller drops it */
} cof_verify_outcome;

/* With --tee-pubkey: reads it, and adds the check of the binding to the verdict. */
COF_WUR int cof_verify_result_bind(const cof_verify_result *o, cof_verify_outcome *out, cof_err *err);
/* Signs and writes, where --ear or --cwt was given. */
COF_WUR int cof_verify_result_write(const cof_verify_result *o, const cof_verify_outcome *out, cof_err *err);
