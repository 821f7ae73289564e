/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/manifest.h"

#include <stdio.h>

#include "common/hex.h"

void cof_desc_release(cof_desc *d)
{
	json_decref(d->annotations);
	json_decref(d->data);
	*d = (cof_desc){0};
}

void cof_image_manifest_release(cof_image_manifest *m)
{
	cof_desc_release(&m->config);
	for (size_t i = 0; i < m->n_layers; i++)
		cof_desc_release(&m->layers[i]);
	free(m->layers);
	*m = (cof_image_manifest){0};
}

static int bad_desc(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "descriptor-malformed", "descriptor: %s", what);
}

static int bad_manifest(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "manifest-malformed", "%s", what);
}

static int take_annotations(const json_t *v, json_t **ret, cof_err *err)
{
	json_t *all = json_object_get(v, "annotations");
	const char *key = NULL;
	const json_t *value = NULL;
	if (all == NULL || json_is_null(all))
		return 0;
	if (!json_is_object(all))
		return bad_desc(err, "annotations are no object");
	json_object_foreach (all, key, value) {
		const char *text = json_string_value(value);
		if (text == NULL)
			return bad_desc(err, "annotations are not strings");
		if (json_string_length(value) > COF_ANNOTATION_MAX)
			return bad_desc(err, "an annotation is too large");
	}
	*ret = json_incref(all);
	return 0;
}

static int take_data(const json_t *v, json_t **ret, cof_err *err)
{
	json_t *data = json_object_get(v, "data");
	if (data == NULL || json_is_null(data))
		return 0;
	if (!json_is_string(data))
		return bad_desc(err, "data is not a string");
	*ret = json_incref(data);
	return 0;
}

