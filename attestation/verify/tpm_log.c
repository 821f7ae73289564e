/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_log.h"

#include <stdio.h>

#include "attestation/verify/tpm_pcrs.h"
#include "common/json.h"
#include "common/rd.h"
#include "common/secret.h"
#include "firmware/eventlog.h"

/* spec: TCG PC Client PFP 3.3.4: the firmware's own; always in its log */
enum { FIRMWARE_PCRS = 0xff, SECURE_BOOT_PCR = 7, REG_TEXT_MAX = 16 };

/* One bank, replayed. */
typedef struct replay {
	uint16_t bank;
	cof_eventlog log;
	cof_digest regs[COF_REGS_MAX];
	uint32_t with_events;
	uint32_t covered; /* registers that the quote proves to be as the log says */
} replay;

static void replay_release(replay *r)
{
	cof_eventlog_release(&r->log);
}
COF_DEFINE_AUTO(replay, replay_release)

/* ---- replaying ---- */

static int bank_hash(uint16_t bank, cof_hash *ret, cof_err *err)
{
	*ret = COF_SHA1;
	return bank == COF_TPM_ALG_SHA1 ? 0 : cof_tpm_hash(bank, ret, err);
}

static int read_bank(cof_span bytes, uint16_t bank, replay *r, cof_err *err)
{
	cof_hash hash;
	int rc = bank_hash(bank, &hash, err);
	if (rc == 0)
		rc = cof_eventlog_parse(bytes, hash, &r->log, err);
	if (rc == 0)
		rc = cof_eventlog_replay(&r->log, r->regs, err);
	r->bank = bank;
	for (size_t i = 0; rc == 0 && i < r->log.n; i++)
		r->with_events |= 1u << r->log.events[i].reg;
	return rc;
}

static uint32_t must_explain(const cof_tpm_log_in *in, const replay *r, bool best)
{
	uint32_t quoted = cof_tpm_quoted(in->quote, r->bank);
	if (in->demands->has_replay)
		return in->demands->replay & (best ? COF_TPM_ALL_PCRS : quoted);
	return (r->with_events | FIRMWARE_PCRS) & quoted;
}

/* A register's value, where the quote covers it. */
static cof_span quoted_value(const cof_tpm_log_in *in, uint16_t bank, uint32_t pcr)
{
	const cof_tpm_bank *b = cof_tpm_bank_find(in->values->list, in->values->n, bank);
	uint32_t facts = b == NULL ? 0 : b->mask & cof_tpm_quoted(in->quote, bank);
	return cof_reg_in(facts, pcr) ? cof_span_of(b->pcrs[pcr], cof_tpm_bank_len(bank)) : (cof_span){0};
}

static void check_replay(cof_checks *c, const cof_tpm_log_in *in, bool best, replay *r)
{
	char what[COF_TPM_PCR_TEXT_MAX] = "";
	uint32_t must = must_explain(in, r, best);
	for (uint32_t pcr = 0; pcr < COF_TPM_BANK_PCRS; pcr++) {
		if (cof_ct_equal(quoted_value(in, r->bank, pcr), cof_digest_span(&r->regs[pcr])))
			r->covered |= 1u << pcr;
		else if (cof_reg_in(must, pcr) && what[0] == '\0')
			cof_tpm_pcr_text(r->bank, pcr, what);
	}
	r->covered &= ~(uint32_t)COF_TPM_RESETTABLE_PCRS;
	(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-replay", what[0] == '\0',
			     "every event is in the registers that were quoted", what);
}

/* ---- what the events say ---- */

/* source: loaders in use log more bytes than they measured, so that this is no failure unless the owner says so: data
 * that was not measured is a label, and nothing is decided by it. */
static void check_data(cof_checks *c, const cof_tpm_demands *d, const cof_eventlog *log)
{
	cof_err why = {0};
	if (!d->require_event_data)
		return;
	bool good = cof_eventlog_check_data(log, &why) == 0;
	(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-data-mismatch", good, "data that was measured",
			     good ? NULL : why.text);
}

static bool is_plain_separator(cof_span data)
{
	cof_rd r = cof_rd_of(data);
	uint32_t v = cof_rd_u32le(&r);
	return cof_rd_end(&r) && v == 0;
}

