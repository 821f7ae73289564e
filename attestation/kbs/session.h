/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of guests, in memory only: a restart forgets them and guests attest again. A session lives a fixed
 * time from its challenge on; nothing extends it. Its nonce is good for one attestation, whatever that one's end.
 * The table is bounded, and one address may hold only a share of it, so that a flood cannot push out the others:
 * a session that is there is never dropped for a new one.
 */
#pragma once

#include "attestation/kbs/wire.h"
#include "attestation/verify/status.h"
#include "common/digest.h"

enum cof_session_state {
	COF_SESSION_FREE,
	COF_SESSION_BINDING,   /* the verifier makes the TPM's challenge */
	COF_SESSION_AUTHED,    /* challenged */
	COF_SESSION_ATTESTING, /* the nonce is used up */
	COF_SESSION_ATTESTED,
	COF_SESSION_STATES,
};

enum {
	COF_SESSIONS_MAX = 4096,
	COF_SESSIONS_PER_PEER = 512,
	COF_SESSION_TTL_S = 300,
	COF_AK_PUBLIC_MAX = 1024,
	COF_CREDENTIAL_LEN = 32,
	COF_VERDICT_WORD = 65,
	COF_VERDICT_TEXT = 257,
};

/* What the verifier found, with nothing borrowed. */
typedef struct cof_session_verdict {
	bool affirming;
	char reason[COF_VERDICT_WORD];
	char detail[COF_VERDICT_TEXT];
	uint32_t pcr;
	char event[COF_VERDICT_TEXT];
	char expected[COF_VERDICT_TEXT];
	char found[COF_VERDICT_TEXT];
	char reference[COF_VERDICT_TEXT];
	char initdata[2 * COF_SHA256_LEN + 1]; /* hex of the digest in the evidence */
	char ak_name[2 * COF_SHA256_LEN + 1];
	uint8_t pcrs[COF_KB_PCRS_LEN];
	int trust[COF_TRUST_COUNT];
} cof_session_verdict;

typedef struct cof_session {
	enum cof_session_state state;
	char id[COF_KB_SESSION_LEN + 1];
	char nonce[45]; /* base64 of 32 bytes, as it was sent */
	char peer[65];
	char tee[17];
	uint64_t deadline_ms;
	bool has_credential;
	uint8_t credential[COF_CREDENTIAL_LEN];
	uint8_t ak_public[COF_AK_PUBLIC_MAX];
	size_t ak_public_len;
	/* from the attestation on */
	char key_x[129];
	char key_y[129];
	uint8_t token_hash[COF_SHA256_LEN];
	cof_session_verdict verdict;
} cof_session;

typedef struct cof_sessions cof_sessions;

COF_WUR int cof_sessions_new(cof_sessions **ret, size_t max, size_t per_peer, cof_err *err);
/* Wipes them all. */
void cof_sessions_free(cof_sessions *t);
COF_DEFINE_AUTO_PTR(cof_sessions, cof_sessions_free)

/* A new session in state AUTHED with random id, nonce and credential. Unavailable, reason "too-many-sessions". The
 * pointer is good until the session is dropped or expires. */
COF_WUR int cof_sessions_open(cof_sessions *t, uint64_t now_ms, cof_span peer, cof_session **ret, cof_err *err);
/* NULL when unknown or expired. */
cof_session *cof_sessions_find(cof_sessions *t, uint64_t now_ms, cof_span id);
/* The attested session whose token has this hash. */
cof_session *cof_sessions_by_token(cof_sessions *t, uint64_t now_ms, const uint8_t hash[COF_SHA256_LEN]);
/* Forgets and wipes. */
void cof_sessions_drop(cof_sessions *t, cof_session *s);
/* AUTHED to ATTESTING when the nonce is this session's; the nonce is used up even when it is not. Crypto, reason
 * "nonce-mismatch" or "nonce-used". */
COF_WUR int cof_session_use_nonce(cof_session *s, cof_span nonce, cof_err *err);
size_t cof_sessions_count(const cof_sessions *t);
