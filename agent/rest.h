/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST API that workloads use, on the guest's loopback: GET /cdh/resource/REPO/TYPE/TAG, GET /aa/token, and POST
 * /aa/aael, {"domain","operation","content"}, which measures. It answers callers on loopback only, knows no other
 * method or path, and never says more than a class of failure.
 *
 * source: CoCo guest-components, api-server-rest
 */
#pragma once

#include <event2/event.h>

#include "attestation/evidence/cclog.h"
#include "common/kbs_proto.h"
#include "common/secret.h"

typedef struct cof_rest cof_rest;

typedef struct cof_rest_ops {
	/* All block until answered or failed; err's class chooses the status. */
	COF_WUR int (*resource)(void *arg, const cof_kbsp_path *path, cof_secret *ret, cof_err *err);
	COF_WUR int (*token)(void *arg, cof_secret *ret, cof_err *err); /* the JSON to answer with */
	COF_WUR int (*measure)(void *arg, const cof_runtime_event *e, cof_err *err);
	void *arg;
} cof_rest_ops;

/* port 0 takes a free one. Reason "rest-listen" (io). */
COF_WUR int cof_rest_new(cof_rest **ret, struct event_base *base, int port, const cof_rest_ops *ops, cof_err *err);
int cof_rest_port(const cof_rest *r);
void cof_rest_free(cof_rest *r);
COF_DEFINE_AUTO_PTR(cof_rest, cof_rest_free)
