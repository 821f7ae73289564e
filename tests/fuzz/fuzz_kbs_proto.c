/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of the broker's protocol, read as each kind: what is accepted can be made again and read again. */
#include "common/kbs_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void as_request(cof_span in)
{
	COF_AUTO(cof_kbsp_request) q = {0};
	COF_AUTO(cof_kbsp_tpm_keys) keys = {0};
	bool present = false;
	if (cof_kbsp_request_parse(in, &q, NULL) == 0)
		(void)!cof_kbsp_tpm_keys_parse(q.extra, &keys, &present, NULL);
}

static void as_challenge(cof_span in)
{
	COF_AUTO(cof_kbsp_challenge) c = {0};
	COF_AUTO(cof_kbsp_tpm_cred) cred = {0};
	bool present = false;
	if (cof_kbsp_challenge_parse(in, &c, NULL) < 0)
		return;
	if (strlen(c.nonce) < COF_KBSP_NONCE_STR)
		abort();
	(void)!cof_kbsp_tpm_cred_parse(c.extra, &cred, &present, NULL);
}

static void as_attest(cof_span in)
{
	COF_AUTO(cof_kbsp_attest) a = {0}, b = {0};
	COF_AUTO(cof_buf) again = {0};
	uint8_t report[COF_KBSP_REPORT_LEN];
	if (cof_kbsp_attest_parse(in, &a, NULL) < 0)
		return;
	(void)!cof_kbsp_report_data(a.nonce, a.tee_pubkey, a.additional, report, NULL);
	if (cof_kbsp_attest_make(&a, &again, NULL) < 0)
		return; /* grew beyond the limit by escapes */
	if (cof_kbsp_attest_parse(cof_buf_span(&again), &b, NULL) < 0 || strcmp(a.nonce, b.nonce) != 0)
		abort();
}

static void as_answers(cof_span in)
{
	COF_AUTO_FREE char *token = NULL;
	COF_AUTO(cof_buf) again = {0};
	cof_kbsp_refusal why = {0}, back = {0};
	if (cof_kbsp_token_parse(in, &token, NULL) == 0 && strpbrk(token, "\r\n \"") != NULL)
		abort();
	if (cof_kbsp_error_parse(in, &why, NULL) < 0)
		return;
	if (why.pcr < -1 || why.pcr > 23)
		abort();
	if (cof_kbsp_error_make(&why, &again, NULL) < 0 ||
	    cof_kbsp_error_parse(cof_buf_span(&again), &back, NULL) < 0 || strcmp(why.reason, back.reason) != 0 ||
	    why.pcr != back.pcr)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	as_request(cof_span_of(data, len));
	as_challenge(cof_span_of(data, len));
	as_attest(cof_span_of(data, len));
	as_answers(cof_span_of(data, len));
	return 0;
}
