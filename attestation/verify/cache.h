/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verifier may remember: certificate chains, collateral and revocation lists that it found good, and a TPM's
 * attestation key. Never a verdict on a report or a quote, and nothing that failed.
 *
 * A part of a verdict is remembered with every byte that went into it, and taken again for the very same bytes alone,
 * in the time in which each of its dates holds, the next update of a list among them. (The bytes are compared, not a
 * digest of them: to hash the collateral of one TDX quote takes longer than everything else that is left to do but its
 * two signatures.) A part that is taken from the cache adds the very checks that it would add without it, so that an
 * answer with a cache is the answer without one, byte by byte.
 *
 * The cache belongs to the caller, who hands it in with cof_verify_in. It has no lock and verifications write to it:
 * one thread at a time, so that each thread has a cache of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/err.h"

enum {
	COF_VERIFY_CACHE_ENTRIES = 256, /* some 50 platforms with their collateral */
	COF_VERIFY_CACHE_ENTRIES_MAX = 1 << 16,
	COF_VERIFY_CACHE_INPUT_MAX = 1 << 20, /* what is larger is judged anew each time */
};

typedef struct cof_verify_cache cof_verify_cache;

/* entries: at most so many parts, the oldest goes first; 0: COF_VERIFY_CACHE_ENTRIES. Reason "cache-size" (usage):
 * above COF_VERIFY_CACHE_ENTRIES_MAX. */
COF_WUR int cof_verify_cache_new(size_t entries, cof_verify_cache **ret, cof_err *err);
void cof_verify_cache_free(cof_verify_cache *c);
COF_DEFINE_AUTO_PTR(cof_verify_cache, cof_verify_cache_free)

typedef struct cof_verify_cache_count {
	size_t entries;
	uint64_t hits, misses; /* parts that were asked for */
} cof_verify_cache_count;

cof_verify_cache_count cof_verify_cache_counted(const cof_verify_cache *c);
