/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI image layout on the owner's disk: blobs by digest, tags in index.json. Blobs are written beside their place
 * and renamed, index.json is replaced whole, so a layout is never half-written. Reading trusts nothing: what comes out
 * is checked against its digest by the reader (image-decrypt/image.h).
 *
 * spec: OCI image-spec image-layout.md
 */
#pragma once

#include "image-decrypt/image.h"
#include "image-decrypt/newfile.h"

typedef struct cof_layout cof_layout;

/* Opens a folder; create makes it when absent. Reason "layout-malformed". */
COF_WUR int cof_layout_open(cof_layout **ret, const char *path, bool create, cof_err *err);
void cof_layout_free(cof_layout *l);
COF_DEFINE_AUTO_PTR(cof_layout, cof_layout_free)

/* For cof_image_load; l outlives it. A tag is looked up in index.json, a digest in the blobs. */
cof_image_source cof_layout_source(cof_layout *l);

/* A blob for reading. Reason "blob-missing". */
COF_WUR int cof_layout_blob(const cof_layout *l, const cof_digest *d, int *ret_fd, cof_err *err);
/* Stores bytes under their SHA-256. */
COF_WUR int cof_layout_put(cof_layout *l, cof_span bytes, cof_digest *ret, cof_err *err);

/* A blob whose digest is known only at its end: write to fd, then commit; what is released instead leaves nothing. */
COF_WUR int cof_layout_begin(cof_layout *l, cof_newfile *ret, cof_err *err);
COF_WUR int cof_layout_commit(cof_layout *l, cof_newfile *n, const cof_digest *d, cof_err *err);

/* Points a tag at a stored manifest, replacing an older one. */
COF_WUR int cof_layout_tag(cof_layout *l, const char *tag, const char *media_type, const cof_digest *d, size_t size,
			   cof_err *err);
