/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer's blob on its way through the cipher or past it, in one pass: the stored bytes are held against their
 * descriptor, the plain ones against the diff_id, the MAC against the public options. What comes out is written into a
 * layout, or only looked at.
 */
#pragma once

#include "image-decrypt/layout.h"
#include "image-decrypt/ocicrypt.h"

typedef struct cof_enc_job {
	const cof_image_source *from;
	const cof_desc *desc;
	const cof_digest *diff_id;
	const cof_layer_key *key; /* NULL: the bytes stay as they are */
	cof_enc_dir dir;	  /* what the key is for */
	cof_layout *to;		  /* NULL: nothing is written */
	/* Called with the stored bytes of each step; may be NULL. */
	void (*progress)(void *arg, size_t more);
	void *progress_arg;
} cof_enc_job;

typedef struct cof_enc_blob {
	cof_layout_new file; /* to be committed; empty when nothing was written */
	cof_digest digest;   /* of what came out */
	uint64_t size;
	uint8_t hmac[COF_ENC_HMAC_LEN]; /* after an encryption */
} cof_enc_blob;

void cof_enc_blob_release(cof_enc_blob *b);
COF_DEFINE_AUTO(cof_enc_blob, cof_enc_blob_release)

/*
 * A layer that stays encrypted is not held against its diff_id. Reasons: "blob-size-mismatch", "blob-digest-mismatch",
 * "layer-hmac-mismatch", "layer-diffid-mismatch" (crypto), "layer-inflate", "layer-trailing-bytes" (malformed),
 * "layer-pubopts-malformed", and those of the source. ret must be zeroed.
 */
COF_WUR int cof_enc_blob_make(const cof_enc_job *job, cof_enc_blob *ret, cof_err *err);
