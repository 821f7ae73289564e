/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layout_index.h"

#define REF_NAME "org.opencontainers.image.ref.name"

static int malformed(const char *why, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "layout-malformed", "%s", why);
}

int cof_layout_version_check(cof_span in, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *version = NULL;
	if (cof_json_parse(in, &doc, NULL) < 0 || cof_json_str(doc, "imageLayoutVersion", &version, NULL) < 0 ||
	    strcmp(version, "1.0.0") != 0)
		return malformed("no OCI image layout of version 1.0.0", err);
	return 0;
}

static json_t *entries(const json_t *index)
{
	return json_object_get(index, "manifests");
}

int cof_layout_index_parse(cof_span in, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	if (in.len > COF_LAYOUT_INDEX_MAX || cof_json_parse(in, &doc, NULL) < 0 || !json_is_array(entries(doc)) ||
	    json_array_size(entries(doc)) > COF_LAYOUT_ENTRIES_MAX)
		return malformed("index.json is no list of manifests", err);
	*ret = cof_steal(&doc);
	return 0;
}

static const char *tag_of(const json_t *entry)
{
	return json_string_value(json_object_get(json_object_get(entry, "annotations"), REF_NAME));
}

static const json_t *by_tag(const json_t *list, const char *tag)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = tag_of(json_array_get(list, i));
		if (name != NULL && strcmp(name, tag) == 0)
			return json_array_get(list, i);
	}
	return NULL;
}

static const json_t *find(const json_t *list, const char *tag)
{
	const json_t *named = by_tag(list, tag[0] != '\0' ? tag : "latest");
	const json_t *only = json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
	return named != NULL || only == NULL || (tag[0] != '\0' && tag_of(only) != NULL) ? named : only;
}

int cof_layout_index_find(const json_t *index, const char *tag, cof_desc *ret, cof_err *err)
{
	const json_t *entry = find(entries(index), tag);
	if (entry == NULL && tag[0] == '\0')
		return cof_err_set(err, COF_E_MALFORMED, "tag-missing", "it has none or several images: name one");
	if (entry == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "tag-missing", "it has no image '%.100s'", tag);
	return cof_desc_parse(entry, ret, err);
}

static void drop_tag(json_t *list, const char *tag)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *name = tag_of(json_array_get(list, i));
		if (name != NULL && strcmp(name, tag) == 0)
			(void)json_array_remove(list, i);
	}
}

int cof_layout_index_set(json_t *index, const char *tag, const char *media_type, const cof_digest *d, size_t size,
			 cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(d, digest);
	drop_tag(entries(index), tag);
	if (json_array_append_new(entries(index),
				  json_pack("{s:s, s:s, s:I, s:{s:s}}", "mediaType", media_type, "digest", digest,
					    "size", (json_int_t)size, "annotations", REF_NAME, tag)) < 0)
		return cof_err_oom(err);
	return 0;
}
