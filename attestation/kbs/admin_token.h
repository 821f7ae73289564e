/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bearer token of admin calls: a JWT (ES256) with a `role`, an expiry, and, from our own client, the call that
 * it was made for: method, path, digest of the body, and a number that is used once. Claims about the call bind
 * wherever they are present, so that a front that sees a token cannot use it for another call. A token without
 * them (another client's, from a file) is accepted for its life.
 */
#pragma once

#include "attestation/kbs/es256.h"
#include "attestation/kbs/route.h"

enum {
	COF_ADMIN_LIFE_MAX_S = 24 * 3600,
	COF_ADMIN_SKEW_S = 60,
	COF_ADMIN_CALL_LIFE_S = 120,
	COF_ADMIN_JTI_MAX = 1024,
};

typedef struct cof_admin_call {
	enum cof_kb_route route;
	cof_span path;
	cof_span body;
} cof_admin_call;

/* Numbers that were used and have not expired. */
typedef struct cof_admin_used cof_admin_used;
COF_WUR int cof_admin_used_new(cof_admin_used **ret, cof_err *err);
void cof_admin_used_free(cof_admin_used *u);
COF_DEFINE_AUTO_PTR(cof_admin_used, cof_admin_used_free)

/* The key holder's check; the token is hostile and nothing in it is parsed before its signature holds. Crypto or
 * policy; reasons "bad-token", "bad-signature", "token-expired", "role-denied", "token-other-call", "token-replayed".
 * ret_role (16 bytes) is written on success. */
COF_WUR int cof_admin_check(EVP_PKEY *key, cof_admin_used *used, cof_span bearer, const cof_admin_call *call,
			    int64_t now, char ret_role[16], cof_err *err);
/* The client's side: a token for one call. */
COF_WUR int cof_admin_sign(EVP_PKEY *key, const char *role, const cof_admin_call *call, int64_t now, cof_buf *ret,
			   cof_err *err);
