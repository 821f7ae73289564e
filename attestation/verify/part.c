/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/part.h"

void cof_held_release(cof_held *h)
{
	if (h == NULL || --h->refs > 0)
		return;
	if (h->object != NULL && h->drop != NULL)
		h->drop(h->object);
	free(h);
}

/* The checks as they would be made now. */
static void replay(const cof_held *h, int64_t now, cof_checks *c)
{
	char is[COF_TIME_TEXT_MAX];
	if (h->n > 0)
		cof_time_text(now, is);
	for (size_t i = 0; i < h->n; i++) {
		cof_check *k = &c->list[c->n++];
		*k = h->checks[i];
		if (k->dated)
			memcpy(k->found, is, sizeof is);
	}
}

static bool has_room(const cof_checks *c, const cof_held *h)
{
	return h->n <= COF_CHECKS_MAX - c->n;
}

/* Each dated check was passed at one time, and passes from the latest beginning to the earliest end. */
static void narrow(cof_held *h)
{
	h->from = INT64_MIN;
	h->to = INT64_MAX;
	for (size_t i = 0; i < h->n; i++) {
		const cof_check *k = &h->checks[i];
		if (k->dated && k->from > h->from)
			h->from = k->from;
		if (k->dated && k->to < h->to)
			h->to = k->to;
	}
}

static int judge_now(bool keep, const cof_part *p, int64_t now, cof_checks *c, cof_held **ret, cof_err *err)
{
	size_t from = c->n, failed = c->failed;
	void *object = NULL;
	int rc = p->judge(p->ctx, now, c, &object, err);
	bool passed = rc == 0 && c->failed == failed && c->n > from;
	size_t n = keep && passed ? c->n - from : 0;
	cof_held *h = rc < 0 ? NULL : malloc(sizeof *h + n * sizeof h->checks[0]);
	if (h == NULL) {
		if (object != NULL && p->drop != NULL)
			p->drop(object);
		return rc < 0 ? rc : cof_err_oom(err);
	}
	*h = (cof_held){.refs = 1, .passed = passed, .object = object, .drop = p->drop, .n = n};
	if (n > 0)
		memcpy(h->checks, &c->list[from], n * sizeof h->checks[0]);
	narrow(h);
	*ret = h;
	return 0;
}

int cof_part_judge(cof_verify_cache *cache, const cof_part *p, int64_t now, cof_checks *c, cof_held **ret, cof_err *err)
{
	cof_held *known = cache == NULL ? NULL : cof_cache_find(cache, p, now);
	if (known != NULL && has_room(c, known)) {
		replay(known, now, c);
		known->refs++;
		*ret = known;
		return 0;
	}
	int rc = judge_now(cache != NULL, p, now, c, ret, err);
	if (rc == 0 && (*ret)->n > 0)
		cof_cache_keep(cache, p, *ret);
	return rc;
}
