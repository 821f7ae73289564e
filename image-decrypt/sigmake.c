/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigmake.h"

#include "common/hex.h"
#include "image-decrypt/sigbundle.h"
#include "image-decrypt/sigkey.h"
#include "image-decrypt/sigpayload.h"

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

void cof_sigmade_release(cof_sigmade *m)
{
	cof_buf_release(&m->body);
	cof_buf_release(&m->config);
	cof_buf_release(&m->manifest);
	m->unchanged = false;
}

int cof_sigmake_subject(const cof_image_source *src, const char *wanted, cof_desc *ret, cof_err *err)
{
	COF_AUTO(cof_fetched) doc = {0};
	COF_AUTO_PTR(json_t) v = NULL;
	cof_digest pinned = {.alg = COF_SHA256}, found = {0};
	cof_media_kind kind;
	const char *type = NULL;
	bool by_digest = strchr(wanted, ':') != NULL;
	int r = by_digest ? cof_digest_parse(wanted, &pinned, err) : 0;
	if (r == 0)
		r = src->manifest(src->arg, wanted, &doc, err);
	if (r == 0)
		r = cof_digest_of(pinned.alg, cof_buf_span(&doc.body), &found, err);
	if (r == 0 && by_digest && !cof_digest_equal(&pinned, &found))
		r = cof_err_set(err, COF_E_CRYPTO, "image-digest-mismatch", "what came is not %s", wanted);
	if (r == 0)
		r = cof_image_manifest_kind(cof_buf_span(&doc.body), doc.media_type, &kind, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(&doc.body), &v, err);
	if (r == 0)
		r = cof_json_opt_str(v, "mediaType", &type, err);
	if (r < 0)
		return r;
	if (type == NULL)
		type = kind == COF_MEDIA_INDEX ? COF_SIGMAKE_INDEX : COF_SIGMAKE_MANIFEST;
	*ret = (cof_desc){.media = cof_media_find(type), .digest = found, .size = doc.body.len};
	memcpy(ret->media_type, type, strlen(type)); /* a known type, so it has room */
	return 0;
}

/* --- parts of manifests --- */

static json_t *describe(const char *type, const cof_digest *d, uint64_t size)
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(d, text);
	return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", text, "size", (json_int_t)size);
}

static int describe_bytes(const char *type, const cof_buf *bytes, json_t **ret, cof_err *err)
{
	cof_digest d;
	int r = cof_digest_of(COF_SHA256, cof_buf_span(bytes), &d, err);
	if (r < 0)
		return r;
	*ret = describe(type, &d, bytes->len);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int not_ours(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_POLICY, "signature-tag", "where signatures go there is %s", what);
}

/* --- cosign --- */

/* The layers that the tag has: signatures, and nothing else. */
static int old_layers(cof_span old, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *layers = NULL, *one;
	size_t i;
	if (old.len == 0) {
		*ret = json_array();
		return *ret != NULL ? 0 : cof_err_oom(err);
	}
	if (cof_json_parse(old, &doc, err) < 0 || cof_json_arr(doc, "layers", &layers, err) < 0)
		return not_ours(err, "something else than signatures");
	if (json_array_size(layers) >= COF_SIG_MAX)
		return not_ours(err, "as many signatures already as readers look at");
	json_array_foreach (layers, i, one) {
		COF_AUTO(cof_desc) d = {0};
		if (cof_desc_parse(one, &d, err) < 0 || strcmp(d.media_type, COF_SIG_COSIGN_TYPE) != 0)
			return not_ours(err, "something else than signatures");
	}
	*ret = json_incref(layers);
	return 0;
}

/* A signature of the same payload by the same key is as good as another one. */
static bool signed_already(const json_t *layers, EVP_PKEY *key, const cof_buf *payload)
{
	json_t *one;
	size_t i;
	json_array_foreach (layers, i, one) {
		COF_AUTO(cof_desc) d = {0};
		COF_AUTO(cof_buf) sig = {0};
		if (cof_desc_parse(one, &d, NULL) < 0 || cof_desc_check(&d, cof_buf_span(payload), NULL) < 0)
			continue;
		const char *text = cof_desc_annotation(&d, COF_SIG_ANNOTATION);
		if (text != NULL && cof_unb64(cof_span_str(text), &sig, NULL) == 0 &&
		    cof_sigkey_verify(key, cof_buf_span(payload), cof_buf_span(&sig)))
			return true;
	}
	return false;
}

static int add_layer(json_t *layers, EVP_PKEY *key, const cof_buf *payload, cof_err *err)
{
	COF_AUTO(cof_buf) sig = {0};
	json_t *layer = NULL;
	int r = cof_sigkey_sign(key, cof_buf_span(payload), &sig, err);
	if (r == 0)
		r = describe_bytes(COF_SIG_COSIGN_TYPE, payload, &layer, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&sig));
	json_t *annotations = text != NULL ? json_pack("{s:s}", COF_SIG_ANNOTATION, text) : NULL;
	if (annotations == NULL || json_object_set_new(layer, "annotations", annotations) < 0 ||
	    json_array_append(layers, layer) < 0)
		r = cof_err_oom(err);
	json_decref(layer);
	return r;
}

