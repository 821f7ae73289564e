/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/decrypt.h"

#include "image-decrypt/encopen.h"

typedef struct decryption {
	cof_remake remake;
	const cof_decrypt_opts *opts;
	cof_layer_key keys[COF_LAYERS_MAX];
} decryption;

static void decryption_release(decryption *d)
{
	for (size_t i = 0; i < COF_LAYERS_MAX; i++)
		cof_layer_key_release(&d->keys[i]);
	cof_remake_release(&d->remake);
}
COF_DEFINE_AUTO(decryption, decryption_release)

static const cof_desc *desc(const decryption *d, size_t i)
{
	return &d->remake.image.manifest.layers[i];
}

static size_t n_layers(const decryption *d)
{
	return d->remake.image.manifest.n_layers;
}

/* All keys before the first byte. */
static int open_keys(decryption *d, cof_err *err)
{
	bool any = false;
	int r = 0;
	for (size_t i = 0; r == 0 && i < n_layers(d); i++) {
		if (!desc(d, i)->media->encrypted)
			continue;
		any = true;
		r = cof_enc_open(desc(d, i), d->opts->keys, d->opts->allow_ctr, &d->keys[i], err);
		if (r < 0)
			r = cof_err_wrap(err, "layer %zu", i);
	}
	if (r == 0 && !any)
		r = cof_err_set(err, COF_E_POLICY, "layer-not-encrypted", "no layer of the image is encrypted");
	return r;
}

static int do_layer(decryption *d, size_t i, cof_err *err)
{
	cof_enc_blob blob = {0};
	const cof_layer_key *key = desc(d, i)->media->encrypted ? &d->keys[i] : NULL;
	int r = cof_remake_blob(&d->remake, i, key, COF_ENC_DECRYPT, &blob, err);
	if (r == 0)
		r = cof_remake_describe(&d->remake, i, false, &blob, err);
	return r < 0 ? r : cof_remake_drop_encryption(&d->remake, i, err);
}

/* Every layer was checked on its way; the manifest that leads to them is ours. */
static int look(void *arg, const cof_image_source *written, const char *wanted, cof_err *err)
{
	const decryption *d = arg;
	COF_AUTO(cof_image) image = {0};
	return cof_image_load(written, wanted, d->remake.opts->platform, &image, err);
}

int cof_decrypt_image(const cof_remake_opts *places, const cof_decrypt_opts *opts, cof_digest *ret, cof_err *err)
{
	COF_AUTO(decryption) d = {.opts = opts};
	int r = cof_remake_begin(&d.remake, places, err);
	if (r == 0)
		r = open_keys(&d, err);
	for (size_t i = 0; r == 0 && i < n_layers(&d); i++)
		r = do_layer(&d, i, err);
	return r < 0 ? r : cof_remake_end(&d.remake, look, &d, ret, err);
}
