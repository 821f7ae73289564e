/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/logreport.h"

#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"
#include "runtime/cli/cli.h"

void cof_log_report_free(cof_log_report *r)
{
	for (size_t i = 0; i < COF_REG_BANKS; i++)
		cof_eventlog_release(&r->banks[i].log);
	free(r);
}

/* ---- banks ---- */

static int read_bank(cof_span log, cof_hash bank, cof_report_bank *ret, cof_err *err)
{
	int rc = cof_eventlog_parse(log, bank, &ret->log, err);
	return rc < 0 ? rc : cof_eventlog_replay(&ret->log, ret->regs, err);
}

static cof_hash shown_bank(const cof_eventlog_report_in *in, const cof_log_banks *list)
{
	if (in->bank != NULL)
		return *in->bank;
	if (in->want != NULL)
		return in->want_bank;
	for (size_t i = 0; i < list->n; i++) {
		if (list->bank[i] == COF_SHA256)
			return COF_SHA256;
	}
	return list->n > 0 ? list->bank[0] : COF_SHA256;
}

/* The bank that is shown must be readable; another one only says why it is not. */
static int read_banks(const cof_eventlog_report_in *in, cof_log_report *r, cof_err *err)
{
	cof_log_banks list;
	int rc = cof_eventlog_banks(in->log, &list, err);
	if (rc < 0)
		return rc;
	const cof_hash shown = shown_bank(in, &list);
	r->kind = list.kind;
	r->agile = list.agile;
	r->shown = COF_REG_BANKS;
	for (size_t i = 0; i < list.n && r->n < COF_REG_BANKS; i++) {
		cof_err why = {0};
		cof_report_bank *b = &r->banks[r->n++];
		b->log.bank = list.bank[i];
		rc = read_bank(in->log, list.bank[i], b, &why);
		if (rc < 0)
			(void)snprintf(b->why, sizeof b->why, "%s", why.reason);
		if (list.bank[i] != shown)
			continue;
		r->shown = r->n - 1;
		if (rc < 0)
			return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	}
	if (r->shown == COF_REG_BANKS)
		return cof_err_set(err, COF_E_MALFORMED, "eventlog-bank-missing", "event log has no %s bank",
				   cof_hash_name(shown));
	return 0;
}

/* ---- comparisons ---- */

static int compare_events(const cof_eventlog_report_in *in, cof_log_report *r, cof_err *err)
{
	if (in->want == NULL)
		return 0;
	if (in->want_kind != r->kind)
		return cof_err_set(err, COF_E_USAGE, "reference-kind", "the reference is of another kind of event log");
	if (in->want_bank != r->banks[r->shown].log.bank)
		return cof_err_set(err, COF_E_USAGE, "reference-bank", "the reference is of the %s bank",
				   cof_hash_name(in->want_bank));
	r->compared = true;
	r->differs = cof_ref_events_differ(in->want, in->n, in->judged, &r->banks[r->shown].log, &r->diff);
	return 0;
}

/*
 * Registers that a firmware's log accounts for: those it extends, and those that nobody may have extended before the
 * guest's own programs run. PCR 10 never: Linux goes on measuring files into it.
 */
static cof_reg_set accounted(const cof_eventlog *log)
{
	cof_reg_set set = log->kind == COF_LOG_CCEL ? 0xe : 0xfaff;
	for (size_t i = 0; i < log->n; i++)
		set |= 1u << log->events[i].reg;
	return log->kind == COF_LOG_CCEL ? set : set & ~(1u << 10);
}

