/* SPDX-License-Identifier: Apache-2.0 */
/* What a compromised front or verifier sends: the first byte is the type, the rest a message. What decodes encodes to
 * the same bytes again. */
#include "attestation/kbs/wire.h"
#include "common/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef union any {
	cof_kb_auth auth;
	cof_kb_attest attest;
	cof_kb_resource resource;
	cof_kb_admin admin;
	cof_kb_reply reply;
	cof_kb_job_bind bind;
	cof_kb_job_verify verify;
	cof_kb_bound bound;
	cof_kb_verdict verdict;
} any;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	any m;
	cof_kb_head h;
	COF_AUTO(cof_buf) again = {0};
	if (cof_kb_head_parse(cof_span_of(data, len), &h, NULL) == 0 && (h.len > COF_KB_FRAME_MAX || h.type == 0))
		abort();
	if (len == 0)
		return 0;
	enum cof_kb_type type = (enum cof_kb_type)(data[0] % (COF_KB_TYPES + 1));
	cof_span body = cof_span_of(data + 1, len - 1);
	if (cof_kb_decode(type, body, &m, NULL) < 0)
		return 0;
	if (cof_kb_encode(type, 1, &m, &again, NULL) < 0)
		abort();
	if (!cof_ct_equal(body, cof_span_of(again.data + COF_KB_HEAD_LEN, again.len - COF_KB_HEAD_LEN)))
		abort();
	return 0;
}
