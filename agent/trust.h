/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init's line to the keeper: requests go out in order, replies come back in order. When the keeper dies, all that
 * waits is answered "keeper-died", and so is everything asked later.
 */
#pragma once

#include <jansson.h>

#include "agent/helper.h"
#include "agent/keeper.h"

enum { COF_TRUST_WAITING_MAX = 128, COF_TRUST_KEY_MS = 120 * 1000 };

typedef struct cof_trust cof_trust;

/* why is NULL on success, ok then the reply's object (borrowed); refusal may come with why. */
typedef void (*cof_trust_done)(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why);

/* Starts the keeper and sends START; done says whether initdata is bound. */
COF_WUR int cof_trust_open(cof_trust **ret, const cof_helper_opts *helper, const cof_keeper_start *start,
			   cof_trust_done done, void *arg, cof_err *err);
void cof_trust_free(cof_trust *t);
COF_DEFINE_AUTO_PTR(cof_trust, cof_trust_free)

COF_WUR int cof_trust_hosts(cof_trust *t, char *const *lines, size_t n, cof_trust_done done, void *arg, cof_err *err);
COF_WUR int cof_trust_attest(cof_trust *t, int timeout_ms, cof_trust_done done, void *arg, cof_err *err);
/* Waits at most COF_TRUST_KEY_MS for the broker. */
COF_WUR int cof_trust_unwrap(cof_trust *t, const char *packet, int key_pipe, cof_trust_done done, void *arg,
			     cof_err *err);
/* COF_KEEPER_LOGINS or COF_KEEPER_SIGNERS, within the same time. */
COF_WUR int cof_trust_image(cof_trust *t, uint32_t type, const char *reference, int pipe, cof_trust_done done,
			    void *arg, cof_err *err);
/* Whoever waits with this arg is not called back any more. */
void cof_trust_forget(cof_trust *t, const void *arg);
