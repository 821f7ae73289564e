/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever cof_json_parse accepts can be dumped, and its canonical form is a fixed point. */
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void canonical_is_stable(const json_t *v)
{
	COF_AUTO(cof_buf) once = {0};
	COF_AUTO(cof_buf) twice = {0};
	COF_AUTO_PTR(json_t) again = NULL;
	if (cof_json_canonical(v, &once, NULL) < 0)
		return;
	if (cof_json_parse(cof_buf_span(&once), &again, NULL) < 0 || cof_json_canonical(again, &twice, NULL) < 0 ||
	    once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t) v = NULL;
	cof_err err = {0};
	if (cof_json_parse(cof_span_of(data, len), &v, &err) == 0)
		canonical_is_stable(v);
	else if (err.reason[0] == '\0')
		abort();
	return 0;
}
