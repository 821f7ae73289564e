/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer's blob on its way through the cipher or past it, in one pass: the stored bytes are held against their
 * descriptor, the plain ones against the diff_id, the MAC against the public options. What comes out is written to a
 * place, or only looked at.
 */
#pragma once

#include "image-decrypt/depot.h"
#include "image-decrypt/ocicrypt.h"

typedef struct cof_enc_job {
	const cof_image_source *from;
	const cof_desc *desc;
	const cof_digest *diff_id;
	const cof_layer_key *key; /* NULL: the bytes stay as they are */
	cof_enc_dir dir;	  /* what the key is for */
	cof_depot *to;		  /* NULL: nothing is written */
	/* Called with the bytes done so far; may be NULL. */
	void (*progress)(void *arg, uint64_t done);
	void *progress_arg;
} cof_enc_job;

typedef struct cof_enc_blob {
	cof_digest digest; /* of what came out */
	uint64_t size;
	uint8_t hmac[COF_ENC_HMAC_LEN]; /* after an encryption */
} cof_enc_blob;

/*
 * What was written has its name only when all checks held. A layer that stays encrypted is not held against its
 * diff_id. Reasons: "blob-size-mismatch", "blob-digest-mismatch", "layer-hmac-mismatch", "layer-diffid-mismatch"
 * (crypto), "layer-inflate", "layer-trailing-bytes", "layer-too-large", "layer-pubopts-malformed" (malformed), and
 * those of the source and of depot.h.
 */
COF_WUR int cof_enc_blob_make(const cof_enc_job *job, cof_enc_blob *ret, cof_err *err);
