/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layout_read.h"

#include <stdio.h>

#include "image-decrypt/layout_index.h"

enum { REFERRERS_MAX = 256 };

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

static int read_index(const cof_layout_files *f, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = f->index(f->arg, &text, err);
	return r < 0 ? r : cof_layout_index_parse(cof_buf_span(&text), ret, err);
}

static int read_checked(const cof_layout_files *f, const cof_desc *d, cof_buf *ret, cof_err *err)
{
	int r = f->blob(f->arg, &d->digest, COF_MANIFEST_MAX, ret, err);
	if (r == 0 && cof_desc_check(d, cof_buf_span(ret), err) < 0)
		r = cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "a manifest is not what index.json says");
	return r;
}

static int by_tag(const cof_layout_files *f, const char *tag, cof_fetched *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) index = NULL;
	COF_AUTO(cof_desc) d = {0};
	int r = read_index(f, &index, err);
	if (r == 0)
		r = cof_layout_index_find(index, tag, &d, err);
	if (r == 0)
		r = read_checked(f, &d, &ret->body, err);
	if (r == 0)
		(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", d.media_type);
	return r;
}

int cof_layout_manifest(const cof_layout_files *f, const char *wanted, cof_fetched *ret, cof_err *err)
{
	cof_digest d, found;
	if (!cof_image_by_digest(wanted))
		return by_tag(f, wanted, ret, err);
	int r = cof_digest_parse(wanted, &d, err);
	if (r == 0)
		r = f->blob(f->arg, &d, COF_MANIFEST_MAX, &ret->body, err);
	if (r == 0)
		r = cof_digest_of(d.alg, cof_buf_span(&ret->body), &found, err);
	if (r == 0 && !cof_digest_equal(&d, &found))
		r = cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "a manifest is not what it is named");
	return r;
}

/* --- referrers --- */

static bool refers_to(const json_t *manifest, const cof_digest *subject)
{
	COF_AUTO(cof_desc) d = {0};
	const json_t *v = json_object_get(manifest, "subject");
	return v != NULL && cof_desc_parse(v, &d, NULL) == 0 && cof_digest_equal(&d.digest, subject);
}

/* spec: OCI distribution-spec "Listing Referrers": without artifactType its config's type stands for it */
static const char *artifact_type(const json_t *manifest)
{
	const char *type = json_string_value(json_object_get(manifest, "artifactType"));
	return type != NULL ? type
			    : json_string_value(json_object_get(json_object_get(manifest, "config"), "mediaType"));
}

static int add_referrer(json_t *list, const cof_desc *d, const json_t *manifest, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	json_t *entry = json_pack("{s:s, s:s, s:I, s:s*, s:O*}", "mediaType", d->media_type, "digest", digest, "size",
				  (json_int_t)d->size, "artifactType", artifact_type(manifest), "annotations",
				  json_object_get(manifest, "annotations"));
	return json_array_append_new(list, entry) < 0 ? cof_err_oom(err) : 0;
}

/* What cannot be read or is damaged refers to nothing. */
static int look_at(const cof_layout_files *f, const json_t *entry, const cof_digest *subject, json_t *list,
		   cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(json_t) manifest = NULL;
	if (json_array_size(list) >= REFERRERS_MAX || cof_desc_parse(entry, &d, NULL) < 0 ||
	    read_checked(f, &d, &body, NULL) < 0 || cof_json_parse(cof_buf_span(&body), &manifest, NULL) < 0 ||
	    !refers_to(manifest, subject))
		return 0;
	return add_referrer(list, &d, manifest, err);
}

int cof_layout_referrers(const cof_layout_files *f, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) index = NULL;
	COF_AUTO_PTR(json_t) list = json_array();
	const json_t *entry;
	size_t i;
	int r = read_index(f, &index, err);
	json_array_foreach (json_object_get(index, "manifests"), i, entry)
		if (r == 0)
			r = look_at(f, entry, subject, list, err);
	if (r < 0 || json_array_size(list) == 0)
		return r;
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType", INDEX_TYPE, "manifests", list);
	if (doc == NULL)
		return cof_err_oom(err);
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", INDEX_TYPE);
	return cof_json_dump(doc, &ret->body, err);
}
