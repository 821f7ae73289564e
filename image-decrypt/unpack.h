/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar streams into a directory tree below one descriptor. Paths are resolved here, step by step, in the tree's own
 * root; every open is openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, attributes go to
 * descriptors. Devices are refused, overlay's control attributes are dropped.
 *
 * Two forms of tree:
 * - overlay: this layer alone, whiteouts as character devices 0:0, opaque directories as user.overlay.opaque=y, for
 *   mounts with userxattr. With the lower layers at hand, links into them become copies, symbolic links of theirs in
 *   parents are followed, and directories that the archive implies keep their attributes.
 * - flat: the layers applied one after another to one tree, whiteouts executed.
 *
 * spec: OCI image-spec layer.md
 */
#pragma once

#include "common/buf.h"

typedef enum cof_unpack_form { COF_UNPACK_OVERLAY, COF_UNPACK_FLAT } cof_unpack_form;

enum { COF_UNPACK_LOWERS_MAX = 127 };

/* Limits for those who ask for none. */
#define COF_UNPACK_BYTES ((uint64_t)64 << 30)
#define COF_UNPACK_ENTRIES ((uint64_t)4 << 20)

typedef struct cof_unpack_opts {
	int root_fd; /* the staging directory; empty for overlay */
	cof_unpack_form form;
	const int *lower_fds; /* overlay: directories of the published layers below, top first; may be NULL */
	size_t n_lowers;
	/*
	 * For layers that are unpacked side by side; NULL: the layers below are there. Called once, by the thread that
	 * unpacks, when something of them is first needed. May block; when it returns 0, the descriptors stand in
	 * lower_fds (n_lowers is known before). Its failure ends the unpacking as it is, so its class should be one
	 * that does not blame this layer's bytes (not malformed, not policy).
	 */
	int (*lowers)(void *arg, cof_err *err);
	void *lowers_arg;
	bool own_ids; /* everything belongs to the caller: for owners who are not root */
	bool devices; /* make device nodes; else they are refused: reason "tar-device" (policy) */
	/* Limits; 0 means the default. */
	uint64_t max_bytes;   /* of the tar stream; COF_UNPACK_BYTES: reason "layer-too-large" */
	uint64_t max_entries; /* COF_UNPACK_ENTRIES: reason "tar-too-many-entries" */
	uint64_t min_free;    /* bytes that the file system must have left; none: reason "unpack-no-space" (io) */
} cof_unpack_opts;

typedef struct cof_unpack_result {
	uint64_t entries;
	bool root_opaque;
} cof_unpack_result;

typedef struct cof_unpack cof_unpack;
void cof_unpack_free(cof_unpack *u);
COF_DEFINE_AUTO_PTR(cof_unpack, cof_unpack_free)
COF_WUR int cof_unpack_new(cof_unpack **ret, const cof_unpack_opts *opts, cof_err *err);
/*
 * The next bytes of the tar stream, of any length. Reasons "tar-malformed" and others with that prefix (malformed),
 * "tar-device" (policy), "unpack-io" (io), "unpack-no-space" (io).
 */
COF_WUR int cof_unpack_add(cof_unpack *u, cof_span in, cof_err *err);
/* The stream ended: it must have ended where an archive may. */
COF_WUR int cof_unpack_end(cof_unpack *u, cof_unpack_result *ret, cof_err *err);
