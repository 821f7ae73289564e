/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/remake.h"

#define OCI "application/vnd.oci.image."
#define OCI_MANIFEST OCI "manifest.v1+json"

void cof_remake_release(cof_remake *m)
{
	cof_image_release(&m->image);
	json_decref(m->manifest);
	*m = (cof_remake){0};
}

int cof_remake_begin(cof_remake *m, const char *wanted, cof_err *err)
{
	json_t *config = NULL;
	int r = cof_image_load(m->from, wanted, COF_PLATFORM_DEFAULT, &m->image, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&m->image.manifest_bytes), &m->manifest, err);
	if (r == 0)
		r = cof_json_obj(m->manifest, "config", &config, err);
	if (r == 0)
		r = cof_json_set_str(m->manifest, "mediaType", OCI_MANIFEST, err);
	if (r == 0)
		r = cof_json_set_str(config, "mediaType", OCI "config.v1+json", err);
	for (size_t i = 0; r == 0 && i < m->image.manifest.n_layers; i++)
		m->total += m->image.manifest.layers[i].size;
	return r;
}

static void on_progress(void *arg, size_t more)
{
	cof_remake *m = arg;
	m->done += more;
	if (m->progress != NULL)
		m->progress(m->progress_arg, m->done, m->total);
}

int cof_remake_blob(cof_remake *m, size_t i, const cof_layer_key *key, cof_enc_dir dir, cof_enc_blob *ret, cof_err *err)
{
	const cof_enc_job job = {.from = m->from,
				 .desc = &m->image.manifest.layers[i],
				 .diff_id = &m->image.config.diff_ids[i],
				 .key = key,
				 .dir = dir,
				 .to = m->to,
				 .progress = on_progress,
				 .progress_arg = m};
	int r = cof_enc_blob_make(&job, ret, err);
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

int cof_remake_store(cof_remake *m, cof_digest *ret, size_t *ret_size, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	cof_digest config, d;
	int r = cof_layout_put(m->to, cof_buf_span(&m->image.config_bytes), &config, err);
	if (r == 0)
		r = cof_json_dump(m->manifest, &text, err);
	if (r == 0)
		r = cof_layout_put(m->to, cof_buf_span(&text), &d, err);
	if (r < 0)
		return r;
	*ret = d;
	*ret_size = text.len;
	return 0;
}

int cof_remake_tag(cof_remake *m, const char *tag, const cof_digest *d, size_t size, cof_err *err)
{
	return cof_layout_tag(m->to, tag, OCI_MANIFEST, d, size, err);
}
