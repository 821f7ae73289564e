/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache on disk: one file for each endorsement, named by the hash of its name, whole or not there. Many processes
 * may use it at once. It is a cache and no trust store: whatever comes out of it is judged like what comes from the
 * network; who can write to it can only make answers missing.
 *
 * "e-HEX" an endorsement: SHA-256 of what follows, then entry.h's encoding. "l-HEX" a lock: who holds it is the one
 * that asks the vendor. "s-HEX" when a service may be asked next.
 */
#pragma once

#include "attestation/endorsements/entry.h"

enum { COF_ECACHE_ENTRIES_MAX = 16384 };

typedef struct cof_ecache cof_ecache;

void cof_ecache_free(cof_ecache *s);
COF_DEFINE_AUTO_PTR(cof_ecache, cof_ecache_free)

/*
 * The folder must be ours or root's, and nobody else's to write to: "cache-unsafe" (policy). create: makes it, for us
 * alone. Without it, an absent folder is "cache-missing" (policy).
 */
COF_WUR int cof_ecache_open(const char *dir, bool create, cof_ecache **ret, cof_err *err);

/* Reasons "endorsement-missing" (policy) and "cache-damaged" (malformed: cut, changed, another's, no regular file). */
COF_WUR int cof_ecache_load(const cof_ecache *s, const cof_endorse_id *id, cof_endorsement *ret, cof_err *err);

/* What the cache does for each entry; an entry that is damaged comes as NULL with its reason. Negative stops. */
typedef int (*cof_ecache_visit)(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err);
/* In the order of their names. Reason "cache-full" beyond COF_ECACHE_ENTRIES_MAX. */
COF_WUR int cof_ecache_each(const cof_ecache *s, cof_ecache_visit visit, void *arg, cof_err *err);

/*
 * One process at a time for one endorsement: waits at most until deadline_ms (cof_boot_ms). Closing *ret_fd gives it
 * back. Reason "endorsement-busy" (unavailable).
 */
COF_WUR int cof_ecache_lock(const cof_ecache *s, const cof_endorse_id *id, int64_t deadline_ms, int *ret_fd,
			    cof_err *err);
/*
 * Stores what was judged, under its lock. What is there already and newer stays: "endorsement-rollback" (policy), for
 * an evaluation or list with a lower number or an older date.
 */
COF_WUR int cof_ecache_put(const cof_ecache *s, const cof_endorsement *e, cof_err *err);

/*
 * Takes the next turn to ask a service: *ret_ms is how long to wait first. Turns lie interval_ms apart, for all
 * processes together. One beyond limit_ms is not taken: "endorsement-busy".
 */
COF_WUR int cof_ecache_turn(const cof_ecache *s, const char *service, int64_t interval_ms, int64_t limit_ms,
			    int64_t *ret_ms, cof_err *err);
/* No turn before so many ms from now: the service said so. At most an hour counts. */
COF_WUR int cof_ecache_hold_off(const cof_ecache *s, const char *service, int64_t ms, cof_err *err);
