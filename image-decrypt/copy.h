/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries an image from one place to another, byte for byte: blobs that the other lacks, each once and hashed on the
 * way, then the manifests, so that a name never shows up anywhere before all that it names.
 */
#pragma once

#include "image-decrypt/depot.h"

enum { COF_COPY_JOBS = 3 };

typedef enum cof_copy_state { COF_COPY_WAITS, COF_COPY_RUNS, COF_COPY_DONE, COF_COPY_THERE } cof_copy_state;

typedef struct cof_copy_blob {
	cof_desc desc;
	bool layer; /* else a config */
	cof_copy_state state;
	uint64_t done; /* bytes */
} cof_copy_blob;

typedef struct cof_copy_opts {
	cof_platform platform; /* which manifest of an index is carried */
	bool all;	       /* the index with all that it names */
	unsigned jobs;	       /* blobs at a time, where one side is a registry; 0: COF_COPY_JOBS */
	/* Called whenever a blob moved, which comes to DONE or THERE once; by one thread at a time; may be NULL. */
	void (*progress)(void *arg, const cof_copy_blob *blobs, size_t n, const cof_copy_blob *moved);
	void *progress_arg;
} cof_copy_opts;

typedef struct cof_copy_result {
	cof_digest digest; /* of what the name means now */
	size_t manifests, blobs;
	uint64_t carried, there; /* bytes of blobs that were sent, and that were there already */
} cof_copy_result;

/*
 * depot is for both sides. Reasons: those of image.h and of both places, "blob-size-mismatch", "blob-digest-mismatch"
 * (crypto) for a source that is damaged, "image-digest-mismatch" (usage) when to names another digest,
 * "digest-algorithm" (usage) for a manifest that is named by anything but its SHA-256.
 */
COF_WUR int cof_copy_image(const cof_image_name *from, const cof_image_name *to, const cof_depot_opts *depot,
			   const cof_copy_opts *opts, cof_copy_result *ret, cof_err *err);
