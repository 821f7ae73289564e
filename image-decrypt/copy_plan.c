/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/copy_plan.h"

#include <stdio.h>

void cof_copy_plan_free(cof_copy_plan *p)
{
	for (size_t i = 0; i < p->n_docs; i++)
		cof_fetched_release(&p->docs[i].doc);
	for (size_t i = 0; i < p->n_blobs; i++)
		cof_desc_release(&p->blobs[i].desc);
	free(p->blobs);
	free(p);
}

static int malformed(const char *what, cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "manifest-malformed", "%s", what);
}

/* --- blobs --- */

static bool has_blob(const cof_copy_plan *p, const cof_digest *d)
{
	for (size_t i = 0; i < p->n_blobs; i++)
		if (cof_digest_equal(&p->blobs[i].desc.digest, d))
			return true;
	return false;
}

static int grow(cof_copy_plan *p, cof_err *err)
{
	if (p->n_blobs < p->room)
		return 0;
	size_t room = p->room == 0 ? 32 : p->room * 2;
	if (room > COF_COPY_BLOBS_MAX)
		return malformed("too many blobs", err);
	cof_copy_blob *grown = reallocarray(p->blobs, room, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	p->blobs = grown;
	p->room = room;
	return 0;
}

static int add_blob(cof_copy_plan *p, const json_t *v, bool layer, cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	int r = cof_desc_parse(v, &d, err);
	if (r < 0 || has_blob(p, &d.digest))
		return r;
	r = grow(p, err);
	if (r < 0)
		return r;
	p->blobs[p->n_blobs++] = (cof_copy_blob){.desc = d, .layer = layer};
	d = (cof_desc){0};
	return 0;
}

/* Artifacts too: what a manifest is for does not matter to one who carries it. */
static int add_blobs(cof_copy_plan *p, const json_t *manifest, cof_err *err)
{
	json_t *layers = NULL, *one;
	size_t i;
	int r = add_blob(p, json_object_get(manifest, "config"), false, err);
	if (r == 0)
		r = cof_json_arr(manifest, "layers", &layers, err);
	json_array_foreach (layers, i, one)
		if (r == 0)
			r = add_blob(p, one, true, err);
	return r;
}

/* --- documents --- */

static bool has_doc(const cof_copy_plan *p, const cof_digest *d)
{
	for (size_t i = 0; i < p->n_docs; i++)
		if (cof_digest_equal(&p->docs[i].digest, d))
			return true;
	return false;
}

/* A document is put under its own name for its kind, which its bytes may leave out. */
static void name_kind(cof_fetched *doc, const json_t *v, cof_media_kind kind)
{
	const char *own = json_string_value(json_object_get(v, "mediaType"));
	doc->media_type[strcspn(doc->media_type, "; \t")] = '\0';
	if (own != NULL)
		(void)snprintf(doc->media_type, sizeof doc->media_type, "%s", own);
	else if (doc->media_type[0] == '\0')
		(void)snprintf(doc->media_type, sizeof doc->media_type, "application/vnd.oci.image.%s.v1+json",
			       kind == COF_MEDIA_INDEX ? "index" : "manifest");
}

/* A document on its way into the plan. */
typedef struct found {
	cof_fetched doc;
	cof_digest digest;
	cof_media_kind kind;
} found;

static void found_release(found *f)
{
	cof_fetched_release(&f->doc);
}
COF_DEFINE_AUTO(found, found_release)

/* Takes f's document. */
static int add_doc(cof_copy_plan *p, found *f, cof_err *err)
{
	if (p->n_docs == COF_COUNT(p->docs))
		return malformed("too many manifests", err);
	p->docs[p->n_docs++] = (cof_copy_doc){.doc = f->doc, .digest = f->digest};
	f->doc = (cof_fetched){0};
	return 0;
}

static int add_tree(cof_copy_plan *p, const cof_image_source *src, found *f, int depth, cof_err *err);

static int add_member(cof_copy_plan *p, const cof_image_source *src, const json_t *entry, int depth, cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(found) f = {0};
	int r = cof_desc_parse(entry, &d, err);
	if (r < 0 || has_doc(p, &d.digest))
		return r;
	if (depth == COF_INDEX_DEPTH_MAX)
		return malformed("indexes within indexes", err);
	f.digest = d.digest;
	r = cof_image_member(src, &d, &f.doc, &f.kind, err);
	return r < 0 ? r : add_tree(p, src, &f, depth + 1, err);
}

static int add_tree(cof_copy_plan *p, const cof_image_source *src, found *f, int depth, cof_err *err)
{
	COF_AUTO_PTR(json_t) v = NULL;
	json_t *members = NULL, *entry;
	size_t i;
	int r = cof_json_parse(cof_buf_span(&f->doc.body), &v, err);
	if (r == 0 && f->kind == COF_MEDIA_INDEX)
		r = cof_json_arr(v, "manifests", &members, err);
	else if (r == 0)
		r = add_blobs(p, v, err);
	json_array_foreach (members, i, entry)
		if (r == 0)
			r = add_member(p, src, entry, depth, err);
	if (r < 0)
		return r;
	name_kind(&f->doc, v, f->kind);
	return add_doc(p, f, err);
}

static int add_chosen(cof_copy_plan *p, const cof_image_source *src, const char *wanted, const cof_copy_opts *opts,
		      cof_err *err)
{
	COF_AUTO(cof_chosen) c = {0};
	COF_AUTO(found) f = {.kind = COF_MEDIA_MANIFEST};
	int r = 0;
	if (opts->all) {
		r = cof_image_fetch(src, wanted, &f.doc, &f.digest, &f.kind, err);
	} else {
		r = cof_image_choose(src, wanted, opts->platform, &c, err);
		f.doc = c.doc;
		f.digest = c.digest;
		c.doc = (cof_fetched){0};
	}
	return r < 0 ? r : add_tree(p, src, &f, 0, err);
}

int cof_copy_plan_make(cof_copy_plan **ret, const cof_image_source *src, const char *wanted, const cof_copy_opts *opts,
		       cof_err *err)
{
	COF_AUTO_PTR(cof_copy_plan) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	int r = add_chosen(p, src, wanted, opts, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&p);
	return 0;
}
