/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an image becomes layer folders, as a state machine in init's loop: the fetcher resolves and streams, the keeper
 * attests at the same time and opens keys, and each layer has an unpacker of its own; several are under way at once. A
 * layer gets its name only when its unpacker has found every digest and MAC right and all layers below it have theirs;
 * on any failure everything in the folder is removed.
 */
#pragma once

#include "agent/cdh.h"
#include "agent/hosts.h"
#include "agent/roles.h"
#include "agent/store.h"
#include "agent/trust.h"
#include "agent/watch.h"

enum { COF_PULL_SILENCE_S = 180, COF_PULL_PARALLEL = 3 };

typedef struct cof_pull cof_pull;

typedef struct cof_pull_result {
	const char *folder; /* layers are "0" (bottom) … in it */
	size_t n_layers;
	size_t lowest; /* the first that counts: what lies below an opaque root is left out */
	cof_span config;
	const char *digest; /* of the manifest */
} cof_pull_result;

/* why is NULL on success. pull is still the caller's to free. */
typedef void (*cof_pull_done)(void *arg, const cof_pull_result *res, const cof_err *why);

typedef struct cof_pull_opts {
	cof_helper_opts helper; /* base, children, exe */
	cof_trust *trust;	/* NULL: no KBS, so no attestation and no encrypted layer */
	cof_trust *keeper;	/* the same, also without a KBS */
	cof_watch *watch;
	const char *folder;	/* of cof_store_make */
	const char *reference;	/* NAME@DIGEST */
	const char *digest;	/* the policy's pin */
	bool require_encrypted; /* a layer that is not is refused: "layer-not-encrypted" */
	size_t parallel;	/* layers under way at once, at most COF_FETCHES_MAX; 0: COF_PULL_PARALLEL */
	const cof_cdh *cdh;	/* how the owner wants images pulled */
	const cof_hosts *hosts;
	cof_pull_done done;
	void *arg;
} cof_pull_opts;

COF_WUR int cof_pull_start(cof_pull **ret, const cof_pull_opts *opts, cof_err *err);
/* Ends its helpers. Keeps what is in the folder when the pull was a success, else removes it. */
void cof_pull_free(cof_pull *p);
COF_DEFINE_AUTO_PTR(cof_pull, cof_pull_free)

enum { COF_PULL_PORTS_MAX = 3 + 2 * COF_CDH_MIRRORS_MAX };

typedef struct cof_pull_ports {
	char text[COF_PULL_PORTS_MAX][8];
	const char *list[COF_PULL_PORTS_MAX + 1]; /* NULL-ended */
} cof_pull_ports;

/* Ports to resolve names for: 443, and those of the registry, its mirrors and token servers, and of the proxy. */
void cof_pull_ports_of(const char *reference, const cof_cdh *cdh, cof_pull_ports *ret);
