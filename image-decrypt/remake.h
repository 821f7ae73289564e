/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest that is written anew, layer by layer, as OCI's: what encrypting and decrypting share. */
#pragma once

#include "image-decrypt/encblob.h"

/* How far it is. */
typedef struct cof_remake_step {
	size_t layer, n_layers;
	uint64_t done, total;	      /* bytes of this layer */
	uint64_t all_done, all_total; /* of all */
} cof_remake_step;

/* From where to where; borrowed. */
typedef struct cof_remake_opts {
	const cof_image_name *from, *to;
	const cof_depot_opts *depot; /* for both; may be NULL */
	cof_platform platform;
	void (*progress)(void *arg, const cof_remake_step *step); /* may be NULL */
	void *progress_arg;
} cof_remake_opts;

typedef struct cof_remake {
	const cof_remake_opts *opts;
	cof_depot *from, *to;
	cof_image_source source;
	cof_image image;  /* as it was */
	json_t *manifest; /* as it will be */
	cof_remake_step step;
} cof_remake;

void cof_remake_release(cof_remake *m);
COF_DEFINE_AUTO(cof_remake, cof_remake_release)

/* Loads the image; the other place is opened when something is written. ret must be zeroed. Reason "image-name" (usage)
 * for a name with a digest to be written. */
COF_WUR int cof_remake_begin(cof_remake *ret, const cof_remake_opts *opts, cof_err *err);
/* Layer i on its way to the new place. */
COF_WUR int cof_remake_blob(cof_remake *m, size_t i, const cof_layer_key *key, cof_enc_dir dir, cof_enc_blob *ret,
			    cof_err *err);
/* Its annotations, made when there were none. Borrowed. */
COF_WUR int cof_remake_annotations(cof_remake *m, size_t i, json_t **ret, cof_err *err);
/* Takes away what ocicrypt has written there. */
COF_WUR int cof_remake_drop_encryption(cof_remake *m, size_t i, cof_err *err);
/* The layer is this blob now, encrypted or not. */
COF_WUR int cof_remake_describe(cof_remake *m, size_t i, bool encrypted, const cof_enc_blob *blob, cof_err *err);
/*
 * Stores config and manifest. check looks at what was written before its name leads there; of an archive, which can
 * only be read when it is whole, nothing is left when check says no. ret is the manifest's digest.
 */
COF_WUR int cof_remake_end(cof_remake *m,
			   int (*check)(void *arg, const cof_image_source *written, const char *wanted, cof_err *err),
			   void *arg, cof_digest *ret, cof_err *err);
