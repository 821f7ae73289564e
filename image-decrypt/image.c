/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/image.h"

void cof_fetched_release(cof_fetched *f)
{
	cof_buf_release(&f->body);
	f->media_type[0] = '\0';
}

void cof_image_release(cof_image *i)
{
	cof_buf_release(&i->manifest_bytes);
	cof_buf_release(&i->config_bytes);
	cof_image_manifest_release(&i->manifest);
	cof_config_release(&i->config);
	*i = (cof_image){0};
}

/* --- blobs --- */

typedef struct checked {
	const cof_desc *d;
	cof_hasher *hasher;
	cof_sink sink;
	void *arg;
	uint64_t have;
} checked;

static int bad_size(const checked *c, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "blob-size-mismatch", "%s than the %llu bytes of its descriptor",
			   c->have > c->d->size ? "more" : "less", (unsigned long long)c->d->size);
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	checked *c = arg;
	c->have += chunk.len;
	if (c->have > c->d->size)
		return bad_size(c, err);
	int r = cof_hasher_add(c->hasher, chunk, err);
	return r < 0 ? r : c->sink(c->arg, chunk, err);
}

int cof_image_stream(const cof_image_source *src, const cof_desc *d, cof_sink sink, void *arg, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) hasher = NULL;
	cof_digest found;
	int r = cof_hasher_new(&hasher, d->digest.alg, err);
	checked c = {.d = d, .hasher = hasher, .sink = sink, .arg = arg};
	if (r == 0)
		r = src->stream(src->arg, d, on_chunk, &c, err);
	if (r == 0 && c.have != d->size)
		r = bad_size(&c, err);
	if (r == 0)
		r = cof_hasher_end(hasher, &found, err);
	if (r == 0 && !cof_digest_equal(&found, &d->digest))
		r = cof_err_set(err, COF_E_CRYPTO, "blob-digest-mismatch", "the bytes are not those of its descriptor");
	return r;
}

/* --- documents --- */

bool cof_image_by_digest(const char *wanted)
{
	return strncmp(wanted, "sha", 3) == 0 && wanted[3 + strspn(wanted + 3, "0123456789")] == ':';
}

/* The document that wanted names; a digest is compared before anything looks at the bytes. */
static int fetch_asked(const cof_image_source *src, const char *wanted, cof_fetched *doc, cof_digest *ret, cof_err *err)
{
	cof_digest pinned = {0}, found = {0};
	bool by_digest = cof_image_by_digest(wanted);
	int r = by_digest ? cof_digest_parse(wanted, &pinned, err) : 0;
	if (r == 0)
		r = src->manifest(src->arg, wanted, doc, err);
	if (r == 0)
		r = cof_digest_of(by_digest ? pinned.alg : COF_SHA256, cof_buf_span(&doc->body), &found, err);
	if (r < 0)
		return r;
	if (by_digest && !cof_digest_equal(&pinned, &found))
		return cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "what came is not %s", wanted);
	*ret = found;
	return 0;
}

/* Replaces an index in doc by the manifest for the platform. */
static int follow_index(const cof_image_source *src, cof_platform platform, cof_fetched *doc, cof_digest *digest,
			cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(cof_fetched) got = {0};
	char wanted[COF_DIGEST_STR_MAX];
	int r = cof_index_select(cof_buf_span(&doc->body), platform, &d, err);
	if (r < 0)
		return r;
	cof_digest_str(&d.digest, wanted);
	r = src->manifest(src->arg, wanted, &got, err);
	if (r == 0 && cof_desc_check(&d, cof_buf_span(&got.body), err) < 0)
		r = cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "the manifest is not the one in the index");
	cof_media_kind kind;
	if (r == 0)
		r = cof_image_manifest_kind(cof_buf_span(&got.body), d.media_type, &kind, err);
	if (r < 0)
		return r;
	*digest = d.digest;
	cof_buf_release(&doc->body);
	*doc = got;
	got = (cof_fetched){0};
	return 0;
}

static int load_config(const cof_image_source *src, cof_platform platform, cof_image *i, cof_err *err)
{
	int r = src->blob(src->arg, &i->manifest.config, COF_CONFIG_MAX, &i->config_bytes, err);
	if (r < 0)
		return r;
	if (cof_desc_check(&i->manifest.config, cof_buf_span(&i->config_bytes), err) < 0)
		return cof_err_set(err, COF_E_CRYPTO, "config-digest-mismatch", "the config is not the manifest's");
	if ((r = cof_config_parse(cof_buf_span(&i->config_bytes), &i->config, err)) < 0)
		return r;
	if (i->config.n_diff_ids != i->manifest.n_layers)
		return cof_err_set(err, COF_E_MALFORMED, "image-diffid-count", "%zu layers, %zu diff_ids",
				   i->manifest.n_layers, i->config.n_diff_ids);
	/* An index's platform is a claim beside the content; the config's is part of it. */
	if (strcmp(i->config.os, platform.os) != 0 || strcmp(i->config.architecture, platform.architecture) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "platform-mismatch", "the image is for %.40s/%.40s",
				   i->config.os, i->config.architecture);
	return 0;
}

int cof_image_load(const cof_image_source *src, const char *wanted, cof_platform platform, cof_image *ret, cof_err *err)
{
	COF_AUTO(cof_image) i = {0};
	COF_AUTO(cof_fetched) doc = {0};
	cof_media_kind kind;
	int r = fetch_asked(src, wanted, &doc, &i.asked, err);
	if (r == 0)
		r = cof_image_manifest_kind(cof_buf_span(&doc.body), doc.media_type, &kind, err);
	if (r < 0)
		return r;
	i.digest = i.asked;
	if (kind == COF_MEDIA_INDEX && (r = follow_index(src, platform, &doc, &i.digest, err)) < 0)
		return r;
	i.manifest_bytes = doc.body;
	doc.body = (cof_buf){0};
	r = cof_image_manifest_parse(cof_buf_span(&i.manifest_bytes), &i.manifest, err);
	if (r == 0)
		r = load_config(src, platform, &i, err);
	if (r < 0)
		return r;
	*ret = i;
	i = (cof_image){0};
	return 0;
}

int cof_image_require_encrypted(const cof_image *i, cof_err *err)
{
	for (size_t at = 0; at < i->manifest.n_layers; at++)
		if (!i->manifest.layers[at].media->encrypted)
			return cof_err_set(err, COF_E_POLICY, "layer-not-encrypted", "layer %zu is not encrypted", at);
	return 0;
}
