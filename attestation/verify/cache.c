/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/cache.h"

#include "attestation/verify/part.h"
#include "common/digest.h"
#include "common/secret.h"

struct cof_verify_cache {
	cof_hasher *hasher;
	size_t max, n, oldest; /* once it is full, the oldest is replaced: a ring */
	uint64_t hits, misses;
	cof_part_key *keys;
	cof_held **held;
};

int cof_verify_cache_new(size_t entries, cof_verify_cache **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_verify_cache) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	c->max = entries > 0 ? entries : COF_VERIFY_CACHE_ENTRIES;
	c->keys = calloc(c->max, sizeof *c->keys);
	c->held = calloc(c->max, sizeof *c->held);
	if (c->keys == NULL || c->held == NULL)
		return cof_err_oom(err);
	int rc = cof_hasher_new(&c->hasher, COF_SHA256, err);
	if (rc == 0)
		*ret = cof_steal(&c);
	return rc;
}

void cof_verify_cache_free(cof_verify_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		cof_held_release(c->held[i]);
	cof_hasher_free(c->hasher);
	free(c->keys);
	free(c->held);
	free(c);
}

cof_verify_cache_count cof_verify_cache_counted(const cof_verify_cache *c)
{
	return (cof_verify_cache_count){c->n, c->hits, c->misses};
}

/* Digests have one length, so that no two lists of inputs give the same bytes to the last one. */
int cof_part_key_of(cof_verify_cache *cache, const cof_part *p, cof_part_key *ret, cof_err *err)
{
	uint8_t digests[1 + COF_PART_INPUTS_MAX][COF_SHA256_LEN];
	int rc = cof_hasher_once(cache->hasher, cof_span_str(p->name), digests[0], err);
	for (size_t i = 0; rc == 0 && i < p->n; i++)
		rc = cof_hasher_once(cache->hasher, p->inputs[i], digests[1 + i], err);
	if (rc < 0)
		return rc;
	return cof_hasher_once(cache->hasher, cof_span_of(digests, (1 + p->n) * COF_SHA256_LEN), ret->bytes, err);
}

static size_t place_of(const cof_verify_cache *c, const cof_part_key *key)
{
	size_t i = 0;
	while (i < c->n && !cof_ct_equal(cof_span_of(c->keys[i].bytes, COF_PART_KEY_LEN),
					 cof_span_of(key->bytes, COF_PART_KEY_LEN)))
		i++;
	return i;
}

cof_held *cof_cache_find(cof_verify_cache *c, const cof_part_key *key, int64_t now)
{
	size_t i = place_of(c, key);
	if (i == c->n || now < c->held[i]->from || now > c->held[i]->to) {
		c->misses++;
		return NULL;
	}
	c->hits++;
	return c->held[i];
}

void cof_cache_keep(cof_verify_cache *c, const cof_part_key *key, cof_held *h)
{
	size_t i = place_of(c, key);
	if (i == c->n && c->n == c->max) {
		i = c->oldest;
		c->oldest = (c->oldest + 1) % c->max;
	}
	if (i == c->n)
		c->n++;
	else
		cof_held_release(c->held[i]);
	h->refs++;
	c->keys[i] = *key;
	c->held[i] = h;
}
