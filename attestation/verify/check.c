/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/secret.h"

static const char *const stage_names[COF_STAGES] = {
	[COF_STAGE_PARSE] = "parse",
	[COF_STAGE_CHAIN] = "chain",
	[COF_STAGE_SIGNATURE] = "signature",
	[COF_STAGE_TCB] = "tcb",
	[COF_STAGE_REVOCATION] = "revocation",
	[COF_STAGE_COLLATERAL] = "collateral",
	[COF_STAGE_QE] = "qe",
	[COF_STAGE_AK] = "ak",
	[COF_STAGE_EK] = "ek",
	[COF_STAGE_FRESHNESS] = "freshness",
	[COF_STAGE_PCR] = "pcr",
	[COF_STAGE_EVENTLOG] = "eventlog",
	[COF_STAGE_CLAIMS] = "claims",
	[COF_STAGE_VALIDITY] = "validity",
	[COF_STAGE_PROFILE] = "profile",
	[COF_STAGE_POLICY] = "policy",
};

const char *cof_stage_name(cof_stage s)
{
	return s < COF_STAGES ? stage_names[s] : "unknown";
}

/* The place of a new check; a full list turns its last one into a failure. */
static cof_check *add(cof_checks *c, cof_stage stage, const char *name, bool passed)
{
	bool full = c->n == COF_CHECKS_MAX;
	size_t at = full ? c->n - 1 : c->n++;
	if ((full || !passed) && c->failed++ == 0)
		c->first = at;
	cof_check *k = &c->list[at];
	*k = (cof_check){.stage = stage, .passed = passed && !full};
	const char *word = full ? "too-many-checks" : name;
	memcpy(k->name, word, strnlen(word, sizeof k->name - 1));
	return k;
}

bool cof_check_that(cof_checks *c, cof_stage stage, const char *name, bool passed)
{
	return add(c, stage, name, passed)->passed;
}

static void put(char out[COF_CHECK_TEXT_MAX], const char *text)
{
	size_t n = 0;
	for (; text != NULL && text[n] != '\0' && n + 1 < COF_CHECK_TEXT_MAX; n++) {
		out[n] = text[n];
		if (text[n] < 0x20 || text[n] >= 0x7f)
			out[n] = '?';
	}
	out[n] = '\0';
}

bool cof_check_text(cof_checks *c, cof_stage stage, const char *name, bool passed, const char *expected,
		    const char *found)
{
	cof_check *k = add(c, stage, name, passed);
	put(k->expected, expected);
	put(k->found, found);
	return k->passed;
}

/* Hex; what does not fit is cut, and says so. */
static void put_hex(char out[COF_CHECK_TEXT_MAX], cof_span s)
{
	static const char digits[] = "0123456789abcdef";
	static const char more[] = "...";
	size_t fits = (COF_CHECK_TEXT_MAX - sizeof more) / 2;
	size_t n = s.len <= fits ? s.len : fits;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[s.data[i] >> 4];
		out[2 * i + 1] = digits[s.data[i] & 15];
	}
	(void)snprintf(out + 2 * n, sizeof more, "%s", n < s.len ? more : "");
}

bool cof_check_bytes(cof_checks *c, cof_stage stage, const char *name, cof_span expected, cof_span found)
{
	cof_check *k = add(c, stage, name, cof_ct_equal(expected, found));
	put_hex(k->expected, expected);
	put_hex(k->found, found);
	return k->passed;
}

bool cof_check_equal(cof_checks *c, cof_stage stage, const char *name, uint64_t expected, uint64_t found)
{
	cof_check *k = add(c, stage, name, expected == found);
	(void)snprintf(k->expected, sizeof k->expected, "%" PRIu64, expected);
	(void)snprintf(k->found, sizeof k->found, "%" PRIu64, found);
	return k->passed;
}

bool cof_check_at_least(cof_checks *c, cof_stage stage, const char *name, uint64_t least, uint64_t found)
{
	cof_check *k = add(c, stage, name, found >= least);
	(void)snprintf(k->expected, sizeof k->expected, "at least %" PRIu64, least);
	(void)snprintf(k->found, sizeof k->found, "%" PRIu64, found);
	return k->passed;
}

bool cof_check_bits(cof_checks *c, cof_stage stage, const char *name, uint64_t allowed, uint64_t found)
{
	cof_check *k = add(c, stage, name, (found & ~allowed) == 0);
	(void)snprintf(k->expected, sizeof k->expected, "no bits but 0x%" PRIx64, allowed);
	(void)snprintf(k->found, sizeof k->found, "0x%" PRIx64, found);
	return k->passed;
}

void cof_time_text(int64_t t, char out[COF_TIME_TEXT_MAX])
{
	struct tm tm = {0};
	if (gmtime_r(&t, &tm) == NULL || strftime(out, COF_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, COF_TIME_TEXT_MAX, "%" PRId64, t);
}

bool cof_check_dated(cof_checks *c, cof_stage stage, const char *name, const cof_check_dates *d, const char *expected)
{
	char from[COF_TIME_TEXT_MAX], to[COF_TIME_TEXT_MAX], found[COF_TIME_TEXT_MAX], span[COF_CHECK_TEXT_MAX];
	cof_time_text(d->now, found);
	if (expected == NULL) {
		cof_time_text(d->from, from);
		cof_time_text(d->to, to);
		(void)snprintf(span, sizeof span, "%s to %s", from, to);
	}
	cof_check *k = add(c, stage, name, d->from <= d->now && d->now <= d->to);
	put(k->expected, expected != NULL ? expected : span);
	put(k->found, found);
	k->dated = true;
	k->from = d->from;
	k->to = d->to;
	return k->passed;
}

bool cof_check_error(cof_checks *c, cof_stage stage, const cof_err *err)
{
	return cof_check_text(c, stage, err->reason, false, NULL, err->text);
}

void cof_check_waive(cof_checks *c)
{
	if (c->n > 0)
		c->list[c->n - 1].waived = c->list[c->n - 1].passed;
}

bool cof_checks_passed(const cof_checks *c)
{
	return c->n > 0 && c->failed == 0;
}

int cof_checks_refusal(const cof_checks *c, cof_err *err)
{
	if (c->failed == 0)
		return cof_err_set(err, COF_E_POLICY, "nothing-checked", "no check could be made");
	const cof_check *k = &c->list[c->first];
	const char *between = k->expected[0] != '\0' ? ", expected " : "";
	return cof_err_set(err, COF_E_POLICY, k->name, "%s%s%s%s%s", cof_stage_name(k->stage), between, k->expected,
			   k->found[0] != '\0' ? ", found " : "", k->found);
}
