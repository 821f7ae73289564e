/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tableloader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_table_loader t = {0};
	cof_err err;
	if (cof_table_loader_parse((cof_span){data, len}, &t, &err) < 0)
		return 0;
	for (size_t i = 0; i < t.n; i++) {
		if (cof_table_loader_is(t.files[i], "etc/acpi/rsdp") && t.files[i].len == 0)
			abort();
	}
	return 0;
}
