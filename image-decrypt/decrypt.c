/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/decrypt.h"

#include "image-decrypt/encopen.h"
#include "image-decrypt/remake.h"

typedef struct opened {
	cof_layer_key key;
	cof_enc_blob blob; /* nameless until all of them are good */
} opened;

typedef struct decryption {
	cof_remake remake;
	const cof_decrypt_opts *opts;
	opened *layers;
} decryption;

static const cof_desc *desc(const decryption *d, size_t i)
{
	return &d->remake.image.manifest.layers[i];
}

static size_t n_layers(const decryption *d)
{
	return d->remake.image.manifest.n_layers;
}

static void decryption_release(decryption *d)
{
	for (size_t i = 0; d->layers != NULL && i < n_layers(d); i++) {
		cof_layer_key_release(&d->layers[i].key);
		cof_enc_blob_release(&d->layers[i].blob);
	}
	free(d->layers);
	cof_remake_release(&d->remake);
}
COF_DEFINE_AUTO(decryption, decryption_release)

/* All keys before the first byte. */
static int open_keys(decryption *d, cof_err *err)
{
	bool any = false;
	int r = 0;
	d->layers = calloc(n_layers(d) + 1, sizeof *d->layers);
	if (d->layers == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; r == 0 && i < n_layers(d); i++) {
		if (!desc(d, i)->media->encrypted)
			continue;
		any = true;
		r = cof_enc_open(desc(d, i), d->opts->keys, d->opts->allow_ctr, &d->layers[i].key, err);
		if (r < 0)
			r = cof_err_wrap(err, "layer %zu", i);
	}
	if (r == 0 && !any)
		r = cof_err_set(err, COF_E_POLICY, "layer-not-encrypted", "no layer of the image is encrypted");
	return r;
}

static int do_layer(decryption *d, size_t i, cof_err *err)
{
	const cof_layer_key *key = desc(d, i)->media->encrypted ? &d->layers[i].key : NULL;
	int r = cof_remake_blob(&d->remake, i, key, COF_ENC_DECRYPT, &d->layers[i].blob, err);
	if (r < 0)
		return r;
	r = cof_remake_describe(&d->remake, i, false, &d->layers[i].blob, err);
	return r < 0 ? r : cof_remake_drop_encryption(&d->remake, i, err);
}

int cof_decrypt_image(const cof_image_source *from, const char *wanted, cof_layout *to, const char *to_tag,
		      const cof_decrypt_opts *opts, cof_digest *ret, cof_err *err)
{
	COF_AUTO(decryption)
	d = {.opts = opts,
	     .remake = {.from = from, .to = to, .progress = opts->progress, .progress_arg = opts->progress_arg}};
	cof_digest digest;
	size_t size = 0;
	int r = cof_remake_begin(&d.remake, wanted, err);
	if (r == 0)
		r = open_keys(&d, err);
	for (size_t i = 0; r == 0 && i < n_layers(&d); i++)
		r = do_layer(&d, i, err);
	for (size_t i = 0; r == 0 && i < n_layers(&d); i++)
		r = cof_layout_commit(to, &d.layers[i].blob.file, &d.layers[i].blob.digest, err);
	if (r == 0)
		r = cof_remake_store(&d.remake, &digest, &size, err);
	if (r == 0)
		r = cof_remake_tag(&d.remake, to_tag, &digest, size, err);
	if (r == 0)
		*ret = digest;
	return r;
}
