/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t digest[COF_SHA256_LEN];
	cof_err err;
	(void)!cof_smbios_digest((cof_span){data, len}, digest, &err);
	return 0;
}
