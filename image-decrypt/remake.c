/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/remake.h"

#define OCI "application/vnd.oci.image."
#define OCI_MANIFEST OCI "manifest.v1+json"

void cof_remake_release(cof_remake *m)
{
	cof_image_release(&m->image);
	json_decref(m->manifest);
	if (m->from != NULL)
		cof_depot_free(m->from);
	if (m->to != NULL)
		cof_depot_free(m->to);
	*m = (cof_remake){0};
}

static int make_oci(json_t *manifest, cof_err *err)
{
	json_t *config = NULL;
	int r = cof_json_obj(manifest, "config", &config, err);
	if (r == 0)
		r = cof_json_set_str(manifest, "mediaType", OCI_MANIFEST, err);
	return r < 0 ? r : cof_json_set_str(config, "mediaType", OCI "config.v1+json", err);
}

int cof_remake_begin(cof_remake *ret, const cof_remake_opts *opts, cof_err *err)
{
	ret->opts = opts;
	if (opts->to->has_digest)
		return cof_err_set(err, COF_E_USAGE, "image-name",
				   "what is written cannot be named by a digest before");
	int r = cof_depot_open(&ret->from, opts->from, false, opts->depot, err);
	if (r < 0)
		return r;
	ret->source = cof_depot_source(ret->from);
	r = cof_image_load(&ret->source, cof_depot_wanted(ret->from), opts->platform, &ret->image, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&ret->image.manifest_bytes), &ret->manifest, err);
	if (r == 0)
		r = make_oci(ret->manifest, err);
	ret->step.n_layers = ret->image.manifest.n_layers;
	for (size_t i = 0; i < ret->step.n_layers; i++)
		ret->step.all_total += ret->image.manifest.layers[i].size;
	return r;
}

/* Not before there is something to write: what is refused leaves no empty place behind. */
static int need_target(cof_remake *m, cof_err *err)
{
	return m->to != NULL ? 0 : cof_depot_open(&m->to, m->opts->to, true, m->opts->depot, err);
}

static void on_progress(void *arg, uint64_t done)
{
	cof_remake *m = arg;
	m->step.all_done += done - m->step.done;
	m->step.done = done;
	m->opts->progress(m->opts->progress_arg, &m->step);
}

int cof_remake_blob(cof_remake *m, size_t i, const cof_layer_key *key, cof_enc_dir dir, cof_enc_blob *ret, cof_err *err)
{
	int r = need_target(m, err);
	if (r < 0)
		return r;
	const cof_enc_job job = {.from = &m->source,
				 .desc = &m->image.manifest.layers[i],
				 .diff_id = &m->image.config.diff_ids[i],
				 .key = key,
				 .dir = dir,
				 .to = m->to,
				 .progress = m->opts->progress != NULL ? on_progress : NULL,
				 .progress_arg = m};
	m->step.layer = i;
	m->step.done = 0;
	m->step.total = m->image.manifest.layers[i].size;
	r = cof_enc_blob_make(&job, ret, err);
	return r < 0 ? cof_err_wrap(err, "layer %zu", i) : 0;
}

static json_t *layer(const cof_remake *m, size_t i)
{
	return json_array_get(json_object_get(m->manifest, "layers"), i);
}

int cof_remake_annotations(cof_remake *m, size_t i, json_t **ret, cof_err *err)
{
	json_t *notes = json_object_get(layer(m, i), "annotations");
	if (!json_is_object(notes)) {
		notes = json_object();
		int r = cof_json_set_new(layer(m, i), "annotations", notes, err);
		if (r < 0)
			return r;
	}
	*ret = notes;
	return 0;
}

