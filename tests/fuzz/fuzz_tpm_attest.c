/* SPDX-License-Identifier: Apache-2.0 */
/* A quote and a signature of a stranger, behind a length: whatever parses names one selection and fits its input. */
#include "attestation/verify/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t modulus[256] = {0xc3, [255] = 0x01};

static void check_quote(cof_span attest)
{
	cof_tpm_quote q;
	cof_err err = {0};
	if (cof_tpm_quote_parse(attest, &q, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return;
	}
	if (q.n_select == 0 || q.n_select > COF_TPM_BANKS_MAX || q.extra.len > 64)
		abort();
	for (size_t i = 0; i < q.n_select; i++) {
		if ((q.select[i].mask & ~(uint32_t)COF_TPM_ALL_PCRS) != 0)
			abort();
	}
	const cof_tpm_bank bank = {.bank = COF_TPM_ALG_SHA256, .mask = COF_TPM_ALL_PCRS};
	(void)!cof_tpm_quote_check_pcrs(&q, COF_SHA256, &bank, 1, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const cof_tpm_public ak = {.type = COF_TPM_ALG_RSA,
				   .scheme = COF_TPM_ALG_RSASSA,
				   .scheme_hash = COF_TPM_ALG_SHA256,
				   .bits = 2048,
				   .exponent = 65537,
				   .modulus = {modulus, sizeof modulus}};
	cof_hash h;
	size_t n = len > 0 ? data[0] : 0;
	if (n + 1 > len)
		n = len > 0 ? len - 1 : 0;
	check_quote(cof_span_of(data + (len > 0), n));
	/* nobody has the private half of this modulus */
	if (len > 0 && cof_tpm_quote_check_signature(cof_span_of(data + 1, n), cof_span_of(data + 1 + n, len - 1 - n),
						     &ak, &h, NULL) == 0)
		abort();
	return 0;
}