/* spec: TCG PC Client PFP 10.4.1: zeros end a phase of the firmware, anything else tells of a failure in it */
static void check_separators(cof_checks *c, const cof_eventlog *log)
{
	char found[REG_TEXT_MAX] = "";
	for (size_t i = 0; i < log->n; i++) {
		const cof_log_event *e = &log->events[i];
		if (e->type == COF_EV_SEPARATOR && cof_reg_in(FIRMWARE_PCRS, e->reg) && !is_plain_separator(e->data))
			(void)snprintf(found, sizeof found, "PCR %u", e->reg);
	}
	(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-separator", found[0] == '\0',
			     "no failure in the firmware", found);
}

/* By its type's rule, or at least as it lies. */
static int is_fact(const cof_log_event *e, bool *ret, cof_err *err)
{
	cof_event_data kind = COF_DATA_LIE;
	cof_digest d;
	int rc = cof_event_check_data(e, &kind, err);
	*ret = kind == COF_DATA_FACT;
	if (rc < 0 || kind != COF_DATA_LABEL)
		return rc;
	rc = cof_digest_of(e->digest.alg, e->data, &d, err);
	*ret = rc == 0 && cof_digest_equal(&d, &e->digest);
	return rc;
}

static int set_unverified(const cof_eventlog *log, json_t *fields, cof_err *err)
{
	json_int_t n = 0, first = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < log->n; i++) {
		bool fact = false;
		rc = is_fact(&log->events[i], &fact, err);
		if (!fact && n++ == 0)
			first = log->events[i].reg;
	}
	if (rc == 0)
		rc = cof_json_set_new(fields, "unverified_events", json_integer(n), err);
	if (rc == 0 && n > 0)
		rc = cof_json_set_new(fields, "unverified_event_pcr", json_integer(first), err);
	return rc;
}

/* ---- secure boot ---- */

static bool is_secure_boot(const cof_log_event *e)
{
	/* spec: UEFI 2.10, 3.3: EFI_GLOBAL_VARIABLE in the order in which it lies, and its variable in UTF-16 */
	static const uint8_t global[] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
	static const char name[] = "S\0e\0c\0u\0r\0e\0B\0o\0o\0t";
	cof_efi_variable v;
	cof_rd r = cof_rd_of(e->data);
	return e->type == COF_EV_EFI_VARIABLE_DRIVER_CONFIG && cof_event_variable(e->data, &v) &&
	       cof_ct_equal(cof_rd_bytes(&r, sizeof global), cof_span_of(global, sizeof global)) &&
	       cof_ct_equal(v.name, cof_span_of(name, sizeof name));
}

/* source: the state is measured before all else into PCR 7; a second such event would be another's word */
static bool has_secure_boot(const replay *r)
{
	static const uint8_t on = 1;
	size_t in_reg = 0, seen = 0;
	bool good = false;
	for (size_t i = 0; i < r->log.n; i++) {
		const cof_log_event *e = &r->log.events[i];
		cof_event_data kind = COF_DATA_LIE;
		cof_efi_variable v;
		if (e->reg != SECURE_BOOT_PCR)
			continue;
		in_reg++;
		if (!is_secure_boot(e) || !cof_event_variable(e->data, &v))
			continue;
		seen++;
		good = in_reg == 1 && cof_event_check_data(e, &kind, NULL) == 0 && kind == COF_DATA_FACT &&
		       cof_ct_equal(v.data, cof_span_of(&on, 1));
	}
	return good && seen == 1 && cof_reg_in(r->covered, SECURE_BOOT_PCR);
}

/* r NULL: there is no log. Where one cannot be read, that is refused already. */
static void check_secure_boot(cof_checks *c, const cof_tpm_demands *d, const replay *r)
{
	if (d->require_secure_boot)
		(void)cof_check_text(c, COF_STAGE_POLICY, "secure-boot", r != NULL && has_secure_boot(r),
				     "measured as on, in a PCR 7 that was quoted", NULL);
}

/* ---- fields ---- */

