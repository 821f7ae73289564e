/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/fetch.h"

#include <stdio.h>

#include "attestation/endorsements/judge.h"
#include "common/clock.h"

enum { ADOPT_WAIT_MS = 10 * 1000, RENEW_EVERY_MS = 60 * 1000 };

static const char *const state_names[COF_FETCH_STATES] = {
	[COF_FETCH_FRESH] = "fresh", [COF_FETCH_STALE] = "stale",     [COF_FETCH_FETCHED] = "fetched",
	[COF_FETCH_KEPT] = "kept",   [COF_FETCH_MISSING] = "missing",
};

const char *cof_fetch_state_name(cof_fetch_state s)
{
	return s < COF_FETCH_STATES ? state_names[s] : "unknown";
}

void cof_fetch_got_release(cof_fetch_got *f)
{
	cof_endorsement_release(&f->e);
	*f = (cof_fetch_got){0};
}

/* The machine's own failures end a fetch; all others are an answer about this one endorsement. */
static bool is_machine(const cof_err *err)
{
	return err->cls == COF_E_IO || err->cls == COF_E_INTERNAL || err->cls == COF_E_USAGE;
}

/* --- from the cache --- */

static bool is_fresh(const cof_fetcher *f, const cof_endorsement *e)
{
	/* From the future: the clock was set back, and the age says nothing. */
	return e->fetched <= f->now && f->now < cof_endorsement_refresh_at(e);
}

int cof_fetch_cached(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *ret, cof_err *err)
{
	COF_AUTO(cof_fetch_got) out = {.state = COF_FETCH_MISSING};
	int rc = cof_ecache_load(f->store, id, &out.e, &out.why);
	if (rc < 0 && is_machine(&out.why))
		return cof_err_set(err, out.why.cls, out.why.reason, "%s", out.why.text);
	if (rc == 0 && !cof_endorsement_holds(&out.e, f->now)) {
		rc = cof_err_set(&out.why, COF_E_POLICY, "endorsement-expired", "the one in the cache has run out");
		cof_endorsement_release(&out.e);
	}
	if (rc == 0)
		out.state = is_fresh(f, &out.e) ? COF_FETCH_FRESH : COF_FETCH_STALE;
	*ret = out;
	out = (cof_fetch_got){0};
	return 0;
}

/* --- what it is judged by --- */

static bool needs_above(cof_endorse_type t)
{
	return t == COF_ENDORSE_SNP_CRL || t == COF_ENDORSE_SNP_VCEK || t == COF_ENDORSE_TDX_ROOT_CRL;
}

/* Fresh or not: the chain is judged anew with what it vouches for. Nothing where nothing is needed. */
static int load_above(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *above, cof_err *err)
{
	cof_fetcher lazy = *f;
	cof_endorse_id up = {.type = COF_ENDORSE_SNP_CHAIN, .line = id->line, .key = id->key};
	if (!needs_above(id->type))
		return 0;
	if (id->type == COF_ENDORSE_TDX_ROOT_CRL)
		up = (cof_endorse_id){.type = COF_ENDORSE_TDX_QE_IDENTITY};
	lazy.again = false;
	int rc = cof_fetch(&lazy, &up, above, err);
	if (rc == 0 && above->state == COF_FETCH_MISSING)
		rc = cof_err_set(err, above->why.cls, above->why.reason, "what vouches for it: %s", above->why.text);
	return rc;
}

/* Judges and stores, with the lock held. */
static int keep(const cof_fetcher *f, const cof_endorsement *above, cof_endorsement *e, cof_err *err)
{
	const cof_judge_in in = {.above = above, .root = f->root, .now = f->now};
	int rc = cof_endorse_judge(e, &in, err);
	return rc < 0 ? rc : cof_ecache_put(f->store, e, err);
}

/* --- asking --- */

/* While we waited for our turn, another process may have got it. */
static bool came_meanwhile(const cof_fetcher *f, const cof_endorse_id *id, const cof_fetch_got *before,
			   cof_fetch_got *ret)
{
	COF_AUTO(cof_fetch_got) is = {0};
	bool had = before->state != COF_FETCH_MISSING;
	if (cof_fetch_cached(f, id, &is, NULL) < 0 || is.state != COF_FETCH_FRESH ||
	    (had && is.e.fetched <= before->e.fetched))
		return false;
	is.state = COF_FETCH_FETCHED;
	*ret = is;
	is = (cof_fetch_got){0};
	return true;
}

