/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of a stranger before the whole verifier: nothing that can be made without a key is genuine. */
#include "attestation/verify/evidence.h"
#include "attestation/verify/tpm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t secret[32] = {1};
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	cof_tpm_verdict v = {0};
	cof_err err = {0};
	if (cof_tpm_evidence_parse(cof_span_of(data, len), &e, &err) < 0 && err.reason[0] == '\0')
		abort();
	const cof_tpm_verify_in in = {.evidence = cof_span_of(data, len),
				      .report_data = cof_span_of(secret, 32),
				      .credential = cof_span_of(secret, 32),
				      .ak_public = cof_buf_span(&e.ak_tpm_public),
				      .now = 1800000000};
	if (cof_tpm_verify(&in, &v, &err) == 0)
		abort();
	return 0;
}
