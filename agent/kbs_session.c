/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kbs_session.h"

#include <stdio.h>

int cof_kbs_session_take(cof_kbs_session *s, const cof_http_resp *resp, cof_err *err)
{
	static const char name[] = COF_KBSP_COOKIE "=";
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	COF_AUTO_FREE char *set = cof_http_header(resp, "Set-Cookie");
	if (set == NULL || strncmp(set, name, sizeof name - 1) != 0)
		return 0;
	const char *value = set + sizeof name - 1;
	size_t n = strspn(value, alphabet);
	if (n == 0 || n > COF_KBS_SESSION_MAX || (value[n] != '\0' && value[n] != ';' && value[n] != ' '))
		return cof_err_set(err, COF_E_MALFORMED, "kbs-session", "the key broker's session is no plain word");
	(void)snprintf(s->header, sizeof s->header, "Cookie: %s%.*s", name, (int)n, value);
	return 0;
}
