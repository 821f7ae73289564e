/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/hex.h"
#include "common/rd.h"
#include "runtime/cli/logreport.h"

enum { EXCERPT_BYTES = 48, EXCERPT_MAX = 4 * EXCERPT_BYTES + 4, DIGEST_SHOWN = 12 };

/* ---- what data say, harmless on a terminal ---- */

/* UTF-16 of plain text has a zero in every other byte. */
static bool is_wide(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	bool wide = s.len >= 4 && s.len % 2 == 0;
	while (wide && r.left > 0) {
		(void)cof_rd_u8(&r);
		wide = cof_rd_u8(&r) == 0;
	}
	return wide;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* Puts one character, as itself or as \xNN; nothing that could steer a terminal gets through. */
static size_t put_char(char *out, uint8_t c)
{
	if (is_plain(c) && c != '\\')
		*out = (char)c;
	else
		(void)snprintf(out, 5, "\\x%02x", c);
	return strlen(out);
}

/* The start of the data as text; "" when less than half of it is text. */
static void excerpt(cof_span data, char out[EXCERPT_MAX])
{
	bool wide = is_wide(data);
	size_t n = 0, plain = 0, taken = 0;
	cof_rd r = cof_rd_of(data);
	memset(out, 0, EXCERPT_MAX);
	while (r.left > 0 && taken < EXCERPT_BYTES) {
		uint8_t c = cof_rd_u8(&r);
		if (wide)
			(void)cof_rd_u8(&r);
		if (c == 0 && r.left == 0)
			break;
		plain += is_plain(c);
		n += put_char(out + n, c);
		taken++;
	}
	if (r.left > 0)
		(void)snprintf(out + n, EXCERPT_MAX - n, "...");
	if (plain * 2 < taken)
		out[0] = '\0';
}

/* ---- parts ---- */

static int put_head(const cof_log_report *r, cof_buf *b, cof_err *err)
{
	const char *what = r->kind == COF_LOG_CCEL ? "TDX event log (CCEL)"
			   : r->agile		   ? "TPM event log"
						   : "TPM event log, old format";
	int rc = cof_buf_printf(b, err, "%s, %zu events, banks:", what, r->banks[r->shown].log.n);
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		rc = cof_buf_printf(b, err, " %s", cof_hash_name(r->banks[i].log.bank));
	return rc < 0 ? rc : cof_buf_add_str(b, "\n\n", err);
}

static int put_event(const cof_log_report *r, size_t at, cof_buf *b, cof_err *err)
{
	static const char *const words[] = {
		[COF_DATA_LABEL] = "label", [COF_DATA_FACT] = "fact", [COF_DATA_LIE] = "mismatch"};
	const cof_log_event *e = &r->banks[r->shown].log.events[at];
	const char *type = cof_event_type_name(e->type);
	char name[COF_EVENT_NAME_MAX], reg[COF_REG_NAME_MAX], hex[2 * COF_DIGEST_MAX + 1], number[16],
		text[EXCERPT_MAX];
	cof_event_data kind = COF_DATA_LABEL;
	int rc = cof_event_check_data(e, &kind, err);
	if (rc < 0)
		return rc;
	cof_event_name(e, name);
	cof_reg_name(r->kind, e->reg, reg);
	cof_hex(cof_digest_span(&e->digest), hex);
	excerpt(e->data, text);
	(void)snprintf(number, sizeof number, "0x%x", e->type);
	rc = cof_buf_printf(b, err, "%4zu  %-6s  %-32s  %-24s  %.*s  ", at, reg, type != NULL ? type : number, name,
			    DIGEST_SHOWN, hex);
	if (rc < 0 || text[0] == '\0')
		return rc < 0 ? rc : cof_buf_printf(b, err, "%s\n", words[kind]);
	return cof_buf_printf(b, err, "%-8s  %s\n", words[kind], text);
}

static int put_events(const cof_log_report *r, cof_buf *b, cof_err *err)
{
	int rc = cof_buf_printf(b, err, "%4s  %-6s  %-32s  %-24s  %-*.*s  %-8s  %s\n", "#", "where", "type", "name",
				DIGEST_SHOWN, DIGEST_SHOWN, cof_hash_name(r->banks[r->shown].log.bank), "data is",
				"data");
	for (size_t i = 0; rc == 0 && i < r->banks[r->shown].log.n; i++)
		rc = put_event(r, i, b, err);
	return rc;
}

static int put_bank(const cof_log_report *r, const cof_report_bank *bank, cof_buf *b, cof_err *err)
{
	cof_reg_set touched = r->kind == COF_LOG_CCEL ? 0x1e : 0;
	if (bank->why[0] != '\0')
		return cof_buf_printf(b, err, "\n%s cannot be replayed: %s\n", cof_hash_name(bank->log.bank),
				      bank->why);
	for (size_t i = 0; i < bank->log.n; i++)
		touched |= 1u << bank->log.events[i].reg;
	int rc = cof_buf_printf(b, err, "\n%s replays to (other registers: never extended)\n",
				cof_hash_name(bank->log.bank));
	for (uint32_t reg = 0; rc == 0 && reg < cof_reg_count(r->kind); reg++) {
		char name[COF_REG_NAME_MAX], hex[2 * COF_DIGEST_MAX + 1];
		if (!cof_reg_in(touched, reg))
			continue;
		cof_reg_name(r->kind, reg, name);
		cof_hex(cof_digest_span(&bank->regs[reg]), hex);
		rc = cof_buf_printf(b, err, "  %-6s  %s\n", name, hex);
	}
	return rc;
}

static int put_side(const char *what, bool there, uint32_t type, const cof_digest *d, cof_buf *b, cof_err *err)
{
	char hex[2 * COF_DIGEST_MAX + 1], number[16];
	const char *name = cof_event_type_name(type);
	(void)snprintf(number, sizeof number, "0x%x", type);
	cof_hex(cof_digest_span(d), hex);
	if (!there)
		return cof_buf_printf(b, err, "  %-8s  nothing\n", what);
	return cof_buf_printf(b, err, "  %-8s  %s %s\n", what, name != NULL ? name : number, hex);
}

static int put_reference(const cof_log_report *r, cof_buf *b, cof_err *err)
{
	const cof_event_diff *d = &r->diff;
	char reg[COF_REG_NAME_MAX];
	if (!r->compared)
		return 0;
	if (!r->differs)
		return cof_buf_add_str(b, "\nreference: every event is as expected\n", err);
	cof_reg_name(r->kind, d->reg, reg);
	int rc = cof_buf_printf(b, err, "\nreference: %s, event '%s' differs\n", reg, d->name);
	if (rc == 0)
		rc = put_side("expected", !d->surplus, d->expected_type, &d->expected, b, err);
	return rc < 0 ? rc : put_side("found", !d->missing, d->found_type, &d->found, b, err);
}

static int put_registers(const cof_log_report *r, cof_buf *b, cof_err *err)
{
	char reg[COF_REG_NAME_MAX];
	if (!r->read)
		return 0;
	if (!r->odd)
		return cof_buf_add_str(b, "\nregisters read: the log replays to every one that it accounts for\n", err);
	cof_reg_name(r->kind, r->odd_reg, reg);
	return cof_buf_printf(b, err, "\nregisters read: %s of %s is not what the log replays to\n", reg,
			      cof_hash_name(r->banks[r->odd_bank].log.bank));
}

int cof_log_report_text(const cof_log_report *r, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	int rc = put_head(r, &b, err);
	if (rc == 0)
		rc = put_events(r, &b, err);
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		rc = put_bank(r, &r->banks[i], &b, err);
	if (rc == 0)
		rc = put_registers(r, &b, err);
	if (rc == 0)
		rc = put_reference(r, &b, err);
	if (rc < 0)
		return rc;
	*ret = b;
	b = (cof_buf){0};
	return 0;
}