/* Registries that look into configs want one whose diff_ids are the layers; payloads are their own diff_ids. */
static int make_config(const json_t *layers, cof_buf *ret, cof_err *err)
{
	json_t *one, *ids = json_array();
	size_t i;
	json_array_foreach (layers, i, one)
		(void)json_array_append(ids, json_object_get(one, "digest"));
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:{}, s:{s:s, s:o}}", "architecture", "", "os", "", "config", "rootfs", "type",
			"layers", "diff_ids", ids);
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, ret, err);
}

static int make_manifest(json_t *layers, cof_sigmade *m, cof_err *err)
{
	json_t *config = NULL;
	int r = make_config(layers, &m->config, err);
	if (r == 0)
		r = describe_bytes(CONFIG_TYPE, &m->config, &config, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType", COF_SIGMAKE_MANIFEST, "config", config,
			"layers", layers);
	return doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, &m->manifest, err);
}

int cof_sigmake_cosign(EVP_PKEY *key, const cof_digest *image, const char *name, cof_span old, cof_sigmade *ret,
		       cof_err *err)
{
	COF_AUTO(cof_sigmade) m = {0};
	COF_AUTO_PTR(json_t) layers = NULL;
	int r = cof_sigpayload_make(image, name, &m.body, err);
	if (r == 0)
		r = old_layers(old, &layers, err);
	if (r < 0)
		return r;
	m.unchanged = signed_already(layers, key, &m.body);
	if (!m.unchanged)
		r = add_layer(layers, key, &m.body, err);
	if (r == 0)
		r = make_manifest(layers, &m, err);
	if (r < 0)
		return r;
	*ret = m;
	m = (cof_sigmade){0};
	return 0;
}

/* --- referrers --- */

int cof_sigmake_referrer(EVP_PKEY *key, const cof_desc *image, const char *name, cof_sigmade *ret, cof_err *err)
{
	COF_AUTO(cof_sigmade) m = {0};
	json_t *config = NULL, *layer = NULL;
	int r = cof_sigbundle_make(key, &image->digest, name, &m.body, err);
	if (r == 0)
		r = cof_buf_add_str(&m.config, "{}", err);
	if (r == 0)
		r = describe_bytes(EMPTY_TYPE, &m.config, &config, err);
	if (r == 0)
		r = describe_bytes(COF_SIGBUNDLE_TYPE, &m.body, &layer, err);
	if (r < 0) {
		json_decref(config);
		return r;
	}
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:i, s:s, s:s, s:o, s:[o], s:o, s:{s:s, s:s}}", "schemaVersion", 2, "mediaType",
			COF_SIGMAKE_MANIFEST, "artifactType", COF_SIGBUNDLE_TYPE, "config", config, "layers", layer,
			"subject", describe(image->media_type, &image->digest, image->size), "annotations",
			"dev.sigstore.bundle.content", "dsse-envelope", "dev.sigstore.bundle.predicateType",
			COF_SIGBUNDLE_PREDICATE);
	r = doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, &m.manifest, err);
	if (r < 0)
		return r;
	*ret = m;
	m = (cof_sigmade){0};
	return 0;
}

static int old_list(cof_span old, json_t **ret, json_t **ret_entries, cof_err *err)
{
	cof_media_kind kind;
	if (old.len == 0) {
		*ret = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", COF_SIGMAKE_INDEX, "manifests");
		*ret_entries = json_object_get(*ret, "manifests");
		return *ret != NULL ? 0 : cof_err_oom(err);
	}
	if (cof_image_manifest_kind(old, NULL, &kind, err) < 0 || kind != COF_MEDIA_INDEX ||
	    cof_json_parse(old, ret, err) < 0 || cof_json_arr(*ret, "manifests", ret_entries, err) < 0)
		return not_ours(err, "something else than a list of referrers");
	return 0;
}

int cof_sigmake_list(cof_span old, const cof_sigmade *made, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *entries = NULL, *entry = NULL;
	int r = old_list(old, &doc, &entries, err);
	if (r == 0)
		r = describe_bytes(COF_SIGMAKE_MANIFEST, &made->manifest, &entry, err);
	if (r < 0)
		return r;
	if (json_object_set_new(entry, "artifactType", json_string(COF_SIGBUNDLE_TYPE)) < 0 ||
	    json_array_append(entries, entry) < 0)
		r = cof_err_oom(err);
	json_decref(entry);
	return r < 0 ? r : cof_json_dump(doc, ret, err);
}
