/* SPDX-License-Identifier: Apache-2.0 */
/* An image of a layout as one tree, by the steps that `coffer image unpack` takes. */
#pragma once

#include "image-decrypt/enc_provider.h"
#include "image-decrypt/flat.h"
#include "image-decrypt/layout.h"
#include "image-decrypt/staging.h"
#include "tests/unit/test.h"

typedef struct flat_tree {
	cof_staging *staging;
	cof_flat *flat;
} flat_tree;

/* In this order: the folder is removed when nobody writes into it any more. */
static inline void flat_tree_release(flat_tree *t)
{
	if (t->flat != NULL)
		cof_flat_free(t->flat);
	if (t->staging != NULL)
		cof_staging_free(t->staging);
	*t = (flat_tree){0};
}
COF_DEFINE_AUTO(flat_tree, flat_tree_release)

static inline int flat_tree_new(flat_tree *t, const char *target, const cof_flat_opts *opts, cof_err *err)
{
	int r = cof_staging_new(&t->staging, target, err);
	return r < 0 ? r
		     : cof_flat_new(&t->flat, cof_staging_root(t->staging), cof_staging_life(t->staging), opts, err);
}

static inline int flatten_with(cof_layout *from, const char *wanted, const char *target, const cof_flat_opts *opts,
			       const cof_flat_keys *keys, cof_err *err)
{
	COF_AUTO(flat_tree) t = {0};
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_FREE cof_unpack_answer *answers = calloc(COF_LAYERS_MAX, sizeof *answers);
	const cof_image_source source = cof_layout_source(from);
	int r = flat_tree_new(&t, target, opts, err);
	if (r == 0)
		r = cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, &image, err);
	if (r == 0)
		r = cof_flat_image(t.flat, &source, &image, keys, answers, err);
	return r < 0 ? r : cof_staging_publish(t.staging, err);
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
