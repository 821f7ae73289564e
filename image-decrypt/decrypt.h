/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's way back: reads an image from any place, decrypts what is encrypted in it, and writes the plain image to
 * another. A layer's bytes have a name there only when its digest, MAC and diff_id held.
 */
#pragma once

#include "image-decrypt/enckeys.h"
#include "image-decrypt/remake.h"

typedef struct cof_decrypt_opts {
	const cof_enc_keys *keys;
	bool allow_ctr; /* image-decrypt/encopen.h */
} cof_decrypt_opts;

/*
 * ret is the new manifest's digest. Reasons "layer-not-encrypted" (policy: no layer is: somebody took the encryption
 * away, or it is the wrong image), those of encopen.h and encblob.h. No name of an image leads to what is not whole.
 */
COF_WUR int cof_decrypt_image(const cof_remake_opts *places, const cof_decrypt_opts *opts, cof_digest *ret,
			      cof_err *err);
