/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ccel.h"

#include "common/rd.h"
#include "common/secret.h"

enum { REVISION = 1, REST_OF_HEADER = 6 + 8 + 4 + 4 + 4 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ccel-malformed", "CCEL table: %s", what);
}

static uint8_t sum_of(cof_span s)
{
	uint8_t sum = 0;
	for (cof_rd r = cof_rd_of(s); r.left > 0;)
		sum = (uint8_t)(sum + cof_rd_u8(&r));
	return sum;
}

static int check_header(cof_rd *r, cof_err *err)
{
	cof_span signature = cof_rd_bytes(r, 4);
	uint32_t len = cof_rd_u32le(r);
	uint8_t revision = cof_rd_u8(r);
	cof_rd_skip(r, 1 + REST_OF_HEADER); /* the checksum, and who made it */
	if (!cof_rd_ok(r) || !cof_ct_equal(signature, cof_span_str("CCEL")))
		return malformed(err, "signature");
	if (len != COF_CCEL_LEN || revision != REVISION)
		return malformed(err, "length or revision");
	return 0;
}

int cof_ccel_parse(cof_span table, cof_ccel *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(table);
	if (table.len != COF_CCEL_LEN)
		return malformed(err, "size");
	if (check_header(&r, err) < 0)
		return -COF_E_MALFORMED;
	if (sum_of(table) != 0)
		return malformed(err, "checksum");
	uint8_t type = cof_rd_u8(&r);
	cof_ccel t = {.subtype = cof_rd_u8(&r)};
	cof_rd_skip(&r, 2);
	t.log_len = cof_rd_u64le(&r);
	t.log_address = cof_rd_u64le(&r);
	if (!cof_rd_end(&r) || (type != COF_CC_SEV && type != COF_CC_TDX))
		return malformed(err, "type");
	t.type = (cof_cc_type)type;
	*ret = t;
	return 0;
}

int cof_ccel_log(const cof_ccel *table, cof_span area, cof_span *ret, cof_err *err)
{
	COF_AUTO(cof_eventlog) log = {0};
	if (area.len > table->log_len)
		return malformed(err, "the log area is longer than it says");
	int rc = cof_eventlog_parse(area, COF_SHA384, &log, err);
	if (rc < 0)
		return rc;
	if (log.kind != COF_LOG_CCEL)
		return malformed(err, "the log area holds another kind of log");
	*ret = (cof_span){area.data, log.size};
	return 0;
}
