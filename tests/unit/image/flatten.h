/* SPDX-License-Identifier: Apache-2.0 */
/* An image of a layout as one tree, by the steps that `coffer image unpack` takes. */
#pragma once

#include "image-decrypt/enc_provider.h"
#include "image-decrypt/flat.h"
#include "image-decrypt/layout.h"
#include "tests/unit/test.h"

static inline int flatten_with(cof_layout *from, const char *wanted, const char *target, const cof_flat_opts *opts,
			       const cof_flat_keys *keys, cof_err *err)
{
	COF_AUTO_PTR(cof_flat) f = NULL;
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_FREE cof_unpack_answer *answers = calloc(COF_LAYERS_MAX, sizeof *answers);
	const cof_image_source source = cof_layout_source(from);
	int r = cof_flat_new(&f, target, opts, err);
	if (r == 0)
		r = cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, &image, err);
	if (r == 0)
		r = cof_flat_image(f, &source, &image, keys, answers, err);
	return r < 0 ? r : cof_flat_publish(f, err);
}

/* arg is the key-encryption key as a span. */
static inline int flatten_open(void *arg, const cof_desc *d, cof_layer_key *ret, cof_err *err)
{
	const cof_span *kek = arg;
	COF_AUTO(cof_enc_packets) all = {0};
	const char *text = cof_desc_annotation(d, COF_ENC_ANNOTATION_PROVIDER);
	int r = cof_enc_packets_parse(text, &all, err);
	return r < 0 ? r : cof_enc_unwrap(&all.at[0], *kek, false, ret, err);
}

static inline int flatten(cof_layout *from, const char *wanted, const char *target, cof_span kek, cof_err *err)
{
	const cof_flat_opts opts = {0};
	const cof_flat_keys keys = {flatten_open, &kek};
	return flatten_with(from, wanted, target, &opts, kek.len > 0 ? &keys : NULL, err);
}
