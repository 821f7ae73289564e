/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_digest digest;
	cof_err err;
	(void)!cof_smbios_digest((cof_span){data, len}, COF_SHA384, &digest, &err);
	return 0;
}
