/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/manifest.h"

#include "common/rd.h"
#include "image-decrypt/ocicrypt.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const cof_media medias[] = {
	{OCI "index.v1+json", COF_MEDIA_INDEX, COF_COMP_NONE, false, NULL},
	{OCI "manifest.v1+json", COF_MEDIA_MANIFEST, COF_COMP_NONE, false, NULL},
	{OCI "config.v1+json", COF_MEDIA_CONFIG, COF_COMP_NONE, false, NULL},
	{OCI "layer.v1.tar", COF_MEDIA_LAYER, COF_COMP_NONE, false, OCI "layer.v1.tar+encrypted"},
	{OCI "layer.v1.tar+gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, OCI "layer.v1.tar+gzip+encrypted"},
	{OCI "layer.v1.tar+zstd", COF_MEDIA_LAYER, COF_COMP_ZSTD, false, OCI "layer.v1.tar+zstd+encrypted"},
	{OCI "layer.v1.tar+encrypted", COF_MEDIA_LAYER, COF_COMP_NONE, true, NULL},
	{OCI "layer.v1.tar+gzip+encrypted", COF_MEDIA_LAYER, COF_COMP_GZIP, true, NULL},
	{OCI "layer.v1.tar+zstd+encrypted", COF_MEDIA_LAYER, COF_COMP_ZSTD, true, NULL},
	{DOCKER "distribution.manifest.list.v2+json", COF_MEDIA_INDEX, COF_COMP_NONE, false, NULL},
	{DOCKER "distribution.manifest.v2+json", COF_MEDIA_MANIFEST, COF_COMP_NONE, false, NULL},
	{DOCKER "container.image.v1+json", COF_MEDIA_CONFIG, COF_COMP_NONE, false, NULL},
	{DOCKER "image.rootfs.diff.tar", COF_MEDIA_LAYER, COF_COMP_NONE, false, NULL},
	{DOCKER "image.rootfs.diff.tar.gzip", COF_MEDIA_LAYER, COF_COMP_GZIP, false, OCI "layer.v1.tar+gzip+encrypted"},
	{DOCKER "image.rootfs.diff.tar.zstd", COF_MEDIA_LAYER, COF_COMP_ZSTD, false, OCI "layer.v1.tar+zstd+encrypted"},
};

/* spec: RFC 1952 2.3.1, RFC 8878 3.1.1 */
cof_compression cof_compression_of(cof_span head)
{
	cof_rd r = cof_rd_of(head);
	uint32_t magic = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r))
		return COF_COMP_NONE;
	if ((magic & 0xffff) == 0x8b1f)
		return COF_COMP_GZIP;
	return magic == 0xfd2fb528 ? COF_COMP_ZSTD : COF_COMP_NONE;
}

const cof_media *cof_media_find(const char *name)
{
	for (size_t i = 0; i < COF_COUNT(medias); i++)
		if (strcmp(medias[i].name, name) == 0)
			return &medias[i];
	return NULL;
}

void cof_desc_release(cof_desc *d)
{
	json_decref(d->annotations);
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

static int parse_doc(cof_span body, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	json_int_t version = 0;
	if (body.len > COF_MANIFEST_MAX)
		return bad_manifest(err, "larger than 4 MiB");
	if (cof_json_parse(body, &v, err) < 0 || !json_is_object(v))
		return bad_manifest(err, "not a JSON object without duplicate members");
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

/* BuildKit's attestations have platform unknown/unknown and never match; no platform at all matches when alone. */
static bool platform_fits(const json_t *entry, cof_platform want, bool alone)
{
	const json_t *p = json_object_get(entry, "platform");
	const char *os = NULL, *arch = NULL;
	if (p == NULL)
		return alone;
	if (!json_is_object(p) || cof_json_opt_str(p, "os", &os, NULL) < 0 ||
	    cof_json_opt_str(p, "architecture", &arch, NULL) < 0)
		return false;
	return os != NULL && arch != NULL && strcmp(os, want.os) == 0 && strcmp(arch, want.architecture) == 0;
}

/* An entry that asks for a newer CPU (v2 to v4) is passed over: every guest can run the plain one. */
static bool variant_plain(const json_t *entry)
{
	const char *variant = NULL;
	if (cof_json_opt_str(json_object_get(entry, "platform"), "variant", &variant, NULL) < 0)
		return false;
	return variant == NULL || variant[0] == '\0' || strcmp(variant, "v1") == 0 || strcmp(variant, "v8") == 0;
}

int cof_index_select(cof_span body, cof_platform want, cof_desc *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	COF_AUTO(cof_desc) d = {0};
	json_t *members = NULL, *entry;
	size_t i;
	int r = parse_doc(body, &v, err);
	if (r < 0)
		return r;
	if (cof_json_arr(v, "manifests", &members, err) < 0 || json_array_size(members) > COF_PLATFORMS_MAX)
		return bad_manifest(err, "no usable list of manifests");
	json_array_foreach (members, i, entry) {
		bool alone = json_array_size(members) == 1;
		if (!platform_fits(entry, want, alone) || (json_object_get(entry, "platform") && !variant_plain(entry)))
			continue;
		if ((r = cof_desc_parse(entry, &d, err)) < 0)
			return r;
		if (d.media == NULL || d.media->kind != COF_MEDIA_MANIFEST) /* one level of index */
			return bad_manifest(err, "the platform's entry is not a manifest");
		*ret = d;
		d = (cof_desc){0};
		return 0;
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "platform-not-found", "the image has nothing for %s/%s", want.os,
			   want.architecture);
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
