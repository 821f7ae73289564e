/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an OCI layout wherever its files are: in a folder or in an archive. */
#pragma once

#include "image-decrypt/image.h"

typedef struct cof_layout_files {
	void *arg;
	/* index.json, at most COF_LAYOUT_INDEX_MAX bytes. */
	int (*index)(void *arg, cof_buf *ret, cof_err *err);
	/* A blob whole, at most max bytes; reason "blob-missing". */
	int (*blob)(void *arg, const cof_digest *d, size_t max, cof_buf *ret, cof_err *err);
} cof_layout_files;

/* As a cof_image_source's manifest and referrers. A tag's entry pins the manifest as well as a digest in a name does:
 * reason "image-digest-mismatch" (crypto). */
COF_WUR int cof_layout_manifest(const cof_layout_files *f, const char *wanted, cof_fetched *ret, cof_err *err);
/* Layouts have no list of referrers: the manifests that index.json names are looked through for their subject. */
COF_WUR int cof_layout_referrers(const cof_layout_files *f, const cof_digest *subject, cof_fetched *ret, cof_err *err);
