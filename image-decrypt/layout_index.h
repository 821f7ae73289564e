/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.json of an OCI layout, in a folder or in an archive: which names it gives to which manifests. Hostile. Reason
 * "layout-malformed".
 *
 * spec: OCI image-spec image-layout.md "index.json file"; annotations.md "org.opencontainers.image.ref.name"
 */
#pragma once

#include "image-decrypt/manifest.h"

enum { COF_LAYOUT_INDEX_MAX = 4 << 20, COF_LAYOUT_ENTRIES_MAX = 4096 };

#define COF_LAYOUT_INDEX_EMPTY "{\"schemaVersion\":2,\"manifests\":[]}"
#define COF_LAYOUT_VERSION "{\"imageLayoutVersion\":\"1.0.0\"}"

/* The file "oci-layout". */
COF_WUR int cof_layout_version_check(cof_span in, cof_err *err);
/* ret is a new reference. */
COF_WUR int cof_layout_index_parse(cof_span in, json_t **ret, cof_err *err);
/*
 * The entry that a tag names; "" means "latest", else the only entry. A layout with a single entry that has no name
 * gives that for every tag. Reason "tag-missing". ret must be zeroed.
 */
COF_WUR int cof_layout_index_find(const json_t *index, const char *tag, cof_desc *ret, cof_err *err);
/* Points a tag at a manifest, replacing an older one. */
COF_WUR int cof_layout_index_set(json_t *index, const char *tag, const char *media_type, const cof_digest *d,
				 size_t size, cof_err *err);
