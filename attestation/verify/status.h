/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier concludes, in AR4SI's words, shared by verifiers, tokens and policies. */
#pragma once

#include "common/err.h"

typedef enum cof_status {
	COF_STATUS_NONE = 0,
	COF_STATUS_AFFIRMING = 2,
	COF_STATUS_WARNING = 32,
	COF_STATUS_CONTRAINDICATED = 96,
} cof_status;

/* "none", "affirming", "warning", "contraindicated" */
const char *cof_status_name(cof_status s);
/* Reason "ear-status" (malformed) for any other word. */
COF_WUR int cof_status_by_name(const char *name, cof_status *ret, cof_err *err);

/* spec: draft-ietf-rats-ar4si: the trustworthiness vector; COF_TRUST_COUNT values, 0: no claim */
enum cof_trust {
	COF_TRUST_INSTANCE_IDENTITY,
	COF_TRUST_CONFIGURATION,
	COF_TRUST_EXECUTABLES,
	COF_TRUST_FILE_SYSTEM,
	COF_TRUST_HARDWARE,
	COF_TRUST_RUNTIME_OPAQUE,
	COF_TRUST_STORAGE_OPAQUE,
	COF_TRUST_SOURCED_DATA,
	COF_TRUST_COUNT,
};
/* "instance-identity", … */
const char *cof_trust_name(enum cof_trust element);
/* The tier that a vector's value lies in. */
cof_status cof_trust_tier(int value);
/* The worst tier of a vector; none when every element is unset. */
cof_status cof_trust_worst(const int vector[COF_TRUST_COUNT]);
