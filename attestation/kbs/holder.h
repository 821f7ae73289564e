/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key holder: the only process with the store, the signing keys, the nonces and the release decision. It
 * answers a table of small messages from fronts, which may be compromised: each is judged by the session that it
 * names and by what that session may do now. It parses no JSON and no TPM structure of a stranger: evidence goes to
 * a fresh verifier unread, and only what the owner's admin key signed is parsed here.
 */
#pragma once

#include <event2/event.h>

#include "attestation/kbs/wire.h"

typedef struct cof_holder cof_holder;

/* Where an answer goes: a front (and which life of it) and its number of the request. */
typedef struct cof_ticket {
	uint32_t front;
	uint32_t life;
	uint32_t id;
} cof_ticket;

typedef struct cof_holder_opts {
	const char *store_dir;
	struct event_base *base;
	const char *exe; /* started again for each verifier */
	/* Called exactly once for each message that was handled, now or later. */
	void (*reply)(void *arg, cof_ticket to, const cof_kb_reply *r);
	void *arg;
} cof_holder_opts;

COF_WUR int cof_holder_new(cof_holder **ret, const cof_holder_opts *opts, cof_err *err);
void cof_holder_free(cof_holder *h);
COF_DEFINE_AUTO_PTR(cof_holder, cof_holder_free)

/* A message from a front. A negative return means that the front broke the protocol between us: end it. */
COF_WUR int cof_holder_handle(cof_holder *h, cof_ticket from, enum cof_kb_type type, cof_span body, cof_err *err);
/* Messages whose answers wait for a verifier. */
size_t cof_holder_pending(const cof_holder *h);
/* From now on only what runs already is finished; everything new is answered 503. */
void cof_holder_drain(cof_holder *h);

/* `coffer-kbs init`: a new store with its keys; the admin's private key goes to admin_key_path, mode 0600. */
COF_WUR int cof_holder_init(const char *store_dir, const char *admin_key_path, cof_err *err);
