/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key holder's pool of fronts. They share one listening socket; one that ends is replaced, at once at first and
 * with a pause when it keeps happening. Their messages go to the key holder, its answers back to whom they are for;
 * an answer to a front that is gone is dropped.
 */
#pragma once

#include "attestation/kbs/holder.h"

typedef struct cof_fronts cof_fronts;

enum { COF_FRONTS_MAX = 16 };

typedef struct cof_fronts_opts {
	struct event_base *base;
	const char *exe; /* started with `--role front` */
	const char *cert;
	const char *key; /* paths; opened anew for each front, so that a renewed pair is used */
	int listen_fd;	 /* borrowed */
	unsigned n;
	/* A message; negative: the front broke the protocol and is ended. */
	int (*message)(void *arg, cof_ticket from, enum cof_kb_type type, cof_span body, cof_err *err);
	void (*ready)(void *arg);   /* all fronts accept connections; once */
	void (*drained)(void *arg); /* all fronts have left after cof_fronts_drain; once */
	/* A front could not start (a bad TLS key, for example) before all were ready; once. */
	void (*failed)(void *arg);
	void *arg;
} cof_fronts_opts;

COF_WUR int cof_fronts_new(cof_fronts **ret, const cof_fronts_opts *opts, cof_err *err);
/* Kills what is left. */
void cof_fronts_free(cof_fronts *f);
COF_DEFINE_AUTO_PTR(cof_fronts, cof_fronts_free)

void cof_fronts_reply(cof_fronts *f, cof_ticket to, const cof_kb_reply *r);
void cof_fronts_drain(cof_fronts *f);
