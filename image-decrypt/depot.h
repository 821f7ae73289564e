/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images as people write them, and the places that they name, open for reading or for writing:
 *
 *	oci:DIR[:REF][@DIGEST]             an OCI layout
 *	oci-archive:FILE[:REF][@DIGEST]    a tar of one
 *	docker-archive:FILE[:REF|:@N]      what `docker save` writes; for reading alone
 *	docker://HOST/NAME[:TAG][@DIGEST]  a repository of a registry
 *
 * Without such a word a name is a layout (LAYOUT[:TAG]) or a reference, as its caller says. What is read is as hostile
 * as its place: digests are checked by those who load it (image-decrypt/image.h).
 */
#pragma once

#include "image-decrypt/image.h"

typedef enum cof_depot_kind {
	COF_DEPOT_LAYOUT,
	COF_DEPOT_OCI_ARCHIVE,
	COF_DEPOT_DOCKER_ARCHIVE,
	COF_DEPOT_REGISTRY,
} cof_depot_kind;

typedef struct cof_image_name {
	cof_depot_kind kind;
	char *path;		   /* of a layout or an archive; NULL for a registry */
	char tag[COF_REF_STR_MAX]; /* "": none was given */
	bool has_digest;	   /* it decides what is read */
	cof_digest digest;
	cof_ref registry; /* of a registry alone */
} cof_image_name;

void cof_image_name_release(cof_image_name *n);
COF_DEFINE_AUTO(cof_image_name, cof_image_name_release)

/* bare is what a name without a word is: a layout or a registry. Reasons "image-name" (usage), "reference-malformed".
 * ret must be zeroed. */
COF_WUR int cof_image_name_parse(const char *in, cof_depot_kind bare, cof_image_name *ret, cof_err *err);

/* For registries; the others need none of it. Borrowed until cof_depot_open returns; the lists are NULL-ended. */
typedef struct cof_depot_opts {
	cof_span ca_pem;	     /* empty: the system's roots */
	const char *const *resolve;  /* as in common/http.h; may be NULL */
	const char *const *mirrors;  /* "HOST[:PORT][/PREFIX]", asked before the name's own host; may be NULL */
	const char *proxy;	     /* NULL: none */
	const char *const *no_proxy; /* hosts that are reached without it, as in common/http.h; may be NULL */
	const char *const *partners; /* servers that belong to the registry, as in registry.h; may be NULL */
	cof_span auth;		     /* the text of docker's config.json; empty: anonymous */
	void (*sent)(void *arg, uint64_t bytes); /* called as a blob's bytes go up, while it ends; may be NULL */
	void *sent_arg;
} cof_depot_opts;

typedef struct cof_depot cof_depot;

/*
 * For reading: the place must be there ("layout-malformed", "archive-malformed", "no-such-file"). For writing: a
 * layout is made when absent, an archive is written beside its name and appears by cof_depot_close alone. n is
 * copied; opts may be NULL. Reason "depot-read-only" (usage) for a docker-archive that is to be written.
 */
COF_WUR int cof_depot_open(cof_depot **ret, const cof_image_name *n, bool write, const cof_depot_opts *opts,
			   cof_err *err);
/* What was begun and not closed leaves nothing but blobs that no name leads to. */
void cof_depot_free(cof_depot *p);
COF_DEFINE_AUTO_PTR(cof_depot, cof_depot_free)

/* --- reading --- */

/* For cof_image_load and others; p outlives it. One that was opened for writing can be read too, but for archives. */
cof_image_source cof_depot_source(cof_depot *p);
/* The name's own digest or tag, as cof_image_load wants it; "": the only image there, or "latest". Borrowed. */
const char *cof_depot_wanted(const cof_depot *p);

/* --- writing --- */

/* A place that has the blob already need not get it again. */
COF_WUR int cof_depot_has(cof_depot *p, const cof_desc *d, bool *ret, cof_err *err);

/* A blob whose digest may be known only at its end. One at a time. */
typedef struct cof_blob_new cof_blob_new;
COF_WUR int cof_blob_begin(cof_depot *p, cof_blob_new **ret, cof_err *err);
/* A cof_sink: arg is the cof_blob_new. */
COF_WUR int cof_blob_add(void *arg, cof_span chunk, cof_err *err);
/* Publishes what was added as d's digest. The caller has hashed it: nothing is hashed here. */
COF_WUR int cof_blob_end(cof_blob_new *b, const cof_digest *d, cof_err *err);
/* A blob that did not end leaves nothing. */
void cof_blob_free(cof_blob_new *b);
COF_DEFINE_AUTO_PTR(cof_blob_new, cof_blob_free)

/* True when a blob that is a file at one place can go to the other from there, without another copy on disk. */
bool cof_depot_direct(const cof_depot *from, const cof_depot *to);
/* Sends it so. Nothing is hashed here. */
COF_WUR int cof_depot_send(cof_depot *from, cof_depot *to, const cof_desc *d, cof_err *err);

/* A small blob whole, under its SHA-256. */
COF_WUR int cof_depot_put(cof_depot *p, cof_span bytes, cof_digest *ret, cof_err *err);
/* A manifest or index, after all that it names; tag NULL: by digest alone. ret is its SHA-256. */
COF_WUR int cof_depot_put_manifest(cof_depot *p, const char *media_type, cof_span body, const char *tag,
				   cof_digest *ret, cof_err *err);
/* The tag that what is written gets: the name's, else "latest"; NULL: the name has a digest alone. Borrowed. */
const char *cof_depot_tag(const cof_depot *p);
/* All was written. Nothing may be written afterwards. */
COF_WUR int cof_depot_close(cof_depot *p, cof_err *err);
