/* SPDX-License-Identifier: Apache-2.0 */
/* A paravisor's report from a stranger: read and shown, and never believed, since no processor signed it. */
#include "attestation/verify/hcl.h"
#include "tests/fuzz/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_claims(cof_span in)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_buf) modulus = {0};
	cof_tpm_public ak;
	if (cof_hcl_claims_parse(in, &claims, NULL) == 0 && cof_hcl_ak_read(claims, &modulus, &ak, NULL) == 0 &&
	    (ak.modulus.len < 256 || ak.modulus.data != modulus.data))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	cof_hcl h;
	const cof_role_file files[] = {
		{"hcl_report", fuzz_next(&r)}, {"quote", fuzz_next(&r)},    {"quote_signature_raw", fuzz_next(&r)},
		{"pcrs", fuzz_next(&r)},       {"td_quote", fuzz_next(&r)}, {"vek", fuzz_next(&r)}};
	if (cof_hcl_parse(files[0].bytes, &h, NULL) == 0) {
		if (h.variable.len + h.padding.len + COF_HCL_RUNTIME_AT + 20 != files[0].bytes.len)
			abort();
		read_claims(h.variable);
	}
	read_claims(cof_span_of(data, len));
	if (fuzz_verify("azure-hcl", files, COF_COUNT(files), NULL))
		abort();
	return 0;
}
