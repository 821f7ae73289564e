/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/refevent.h"

#include <stdio.h>

int cof_ref_events_replay(const cof_ref_event *events, size_t n, cof_log_kind kind, cof_hash bank,
			  cof_digest ret[COF_REGS_MAX], cof_err *err)
{
	cof_digest regs[COF_REGS_MAX];
	for (uint32_t i = 0; i < COF_REGS_MAX; i++)
		cof_reg_start(kind, bank, i, 0, &regs[i]);
	for (size_t i = 0; i < n; i++) {
		const cof_ref_event *e = &events[i];
		if (!cof_reg_is_extended(kind, e->reg) || e->digest.alg != bank || e->open)
			return cof_err_set(err, COF_E_MALFORMED, "reference-malformed",
					   "event of register %u with a %s digest", e->reg,
					   cof_hash_name(e->digest.alg));
		int rc = cof_reg_extend(&regs[e->reg], &e->digest, err);
		if (rc < 0)
			return rc;
	}
	memcpy(ret, regs, sizeof regs);
	return 0;
}

/* The first event of this register at or behind *at, which moves past it. */
static const cof_ref_event *next_of(const cof_ref_event *want, size_t n, uint32_t reg, size_t *at)
{
	while (*at < n) {
		const cof_ref_event *e = &want[(*at)++];
		if (e->reg == reg)
			return e;
	}
	return NULL;
}

static void note_expected(cof_event_diff *d, const cof_ref_event *e)
{
	d->reg = e->reg;
	d->expected_type = e->type;
	d->expected = e->digest;
	(void)snprintf(d->name, sizeof d->name, "%s", e->name);
}

static void note_found(cof_event_diff *d, const cof_log_event *e)
{
	d->reg = e->reg;
	d->found_type = e->type;
	d->found = e->digest;
}

static bool same(const cof_ref_event *want, const cof_log_event *got)
{
	return want->type == got->type && (want->open || cof_digest_equal(&want->digest, &got->digest));
}

static bool first_missing(const cof_ref_event *want, size_t n, cof_reg_set judged, const size_t at[COF_REGS_MAX],
			  cof_event_diff *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (!cof_reg_in(judged, want[i].reg) || i < at[want[i].reg])
			continue;
		*ret = (cof_event_diff){.missing = true};
		note_expected(ret, &want[i]);
		return true;
	}
	return false;
}

bool cof_ref_events_differ(const cof_ref_event *want, size_t n, cof_reg_set judged, const cof_eventlog *got,
			   cof_event_diff *ret)
{
	size_t at[COF_REGS_MAX] = {0};
	for (size_t i = 0; i < got->n; i++) {
		const cof_log_event *g = &got->events[i];
		if (!cof_reg_in(judged, g->reg))
			continue;
		const cof_ref_event *w = next_of(want, n, g->reg, &at[g->reg]);
		if (w != NULL && same(w, g))
			continue;
		*ret = (cof_event_diff){.surplus = w == NULL};
		note_found(ret, g);
		if (w != NULL)
			note_expected(ret, w);
		else
			cof_event_name(g, ret->name);
		return true;
	}
	return first_missing(want, n, judged, at, ret);
}
