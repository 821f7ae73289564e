/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's look into an image: all its layers as one tree, or one layer, in a folder that nobody else can see
 * (staging.h). Fetching and keys stay in this process; every byte of a layer is looked at in another one
 * (unpack_child.h), which is made first, before there is anything in memory that it should not have.
 */
#pragma once

#include "image-decrypt/image.h"
#include "image-decrypt/unpack_child.h"

typedef struct cof_flat_opts {
	bool devices; /* make device nodes; root only */
	/* Limits of the whole tree; 0 means the default of unpack.h. */
	uint64_t max_bytes, max_entries;
	/* Stored bytes of one layer, done and in all; may be NULL. */
	void (*progress)(void *arg, size_t layer, uint64_t done, uint64_t total);
	void *progress_arg;
} cof_flat_opts;

typedef struct cof_flat cof_flat;
/* Fills root, an empty folder; life as in unpack_child.h. opts outlive it. Everything belongs to the caller unless
 * root. */
COF_WUR int cof_flat_new(cof_flat **ret, int root, int life, const cof_flat_opts *opts, cof_err *err);
/* Nobody writes into the folder afterwards. */
void cof_flat_free(cof_flat *f);
COF_DEFINE_AUTO_PTR(cof_flat, cof_flat_free)

/* Opens the key of an encrypted layer. */
typedef struct cof_flat_keys {
	int (*open)(void *arg, const cof_desc *d, cof_layer_key *ret, cof_err *err);
	void *arg;
} cof_flat_keys;

/*
 * All layers of a loaded image, bottom first; whether it may be unpacked was decided before. keys NULL: there are none.
 * ret has room for as many answers as there are layers. Reasons "layer-key-refused" (policy: encrypted, and no key),
 * and those of unpack_child.h and of the source.
 */
COF_WUR int cof_flat_image(cof_flat *f, const cof_image_source *src, const cof_image *image, const cof_flat_keys *keys,
			   cof_unpack_answer *ret, cof_err *err);
/* One layer from a file, whatever its compression; size is for the progress alone. */
COF_WUR int cof_flat_file(cof_flat *f, int fd, uint64_t size, cof_unpack_answer *ret, cof_err *err);
