/* SPDX-License-Identifier: Apache-2.0 */
/* An answer with a cache is the answer without one, whatever the cache has seen before. */
#pragma once

#include "tests/unit/test.h"

#include "attestation/verify/kind.h"
#include "common/json.h"

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
