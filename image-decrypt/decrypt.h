/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's way back: reads an image from any source, decrypts what is encrypted in it, and writes the plain image
 * into a layout. Digest, MAC and diff_id of each layer hold before any of its bytes have a name there.
 */
#pragma once

#include "image-decrypt/enckeys.h"
#include "image-decrypt/layout.h"

typedef struct cof_decrypt_opts {
	const cof_enc_keys *keys;
	bool allow_ctr; /* image-decrypt/encopen.h */
	/* Bytes of layers done and in all; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
} cof_decrypt_opts;

/*
 * wanted is a tag or digest of the source. ret is the new manifest's digest. Reasons "layer-not-encrypted" (policy: no
 * layer is: somebody took the encryption away, or it is the wrong image), those of encopen.h and encblob.h. After a
 * refusal the layout is as it was.
 */
COF_WUR int cof_decrypt_image(const cof_image_source *from, const char *wanted, cof_layout *to, const char *to_tag,
			      const cof_decrypt_opts *opts, cof_digest *ret, cof_err *err);
