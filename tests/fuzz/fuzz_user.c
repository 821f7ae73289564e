/* SPDX-License-Identifier: Apache-2.0 */
/* passwd and group of an image: the input serves as both, and its first line as the user asked for. */
#include "agent/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_user u;
	cof_span in = cof_span_of(data, len);
	size_t n = 0;
	while (n < len && data[n] != '\n')
		n++;
	COF_AUTO_FREE char *spec = cof_span_dup_str(cof_span_of(data, n));
	if (spec != NULL)
		(void)!cof_user_find(in, in, spec, &u, NULL);
	return 0;
}
