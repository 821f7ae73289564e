/* SPDX-License-Identifier: Apache-2.0 */
/* The record that brings a signature policy and its keys to the fetcher, and what a policy names of it. */
#include "agent/signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_signers) s = {0};
	COF_AUTO(cof_buf) again = {0};
	COF_AUTO(cof_buf) key = {0};
	if (cof_signers_parse(cof_span_of(data, len), &s, NULL) < 0)
		return 0;
	/* What was read is written as it was. */
	if (cof_signers_encode(&s, &again, NULL) < 0 || again.len != len)
		__builtin_trap();
	for (size_t i = 0; i < s.n; i++)
		if (cof_signers_read_key(&s, s.keys[i].name, &key, NULL) < 0)
			__builtin_trap();
	return 0;
}
