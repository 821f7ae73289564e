/* SPDX-License-Identifier: Apache-2.0 */
/* One tar header: what is accepted has terminated texts, and numbers that a file may have. */
#include "image-decrypt/tarhdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_tarhdr h = {0};
	cof_err err = {0};
	int64_t n = 0;
	if (cof_tarhdr_parse(cof_span_of(data, len), &h, &err) == 0) {
		if (len != 512 || h.name[100] != '\0' || h.prefix[155] != '\0' || h.link[100] != '\0' ||
		    h.size > INT64_MAX)
			abort();
	} else if (err.reason[0] == '\0') {
		abort();
	}
	for (size_t at = 0; at + 12 <= len; at += 12)
		(void)!cof_tarhdr_number(cof_span_of(data + at, 12), &n);
	return 0;
}
