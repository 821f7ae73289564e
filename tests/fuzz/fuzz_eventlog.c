/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/refevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_events(const cof_eventlog *log)
{
	for (size_t i = 0; i < log->n; i++) {
		char name[COF_EVENT_NAME_MAX];
		cof_event_name(&log->events[i], name);
		if (strlen(name) == 0 || !cof_reg_is_extended(log->kind, log->events[i].reg) ||
		    log->events[i].digest.alg != log->bank)
			abort();
	}
}

/* A log that parses replays, equals itself, and parses again when its padding is cut off. */
static void run_bank(cof_span in, cof_hash bank)
{
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_eventlog) again = {0};
	cof_digest regs[COF_REGS_MAX];
	cof_ref_event *want = NULL;
	cof_event_diff diff;
	cof_err err;
	if (cof_eventlog_parse(in, bank, &log, &err) < 0)
		return;
	check_events(&log);
	(void)!cof_eventlog_check_data(&log, &err);
	if (cof_eventlog_replay(&log, regs, &err) < 0 && !cof_err_is(&err, "digest-unavailable"))
		abort();
	if (cof_eventlog_parse((cof_span){in.data, log.size}, bank, &again, &err) < 0 || again.n != log.n ||
	    again.size != log.size)
		abort();
	want = calloc(log.n + 1, sizeof *want);
	for (size_t i = 0; want != NULL && i < log.n; i++)
		want[i] = (cof_ref_event){
			.reg = log.events[i].reg, .type = log.events[i].type, .digest = log.events[i].digest};
	if (want != NULL && cof_ref_events_differ(want, log.n, UINT32_MAX, &log, &diff))
		abort();
	if (want != NULL && log.n > 0 && !cof_ref_events_differ(want, log.n - 1, UINT32_MAX, &log, &diff))
		abort();
	free(want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const cof_hash banks[] = {COF_SHA1, COF_SHA256, COF_SHA384, COF_SHA512, COF_SM3};
	cof_log_banks list;
	cof_err err;
	if (cof_eventlog_banks((cof_span){data, len}, &list, &err) == 0 && list.n > COF_EVENT_ALGS_MAX)
		abort();
	for (size_t i = 0; i < COF_COUNT(banks); i++)
		run_bank((cof_span){data, len}, banks[i]);
	return 0;
}
