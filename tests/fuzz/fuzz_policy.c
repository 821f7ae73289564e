/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever parses is asked everything that the gate asks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(cof_policy) p = NULL;
	const cof_policy_container *c = NULL;
	char *argv[] = {(char *)(uintptr_t) "/bin/ok"};
	if (cof_policy_parse(cof_span_of(data, len), &p, NULL) < 0)
		return 0;
	(void)!cof_policy_image(p, "r.test/a@sha256:0", &c, NULL);
	(void)cof_policy_exec_allowed(p, argv, 1);
	for (uint32_t s = 0; s < 70; s++)
		(void)cof_policy_signal_allowed(p, s);
	return 0;
}
