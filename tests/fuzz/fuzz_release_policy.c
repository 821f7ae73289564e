/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever policy is accepted releases nothing to a guest whose boot was refused. */
#include "attestation/token/claims_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static json_t *claims_of(const char *status)
{
	return json_pack("{s:{s:{s:s, s:{s:{s:s}, s:s}}}}", "submods", "cpu0", "ear.status", status,
			 "ear.veraison.annotated-evidence", "tpm", "pcr08", "aa", "init_data", "bb");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const cof_kbsp_path path = {"default", "image-key", "demo"};
	COF_AUTO_PTR(cof_release_policy) p = NULL;
	cof_err err = {0};
	bool named = false;
	if (cof_release_policy_parse(cof_span_of(data, len), &p, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	COF_AUTO_PTR(json_t) bad = claims_of("contraindicated");
	COF_AUTO_PTR(json_t) good = claims_of("affirming");
	if (cof_release_policy_judge(p, &path, bad, &named, &err) == 0)
		abort();
	if (cof_release_policy_judge(p, &path, good, &named, &err) == 0 && !named)
		abort();
	return 0;
}
