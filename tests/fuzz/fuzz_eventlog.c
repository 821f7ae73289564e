/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/eventlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	cof_err err;
	if (cof_eventlog_parse((cof_span){data, len}, COF_SHA256, &log, &err) < 0)
		return 0;
	for (size_t i = 0; i < log.n; i++) {
		char name[COF_EVENT_NAME_MAX];
		cof_event_name(&log.events[i], name);
		if (strlen(name) == 0 || !cof_reg_is_extended(log.kind, log.events[i].reg))
			abort();
	}
	(void)!cof_eventlog_check_data(&log, &err);
	if (cof_eventlog_replay(&log, pcrs, &err) < 0)
		abort();
	return 0;
}
