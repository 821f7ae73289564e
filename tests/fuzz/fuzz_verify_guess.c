/* SPDX-License-Identifier: Apache-2.0 */
/* What a file looks like is a kind that exists, or nothing. */
#include "runtime/cli/verify_guess.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *role = "";
	const char *kind = cof_verify_guess_kind(cof_span_of(data, len), &role);
	if ((kind == NULL) != (role == NULL))
		abort();
	return 0;
}