static int set_replay(const replay *r, json_t *pcrs, cof_err *err)
{
	json_t *o = json_object();
	int rc = cof_json_set_new(pcrs, cof_tpm_bank_name(r->bank), o, err);
	for (uint32_t pcr = 0; rc == 0 && pcr < COF_TPM_BANK_PCRS; pcr++) {
		char key[REG_TEXT_MAX];
		(void)snprintf(key, sizeof key, "%u", pcr);
		if (cof_reg_in(r->with_events, pcr))
			rc = cof_json_set_hex(o, key, cof_digest_span(&r->regs[pcr]), err);
	}
	return rc;
}

/* ---- the log ---- */

static bool has_bank(const cof_log_banks *banks, uint16_t bank)
{
	cof_hash hash;
	for (size_t i = 0; bank_hash(bank, &hash, NULL) == 0 && i < banks->n; i++) {
		if (banks->bank[i] == hash)
			return true;
	}
	return false;
}

/* One bank that both have; the best one's events are the ones that are judged. */
static int check_bank(cof_checks *c, const cof_tpm_log_in *in, uint16_t bank, bool best, json_t *fields, cof_err *err)
{
	COF_AUTO(replay) r = {0};
	cof_err why = {0};
	if (read_bank(in->bytes, bank, &r, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_EVENTLOG, &why);
		return 0;
	}
	check_replay(c, in, best, &r);
	int rc = set_replay(&r, json_object_get(fields, "eventlog_pcrs"), err);
	if (rc < 0 || !best)
		return rc;
	(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-uncovered", (r.covered & r.with_events) != 0,
			     "events of registers that were quoted", NULL);
	check_data(c, in->demands, &r.log);
	check_separators(c, &r.log);
	check_secure_boot(c, in->demands, &r);
	rc = cof_json_set_new(fields, "eventlog_events", json_integer((json_int_t)r.log.n), err);
	return rc < 0 ? rc : set_unverified(&r.log, fields, err);
}

/* The longest digest wins; SHA-1 is for want of a better one, and then the quote is refused for it. */
static uint16_t best_bank(const cof_tpm_log_in *in, const cof_log_banks *banks)
{
	uint16_t best = 0;
	for (size_t i = 0; i < in->quote->n_select; i++) {
		uint16_t bank = in->quote->select[i].bank;
		if (in->quote->select[i].mask != 0 && has_bank(banks, bank) &&
		    cof_tpm_bank_len(bank) > cof_tpm_bank_len(best))
			best = bank;
	}
	return best;
}

static int check_banks(cof_checks *c, const cof_tpm_log_in *in, const cof_log_banks *banks, json_t *fields,
		       cof_err *err)
{
	uint16_t best = best_bank(in, banks);
	(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-bank-missing", best != 0 && best != COF_TPM_ALG_SHA1,
			     "digests of a bank that was quoted", best == 0 ? "none" : cof_tpm_bank_name(best));
	int rc = cof_json_set_new(fields, "eventlog_pcrs", json_object(), err);
	for (size_t i = 0; rc == 0 && i < in->quote->n_select; i++) {
		uint16_t bank = in->quote->select[i].bank;
		if (has_bank(banks, bank))
			rc = check_bank(c, in, bank, bank == best, fields, err);
	}
	return rc;
}

int cof_tpm_log_check(cof_checks *c, const cof_tpm_log_in *in, json_t *fields, cof_err *err)
{
	cof_log_banks banks;
	cof_err why = {0};
	if (in->demands->require_event_log || in->demands->require_event_data || in->demands->has_replay)
		(void)cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-missing", in->given, "an event log",
				     in->given ? "given" : "none");
	if (!in->given) {
		check_secure_boot(c, in->demands, NULL);
		return 0;
	}
	if (cof_eventlog_banks(in->bytes, &banks, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_EVENTLOG, &why);
		return 0;
	}
	/* A TD's log has other registers under the same numbers; the old format has SHA-1 alone. */
	bool kind = cof_check_that(c, COF_STAGE_EVENTLOG, "eventlog-kind", banks.kind == COF_LOG_TPM);
	bool agile = cof_check_text(c, COF_STAGE_EVENTLOG, "eventlog-format", banks.agile,
				    "crypto-agile: digests of several banks", NULL);
	return kind && agile ? check_banks(c, in, &banks, fields, err) : 0;
}
