/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_imgconf) c = {0};
	(void)!cof_imgconf_parse(cof_span_of(data, len), &c, NULL);
	return 0;
}
