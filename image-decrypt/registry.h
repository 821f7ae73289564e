/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry client: HTTPS only, one repository per object. The registry and the network are hostile: answers have
 * limits, digests decide, credentials go to the registry and to a token realm over https only, a redirected request
 * carries none, and waiting is bounded.
 *
 * spec: OCI distribution-spec; distribution/distribution docs "Token Authentication"
 */
#pragma once

#include "common/http.h"
#include "common/secret.h"
#include "image-decrypt/image.h"

typedef struct cof_registry cof_registry;

typedef struct cof_registry_opts {
	cof_span ca_pem;	    /* empty: the system's roots */
	const char *const *resolve; /* as in common/http.h; may be NULL */
	const char *proxy;	    /* NULL: none */
	const char *user;	    /* NULL: anonymous */
	const cof_secret *password;
	bool push;	  /* ask for push rights too */
	unsigned retries; /* times that a cut transfer is resumed or a 5xx is asked again; 0: 5 */
} cof_registry_opts;

void cof_registry_free(cof_registry *r);
COF_DEFINE_AUTO_PTR(cof_registry, cof_registry_free)

/* Copies what it needs of opts. No traffic yet. */
COF_WUR int cof_registry_new(cof_registry **ret, const cof_ref *ref, const cof_registry_opts *opts, cof_err *err);

/* For cof_image_load; r outlives it. */
cof_image_source cof_registry_source(cof_registry *r);

/*
 * A blob in order into sink, exactly d->size bytes of the asked digest; a cut connection is resumed by Range (or from
 * the start, skipping what sink had). sink has seen bytes that were not checked yet: only the return value says that
 * they are good. Reasons "layer-size-mismatch", "layer-digest-mismatch" (crypto), "registry-refused" (401, 403),
 * "registry-not-found", "registry-status", and common/http.h's.
 */
COF_WUR int cof_registry_blob(cof_registry *r, const cof_desc *d, cof_sink sink, void *arg, cof_err *err);

COF_WUR int cof_registry_has_blob(cof_registry *r, const cof_desc *d, bool *ret, cof_err *err);
/* Nothing is sent when the registry has the blob. fd is read from its start. */
COF_WUR int cof_registry_push_blob(cof_registry *r, const cof_desc *d, int fd, cof_err *err);
/* name is a tag or the digest of body. */
COF_WUR int cof_registry_push_manifest(cof_registry *r, const char *name, const char *media_type, cof_span body,
				       cof_err *err);
