/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's side of ocicrypt: reads an image from any place, encrypts its layers with fresh keys, wraps these for
 * recipients, and writes the new image to another place. A layer that is encrypted already keeps its bytes and gets the
 * recipients beside those it has, when a key opens it. The config, and so the diff_ids, stay; a docker manifest becomes
 * an OCI one, because only these have names for encrypted layers.
 *
 * One pass over each layer: its digest and diff_id are checked while it is encrypted. What was written is read and
 * decrypted again before it gets its tag.
 */
#pragma once

#include "image-decrypt/enckeys.h"
#include "image-decrypt/encto.h"
#include "image-decrypt/remake.h"

typedef struct cof_encrypt_opts {
	const cof_enc_to *to;
	const cof_enc_keys *keys; /* open layers that are encrypted already; NULL: there must be none */
	bool allow_ctr;		  /* of their packets: image-decrypt/encopen.h */
	const long *layers;	  /* which, from 0, negative ones from the end; the rest stays as it is */
	size_t n_layers;	  /* 0: all */
} cof_encrypt_opts;

/*
 * ret is the new manifest's digest. Reasons "no-recipient", "layer-index", "layer-already-encrypted" (usage),
 * "blob-digest-mismatch", "layer-diffid-mismatch" (crypto), "encrypt-unreadable" (internal: what was written does not
 * read back), those of encopen.h and of the parts. No name leads to what is not whole.
 */
COF_WUR int cof_encrypt_image(const cof_remake_opts *places, const cof_encrypt_opts *opts, cof_digest *ret,
			      cof_err *err);
