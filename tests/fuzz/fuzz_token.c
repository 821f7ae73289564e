/* SPDX-License-Identifier: Apache-2.0 */
/* A token server's answer: what is taken can stand in a header, and lives no longer than a day. */
#include "image-decrypt/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_secret) token = {0};
	int64_t life_ms = 0;
	if (cof_token_parse(cof_span_of(data, len), &token, &life_ms, NULL) < 0)
		return 0;
	if (token.len == 0 || token.len > COF_TOKEN_MAX || life_ms <= 0 || life_ms > (int64_t)24 * 3600 * 1000)
		abort();
	for (size_t i = 0; i < token.len; i++)
		if (token.data[i] <= ' ' || token.data[i] >= 0x7f)
			abort();
	return 0;
}
