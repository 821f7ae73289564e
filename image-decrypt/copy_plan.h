/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be carried for an image: documents, those that others name first, and the blobs that they name, each
 * once. */
#pragma once

#include "image-decrypt/copy.h"

enum { COF_COPY_BLOBS_MAX = 8192 };

typedef struct cof_copy_doc {
	cof_fetched doc; /* with its media type */
	cof_digest digest;
} cof_copy_doc;

typedef struct cof_copy_plan {
	cof_copy_doc docs[COF_PLATFORMS_MAX + 1]; /* the last one is the image */
	size_t n_docs;
	cof_copy_blob *blobs;
	size_t n_blobs, room;
} cof_copy_plan;

void cof_copy_plan_free(cof_copy_plan *p);
COF_DEFINE_AUTO_PTR(cof_copy_plan, cof_copy_plan_free)

/* Reasons of image.h, and "manifest-malformed" for more documents or blobs than there may be. */
COF_WUR int cof_copy_plan_make(cof_copy_plan **ret, const cof_image_source *src, const char *wanted,
			       const cof_copy_opts *opts, cof_err *err);
