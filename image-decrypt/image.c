/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/image.h"

void cof_fetched_release(cof_fetched *f)
{
	cof_buf_release(&f->body);
	f->media_type[0] = '\0';
}

void cof_chosen_release(cof_chosen *c)
{
	cof_fetched_release(&c->doc);
	*c = (cof_chosen){0};
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
int cof_image_fetch(const cof_image_source *src, const char *wanted, cof_fetched *doc, cof_digest *ret,
		    cof_media_kind *ret_kind, cof_err *err)
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
	return cof_image_manifest_kind(cof_buf_span(&doc->body), doc->media_type, ret_kind, err);
}

int cof_image_member(const cof_image_source *src, const cof_desc *d, cof_fetched *doc, cof_media_kind *ret_kind,
		     cof_err *err)
{
	char wanted[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, wanted);
	int r = cof_desc_inline(d, &doc->body) ? 0 : src->manifest(src->arg, wanted, doc, err);
	if (r == 0 && cof_desc_check(d, cof_buf_span(&doc->body), err) < 0)
		r = cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "the manifest is not the one in the index");
	if (r < 0)
		return r;
	memcpy(doc->media_type, d->media_type, sizeof doc->media_type);
	return cof_image_manifest_kind(cof_buf_span(&doc->body), d->media_type, ret_kind, err);
}

/* Replaces the index in doc by its member for the platform. */
static int follow_index(const cof_image_source *src, cof_platform platform, cof_fetched *doc, cof_digest *digest,
			cof_media_kind *kind, cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(cof_fetched) got = {0};
	int r = cof_index_select(cof_buf_span(&doc->body), platform, &d, err);
	if (r == 0)
		r = cof_image_member(src, &d, &got, kind, err);
	if (r < 0)
		return r;
	*digest = d.digest;
	cof_buf_release(&doc->body);
	*doc = got;
	got = (cof_fetched){0};
	return 0;
}

/* An index cannot lead to itself, whose digest it would have to hold; but it can be long on the way. */
int cof_image_choose(const cof_image_source *src, const char *wanted, cof_platform platform, cof_chosen *ret,
		     cof_err *err)
{
	COF_AUTO(cof_chosen) c = {0};
	cof_media_kind kind;
	int r = cof_image_fetch(src, wanted, &c.doc, &c.asked, &kind, err);
	c.digest = c.asked;
	for (int depth = 0; r == 0 && kind == COF_MEDIA_INDEX; depth++) {
		c.by_index = true;
		if (depth == COF_INDEX_DEPTH_MAX)
			return cof_err_set(err, COF_E_MALFORMED, "manifest-malformed", "indexes within indexes");
		r = follow_index(src, platform, &c.doc, &c.digest, &kind, err);
	}
	if (r < 0)
		return r;
	*ret = c;
	c = (cof_chosen){0};
	return 0;
}

static int read_config(const cof_image_source *src, cof_image *i, cof_err *err)
{
	const cof_desc *d = &i->manifest.config;
	int r = cof_desc_inline(d, &i->config_bytes) ? 0
						     : src->blob(src->arg, d, COF_CONFIG_MAX, &i->config_bytes, err);
	if (r == 0 && cof_desc_check(d, cof_buf_span(&i->config_bytes), err) < 0)
		r = cof_err_set(err, COF_E_CRYPTO, "config-digest-mismatch", "the config is not the manifest's");
	return r < 0 ? r : cof_config_parse(cof_buf_span(&i->config_bytes), &i->config, err);
}

static int load_config(const cof_image_source *src, cof_platform platform, cof_image *i, cof_err *err)
{
	int r = read_config(src, i, err);
	if (r < 0)
		return r;
	if (i->config.n_diff_ids != i->manifest.n_layers)
		return cof_err_set(err, COF_E_MALFORMED, "image-diffid-count", "%zu layers, %zu diff_ids",
				   i->manifest.n_layers, i->config.n_diff_ids);
	if (platform.os[0] == '\0')
		return 0;
	/* An index's platform is a claim beside the content; the config's is part of it. */
	if (strcmp(i->config.os, platform.os) != 0 || strcmp(i->config.architecture, platform.architecture) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "platform-mismatch", "the image is for %.40s/%.40s",
				   i->config.os, i->config.architecture);
	return 0;
}

int cof_image_load(const cof_image_source *src, const char *wanted, cof_platform platform, cof_image *ret, cof_err *err)
{
	COF_AUTO(cof_image) i = {0};
	COF_AUTO(cof_chosen) c = {0};
	int r = cof_image_choose(src, wanted, platform, &c, err);
	if (r < 0)
		return r;
	i.asked = c.asked;
	i.digest = c.digest;
	i.manifest_bytes = c.doc.body;
	c.doc.body = (cof_buf){0};
	if (c.by_index && platform.os[0] == '\0')
		platform = COF_PLATFORM_DEFAULT;
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
