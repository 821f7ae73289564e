/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `coffer measure eventlog` says of a log: its events, the registers that it replays to, and whether both are
 * what was expected. coffer-eventlog/1 (docs/formats.md), and a table for people. A log's data are unauthenticated
 * and may hold anything: what is shown of them is escaped.
 */
#pragma once

#include "common/json.h"
#include "firmware/refevent.h"
#include "runtime/cli/regvalues.h"

typedef struct cof_eventlog_report_in {
	cof_span log;
	const cof_hash *bank; /* of the table and of every comparison; NULL: the reference's, else SHA-256 if there */
	const cof_ref_event *want; /* NULL: no reference */
	size_t n;
	cof_log_kind want_kind;
	cof_hash want_bank;
	cof_reg_set judged;	    /* whose events the reference lists */
	const cof_reg_values *read; /* registers as read from the machine; NULL: none */
	bool json;
} cof_eventlog_report_in;

typedef struct cof_report_bank {
	cof_eventlog log;
	cof_digest regs[COF_REGS_MAX];
	char why[COF_ERR_REASON_MAX]; /* not "": it could not be replayed */
} cof_report_bank;

typedef struct cof_log_report {
	cof_log_kind kind;
	bool agile;
	cof_report_bank banks[COF_REG_BANKS];
	size_t n;
	size_t shown; /* its index among the banks */
	bool compared, differs;
	cof_event_diff diff; /* when it differs */
	bool read, odd;	     /* registers were given; one of them is not what the log replays to: */
	size_t odd_bank;
	uint32_t odd_reg;
	cof_digest odd_value;
} cof_log_report;

void cof_log_report_free(cof_log_report *r);
COF_DEFINE_AUTO_PTR(cof_log_report, cof_log_report_free)

/*
 * The log's spans are borrowed from in. Reasons: those of cof_eventlog_parse for the bank that is shown (others may
 * fail: they say why), "reference-kind" and "reference-bank" (usage: the reference is of something else than what is
 * shown), "pcrs-no-bank" (usage: no value that was read is of a bank and register that the log accounts for).
 */
COF_WUR int cof_log_report_make(const cof_eventlog_report_in *in, cof_log_report **ret, cof_err *err);
/* The answer: reason "eventlog-replay" (crypto) names the first register, "eventlog-differs" (policy) the event. */
COF_WUR int cof_log_report_check(const cof_log_report *r, cof_err *err);
COF_WUR int cof_log_report_json(const cof_log_report *r, json_t **ret, cof_err *err);
COF_WUR int cof_log_report_text(const cof_log_report *r, cof_buf *ret, cof_err *err);

/* All of it, printed; the verb's exit code. */
int cof_eventlog_report(const cof_eventlog_report_in *in);
