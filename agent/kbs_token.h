/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the broker's token for people and clocks: verdict, PCRs and lifetime. Its signature is the broker's own
 * affair; the guest decides nothing by what is read here.
 *
 * spec: RFC 7519 (JWT), draft-ietf-rats-ear (claims)
 */
#pragma once

#include "common/json.h"

enum { COF_KBS_TOKEN_MAX = 128 << 10, COF_KBS_TOKEN_LIFE_MAX_S = 24 * 3600 };

typedef struct cof_kbs_token_facts {
	json_t *pcrs;	  /* {"0": hex, …}, new reference; an empty object when the token has none */
	char verdict[32]; /* "affirming", …; "none" when the token does not say */
	long life_s;	  /* exp - iat; 0 when unknown */
} cof_kbs_token_facts;

void cof_kbs_token_facts_release(cof_kbs_token_facts *f);
COF_DEFINE_AUTO(cof_kbs_token_facts, cof_kbs_token_facts_release)

/* Reason "token-malformed". */
COF_WUR int cof_kbs_token_read(const char *jwt, cof_kbs_token_facts *ret, cof_err *err);
