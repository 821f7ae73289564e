/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ovmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_ovmf) o = {0};
	bool empty = false;
	cof_err err;
	(void)!cof_varstore_is_empty((cof_span){data, len}, &empty, &err);
	if (cof_ovmf_open((cof_span){data, len}, &o, &err) == 0 && (o.peifv.len == 0 || o.dxefv.len == 0))
		abort();
	return 0;
}
