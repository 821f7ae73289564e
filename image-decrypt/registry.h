/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry client: HTTPS only, one repository per object, used by any number of threads at once. The registry and
 * the network are hostile: answers have limits, digests decide, credentials go to the registry and to a token server
 * of its own alone, no redirect leads into this machine or takes credentials along, and waiting is bounded.
 *
 * spec: OCI distribution-spec; distribution/distribution docs "Token Authentication"
 */
#pragma once

#include "common/http.h"
#include "image-decrypt/authfile.h"
#include "image-decrypt/image.h"

typedef struct cof_registry cof_registry;

enum { COF_MIRRORS_MAX = 8, COF_STREAMS_MAX = 8 };

/* Another place that serves the same repository: asked, in order, before the registry itself, for what a digest names
 * and nothing else, so that it can only be slow or absent. */
typedef struct cof_registry_mirror {
	const char *url;	/* "https://HOST[:PORT][/PREFIX]"; "/v2/NAME…?ns=HOST" is put behind it */
	const cof_login *login; /* NULL: anonymous */
} cof_registry_mirror;

typedef struct cof_registry_opts {
	cof_span ca_pem;	     /* empty: the system's roots */
	bool system_roots;	     /* the system's too, beside ca_pem */
	const char *const *resolve;  /* as in common/http.h; may be NULL */
	const char *proxy;	     /* NULL: none */
	const char *const *no_proxy; /* as in common/http.h; may be NULL */
	const cof_login *login;	     /* NULL: anonymous */
	const cof_registry_mirror *mirrors;
	size_t n_mirrors;
	/* Servers that belong to the registry, "HOST" (port 443) or "HOST:PORT", NULL-ended, may be NULL: a token
	 * server there gets the login, and any of them may lie inside this machine. The registry's own host is one. */
	const char *const *partners;
	bool push;	     /* ask for push rights too */
	unsigned retries;    /* times that what may pass is asked again without progress; 0: 5 */
	unsigned backoff_ms; /* the first pause, doubled for each further one; 0: 250 */
	unsigned streams;    /* requests at once for one large layer, at most, where one is seen to be slow; 0: 4 */
	bool eager;	     /* so many from the start, slow or not */
	void (*sent)(void *arg, uint64_t bytes); /* called as a blob's bytes go up; may be NULL */
	void *sent_arg;
} cof_registry_opts;

void cof_registry_free(cof_registry *r);
COF_DEFINE_AUTO_PTR(cof_registry, cof_registry_free)

/* Copies what it needs of opts. No traffic yet. Reason "mirror-url" (usage). */
COF_WUR int cof_registry_new(cof_registry **ret, const cof_ref *ref, const cof_registry_opts *opts, cof_err *err);

/*
 * For cof_image_load and its kin; r outlives it. stream gives a blob's bytes in order, never more than its descriptor
 * says, and never less when it succeeds; a cut connection is resumed by Range (or from the start, skipping what the
 * sink had), a large blob on a slow line comes in several ranges at once. The bytes are not hashed here: that is
 * cof_image_stream's. Reasons "layer-size-mismatch", "registry-range", "registry-changed" (crypto), "registry-refused"
 * (401, 403), "registry-not-found", "registry-busy", "registry-status", those that begin with "challenge-" or "token-",
 * and common/http.h's.
 */
cof_image_source cof_registry_source(cof_registry *r);

COF_WUR int cof_registry_has_blob(cof_registry *r, const cof_desc *d, bool *ret, cof_err *err);
/* Nothing is sent when the registry has the blob. fd is read from its start. */
COF_WUR int cof_registry_push_blob(cof_registry *r, const cof_desc *d, int fd, cof_err *err);
/* name is a tag or the digest of body. */
COF_WUR int cof_registry_push_manifest(cof_registry *r, const char *name, const char *media_type, cof_span body,
				       cof_err *err);
