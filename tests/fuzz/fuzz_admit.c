/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the host: the first byte chooses the method, the rest is its message; decoded, checked, gated. */
#include "agent/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char policy_text[] =
	"{\"format\":\"coffer-policy/1\",\"containers\":[{\"image\":\"r.test/a\",\"digest\":"
	"\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}],\"exec\":[[\"/bin/ok\"]],"
	"\"signals\":[15],\"stdin\":true,\"stdout\":true,\"stderr\":true}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(cof_policy) p = NULL;
	COF_AUTO_PTR(ProtobufCMessage) m = NULL;
	if (len == 0 || cof_policy_parse(cof_span_str(policy_text), &p, NULL) < 0)
		return 0;
	const cof_method *method = &cof_methods[data[0] % cof_methods_n];
	(void)!cof_dispatch_admit(method, p, cof_span_of(data + 1, len - 1), &m, NULL);
	return 0;
}