static void compare_bank(const cof_reg_values *read, size_t at, cof_log_report *r)
{
	const cof_report_bank *b = &r->banks[at];
	/* Values of RTMRs are counted from 0, a log's registers from MRTD. */
	uint32_t first = r->kind == COF_LOG_CCEL ? 1 : 0;
	cof_reg_set set = accounted(&b->log);
	for (uint32_t reg = first; reg < cof_reg_count(r->kind) && !r->odd; reg++) {
		const cof_digest *value = &read->at[b->log.bank][reg - first];
		if (!cof_reg_in(set, reg) || !cof_reg_in(read->has[b->log.bank], reg - first))
			continue;
		r->read = true;
		if (cof_digest_equal(value, &b->regs[reg]))
			continue;
		r->odd = true;
		r->odd_bank = at;
		r->odd_reg = reg;
		r->odd_value = *value;
	}
}

static int compare_registers(const cof_eventlog_report_in *in, cof_log_report *r, cof_err *err)
{
	if (in->read == NULL)
		return 0;
	for (size_t i = 0; i < r->n; i++) {
		if (r->banks[i].why[0] == '\0' && (in->bank == NULL || i == r->shown))
			compare_bank(in->read, i, r);
	}
	if (!r->read)
		return cof_err_set(err, COF_E_USAGE, "pcrs-no-bank",
				   "no register value is of a bank and register that the event log accounts for");
	return 0;
}

int cof_log_report_make(const cof_eventlog_report_in *in, cof_log_report **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_log_report) r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	int rc = read_banks(in, r, err);
	if (rc == 0)
		rc = compare_events(in, r, err);
	if (rc == 0)
		rc = compare_registers(in, r, err);
	if (rc == 0)
		*ret = cof_steal(&r);
	return rc;
}

static int say_odd(const cof_log_report *r, cof_err *err)
{
	const cof_report_bank *b = &r->banks[r->odd_bank];
	char reg[COF_REG_NAME_MAX], log[2 * COF_DIGEST_MAX + 1], read[2 * COF_DIGEST_MAX + 1];
	cof_reg_name(r->kind, r->odd_reg, reg);
	cof_hex(cof_digest_span(&b->regs[r->odd_reg]), log);
	cof_hex(cof_digest_span(&r->odd_value), read);
	return cof_err_set(err, COF_E_CRYPTO, "eventlog-replay",
			   "%s of %s: the log replays to %.24s..., the value read is %.24s...", reg,
			   cof_hash_name(b->log.bank), log, read);
}

int cof_log_report_check(const cof_log_report *r, cof_err *err)
{
	char reg[COF_REG_NAME_MAX];
	if (r->odd)
		return say_odd(r, err);
	if (!r->differs)
		return 0;
	cof_reg_name(r->kind, r->diff.reg, reg);
	return cof_err_set(err, COF_E_POLICY, "eventlog-differs", "%s, event '%s': %s", reg, r->diff.name,
			   r->diff.missing   ? "was not measured"
			   : r->diff.surplus ? "was measured and is not in the reference"
					     : "is not what the reference measures");
}

/* ---- the verb's end ---- */

static int print_json(const cof_log_report *r, cof_err *err)
{
	COF_AUTO_PTR(json_t) j = NULL;
	int rc = cof_log_report_json(r, &j, err);
	if (rc == 0 && cof_cli_print_json(j) != COF_EXIT_YES)
		return cof_err_set(err, COF_E_IO, "output", "the report could not be written");
	return rc;
}

static int print_text(const cof_log_report *r, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_log_report_text(r, &text, err);
	return rc < 0 ? rc : cof_cli_write(NULL, cof_buf_span(&text), 0, err);
}

int cof_eventlog_report(const cof_eventlog_report_in *in)
{
	COF_AUTO_PTR(cof_log_report) r = NULL;
	cof_err err = {0};
	int rc = cof_log_report_make(in, &r, &err);
	if (rc == 0)
		rc = in->json ? print_json(r, &err) : print_text(r, &err);
	if (rc < 0)
		return cof_cli_fail(&err, in->json);
	/* The report is out; stdout holds one document. */
	return cof_log_report_check(r, &err) < 0 ? cof_cli_fail(&err, false) : COF_EXIT_YES;
}
