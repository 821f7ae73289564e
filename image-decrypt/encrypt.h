/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's side of ocicrypt: reads an image from a layout, encrypts every layer with a fresh key, wraps these keys
 * for CoCo's attestation-agent provider, and writes the new image into a layout. The config, and so the diff_ids, stay.
 * One pass over each layer: its plain digest is checked while it is encrypted.
 */
#pragma once

#include "image-decrypt/layout.h"

typedef struct cof_encrypt_opts {
	const char *kid; /* "kbs:///repo/type/tag": where the broker keeps the key-encryption key */
	cof_span kek;	 /* 32 bytes */
	/* Bytes of layers done and in all; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
} cof_encrypt_opts;

/* ret is the new manifest's digest. Reasons "kek-size" (usage), "layer-already-encrypted" (usage),
 * "layer-digest-mismatch" (crypto), and those of the parts. Nothing is tagged unless all layers are done. */
COF_WUR int cof_encrypt_image(cof_layout *from, const char *tag, cof_layout *to, const char *to_tag,
			      const cof_encrypt_opts *opts, cof_digest *ret, cof_err *err);
