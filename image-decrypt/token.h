/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a registry's token server, and what it answers. Pure: bytes to bytes. The answer is hostile: what is
 * taken from it can stand in a header, and lives no longer than a day.
 *
 * spec: distribution/distribution docs "Token Authentication", "OAuth2 Token Authentication"; RFC 6750 2.1
 */
#pragma once

#include "image-decrypt/authfile.h"
#include "image-decrypt/challenge.h"

enum { COF_TOKEN_MAX = 32 << 10, COF_TOKEN_ANSWER_MAX = 256 << 10 };

/* The URL to GET: realm?service=…&scope=…. The login, where there is one, goes along as Basic. */
COF_WUR int cof_token_url(const cof_challenge *c, const char *scope, cof_buf *ret, cof_err *err);
/* The form to POST to the realm, for an identity token (grant_type=refresh_token). ret must be zeroed. */
COF_WUR int cof_token_form(const cof_challenge *c, const char *scope, const cof_secret *identity, cof_secret *ret,
			   cof_err *err);

/* ret_life_ms: how long it may be used from when it was asked for. ret must be zeroed. Reasons "json-malformed",
 * "json-missing", "json-type", "token-malformed". */
COF_WUR int cof_token_parse(cof_span answer, cof_secret *ret, int64_t *ret_life_ms, cof_err *err);
