/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_launch_document) d = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	cof_err err;
	if (cof_launch_document_parse((cof_span){data, len}, &d, &err) < 0)
		return 0;
	/* What was read can be written, and is within its bounds. */
	if (cof_launch_document_json(&d, &j, &err) < 0 || d.sev.meta.n > COF_SEV_SECTIONS_MAX ||
	    d.tdx.tdvf.n > COF_TDVF_SECTIONS_MAX)
		abort();
	return 0;
}