int cof_desc_parse(const json_t *v, cof_desc *ret, cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	const char *type = NULL, *digest = NULL;
	json_int_t size = 0;
	if (!json_is_object(v) || cof_json_str(v, "mediaType", &type, err) < 0 || strlen(type) > COF_MEDIA_TYPE_MAX)
		return bad_desc(err, "no usable mediaType");
	if (cof_json_str(v, "digest", &digest, err) < 0 || cof_digest_parse(digest, &d.digest, err) < 0)
		return bad_desc(err, "no usable digest");
	if (cof_json_int(v, "size", 0, INT64_MAX, &size, err) < 0)
		return bad_desc(err, "no usable size");
	memcpy(d.media_type, type, strlen(type) + 1);
	d.media = cof_media_find(type);
	d.size = (uint64_t)size;
	int r = take_annotations(v, &d.annotations, err);
	if (r == 0)
		r = take_data(v, &d.data, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (cof_desc){0};
	return 0;
}

const char *cof_desc_annotation(const cof_desc *d, const char *key)
{
	return json_string_value(json_object_get(d->annotations, key));
}

bool cof_desc_inline(const cof_desc *d, cof_buf *ret)
{
	const char *text = json_string_value(d->data);
	if (text == NULL)
		return false;
	if (cof_unb64(cof_span_str(text), ret, NULL) == 0 && cof_desc_check(d, cof_buf_span(ret), NULL) == 0)
		return true;
	cof_buf_release(ret);
	return false;
}

int cof_desc_check(const cof_desc *d, cof_span bytes, cof_err *err)
{
	cof_digest found = {0};
	char want[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, want);
	if (bytes.len != d->size)
		return cof_err_set(err, COF_E_CRYPTO, "blob-size-mismatch", "%s has %zu bytes, not %llu", want,
				   bytes.len, (unsigned long long)d->size);
	int r = cof_digest_of(d->digest.alg, bytes, &found, err);
	if (r < 0)
		return r;
	if (!cof_digest_equal(&found, &d->digest))
		return cof_err_set(err, COF_E_CRYPTO, "blob-digest-mismatch", "the bytes are not %s", want);
	return 0;
}

/* Documents of another time, which are told by name. */
static int old_kind(const json_t *v, cof_err *err)
{
	json_int_t version = 0;
	const char *type = json_string_value(json_object_get(v, "mediaType"));
	if (cof_json_int(v, "schemaVersion", 1, 1, &version, NULL) == 0)
		return cof_err_set(err, COF_E_MALFORMED, "manifest-schema-1",
				   "a manifest of docker's schema 1, which has no digests for layers as they unpack");
	if (type != NULL && strcmp(type, "application/vnd.oci.artifact.manifest.v1+json") == 0)
		return cof_err_set(err, COF_E_MALFORMED, "image-not-runnable", "an artifact manifest");
	return 0;
}

static int parse_doc(cof_span body, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	json_int_t version = 0;
	if (body.len > COF_MANIFEST_MAX)
		return bad_manifest(err, "larger than 4 MiB");
	if (cof_json_parse(body, &v, err) < 0 || !json_is_object(v))
		return bad_manifest(err, "not a JSON object without duplicate members");
	int r = old_kind(v, err);
	if (r < 0)
		return r;
	if (cof_json_int(v, "schemaVersion", 2, 2, &version, err) < 0)
		return bad_manifest(err, "schemaVersion is not 2");
	*ret = cof_steal(&v);
	return 0;
}

/* spec: CVE-2021-41190: a document with the members of both kinds is neither */
static int shape_of(const json_t *v, cof_media_kind *ret, cof_err *err)
{
	bool index = json_object_get(v, "manifests") != NULL;
	bool manifest = json_object_get(v, "layers") != NULL || json_object_get(v, "config") != NULL;
	if (index && manifest)
		return cof_err_set(err, COF_E_MALFORMED, "manifest-ambiguous", "both an index and a manifest");
	if (!index && !manifest)
		return bad_manifest(err, "neither an index nor a manifest");
	*ret = index ? COF_MEDIA_INDEX : COF_MEDIA_MANIFEST;
	return 0;
}

static int type_agrees(const char *type, size_t len, cof_media_kind kind, cof_err *err)
{
	char name[COF_MEDIA_TYPE_MAX + 1] = "";
	if (len <= COF_MEDIA_TYPE_MAX)
		memcpy(name, type, len);
	const cof_media *m = cof_media_find(name);
	if (m == NULL || m->kind != kind)
		return cof_err_set(err, COF_E_MALFORMED, "manifest-type-mismatch", "called '%.100s', which it is not",
				   type);
	return 0;
}

int cof_image_manifest_kind(cof_span body, const char *type, cof_media_kind *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	const char *own = NULL;
	cof_media_kind kind;
	int r = parse_doc(body, &v, err);
	if (r == 0)
		r = shape_of(v, &kind, err);
	if (r < 0)
		return r;
	if (cof_json_opt_str(v, "mediaType", &own, err) < 0)
		return bad_manifest(err, "mediaType is not a string");
	if (own != NULL && (r = type_agrees(own, strlen(own), kind, err)) < 0)
		return r;
	size_t len = type == NULL ? 0 : strcspn(type, "; \t");
	if (len > 0 && (r = type_agrees(type, len, kind, err)) < 0)
		return r;
	if (len > 0 && own != NULL && (strlen(own) != len || strncmp(own, type, len) != 0))
		return cof_err_set(err, COF_E_MALFORMED, "manifest-type-mismatch", "two names: '%.100s', '%.100s'", own,
				   type);
	*ret = kind;
	return 0;
}

/* A word of a platform; false for one that cannot be. */
static bool platform_word(const json_t *p, const char *key, char out[COF_PLATFORM_WORD_MAX + 1])
{
	const char *text = NULL;
	if (cof_json_opt_str(p, key, &text, NULL) < 0 || (text != NULL && strlen(text) > COF_PLATFORM_WORD_MAX))
		return false;
	(void)snprintf(out, COF_PLATFORM_WORD_MAX + 1, "%s", text != NULL ? text : "");
	return true;
}

static unsigned entry_suits(const json_t *entry, const cof_platform *want, bool alone)
{
	const json_t *p = json_object_get(entry, "platform");
	cof_platform has = COF_PLATFORM_ANY;
	if (p == NULL || json_is_null(p))
		return alone ? 1 : 0;
	if (!json_is_object(p) || !platform_word(p, "os", has.os) ||
	    !platform_word(p, "architecture", has.architecture) || !platform_word(p, "variant", has.variant))
		return 0;
	return cof_platform_suits(&has, want);
}

static const json_t *best_entry(const json_t *members, const cof_platform *want)
{
	const json_t *entry, *best = NULL;
	unsigned most = 0;
	size_t i;
	json_array_foreach (members, i, entry) {
		unsigned suits = entry_suits(entry, want, json_array_size(members) == 1);
		best = suits > most ? entry : best;
		most = suits > most ? suits : most;
	}
	return best;
}

int cof_index_select(cof_span body, cof_platform want, cof_desc *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_desc) d = {0};
	json_t *members = NULL;
	if (want.os[0] == '\0')
		want = COF_PLATFORM_DEFAULT;
	int r = parse_doc(body, &v, err);
	if (r < 0)
		return r;
	if (cof_json_arr(v, "manifests", &members, err) < 0 || json_array_size(members) > COF_PLATFORMS_MAX)
		return bad_manifest(err, "no usable list of manifests");
	const json_t *entry = best_entry(members, &want);
	if (entry == NULL)
		return cof_err_set(err, COF_E_UNAVAILABLE, "platform-not-found", "the image has nothing for %s/%s%s%s",
				   want.os, want.architecture, want.variant[0] != '\0' ? "/" : "", want.variant);
	if ((r = cof_desc_parse(entry, &d, err)) < 0)
		return r;
	if (d.media == NULL || (d.media->kind != COF_MEDIA_MANIFEST && d.media->kind != COF_MEDIA_INDEX))
		return bad_manifest(err, "the platform's entry is no manifest");
	*ret = d;
	d = (cof_desc){0};
	return 0;
}

