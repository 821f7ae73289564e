/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/encrypt.h"

#include "image-decrypt/encopen.h"

/* What happens to a layer, and what is known of its key afterwards. */
typedef struct plan {
	bool chosen;
	cof_layer_key key; /* empty: it stays as it is, and nobody looks into it */
} plan;

typedef struct encryption {
	cof_remake remake;
	const cof_encrypt_opts *opts;
	plan plans[COF_LAYERS_MAX];
} encryption;

static void encryption_release(encryption *e)
{
	for (size_t i = 0; i < COF_LAYERS_MAX; i++)
		cof_layer_key_release(&e->plans[i].key);
	cof_remake_release(&e->remake);
}
COF_DEFINE_AUTO(encryption, encryption_release)

static size_t n_layers(const encryption *e)
{
	return e->remake.image.manifest.n_layers;
}

static const cof_desc *desc(const encryption *e, size_t i)
{
	return &e->remake.image.manifest.layers[i];
}

/* --- the plan --- */

static int choose(encryption *e, cof_err *err)
{
	long n = (long)n_layers(e);
	for (size_t i = 0; i < n_layers(e); i++)
		e->plans[i].chosen = e->opts->n_layers == 0;
	for (size_t i = 0; i < e->opts->n_layers; i++) {
		long at = e->opts->layers[i];
		if (at < -n || at >= n)
			return cof_err_set(err, COF_E_USAGE, "layer-index", "no layer %ld among %ld", at, n);
		e->plans[at < 0 ? at + n : at].chosen = true;
	}
	return 0;
}

/* Keys first: a layer that cannot be opened must not be found out behind the large ones. */
static int find_key(encryption *e, size_t i, cof_err *err)
{
	if (!desc(e, i)->media->encrypted)
		return cof_enc_key_new(&e->plans[i].key, err);
	if (e->opts->keys == NULL || cof_enc_keys_empty(e->opts->keys))
		return cof_err_set(err, COF_E_USAGE, "layer-already-encrypted",
				   "layer %zu is encrypted, and no key was given that opens it", i);
	int r = cof_enc_open(desc(e, i), e->opts->keys, e->opts->allow_ctr, &e->plans[i].key, err);
	return r < 0 ? cof_err_wrap(err, "layer %zu", i) : 0;
}

static int make_plan(encryption *e, cof_err *err)
{
	int r = choose(e, err);
	for (size_t i = 0; r == 0 && i < n_layers(e); i++)
		if (e->plans[i].chosen)
			r = find_key(e, i, err);
	return r;
}

/* --- the layers --- */

static int seal(encryption *e, size_t i, const cof_secret *options, cof_err *err)
{
	json_t *notes = NULL;
	int r = cof_remake_annotations(&e->remake, i, &notes, err);
	return r < 0 ? r : cof_enc_to_seal(e->opts->to, cof_secret_span(options), notes, err);
}

static int set_public(encryption *e, size_t i, const cof_enc_blob *blob, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	json_t *notes = NULL;
	int r = cof_remake_annotations(&e->remake, i, &notes, err);
	if (r == 0)
		r = cof_enc_public_make(blob->hmac, &text, err);
	return r < 0 ? r : cof_json_set_str(notes, COF_ENC_ANNOTATION_PUBOPTS, cof_buf_str(&text), err);
}

static int encrypt_layer(encryption *e, size_t i, cof_enc_blob *blob, cof_err *err)
{
	COF_AUTO(cof_secret) options = {0};
	/* Packets of an earlier encryption beside a plain layer would be read as this one's. */
	int r = cof_remake_drop_encryption(&e->remake, i, err);
	if (r == 0)
		r = cof_remake_blob(&e->remake, i, &e->plans[i].key, COF_ENC_ENCRYPT, blob, err);
	if (r == 0)
		r = cof_enc_private_make(&e->plans[i].key, &desc(e, i)->digest, &options, err);
	if (r == 0)
		r = seal(e, i, &options, err);
	return r < 0 ? r : set_public(e, i, blob, err);
}

/* The bytes stay, and what was wrapped is wrapped again as it is. */
static int add_recipients(encryption *e, size_t i, cof_enc_blob *blob, cof_err *err)
{
	COF_AUTO(cof_secret) options = {0};
	int r = cof_enc_open_options(desc(e, i), e->opts->keys, e->opts->allow_ctr, &options, err);
	if (r == 0)
		r = cof_remake_blob(&e->remake, i, NULL, COF_ENC_ENCRYPT, blob, err);
	return r < 0 ? r : seal(e, i, &options, err);
}

static int do_layer(encryption *e, size_t i, cof_err *err)
{
	cof_enc_blob blob = {0};
	bool was = desc(e, i)->media->encrypted, chosen = e->plans[i].chosen;
	int r = 0;
	if (!chosen)
		r = cof_remake_blob(&e->remake, i, NULL, COF_ENC_ENCRYPT, &blob, err);
	else
		r = was ? add_recipients(e, i, &blob, err) : encrypt_layer(e, i, &blob, err);
	return r < 0 ? r : cof_remake_describe(&e->remake, i, was || chosen, &blob, err);
}

/* --- reading it back --- */

static int look_at(const encryption *e, const cof_image_source *written, const cof_image *image, size_t i, cof_err *err)
{
	const cof_desc *d = &image->manifest.layers[i];
	const plan *p = &e->plans[i];
	cof_enc_blob blob;
	const cof_enc_job job = {.from = written,
				 .desc = d,
				 .diff_id = &image->config.diff_ids[i],
				 .key = p->chosen ? &p->key : NULL,
				 .dir = COF_ENC_DECRYPT};
	if (p->chosen && !d->media->encrypted)
		return cof_err_set(err, COF_E_INTERNAL, "encrypt-unreadable", "it is not called encrypted");
	return cof_enc_blob_make(&job, &blob, err);
}

/* spec: a tool must not believe its own writing: peers have written plain images where they were asked for others */
static int read_back(void *arg, const cof_image_source *written, const char *wanted, cof_err *err)
{
	const encryption *e = arg;
	COF_AUTO(cof_image) image = {0};
	cof_err why = {0};
	int r = cof_image_load(written, wanted, e->remake.opts->platform, &image, &why);
	for (size_t i = 0; r == 0 && i < image.manifest.n_layers; i++)
		r = look_at(e, written, &image, i, &why);
	return r < 0 ? cof_err_set(err, COF_E_INTERNAL, "encrypt-unreadable", "what was written: %s: %s", why.reason,
				   why.text)
		     : 0;
}

int cof_encrypt_image(const cof_remake_opts *places, const cof_encrypt_opts *opts, cof_digest *ret, cof_err *err)
{
	COF_AUTO(encryption) e = {.opts = opts};
	if (opts->to == NULL || cof_enc_to_empty(opts->to))
		return cof_err_set(err, COF_E_USAGE, "no-recipient", "nobody to encrypt for");
	int r = cof_remake_begin(&e.remake, places, err);
	if (r == 0)
		r = make_plan(&e, err);
	for (size_t i = 0; r == 0 && i < n_layers(&e); i++)
		r = do_layer(&e, i, err);
	return r < 0 ? r : cof_remake_end(&e.remake, read_back, &e, ret, err);
}
