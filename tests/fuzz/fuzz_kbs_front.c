/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's body, headers and request line at the front. What passes fits into a message to the key holder. */
#include "attestation/kbs/front_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must_encode(enum cof_kb_type type, const void *m)
{
	COF_AUTO(cof_buf) f = {0};
	cof_err err = {0};
	/* A field beyond its limit is a refusal of the request, never anything else. */
	if (cof_kb_encode(type, 1, m, &f, &err) < 0 && !cof_err_is(&err, "frame-too-large"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_front_body) a = {0};
	COF_AUTO(cof_front_body) b = {0};
	COF_AUTO_FREE char *text = NULL;
	cof_kb_auth auth;
	cof_kb_attest attest;
	cof_span in = cof_span_of(data, len);
	if (cof_front_parse_auth(in, &a, &auth, NULL) == 0)
		must_encode(COF_KB_AUTH, &auth);
	if (cof_front_parse_attest(in, &b, &attest, NULL) == 0)
		must_encode(COF_KB_ATTEST, &attest);
	text = cof_span_dup_str(in);
	if (text == NULL)
		return 0;
	cof_span cookie = cof_front_cookie(text, COF_KBSP_COOKIE);
	cof_span bearer = cof_front_bearer(text);
	if (cookie.len > len || bearer.len > len)
		abort();
	return 0;
}