static int parse_layers(const json_t *v, cof_image_manifest *m, cof_err *err)
{
	json_t *layers = NULL, *one;
	size_t i;
	if (cof_json_arr(v, "layers", &layers, err) < 0)
		return bad_manifest(err, "no list of layers");
	if (json_array_size(layers) == 0 || json_array_size(layers) > COF_LAYERS_MAX)
		return bad_manifest(err, "it must have 1 to 127 layers");
	m->layers = calloc(json_array_size(layers), sizeof *m->layers);
	if (m->layers == NULL)
		return cof_err_oom(err);
	json_array_foreach (layers, i, one) {
		cof_desc *d = &m->layers[m->n_layers];
		int r = cof_desc_parse(one, d, err);
		if (r < 0)
			return r;
		m->n_layers++;
		if (d->media == NULL || d->media->kind != COF_MEDIA_LAYER)
			return cof_err_set(err, COF_E_MALFORMED, "layer-type-unknown", "layer %zu is a '%.100s'", i,
					   d->media_type);
	}
	return 0;
}

int cof_image_manifest_parse(cof_span body, cof_image_manifest *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_image_manifest) m = {0};
	cof_media_kind kind;
	int r = cof_image_manifest_kind(body, NULL, &kind, err);
	if (r == 0 && kind != COF_MEDIA_MANIFEST)
		r = bad_manifest(err, "an index where a manifest must be");
	if (r == 0)
		r = parse_doc(body, &v, err);
	if (r == 0)
		r = cof_desc_parse(json_object_get(v, "config"), &m.config, err);
	if (r < 0)
		return r;
	if (m.config.media == NULL || m.config.media->kind != COF_MEDIA_CONFIG)
		return cof_err_set(err, COF_E_MALFORMED, "image-not-runnable", "its config is a '%.100s'",
				   m.config.media_type);
	if (m.config.size > COF_CONFIG_MAX)
		return bad_manifest(err, "the config is larger than 4 MiB");
	if ((r = parse_layers(v, &m, err)) < 0)
		return r;
	*ret = m;
	m = (cof_image_manifest){0};
	return 0;
}
