/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer from stored bytes to a directory, in one pass and bounded memory, in blocks that stay in the caches:
 *
 *	read, digest of the stored blob, HMAC, AES-CTR -> inflate -> diff_id digest
 *	                                                          -> untar into a staging directory
 *
 * The caller's thread reads, and shares the rest with as many others as the process may use CPUs, up to four together;
 * the result is the same. Callbacks of the unpacking may come from any of these threads, progress from the caller's.
 *
 * Inflate and untar see bytes before the MAC and the digests are known (they are known at the end), so they trust
 * nothing, and the staging directory must be unreachable for everyone else. Only a return of 0 says that the tree may
 * be published, by the caller's rename; after a failure the caller removes it.
 */
#pragma once

#include "image-decrypt/manifest.h"
#include "image-decrypt/unpack.h"

enum { COF_LAYER_AHEAD = 8 << 20 };

typedef struct cof_layer_job {
	/* From the verified manifest and config. */
	const char *media_type;
	cof_digest digest; /* of the stored blob */
	uint64_t size;
	cof_digest diff_id;
	const char *enc_pubopts; /* the annotation's text; NULL for a plain layer */
	bool allow_plain;	 /* false: a layer that is not encrypted is refused ("layer-not-encrypted") */

	int blob_fd; /* the stored bytes, read to the end of file */
	int key_fd;  /* image-decrypt/layerkey.h; -EBADF for a plain layer. May become readable long after blob_fd */

	/* For whoever has several at once; 0: a thread for each CPU, COF_LAYER_AHEAD. */
	unsigned threads;
	size_t ahead; /* stored bytes taken before the key comes */

	cof_unpack_opts unpack; /* staging directory, lower layers, limits */

	/* Called about every MiB with stored bytes read so far, and at the end; may be NULL. Negative stops
	 * ("cancelled"). */
	int (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
} cof_layer_job;

typedef struct cof_layer_result {
	uint64_t stored_bytes;
	uint64_t tar_bytes;
	uint64_t entries;
	uint64_t decrypt_ms; /* CPU time: digest, MAC, decryption */
	uint64_t unpack_ms;  /* CPU time: inflate, diff_id, untar */
	/* The layer hides everything below it. overlayfs ignores the mark on a layer's root, so the one who mounts must
	 * leave out all lower layers. */
	bool root_opaque;
} cof_layer_result;

/*
 * Neither descriptor is closed. Reasons: "layer-type-unknown", "layer-not-encrypted" (policy), "layer-size-mismatch",
 * "layer-digest-mismatch", "layer-hmac-mismatch", "layer-diffid-mismatch" (crypto), "layer-key-refused",
 * "layer-key-malformed", "layer-inflate", "layer-trailing-bytes", "layer-too-large" (malformed), and "tar-…" of
 * unpack.h. When the stored bytes are wrong, that is the reason given, whatever the wrong bytes made of inflate and
 * untar.
 */
COF_WUR int cof_layer_unpack(const cof_layer_job *job, cof_layer_result *ret, cof_err *err);
