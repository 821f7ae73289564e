/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ccel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A table and, behind it, the area that it names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t table_len = len < COF_CCEL_LEN ? len : COF_CCEL_LEN;
	cof_span area = {data + table_len, len - table_len};
	cof_ccel table = {.log_len = UINT64_MAX}; /* a broken checksum must not keep the log from being tried */
	cof_span log;
	cof_err err;
	(void)!cof_ccel_parse((cof_span){data, table_len}, &table, &err);
	if (cof_ccel_log(&table, area, &log, &err) == 0 && (log.data != area.data || log.len > area.len))
		abort();
	return 0;
}
