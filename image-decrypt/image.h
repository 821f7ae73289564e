/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as a whole: reference -> index -> manifest -> config, every digest checked, from any source (a registry,
 * a layout on disk). Only after this are its layers worth fetching.
 */
#pragma once

#include "image-decrypt/config.h"
#include "image-decrypt/reference.h"

typedef struct cof_fetched {
	cof_buf body;
	char media_type[COF_MEDIA_TYPE_MAX + 1]; /* "" when the source told none */
} cof_fetched;

void cof_fetched_release(cof_fetched *f);
COF_DEFINE_AUTO(cof_fetched, cof_fetched_release)

/* True when what is wanted is a digest, well-formed or not: it is never looked up as a tag. */
bool cof_image_by_digest(const char *wanted);

/* Where bytes come from. Nothing that it gives is believed. */
typedef struct cof_image_source {
	void *arg;
	/* A manifest or index, by tag or "sha256:…"; at most COF_MANIFEST_MAX bytes. */
	int (*manifest)(void *arg, const char *wanted, cof_fetched *ret, cof_err *err);
	/* A small blob, at most max bytes. */
	int (*blob)(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err);
	/* A layer's stored bytes in order. The receiver counts and checks them; 0 says only that the source had no
	 * more.
	 */
	int (*stream)(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err);
	/* An index of the manifests whose subject this is, unfiltered and from anybody; an empty body when there are
	 * none. NULL: the source has no such list. */
	int (*referrers)(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err);
} cof_image_source;

/* Streams a blob and checks it: reasons "blob-size-mismatch", "blob-digest-mismatch" (crypto). sink has seen bytes that
 * only the return value vouches for. */
COF_WUR int cof_image_stream(const cof_image_source *src, const cof_desc *d, cof_sink sink, void *arg, cof_err *err);

enum { COF_INDEX_DEPTH_MAX = 4 };

/* The document that wanted names, a tag or a digest, with what it is. Reasons "image-digest-mismatch" (crypto) and
 * those of cof_image_manifest_kind. doc must be zeroed. */
COF_WUR int cof_image_fetch(const cof_image_source *src, const char *wanted, cof_fetched *doc, cof_digest *ret,
			    cof_media_kind *ret_kind, cof_err *err);
/* The same for a member of an index; from its descriptor alone, where that holds the bytes. */
COF_WUR int cof_image_member(const cof_image_source *src, const cof_desc *d, cof_fetched *doc, cof_media_kind *ret_kind,
			     cof_err *err);

typedef struct cof_chosen {
	cof_fetched doc;   /* a manifest */
	cof_digest asked;  /* of the document that was named */
	cof_digest digest; /* of doc */
	bool by_index;	   /* they are two */
} cof_chosen;

void cof_chosen_release(cof_chosen *c);
COF_DEFINE_AUTO(cof_chosen, cof_chosen_release)

/* Through at most COF_INDEX_DEPTH_MAX indexes to the manifest for the platform, which may be no image. ret must be
 * zeroed. */
COF_WUR int cof_image_choose(const cof_image_source *src, const char *wanted, cof_platform platform, cof_chosen *ret,
			     cof_err *err);

typedef struct cof_image {
	cof_digest asked;  /* of the document that the reference names (index or manifest) */
	cof_digest digest; /* of the manifest that was chosen */
	cof_buf manifest_bytes;
	cof_buf config_bytes;
	cof_image_manifest manifest;
	cof_config config; /* config.diff_ids[i] belongs to manifest.layers[i] */
} cof_image;

void cof_image_release(cof_image *i);
COF_DEFINE_AUTO(cof_image, cof_image_release)

/*
 * Reasons: "image-digest-mismatch" (crypto) when the document is not the one that wanted's digest names,
 * "config-digest-mismatch", "image-diffid-count", "platform-mismatch", and those of the parts. wanted is a tag or a
 * digest. With COF_PLATFORM_ANY a manifest may be for any platform. ret must be zeroed.
 */
COF_WUR int cof_image_load(const cof_image_source *src, const char *wanted, cof_platform platform, cof_image *ret,
			   cof_err *err);
/* Refuses an image with a layer that is not encrypted: reason "layer-not-encrypted" (policy). */
COF_WUR int cof_image_require_encrypted(const cof_image *i, cof_err *err);
