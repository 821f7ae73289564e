/* SPDX-License-Identifier: Apache-2.0 */
/* The serial console of a calibration boot: an event log comes out of it whole, or an error. */
#include "runtime/cli/calibrate_boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) log = {0};
	cof_err err = {0};
	if (cof_calibration_parse(cof_span_of(data, len), &log, &err) < 0 && err.reason[0] == '\0')
		abort();
	return 0;
}
