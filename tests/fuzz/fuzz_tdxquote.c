/* SPDX-License-Identifier: Apache-2.0 */
/* Where the guest sees a quote's end: there, too, the verifier sees it. */
#include "attestation/evidence/tdxquote.h"
#include "attestation/verify/tdx_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = {data, len};
	cof_tdxquote ours;
	cof_tdx_quote theirs;
	bool read = cof_tdxquote_parse(in, &ours, NULL) == 0;
	if (read && (ours.quote.data != data || ours.quote.len > len || ours.report_data.len != 64))
		abort();
	if (cof_tdx_quote_parse(in, &theirs, NULL) == 0 &&
	    (!read || ours.quote.len != theirs.len || ours.report_data.data != theirs.td.report_data.data))
		abort();
	return 0;
}
