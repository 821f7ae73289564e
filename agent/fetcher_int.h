/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetcher's files share: fetcher_pull.c loads and judges the image, fetcher.c streams its layers. */
#pragma once

#include <pthread.h>

#include "agent/policy.h"
#include "agent/roles.h"
#include "image-decrypt/authfile.h"
#include "image-decrypt/registry.h"

enum { COF_FETCHER_RESOLVE_MAX = 256 };

typedef struct cof_fetcher_ask {
	const char *reference, *ca, *proxy;
	const char *resolve[COF_FETCHER_RESOLVE_MAX + 1];
	const char *no_proxy[COF_POLICY_WORDS_MAX + 1];
	bool logins, signers; /* a descriptor of each comes along */
} cof_fetcher_ask;

typedef struct cof_fetcher cof_fetcher;

/* Whoever streams a layer. Its connection is kept for the next one. */
typedef struct cof_fetcher_worker {
	cof_fetcher *f;
	cof_registry *registry;
	bool busy;
	size_t layer;
	int pipe;
	uint64_t done, said;
} cof_fetcher_worker;

struct cof_fetcher {
	int chan;
	pthread_mutex_t lock; /* of what is sent on chan once there are threads, and of each worker's busy */
	json_t *doc;	      /* the PULL request, owner of what p borrows */
	cof_fetcher_ask p;
	cof_ref ref;
	cof_login login;
	cof_image image;
	cof_fetcher_worker workers[COF_FETCHES_MAX]; /* the first one's connection has asked for the image */
};

/* A connection of its own, as the request wants it. */
COF_WUR int cof_fetcher_connect(const cof_fetcher *f, cof_registry **ret, cof_err *err);
/* Serves COF_FETCHER_PULL. */
COF_WUR int cof_fetcher_pull(cof_fetcher *f, const cof_msg *m, cof_err *err);
