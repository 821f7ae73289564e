/* SPDX-License-Identifier: Apache-2.0 */
/* The text of initdata: packed as the host delivers it, then read as the guest reads it. */
#include "agent/owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) disk = {0};
	COF_AUTO(cof_owner) packed = {0};
	COF_AUTO(cof_owner) raw = {0};
	(void)!cof_owner_parse(cof_span_of(data, len), &raw, NULL);
	if (cof_initdata_pack(cof_span_of(data, len), &disk, NULL) == 0)
		(void)!cof_owner_parse(cof_buf_span(&disk), &packed, NULL);
	return 0;
}
