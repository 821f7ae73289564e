/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile fetcher or unpacker may answer. */
#include "agent/roles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_role_manifest) m = {0};
	cof_unpack_report r;
	uint64_t bytes = 0;
	(void)!cof_role_manifest_parse(cof_span_of(data, len), &m, NULL);
	(void)!cof_role_report_parse(cof_span_of(data, len), &r, NULL);
	(void)!cof_role_progress_parse(cof_span_of(data, len), &bytes, NULL);
	return 0;
}
