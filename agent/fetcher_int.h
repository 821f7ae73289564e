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
	const char *token_servers[COF_MIRRORS_MAX + 1];
	const char *mirrors[COF_MIRRORS_MAX + 1]; /* URLs */
	bool logins, signers;			  /* a descriptor of each comes along */
} cof_fetcher_ask;

typedef struct cof_fetcher cof_fetcher;

/* Whoever streams a layer. */
typedef struct cof_fetcher_worker {
	cof_fetcher *f;
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
	cof_login login, mirror_logins[COF_MIRRORS_MAX];
	cof_registry *registry; /* a request at a time for each layer */
	cof_registry *wide;	/* several at once, for the layer that is most of the image; NULL: there is none */
	cof_image image;
	uint64_t total; /* bytes of all layers */
	cof_fetcher_worker workers[COF_FETCHES_MAX];
};

/* Serves COF_FETCHER_PULL. */
COF_WUR int cof_fetcher_pull(cof_fetcher *f, const cof_msg *m, cof_err *err);
