/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `docker save` wrote as a depot. It has no manifest: one is made of its config and layers. A layer that is not
 * compressed has its diff_id for a digest, so nothing is hashed before it is read.
 */
#include <stdio.h>

#include "image-decrypt/archive.h"
#include "image-decrypt/depot_int.h"
#include "image-decrypt/docker_save.h"

enum { MAGIC_LEN = 4 };

#define OCI "application/vnd.oci.image."

typedef struct stored {
	cof_digest digest;
	const cof_archive_file *file;
} stored;

typedef struct docker_archive {
	cof_archive *in;
	cof_docker_save save;
	stored blobs[COF_LAYERS_MAX + 1]; /* layers, then the config */
	cof_buf manifest;
} docker_archive;

static void free_archive(void *impl)
{
	docker_archive *a = impl;
	if (a->in != NULL)
		cof_archive_free(a->in);
	cof_docker_save_release(&a->save);
	cof_buf_release(&a->manifest);
	free(a);
}

static int find(const docker_archive *a, const char *name, const cof_archive_file **ret, cof_err *err)
{
	*ret = cof_archive_find(a->in, name);
	return *ret != NULL ? 0
			    : cof_err_set(err, COF_E_MALFORMED, "blob-missing", "'%.100s' is not in the archive", name);
}

/* --- the manifest --- */

static int hash_chunk(void *arg, cof_span chunk, cof_err *err)
{
	return cof_hasher_add(arg, chunk, err);
}

static int hash_file(const docker_archive *a, const cof_archive_file *f, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int r = cof_hasher_new(&h, COF_SHA256, err);
	if (r == 0)
		r = cof_archive_stream(a->in, f, hash_chunk, h, err);
	return r < 0 ? r : cof_hasher_end(h, ret, err);
}

static int compression_of(const docker_archive *a, const cof_archive_file *f, cof_compression *ret, cof_err *err)
{
	COF_AUTO(cof_buf) head = {0};
	int r = cof_archive_head(a->in, f, MAGIC_LEN, &head, err);
	if (r == 0)
		*ret = cof_compression_of(cof_buf_span(&head));
	return r;
}

static int add_layer(docker_archive *a, size_t i, const cof_digest *diff_id, json_t *list, cof_err *err)
{
	static const char *const types[] = {[COF_COMP_NONE] = OCI "layer.v1.tar",
					    [COF_COMP_GZIP] = OCI "layer.v1.tar+gzip",
					    [COF_COMP_ZSTD] = OCI "layer.v1.tar+zstd"};
	stored *b = &a->blobs[i];
	cof_compression comp = COF_COMP_NONE;
	char digest[COF_DIGEST_STR_MAX];
	int r = find(a, a->save.layers[i], &b->file, err);
	if (r == 0)
		r = compression_of(a, b->file, &comp, err);
	b->digest = *diff_id;
	if (r == 0 && comp != COF_COMP_NONE)
		r = hash_file(a, b->file, &b->digest, err);
	if (r < 0)
		return r;
	cof_digest_str(&b->digest, digest);
	json_t *d = json_pack("{s:s, s:s, s:I}", "mediaType", types[comp], "digest", digest, "size",
			      (json_int_t)cof_archive_size(b->file));
	return json_array_append_new(list, d) < 0 ? cof_err_oom(err) : 0;
}

static int add_layers(docker_archive *a, const cof_config *config, json_t *list, cof_err *err)
{
	int r = 0;
	if (config->n_diff_ids != a->save.n_layers)
		return cof_err_set(err, COF_E_MALFORMED, "image-diffid-count", "%zu layers, %zu diff_ids",
				   a->save.n_layers, config->n_diff_ids);
	for (size_t i = 0; r == 0 && i < a->save.n_layers; i++)
		r = add_layer(a, i, &config->diff_ids[i], list, err);
	return r;
}

static int write_manifest(docker_archive *a, size_t config_size, json_t *layers, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&a->blobs[a->save.n_layers].digest, digest);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:i, s:s, s:{s:s, s:s, s:I}, s:O}", "schemaVersion", 2, "mediaType", OCI "manifest.v1+json",
			"config", "mediaType", OCI "config.v1+json", "digest", digest, "size", (json_int_t)config_size,
			"layers", layers);
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, &a->manifest, err);
}

static int make_manifest(docker_archive *a, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_config) config = {0};
	COF_AUTO_PTR(json_t) layers = json_array();
	stored *c = &a->blobs[a->save.n_layers];
	int r = find(a, a->save.config, &c->file, err);
	if (r == 0)
		r = cof_archive_read(a->in, c->file, COF_CONFIG_MAX, &text, err);
	if (r == 0)
		r = cof_digest_of(COF_SHA256, cof_buf_span(&text), &c->digest, err);
	if (r == 0)
		r = cof_config_parse(cof_buf_span(&text), &config, err);
	if (r == 0)
		r = add_layers(a, &config, layers, err);
	return r < 0 ? r : write_manifest(a, text.len, layers, err);
}

static int open_image(docker_archive *a, const cof_image_name *name, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	const cof_archive_file *list = NULL;
	int r = cof_archive_open(&a->in, name->path, err);
	if (r == 0)
		r = find(a, "manifest.json", &list, err);
	if (r == 0)
		r = cof_archive_read(a->in, list, COF_DOCKER_SAVE_MAX, &text, err);
	if (r == 0)
		r = cof_docker_save_parse(cof_buf_span(&text), name->tag, &a->save, err);
	return r < 0 ? r : make_manifest(a, err);
}

static int open_archive(cof_depot *p, const cof_depot_opts *opts, cof_err *err)
{
	(void)opts;
	p->impl = calloc(1, sizeof(docker_archive));
	if (p->impl == NULL)
		return cof_err_oom(err);
	int r = open_image(p->impl, &p->name, err);
	return r < 0 ? cof_err_wrap(err, "%s", p->name.path) : 0;
}

/* --- reading --- */

/* There is one image: which one was said when the archive was opened. */
static int source_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const docker_archive *a = arg;
	(void)wanted;
	return cof_buf_add(&ret->body, a->manifest.data, a->manifest.len, err);
}

static int find_blob(const docker_archive *a, const cof_digest *d, const cof_archive_file **ret, cof_err *err)
{
	char text[COF_DIGEST_STR_MAX];
	for (size_t i = 0; i <= a->save.n_layers; i++) {
		if (!cof_digest_equal(&a->blobs[i].digest, d))
			continue;
		*ret = a->blobs[i].file;
		return 0;
	}
	cof_digest_str(d, text);
	return cof_err_set(err, COF_E_MALFORMED, "blob-missing", "%s is not in the archive", text);
}

static int source_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const docker_archive *a = arg;
	const cof_archive_file *f = NULL;
	int r = find_blob(a, &d->digest, &f, err);
	return r < 0 ? r : cof_archive_read(a->in, f, max, ret, err);
}

static int source_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	const docker_archive *a = arg;
	const cof_archive_file *f = NULL;
	int r = find_blob(a, &d->digest, &f, err);
	return r < 0 ? r : cof_archive_stream(a->in, f, sink, sink_arg, err);
}

static cof_image_source source(void *impl)
{
	return (cof_image_source){
		.arg = impl, .manifest = source_manifest, .blob = source_blob, .stream = source_stream};
}

const cof_depot_ops cof_depot_docker_archive = {
	.open = open_archive,
	.free = free_archive,
	.source = source,
};
