/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/cache.h"

#include "attestation/verify/part.h"

typedef struct entry {
	const char *name;
	size_t len[COF_PART_INPUTS_MAX], n;
	cof_buf inputs; /* one behind the other */
	cof_held *held;
} entry;

struct cof_verify_cache {
	size_t max, n, oldest; /* once it is full, the oldest is replaced: a ring */
	uint64_t hits, misses;
	entry entries[];
};

static void entry_release(entry *e)
{
	cof_buf_release(&e->inputs);
	cof_held_release(e->held);
	*e = (entry){0};
}

int cof_verify_cache_new(size_t entries, cof_verify_cache **ret, cof_err *err)
{
	size_t max = entries > 0 ? entries : COF_VERIFY_CACHE_ENTRIES;
	if (max > COF_VERIFY_CACHE_ENTRIES_MAX)
		return cof_err_set(err, COF_E_USAGE, "cache-size", "a cache of %zu entries", max);
	cof_verify_cache *c = calloc(1, sizeof *c + max * sizeof c->entries[0]);
	if (c == NULL)
		return cof_err_oom(err);
	c->max = max;
	*ret = c;
	return 0;
}

void cof_verify_cache_free(cof_verify_cache *c)
{
	for (size_t i = 0; c != NULL && i < c->n; i++)
		entry_release(&c->entries[i]);
	free(c);
}

cof_verify_cache_count cof_verify_cache_counted(const cof_verify_cache *c)
{
	return (cof_verify_cache_count){c->n, c->hits, c->misses};
}

/* ---- inputs ---- */

static size_t total(const cof_part *p)
{
	size_t len = 0;
	for (size_t i = 0; i < p->n; i++)
		len += p->inputs[i].len;
	return len;
}

static bool has_lengths(const entry *e, const cof_part *p)
{
	bool same = e->n == p->n;
	for (size_t i = 0; same && i < p->n; i++)
		same = e->len[i] == p->inputs[i].len;
	return same;
}

/* Nothing here is secret; memcmp stops at the first byte that differs. */
static bool is_of(const entry *e, const cof_part *p)
{
	bool same = has_lengths(e, p) && strcmp(e->name, p->name) == 0;
	const uint8_t *at = e->inputs.data;
	for (size_t i = 0; same && i < p->n; i++) {
		cof_span in = p->inputs[i];
		if (in.len == 0)
			continue;
		same = memcmp(at, in.data, in.len) == 0;
		at += in.len;
	}
	return same;
}

static size_t place_of(const cof_verify_cache *c, const cof_part *p)
{
	size_t i = 0, len = total(p);
	while (i < c->n && (c->entries[i].inputs.len != len || !is_of(&c->entries[i], p)))
		i++;
	return i;
}

static int copy_inputs(const cof_part *p, entry *e, cof_err *err)
{
	e->name = p->name;
	e->n = p->n;
	int rc = cof_buf_reserve(&e->inputs, total(p), err);
	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		e->len[i] = p->inputs[i].len;
		if (e->len[i] > 0)
			rc = cof_buf_add(&e->inputs, p->inputs[i].data, e->len[i], err);
	}
	return rc;
}

/* ---- entries ---- */

cof_held *cof_cache_find(cof_verify_cache *c, const cof_part *p, int64_t now)
{
	size_t i = place_of(c, p);
	cof_held *h = i == c->n ? NULL : c->entries[i].held;
	if (h == NULL || now < h->from || now > h->to) {
		c->misses++;
		return NULL;
	}
	c->hits++;
	return h;
}

void cof_cache_keep(cof_verify_cache *c, const cof_part *p, cof_held *h)
{
	entry e = {0};
	if (total(p) > COF_VERIFY_CACHE_INPUT_MAX || copy_inputs(p, &e, NULL) < 0) {
		entry_release(&e);
		return;
	}
	size_t i = place_of(c, p);
	if (i == c->n && c->n == c->max) {
		i = c->oldest;
		c->oldest = (c->oldest + 1) % c->max;
	}
	if (i == c->n)
		c->n++;
	h->refs++;
	e.held = h;
	entry_release(&c->entries[i]);
	c->entries[i] = e;
}
