/* SPDX-License-Identifier: Apache-2.0 */
/* A host's certificate table: whatever is found lies inside of it. */
#include "attestation/verify/snp_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(cof_span all, cof_span part)
{
	if (part.len == 0)
		return;
	if (part.data < all.data || part.len > all.len || part.data > all.data + (all.len - part.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_snp_table t;
	cof_err err = {0};
	cof_span in = cof_span_of(data, len);
	if (cof_snp_table_parse(in, &t, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	check(in, t.vcek);
	check(in, t.vlek);
	check(in, t.ask);
	check(in, t.ark);
	check(in, t.crl);
	return 0;
}
