/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements as one needs them: out of the cache while they are fresh, from the vendor when they are not, and out of
 * the cache again when the vendor cannot be reached or says something that does not hold. What still holds is never
 * given up for an answer, and never for silence. One process asks, the others get what it got.
 */
#pragma once

#include "attestation/endorsements/service.h"

typedef enum cof_fetch_state {
	COF_FETCH_FRESH, /* out of the cache: nobody was asked */
	COF_FETCH_STALE, /* out of the cache, holds, but it is time to ask again: another process does, or did just now
			  */
	COF_FETCH_FETCHED, /* the vendor was asked, by us or by another process meanwhile */
	COF_FETCH_KEPT,	   /* asking was in vain (why), and the cache's still holds */
	COF_FETCH_MISSING, /* asking was in vain, and there is none that holds */
	COF_FETCH_STATES
} cof_fetch_state;

/* "fresh", ... */
const char *cof_fetch_state_name(cof_fetch_state s);

typedef struct cof_fetch_got {
	cof_fetch_state state;
	cof_endorsement e; /* unless MISSING */
	cof_err why;	   /* KEPT, MISSING */
} cof_fetch_got;

void cof_fetch_got_release(cof_fetch_got *f);
COF_DEFINE_AUTO(cof_fetch_got, cof_fetch_got_release)

typedef struct cof_fetcher {
	const cof_ecache *store;
	cof_service *service; /* NULL: nobody is asked */
	cof_span root;	      /* named by hand; empty: AMD's and Intel's pinned keys */
	int64_t now;	      /* seconds since the epoch */
	bool again;	      /* ask, however fresh the cache's is */
} cof_fetcher;

/*
 * Refusals and silence of the service are states; fails for the machine's own reasons, where there is nothing that
 * holds. What it is judged by (the chain above) is fetched first where it is needed.
 */
COF_WUR int cof_fetch(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *ret, cof_err *err);

/*
 * Without asking anybody: FRESH, STALE or MISSING. A server answers with what is STALE at once, and calls cof_fetch
 * behind its answer: then one process in a minute asks, and no other one waits.
 */
COF_WUR int cof_fetch_cached(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *ret, cof_err *err);

/*
 * Judges and stores what came another way (a bundle), under its lock: *ret_why has no reason when it was stored.
 * Fails for the machine's own reasons.
 */
COF_WUR int cof_fetch_adopt(const cof_fetcher *f, cof_endorsement *e, cof_err *ret_why, cof_err *err);