static int ask(const cof_fetcher *f, const cof_endorse_id *id, int64_t deadline_ms, cof_endorsement *ret, cof_err *err)
{
	COF_AUTO(cof_fetch_got) above = {0};
	COF_AUTO(cof_endorsement) e = {.id = *id, .fetched = f->now};
	int rc = load_above(f, id, &above, err);
	if (rc == 0)
		rc = cof_service_get(f->service, deadline_ms, &e, err);
	if (rc == 0)
		rc = keep(f, &above.e, &e, err);
	if (rc < 0)
		return rc;
	*ret = e;
	e = (cof_endorsement){0};
	return 0;
}

/* What holds is not waited for: one process in a minute tries to renew it, and the others have it as it is. */
static int join_renewal(const cof_fetcher *f, const cof_endorse_id *id, int *ret_lock, cof_err *err)
{
	char name[COF_ENDORSE_NAME_MAX], turn[COF_ENDORSE_NAME_MAX + 8];
	COF_AUTO_FD int lock = -EBADF;
	int64_t wait = 0;
	cof_endorse_name(id, name);
	(void)snprintf(turn, sizeof turn, "renew %s", name);
	int rc = cof_ecache_lock(f->store, id, 0, &lock, err);
	if (rc == 0)
		rc = cof_ecache_turn(f->store, turn, RENEW_EVERY_MS, 0, &wait, err);
	if (rc == 0)
		*ret_lock = cof_steal_fd(&lock);
	return rc;
}

/* Single flight: the lock is held from before the question until the answer is stored. */
static int renew(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *inout, cof_err *err)
{
	COF_AUTO(cof_fetch_got) got = {.state = COF_FETCH_FETCHED};
	COF_AUTO_FD int lock = -EBADF;
	int64_t deadline_ms = cof_boot_ms() + cof_service_patience(f->service);
	bool at_once = inout->state == COF_FETCH_STALE && !f->again;
	int rc = at_once ? join_renewal(f, id, &lock, &got.why)
			 : cof_ecache_lock(f->store, id, deadline_ms, &lock, &got.why);
	if (rc < 0 && at_once && cof_err_is(&got.why, "endorsement-busy"))
		return 0;
	if (rc == 0 && !came_meanwhile(f, id, inout, &got))
		rc = ask(f, id, deadline_ms, &got.e, &got.why);
	/* A full disk, or a cache that we may only read, is no reason to give up what holds. */
	if (rc < 0 && inout->state == COF_FETCH_MISSING && is_machine(&got.why))
		return cof_err_set(err, got.why.cls, got.why.reason, "%s", got.why.text);
	if (rc < 0) {
		inout->why = got.why;
		inout->state = inout->state == COF_FETCH_MISSING ? COF_FETCH_MISSING : COF_FETCH_KEPT;
		return 0;
	}
	cof_fetch_got_release(inout);
	*inout = got;
	got = (cof_fetch_got){0};
	return 0;
}

int cof_fetch(const cof_fetcher *f, const cof_endorse_id *id, cof_fetch_got *ret, cof_err *err)
{
	COF_AUTO(cof_fetch_got) out = {0};
	int rc = cof_fetch_cached(f, id, &out, err);
	if (rc == 0 && f->service != NULL && (out.state != COF_FETCH_FRESH || f->again))
		rc = renew(f, id, &out, err);
	if (rc < 0)
		return rc;
	*ret = out;
	out = (cof_fetch_got){0};
	return 0;
}

int cof_fetch_adopt(const cof_fetcher *f, cof_endorsement *e, cof_err *ret_why, cof_err *err)
{
	COF_AUTO(cof_fetch_got) above = {0};
	COF_AUTO_FD int lock = -EBADF;
	cof_err why = {0};
	/* A date from the future would be fresh for ever. */
	e->fetched = e->fetched < f->now ? e->fetched : f->now;
	int rc = load_above(f, &e->id, &above, &why);
	if (rc == 0)
		rc = cof_ecache_lock(f->store, &e->id, cof_boot_ms() + ADOPT_WAIT_MS, &lock, &why);
	if (rc == 0)
		rc = keep(f, &above.e, e, &why);
	if (rc < 0 && is_machine(&why))
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	*ret_why = why;
	return 0;
}
