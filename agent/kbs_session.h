/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session that the key broker gave out, as the one header that it takes: a cookie of fixed name and small
 * alphabet. Kept here instead of by the HTTP library, whose jar the guest is built without.
 *
 * spec: KBS protocol 0.4.0, "kbs-session-id"; RFC 6265 5.2 for as much of Set-Cookie as that needs
 */
#pragma once

#include "common/http.h"
#include "common/kbs_proto.h"

enum { COF_KBS_SESSION_MAX = 128 };

typedef struct cof_kbs_session {
	char header[sizeof "Cookie: " COF_KBSP_COOKIE "=" + COF_KBS_SESSION_MAX]; /* "": none */
} cof_kbs_session;

/* Takes the session from an answer; one without leaves it as it is. Reason "kbs-session" (malformed) for a value that
 * is longer or of another alphabet than letters, digits, '-' and '_'. */
COF_WUR int cof_kbs_session_take(cof_kbs_session *s, const cof_http_resp *resp, cof_err *err);
