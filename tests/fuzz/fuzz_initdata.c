/* SPDX-License-Identifier: Apache-2.0 */
/* An accepted document has texts only, and survives the disk byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "common/initdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_initdata) d = {0};
	COF_AUTO(cof_buf) disk = {0};
	COF_AUTO(cof_buf) back = {0};
	const char *name = NULL;
	json_t *text = NULL;
	cof_span in = cof_span_of(data, len);
	if (cof_initdata_parse(in, &d, NULL) < 0)
		return 0;
	json_object_foreach (d.data, name, text)
		if (!json_is_string(text) || cof_initdata_entry(&d, name) == NULL)
			abort();
	if (cof_initdata_pack(in, &disk, NULL) < 0 || cof_initdata_unpack(cof_buf_span(&disk), &back, NULL) < 0)
		abort();
	if (back.len != len || (len > 0 && memcmp(back.data, data, len) != 0))
		abort();
	return 0;
}
