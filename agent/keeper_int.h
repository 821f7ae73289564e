/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper's files share: its state, and the questions of the REST API (keeper_rest.c). */
#pragma once

#include <event2/event.h>

#include "agent/cdh.h"
#include "agent/kbs_client.h"
#include "agent/keeper.h"
#include "agent/keeper_keys.h"
#include "agent/policy.h"
#include "agent/rest.h"

typedef struct cof_keeper {
	int chan;
	struct event_base *base;
	struct event *readable;
	const cof_attester_backend *backend;
	cof_attester *attester;
	cof_kbs_client *kbs; /* NULL when aa.toml names no broker */
	cof_rest *rest;
	cof_policy *policy; /* for what the workload may have; the rest of it is init's */
	cof_cdh cdh;
	cof_keeper_keys keys;
	bool started;
	bool broken; /* the channel is gone: nobody is left to serve */
} cof_keeper;

/* Reason "kbs-missing". */
COF_WUR int cof_keeper_need_kbs(const cof_keeper *k, cof_err *err);
/* port -1: none. */
COF_WUR int cof_keeper_open_rest(cof_keeper *k, int port, cof_err *err);