/* spec: what carries the prefix goes, the rest stays */
int cof_remake_drop_encryption(cof_remake *m, size_t i, cof_err *err)
{
	json_t *notes = json_object_get(layer(m, i), "annotations"), *v = NULL;
	const char *key = NULL;
	void *next = NULL;
	json_object_foreach_safe (notes, next, key, v) {
		if (strncmp(key, COF_ENC_ANNOTATION_PREFIX, strlen(COF_ENC_ANNOTATION_PREFIX)) == 0 &&
		    json_object_del(notes, key) < 0)
			return cof_err_oom(err);
	}
	if (json_is_object(notes) && json_object_size(notes) == 0)
		(void)json_object_del(layer(m, i), "annotations");
	return 0;
}

/* spec: docker's layer types have no encrypted form, and a manifest is all of one kind */
static const char *layer_type(cof_compression comp, bool encrypted)
{
	static const char *const names[][2] = {
		[COF_COMP_NONE] = {OCI "layer.v1.tar", OCI "layer.v1.tar+encrypted"},
		[COF_COMP_GZIP] = {OCI "layer.v1.tar+gzip", OCI "layer.v1.tar+gzip+encrypted"},
		[COF_COMP_ZSTD] = {OCI "layer.v1.tar+zstd", OCI "layer.v1.tar+zstd+encrypted"},
	};
	return names[comp][encrypted ? 1 : 0];
}

int cof_remake_describe(cof_remake *m, size_t i, bool encrypted, const cof_enc_blob *blob, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&blob->digest, digest);
	int r = cof_json_set_str(layer(m, i), "mediaType",
				 layer_type(m->image.manifest.layers[i].media->comp, encrypted), err);
	if (r == 0)
		r = cof_json_set_str(layer(m, i), "digest", digest, err);
	return r < 0 ? r : cof_json_set_new(layer(m, i), "size", json_integer((json_int_t)blob->size), err);
}

typedef struct ending {
	int (*check)(void *arg, const cof_image_source *written, const char *wanted, cof_err *err);
	void *arg;
	cof_span body;
	cof_digest digest;
} ending;

static int look(const ending *e, cof_depot *at, cof_err *err)
{
	const cof_image_source written = cof_depot_source(at);
	char wanted[COF_DIGEST_STR_MAX];
	cof_digest_str(&e->digest, wanted);
	return e->check(e->arg, &written, wanted, err);
}

static int put(cof_remake *m, ending *e, const char *tag, cof_err *err)
{
	return cof_depot_put_manifest(m->to, OCI_MANIFEST, e->body, tag, &e->digest, err);
}

static int end_archive(cof_remake *m, ending *e, cof_err *err)
{
	COF_AUTO_PTR(cof_depot) again = NULL;
	int r = put(m, e, cof_depot_tag(m->to), err);
	if (r == 0)
		r = cof_depot_close(m->to, err);
	if (r < 0)
		return r;
	r = cof_depot_open(&again, m->opts->to, false, NULL, err);
	if (r == 0)
		r = look(e, again, err);
	if (r < 0)
		(void)unlink(m->opts->to->path);
	return r;
}

static int end_place(cof_remake *m, ending *e, cof_err *err)
{
	int r = put(m, e, NULL, err);
	if (r == 0)
		r = look(e, m->to, err);
	if (r == 0)
		r = put(m, e, cof_depot_tag(m->to), err);
	return r < 0 ? r : cof_depot_close(m->to, err);
}

int cof_remake_end(cof_remake *m,
		   int (*check)(void *arg, const cof_image_source *written, const char *wanted, cof_err *err),
		   void *arg, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	cof_digest config;
	int r = need_target(m, err);
	if (r == 0)
		r = cof_depot_put(m->to, cof_buf_span(&m->image.config_bytes), &config, err);
	if (r == 0)
		r = cof_json_dump(m->manifest, &text, err);
	ending e = {check, arg, cof_buf_span(&text), {0}};
	if (r == 0)
		r = m->opts->to->kind == COF_DEPOT_OCI_ARCHIVE ? end_archive(m, &e, err) : end_place(m, &e, err);
	if (r == 0)
		*ret = e.digest;
	return r;
}
