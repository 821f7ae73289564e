/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, OCI and docker schema 2. The bytes are hostile until their digest was compared, and their
 * author may be hostile afterwards: exact media types, no document that is both index and manifest, digests and sizes
 * checked before anything uses them, URLs never kept.
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
	json_t *data;	     /* what the descriptor says that the bytes are, as base64 text; NULL when absent */
} cof_desc;

void cof_desc_release(cof_desc *d);
COF_DEFINE_AUTO(cof_desc, cof_desc_release)

/* Reason "descriptor-malformed"; size at most 2^63 - 1. ret must be zeroed. */
COF_WUR int cof_desc_parse(const json_t *v, cof_desc *ret, cof_err *err);
/* An annotation's text, borrowed; NULL when it is not there. */
const char *cof_desc_annotation(const cof_desc *d, const char *key);
/* The bytes that the descriptor itself holds: true only when they are as long as it says and hash to its digest. ret
 * must be empty. */
bool cof_desc_inline(const cof_desc *d, cof_buf *ret);
/* Length and digest of bytes that are at hand. Reason "blob-size-mismatch" or "blob-digest-mismatch" (crypto). */
COF_WUR int cof_desc_check(const cof_desc *d, cof_span bytes, cof_err *err);

typedef struct cof_image_manifest {
	cof_desc config;
	cof_desc *layers; /* bottom first */
	size_t n_layers;
} cof_image_manifest;

void cof_image_manifest_release(cof_image_manifest *m);
COF_DEFINE_AUTO(cof_image_manifest, cof_image_manifest_release)

enum { COF_PLATFORM_WORD_MAX = 31 };

/* spec: OCI image-spec image-index.md "platform": os and architecture as Go names them */
typedef struct cof_platform {
	char os[COF_PLATFORM_WORD_MAX + 1]; /* "": of an index the default is chosen, of anything else all will do */
	char architecture[COF_PLATFORM_WORD_MAX + 1];
	char variant[COF_PLATFORM_WORD_MAX + 1]; /* "v3": at most this; "": what the CPU can run */
} cof_platform;

#define COF_PLATFORM_DEFAULT ((cof_platform){"linux", "amd64", ""})
#define COF_PLATFORM_ANY ((cof_platform){"", "", ""})

/* "OS/ARCHITECTURE[/VARIANT]". Reason "platform-malformed" (usage). */
COF_WUR int cof_platform_parse(const char *in, cof_platform *ret, cof_err *err);
/*
 * How well a platform of an index suits: 0 not at all, else more for a newer variant. Of amd64 (v1 to v4) and arm (v5
 * to v8) a variant runs on all newer ones; of amd64 without a wanted variant the CPU that this runs on decides.
 */
unsigned cof_platform_suits(const cof_platform *has, const cof_platform *want);

/*
 * Which of the two body is; type is the Content-Type (parameters allowed) or descriptor's media type, NULL when there
 * was none. It must agree with the document's own mediaType; a document with both "manifests" and "layers" or
 * "config" is refused. Reasons "manifest-malformed", "manifest-type-mismatch", "manifest-ambiguous",
 * "manifest-schema-1" (docker's old form), "image-not-runnable" (an artifact).
 */
COF_WUR int cof_image_manifest_kind(cof_span body, const char *type, cof_media_kind *ret, cof_err *err);
/*
 * The first of the members that suit the platform best: a manifest, or an index in its turn. One that says no platform
 * is meant only when it is alone; BuildKit's attestations (unknown/unknown) never are. Reasons as above and
 * "platform-not-found" (unavailable). ret must be zeroed.
 */
COF_WUR int cof_index_select(cof_span body, cof_platform want, cof_desc *ret, cof_err *err);
/* Every layer's media type is known. URLs that a descriptor names are never looked at: a foreign layer comes from where
 * the others do. Reasons "layer-type-unknown", "image-not-runnable", and as above. ret must be zeroed. */
COF_WUR int cof_image_manifest_parse(cof_span body, cof_image_manifest *ret, cof_err *err);
