/* SPDX-License-Identifier: Apache-2.0 */
/* Replays predicted events, and finds the first event of a log that differs from them. */
#include <stdio.h>

#include "common/secret.h"
#include "firmware/tpm/pcr.h"

bool cof_pcr_is_predicted(uint32_t pcr)
{
	return pcr <= 7 || pcr == 9;
}

int cof_ref_events_replay(const cof_ref_event *events, size_t n, uint8_t ret[COF_PCRS][COF_SHA256_LEN], cof_err *err)
{
	uint8_t pcrs[COF_PCRS][COF_SHA256_LEN];
	for (uint32_t i = 0; i < COF_PCRS; i++)
		cof_pcr_start(i, 0, pcrs[i]);
	for (size_t i = 0; i < n; i++) {
		if (events[i].pcr >= COF_PCRS)
			return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "PCR %u", events[i].pcr);
		int rc = cof_pcr_extend(pcrs[events[i].pcr], events[i].digest, err);
		if (rc < 0)
			return rc;
	}
	memcpy(ret, pcrs, sizeof pcrs);
	return 0;
}

/* The first event of this register at or behind *at, which moves past it. */
static const cof_ref_event *next_of(const cof_ref_event *want, size_t n, uint32_t pcr, size_t *at)
{
	while (*at < n) {
		const cof_ref_event *e = &want[(*at)++];
		if (e->pcr == pcr)
			return e;
	}
	return NULL;
}

static void note_expected(cof_event_diff *d, const cof_ref_event *e)
{
	d->pcr = e->pcr;
	(void)snprintf(d->name, sizeof d->name, "%s", e->name);
	memcpy(d->expected, e->digest, sizeof d->expected);
}

static bool same(const cof_ref_event *want, const cof_log_event *got)
{
	return want->type == got->type &&
	       cof_ct_equal(cof_span_of(want->digest, COF_SHA256_LEN), cof_span_of(got->digest, COF_SHA256_LEN));
}

static bool first_missing(const cof_ref_event *want, size_t n, const size_t at[COF_PCRS], cof_event_diff *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (!cof_pcr_is_predicted(want[i].pcr) || i < at[want[i].pcr])
			continue;
		*ret = (cof_event_diff){.missing = true};
		note_expected(ret, &want[i]);
		return true;
	}
	return false;
}

bool cof_ref_events_differ(const cof_ref_event *want, size_t n, const cof_eventlog *got, cof_event_diff *ret)
{
	size_t at[COF_PCRS] = {0};
	for (size_t i = 0; i < got->n; i++) {
		const cof_log_event *g = &got->events[i];
		if (!cof_pcr_is_predicted(g->pcr))
			continue;
		const cof_ref_event *w = next_of(want, n, g->pcr, &at[g->pcr]);
		if (w != NULL && same(w, g))
			continue;
		*ret = (cof_event_diff){.pcr = g->pcr, .surplus = w == NULL};
		memcpy(ret->found, g->digest, sizeof ret->found);
		if (w != NULL)
			note_expected(ret, w);
		else
			cof_event_name(g, ret->name);
		return true;
	}
	return first_missing(want, n, at, ret);
}
