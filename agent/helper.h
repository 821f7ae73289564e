/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper process: this same program in another role, started by exec with its channel on descriptor 3 and nothing
 * else that is not named. Its end shows as the end of its channel.
 */
#pragma once

#include "agent/children.h"
#include "common/chan.h"
#include "common/proc.h"

enum { COF_HELPER_CHAN = 3, COF_HELPER_PATIENCE_S = 5 };

typedef struct cof_helper cof_helper;

typedef struct cof_helper_opts {
	struct event_base *base;
	cof_children *children;
	const char *exe;
	const char *role;
	/* The channel has a message, or has ended: receive one. */
	void (*readable)(void *arg);
	void *arg;
} cof_helper_opts;

COF_WUR int cof_helper_start(cof_helper **ret, const cof_helper_opts *opts, cof_err *err);
/* Kills it. May be called from readable. */
void cof_helper_free(cof_helper *h);
COF_DEFINE_AUTO_PTR(cof_helper, cof_helper_free)

/* A receive on it waits at most COF_HELPER_PATIENCE_S for the rest of a message. */
int cof_helper_chan(const cof_helper *h);
pid_t cof_helper_pid(const cof_helper *h);
/* Turns a broken channel into "<role>-died"; other errors stay. */
int cof_helper_explain(const cof_helper *h, cof_err *err);
