/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest that is written anew, layer by layer, as OCI's: what encrypting and decrypting share. */
#pragma once

#include "image-decrypt/encblob.h"

typedef struct cof_remake {
	const cof_image_source *from;
	cof_layout *to;
	cof_image image;  /* as it was */
	json_t *manifest; /* as it will be */
	uint64_t done, total;
	void (*progress)(void *arg, uint64_t done, uint64_t total); /* may be NULL */
	void *progress_arg;
} cof_remake;

void cof_remake_release(cof_remake *m);
COF_DEFINE_AUTO(cof_remake, cof_remake_release)

/* Loads the image. from, to and progress are set, the rest is zeroed. */
COF_WUR int cof_remake_begin(cof_remake *m, const char *wanted, cof_err *err);
/* Layer i on its way into the layout; not yet committed. */
COF_WUR int cof_remake_blob(cof_remake *m, size_t i, const cof_layer_key *key, cof_enc_dir dir, cof_enc_blob *ret,
			    cof_err *err);
/* Its annotations, made when there were none. Borrowed. */
COF_WUR int cof_remake_annotations(cof_remake *m, size_t i, json_t **ret, cof_err *err);
/* Takes away what ocicrypt has written there. */
COF_WUR int cof_remake_drop_encryption(cof_remake *m, size_t i, cof_err *err);
/* The layer is this blob now, encrypted or not. */
COF_WUR int cof_remake_describe(cof_remake *m, size_t i, bool encrypted, const cof_enc_blob *blob, cof_err *err);
/* Stores config and manifest. */
COF_WUR int cof_remake_store(cof_remake *m, cof_digest *ret, size_t *ret_size, cof_err *err);
/* Points the tag at what was stored. */
COF_WUR int cof_remake_tag(cof_remake *m, const char *tag, const cof_digest *d, size_t size, cof_err *err);
