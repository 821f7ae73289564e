/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/session.h"

#include <openssl/rand.h>

#include "common/hex.h"
#include "common/secret.h"

struct cof_sessions {
	cof_session *rows;
	size_t max;
	size_t per_peer;
	size_t used;
};

int cof_sessions_new(cof_sessions **ret, size_t max, size_t per_peer, cof_err *err)
{
	COF_AUTO_PTR(cof_sessions) t = calloc(1, sizeof *t);
	if (t == NULL)
		return cof_err_oom(err);
	t->rows = calloc(max, sizeof *t->rows);
	if (t->rows == NULL)
		return cof_err_oom(err);
	t->max = max;
	t->per_peer = per_peer;
	*ret = cof_steal(&t);
	return 0;
}

void cof_sessions_free(cof_sessions *t)
{
	if (t == NULL)
		return;
	if (t->rows != NULL)
		cof_wipe(t->rows, t->max * sizeof *t->rows);
	free(t->rows);
	free(t);
}

void cof_sessions_drop(cof_sessions *t, cof_session *s)
{
	if (s->state == COF_SESSION_FREE)
		return;
	cof_wipe(s, sizeof *s);
	t->used--;
}

static bool live(cof_sessions *t, uint64_t now_ms, cof_session *s)
{
	if (s->state == COF_SESSION_FREE)
		return false;
	if (now_ms < s->deadline_ms)
		return true;
	cof_sessions_drop(t, s);
	return false;
}

/* Sweeps on the way: the one place where the table grows is also the one that cleans it. */
static cof_session *find_room(cof_sessions *t, uint64_t now_ms, cof_span peer)
{
	cof_session *room = NULL;
	size_t mine = 0;
	for (size_t i = 0; i < t->max; i++) {
		cof_session *s = &t->rows[i];
		if (!live(t, now_ms, s))
			room = room != NULL ? room : s;
		else if (cof_ct_equal(cof_span_str(s->peer), peer))
			mine++;
	}
	return mine < t->per_peer ? room : NULL;
}

static int fill_random(cof_session *s, cof_err *err)
{
	uint8_t id[COF_KB_SESSION_LEN / 2], nonce[COF_KB_NONCE_LEN];
	if (RAND_bytes(id, sizeof id) != 1 || RAND_bytes(nonce, sizeof nonce) != 1 ||
	    RAND_priv_bytes(s->credential, sizeof s->credential) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "no-random", "the random number generator failed");
	cof_hex(cof_span_of(id, sizeof id), s->id);
	COF_AUTO_FREE char *text = cof_b64_dup(cof_span_of(nonce, sizeof nonce));
	if (text == NULL || strlen(text) + 1 != sizeof s->nonce)
		return cof_err_oom(err);
	memcpy(s->nonce, text, sizeof s->nonce);
	return 0;
}

int cof_sessions_open(cof_sessions *t, uint64_t now_ms, cof_span peer, cof_session **ret, cof_err *err)
{
	cof_session *s = find_room(t, now_ms, peer);
	if (s == NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "too-many-sessions", "%zu sessions are open", t->used);
	if (peer.len >= sizeof s->peer)
		return cof_err_set(err, COF_E_MALFORMED, "bad-peer", "a peer's address of %zu bytes", peer.len);
	int rc = fill_random(s, err);
	if (rc < 0) {
		cof_wipe(s, sizeof *s);
		return rc;
	}
	if (peer.len > 0)
		memcpy(s->peer, peer.data, peer.len);
	s->state = COF_SESSION_AUTHED;
	s->deadline_ms = now_ms + (uint64_t)COF_SESSION_TTL_S * 1000;
	t->used++;
	*ret = s;
	return 0;
}

cof_session *cof_sessions_find(cof_sessions *t, uint64_t now_ms, cof_span id)
{
	if (id.len != COF_KB_SESSION_LEN)
		return NULL;
	cof_session *found = NULL;
	for (size_t i = 0; i < t->max; i++) {
		cof_session *s = &t->rows[i];
		if (s->state != COF_SESSION_FREE && cof_ct_equal(cof_span_of(s->id, COF_KB_SESSION_LEN), id))
			found = s;
	}
	return found != NULL && live(t, now_ms, found) ? found : NULL;
}

cof_session *cof_sessions_by_token(cof_sessions *t, uint64_t now_ms, const uint8_t hash[COF_SHA256_LEN])
{
	cof_session *found = NULL;
	cof_span want = cof_span_of(hash, COF_SHA256_LEN);
	for (size_t i = 0; i < t->max; i++) {
		cof_session *s = &t->rows[i];
		if (s->state == COF_SESSION_ATTESTED && cof_ct_equal(cof_span_of(s->token_hash, COF_SHA256_LEN), want))
			found = s;
	}
	return found != NULL && live(t, now_ms, found) ? found : NULL;
}

int cof_session_use_nonce(cof_session *s, cof_span nonce, cof_err *err)
{
	if (s->state != COF_SESSION_AUTHED)
		return cof_err_set(err, COF_E_CRYPTO, "nonce-used", "this challenge was answered before");
	s->state = COF_SESSION_ATTESTING;
	if (!cof_ct_equal(nonce, cof_span_of(s->nonce, sizeof s->nonce - 1)))
		return cof_err_set(err, COF_E_CRYPTO, "nonce-mismatch", "the nonce is not this session's");
	return 0;
}

size_t cof_sessions_count(const cof_sessions *t)
{
	return t->used;
}
