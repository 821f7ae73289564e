/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a disk unpacks to has a limit. */
#include <stdlib.h>

#include "common/initdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) toml = {0};
	cof_err err = {0};
	if (cof_initdata_unpack(cof_span_of(data, len), &toml, &err) == 0) {
		if (toml.len > COF_INITDATA_MAX)
			abort();
	} else if (toml.data != NULL || err.reason[0] == 0) {
		abort();
	}
	return 0;
}
