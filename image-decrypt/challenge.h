/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry says about credentials in WWW-Authenticate. The registry is hostile: bounded, strict about quotes,
 * and a realm that is not https, or has a user in it, is refused.
 *
 * spec: RFC 9110 11.3, 11.6.1; distribution/distribution docs "Token Authentication"
 */
#pragma once

#include "common/buf.h"

enum { COF_CHALLENGE_MAX = 4096, COF_CHALLENGE_VALUE_MAX = 1024 };

typedef enum cof_auth_scheme { COF_AUTH_BASIC, COF_AUTH_BEARER } cof_auth_scheme;

typedef struct cof_challenge {
	cof_auth_scheme scheme;
	char realm[COF_CHALLENGE_VALUE_MAX];
	char service[COF_CHALLENGE_VALUE_MAX];
	char scope[COF_CHALLENGE_VALUE_MAX];
} cof_challenge;

/*
 * header may hold several challenges (all lines, joined by commas). Taken is the first Bearer, else the first Basic;
 * schemes that we do not speak are passed over. Reasons "challenge-malformed", "challenge-unsupported" (policy) when
 * none is ours, "challenge-realm" (policy) for a token server without https.
 */
COF_WUR int cof_challenge_parse(const char *header, cof_challenge *ret, cof_err *err);
