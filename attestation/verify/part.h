/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a verdict that depend on bytes and the time alone, and so can be taken from a cache: for the verifiers of
 * this room and their tests alone.
 */
#pragma once

#include "attestation/verify/cache.h"
#include "attestation/verify/check.h"

enum { COF_PART_INPUTS_MAX = 6 };

/* What a part found, shared by the cache and the verifications that use it. */
typedef struct cof_held {
	size_t refs;
	bool passed;  /* there were checks, and none failed */
	void *object; /* NULL: nothing could be read */
	void (*drop)(void *object);
	/* in a cache alone */
	int64_t from, to; /* in which every dated check passes */
	size_t n;
	cof_check checks[];
} cof_held;

void cof_held_release(cof_held *h);
COF_DEFINE_AUTO_PTR(cof_held, cof_held_release)

typedef struct cof_part {
	const char *name; /* a constant; no two parts have the same */
	/* Every byte that the part's checks and its object depend on. */
	cof_span inputs[COF_PART_INPUTS_MAX];
	size_t n;
	/*
	 * Adds the part's checks; *ret is for those that follow, whether or not they passed. Depends on the inputs and
	 * on now, and on now by cof_check_dated alone. Fails for memory alone.
	 */
	int (*judge)(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *err);
	const void *ctx;
	void (*drop)(void *object);
} cof_part;

/* Out of the cache, or judged, and kept when it passed. cache: NULL: judged. */
COF_WUR int cof_part_judge(cof_verify_cache *cache, const cof_part *p, int64_t now, cof_checks *c, cof_held **ret,
			   cof_err *err);

/* cache.c, for part.c */

/* Borrowed; NULL when it is not there, or not for this time. Counts. */
cof_held *cof_cache_find(cof_verify_cache *cache, const cof_part *p, int64_t now);
/* Takes a reference of its own, and lets go of the one of these inputs or else of the oldest. Without memory for the
 * inputs, and for very large ones, nothing is kept. */
void cof_cache_keep(cof_verify_cache *cache, const cof_part *p, cof_held *h);
