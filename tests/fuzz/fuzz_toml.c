/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever cof_toml_parse accepts is a tree that can be written as JSON; whatever it refuses has a reason. */
#include "common/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t) got = NULL;
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	if (cof_toml_parse(cof_span_of(data, len), &got, &err) < 0) {
		if (err.reason[0] == '\0' || got != NULL)
			abort();
		return 0;
	}
	if (!json_is_object(got) || cof_json_dump(got, &text, &err) < 0)
		abort();
	return 0;
}
