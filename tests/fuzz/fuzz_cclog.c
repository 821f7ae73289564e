/* SPDX-License-Identifier: Apache-2.0 */
/* Where the guest sees a firmware log's end: the replay sees it there, and reads on in the guest's own records. */
#include "attestation/evidence/cclog.h"
#include "firmware/eventlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void go_on(cof_span log, size_t events)
{
	static const cof_runtime_event e = {"d", "o", "c", -1};
	COF_AUTO(cof_buf) all = {0};
	COF_AUTO(cof_eventlog) theirs = {0};
	cof_digest d;
	if (cof_buf_add(&all, log.data, log.len, NULL) < 0 || cof_cclog_record(&e, 4, COF_SHA384, &d, &all, NULL) < 0 ||
	    cof_eventlog_parse(cof_buf_span(&all), COF_SHA384, &theirs, NULL) < 0 || theirs.n != events + 1 ||
	    !cof_digest_equal(&theirs.events[events].digest, &d))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_eventlog) theirs = {0};
	cof_span in = {data, len}, log = {0};
	cof_log_banks banks;
	bool read = cof_cclog_parse(in, &log, NULL) == 0;
	if (read && (log.data != data || log.len > len))
		abort();
	if (len > COF_CCLOG_MAX || cof_eventlog_banks(in, &banks, NULL) < 0 || !banks.agile ||
	    cof_eventlog_parse(in, COF_SHA384, &theirs, NULL) < 0)
		return 0;
	if (!read || log.len != theirs.size)
		abort();
	if (theirs.kind == COF_LOG_CCEL && theirs.n < COF_EVENTS_MAX)
		go_on(log, theirs.n);
	return 0;
}
