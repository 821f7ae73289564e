/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json.h"
#include "firmware/tpm/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO_PTR(json_t) back = NULL;
	cof_firmware_build b;
	cof_err err;
	if (cof_json_parse((cof_span){data, len}, &j, &err) < 0 || cof_firmware_build_parse(j, &b, &err) < 0)
		return 0;
	if (cof_firmware_build_json(&b, &back, &err) < 0 || cof_firmware_build_parse(back, &b, &err) < 0)
		abort();
	return 0;
}
