/* SPDX-License-Identifier: Apache-2.0 */
/* An answer with a cache is the answer without one, whatever the cache has seen before. */
#pragma once

#include "tests/unit/test.h"

#include "attestation/verify/kind.h"
#include "common/json.h"

/* How often our own code asked for memory; tests/room.mk links what counts. */
static size_t cached_allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);

#define CACHED_COUNTS                                                                                                  \
	void *__wrap_malloc(size_t n);                                                                                 \
	void *__wrap_calloc(size_t n, size_t size);                                                                    \
	void *__wrap_realloc(void *p, size_t n);                                                                       \
	void *__wrap_malloc(size_t n)                                                                                  \
	{                                                                                                              \
		cached_allocations++;                                                                                  \
		return __real_malloc(n);                                                                               \
	}                                                                                                              \
	void *__wrap_calloc(size_t n, size_t size)                                                                     \
	{                                                                                                              \
		cached_allocations++;                                                                                  \
		return __real_calloc(n, size);                                                                         \
	}                                                                                                              \
	void *__wrap_realloc(void *p, size_t n)                                                                        \
	{                                                                                                              \
		cached_allocations++;                                                                                  \
		return __real_realloc(p, n);                                                                           \
	}

/* Of one answer. The claims are jansson's, and not counted. */
static inline size_t cached_allocations_of(const char *kind_name, const cof_verify_in *in)
{
	static cof_verdict v;
	const cof_kind *kind = NULL;
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	size_t before = cached_allocations;
	assert_ok(cof_verify(kind, in, &v, &err));
	size_t n = cached_allocations - before;
	assert_true(v.accepted);
	cof_verdict_release(&v);
	return n;
}

/* The whole answer as text; a verdict is too large for a frame. */
static inline char *cached_text(const cof_kind *kind, const cof_verify_in *in, bool *ret_accepted)
{
	cof_verdict *v = calloc(1, sizeof *v);
	json_t *o = NULL;
	assert_non_null(v);
	assert_ok(cof_verify(kind, in, v, &err));
	assert_ok(cof_verdict_json(kind, v, &o, &err));
	char *text = json_dumps(o, JSON_INDENT(1));
	assert_non_null(text);
	*ret_accepted = v->accepted;
	json_decref(o);
	cof_verdict_release(v);
	free(v);
	return text;
}

/* in->cache is asked; gives whether the evidence was accepted. */
static inline bool assert_same_answer(const char *kind_name, const cof_verify_in *in)
{
	cof_verify_in cold = *in;
	const cof_kind *kind = NULL;
	bool accepted = false, cold_accepted = false;
	cold.cache = NULL;
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	COF_AUTO_FREE char *want = cached_text(kind, &cold, &cold_accepted);
	COF_AUTO_FREE char *is = cached_text(kind, in, &accepted);
	assert_string_equal(is, want);
	assert_int_equal(accepted, cold_accepted);
	return accepted;
}

static inline cof_verify_cache *cached_new(size_t entries)
{
	cof_verify_cache *c = NULL;
	assert_ok(cof_verify_cache_new(entries, &c, &err));
	return c;
}

/* What the cache was asked since. */
static inline cof_verify_cache_count cached_since(const cof_verify_cache *c, cof_verify_cache_count before)
{
	cof_verify_cache_count now = cof_verify_cache_counted(c);
	return (cof_verify_cache_count){now.entries, now.hits - before.hits, now.misses - before.misses};
}
