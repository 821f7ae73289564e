/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of one front: from evhttp to the key holder and back. */
#pragma once

#include <event2/http.h>

#include "attestation/kbs/link.h"

typedef struct cof_front_reqs cof_front_reqs;

COF_WUR int cof_front_reqs_new(cof_front_reqs **ret, cof_link *link, cof_err *err);
void cof_front_reqs_free(cof_front_reqs *r);
COF_DEFINE_AUTO_PTR(cof_front_reqs, cof_front_reqs_free)

/* The general callback of evhttp. arg is the cof_front_reqs. */
void cof_front_on_request(struct evhttp_request *req, void *arg);
/* A reply from the key holder. */
void cof_front_on_reply(cof_front_reqs *r, uint32_t id, cof_span body);
/* From now on answers close their connections. */
void cof_front_reqs_drain(cof_front_reqs *r);
size_t cof_front_reqs_pending(const cof_front_reqs *r);
