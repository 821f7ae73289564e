/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner demands of a SEV platform: the words of docs/verifying.md, read strictly. */
#pragma once

#include <jansson.h>

#include "attestation/verify/sev_chain.h"

enum { COF_SEV_LIST_MAX = 65536 };

typedef struct cof_sev_demands {
	bool require_vendor_root; /* AMD's ARK alone: one whose key is known */
	bool has_api;
	uint8_t api_major, api_minor;
	/* Borrowed from the policy; NULL: not demanded. */
	const json_t *cek_keys, *oca_keys;
} cof_sev_demands;

/* policy NULL: nothing is demanded. Reason "policy-word" (usage). The result borrows from policy. */
COF_WUR int cof_sev_demands_read(const json_t *policy, cof_sev_demands *ret, cof_err *err);
/* Appends the check of the anchor, which says whose the ARK is, and those of stage policy. Fails for memory alone. */
COF_WUR int cof_sev_demands_check(const cof_sev_demands *d, const cof_sev_chain *chain, cof_checks *checks,
				  cof_err *err);

/* {"major": M, "minor": N} against {major, minor}: as many or more. */
bool cof_sev_api_covers(uint8_t major, uint8_t minor, uint8_t least_major, uint8_t least_minor);
/* Appends the check "api-too-low". */
void cof_sev_api_check(cof_checks *c, const uint8_t least[2], uint8_t major, uint8_t minor);
/* SHA-256 of the field that holds a certificate's key, in hex; out holds 65. */
COF_WUR int cof_sev_key_digest(const cof_sev_cert *cert, char out[65], cof_err *err);
