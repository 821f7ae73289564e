/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which attested guest gets which resource: coffer-release-policy/1 (docs/formats.md). What no rule allows is denied;
 * a rule always names the TEE and the status it asks for; a member that this version does not know refuses the whole
 * policy.
 */
#pragma once

#include "common/kbs_proto.h"

enum {
	COF_RELEASE_RULES_MAX = 256,
	COF_RELEASE_CLAIMS_MAX = 32,
	COF_RELEASE_VALUES_MAX = 256,
	COF_RELEASE_FILE_MAX = 1 << 20,
};

typedef struct cof_release_policy cof_release_policy;
void cof_release_policy_free(cof_release_policy *p);
COF_DEFINE_AUTO_PTR(cof_release_policy, cof_release_policy_free)

/* Reason "policy-malformed" (malformed). */
COF_WUR int cof_release_policy_parse(cof_span text, cof_release_policy **ret, cof_err *err);

/*
 * 0: some rule allows path to the holder of these claims (a token's claims set that cof_ear_verify accepted).
 * Otherwise class policy, reason "policy-denied"; *ret_named says whether any rule speaks of the path at all, so that
 * a broker can tell "no" from "not there" to those who may know.
 */
COF_WUR int cof_release_policy_judge(const cof_release_policy *p, const cof_kbsp_path *path, const json_t *claims,
				     bool *ret_named, cof_err *err);
