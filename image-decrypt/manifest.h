/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, OCI and docker schema 2. The bytes are hostile until their digest was compared, and their
 * author may be hostile afterwards: exact media types, no document that is both index and manifest, one level of
 * index, digests and sizes checked before anything uses them, foreign URLs never kept.
 *
 * spec: OCI image-spec manifest.md, image-index.md, descriptor.md
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"

enum {
	COF_MANIFEST_MAX = 4 << 20,
	COF_CONFIG_MAX = 4 << 20,
	COF_LAYERS_MAX = 127, /* docker's limit, and below overlayfs's 500 */
	COF_PLATFORMS_MAX = 256,
	COF_MEDIA_TYPE_MAX = 127,
	COF_ANNOTATION_MAX = 64 << 10,
};

typedef enum cof_media_kind { COF_MEDIA_INDEX, COF_MEDIA_MANIFEST, COF_MEDIA_CONFIG, COF_MEDIA_LAYER } cof_media_kind;
typedef enum cof_compression { COF_COMP_NONE, COF_COMP_GZIP, COF_COMP_ZSTD } cof_compression;

typedef struct cof_media {
	const char *name;
	cof_media_kind kind;
	cof_compression comp; /* of layers */
	bool encrypted;
	const char *as_encrypted; /* what the layer is called when encrypted; NULL: cannot be */
} cof_media;

/* What a stream's first four bytes say. */
cof_compression cof_compression_of(cof_span head);

/* NULL for a type that we do not know. Parameters ("; charset=…") must be cut off before. */
const cof_media *cof_media_find(const char *name);

typedef struct cof_desc {
	char media_type[COF_MEDIA_TYPE_MAX + 1];
	const cof_media *media; /* NULL: unknown */
	cof_digest digest;
	uint64_t size;
	json_t *annotations; /* an object of strings without NUL, each at most COF_ANNOTATION_MAX; NULL when absent */
} cof_desc;

void cof_desc_release(cof_desc *d);
COF_DEFINE_AUTO(cof_desc, cof_desc_release)

/* Reason "descriptor-malformed"; size at most 2^63 - 1. ret must be zeroed. */
COF_WUR int cof_desc_parse(const json_t *v, cof_desc *ret, cof_err *err);
/* An annotation's text, borrowed; NULL when it is not there. */
const char *cof_desc_annotation(const cof_desc *d, const char *key);
/* Length and digest of bytes that are at hand. Reason "blob-size-mismatch" or "blob-digest-mismatch" (crypto). */
COF_WUR int cof_desc_check(const cof_desc *d, cof_span bytes, cof_err *err);

typedef struct cof_image_manifest {
	cof_desc config;
	cof_desc *layers; /* bottom first */
	size_t n_layers;
} cof_image_manifest;

void cof_image_manifest_release(cof_image_manifest *m);
COF_DEFINE_AUTO(cof_image_manifest, cof_image_manifest_release)

typedef struct cof_platform {
	const char *os;
	const char *architecture;
} cof_platform;

#define COF_PLATFORM_DEFAULT ((cof_platform){"linux", "amd64"})

/*
 * Which of the two body is; type is the Content-Type (parameters allowed) or descriptor's media type, NULL when there
 * was none. It must agree with the document's own mediaType; a document with both "manifests" and "layers" or
 * "config" is refused. Reasons "manifest-malformed", "manifest-type-mismatch", "manifest-ambiguous".
 */
COF_WUR int cof_image_manifest_kind(cof_span body, const char *type, cof_media_kind *ret, cof_err *err);
/* The first member for the platform. Reasons as above and "platform-not-found" (unavailable). ret must be zeroed. */
COF_WUR int cof_index_select(cof_span body, cof_platform want, cof_desc *ret, cof_err *err);
/* Every layer's media type is known, foreign layers are refused. ret must be zeroed. */
COF_WUR int cof_image_manifest_parse(cof_span body, cof_image_manifest *ret, cof_err *err);
