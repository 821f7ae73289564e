/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigfetch.h"

#include <stdio.h>

#include "image-decrypt/sigbundle.h"

enum { REFERRERS_MAX = 4096 }; /* entries of a list that are looked at; what they name costs more */

void cof_sig_found_release(cof_sig_found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		cof_buf_release(&f->list[i].body);
		free(f->list[i].signature);
	}
	free(f->list);
	*f = (cof_sig_found){0};
}

void cof_sig_tag(const cof_digest *image, const char *suffix, char out[COF_SIG_TAG_MAX])
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(image, text);
	*strchr(text, ':') = '-';
	(void)snprintf(out, COF_SIG_TAG_MAX, "%s%s", text, suffix);
}

/* --- troubles --- */

bool cof_sig_is_absent(const cof_err *e)
{
	static const char *const reasons[] = {"registry-not-found", "tag-missing", "blob-missing"};
	for (size_t i = 0; i < COF_COUNT(reasons); i++)
		if (cof_err_is(e, reasons[i]))
			return true;
	return false;
}

/* Want of memory ends the search; what is not there is no trouble; all else is remembered and passed over. */
static int pass_over(cof_sig_found *f, const cof_err *e, cof_err *err)
{
	if (e->cls == COF_E_INTERNAL) {
		if (err != NULL)
			*err = *e;
		return -COF_E_INTERNAL;
	}
	if (f->missed.cls == COF_OK && !cof_sig_is_absent(e))
		f->missed = *e;
	return 0;
}

static bool spend(cof_sig_found *f, size_t bytes)
{
	if (f->full || bytes > COF_SIG_BYTES_MAX - f->bytes)
		f->full = true;
	else
		f->bytes += bytes;
	return !f->full;
}

/* --- documents --- */

/* A manifest or index by tag or digest; an empty body when there is none that can be used. */
static int fetch_document(const cof_image_source *src, const char *wanted, cof_sig_found *f, cof_fetched *ret,
			  cof_err *err)
{
	cof_err e = {0};
	if (f->documents == COF_SIG_MAX)
		f->full = true;
	if (f->full)
		return 0;
	f->documents++;
	int r = src->manifest(src->arg, wanted, ret, &e);
	if (r == 0 && spend(f, ret->body.len))
		return 0;
	cof_fetched_release(ret);
	return r < 0 ? pass_over(f, &e, err) : 0;
}

static int add(cof_sig_found *f, cof_sig_kind kind, cof_buf *body, const char *signature, cof_err *err)
{
	cof_sig_candidate *grown = reallocarray(f->list, f->n + 1, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	f->list = grown;
	COF_AUTO_FREE char *copy = signature != NULL ? strdup(signature) : NULL;
	if (signature != NULL && copy == NULL)
		return cof_err_oom(err);
	grown[f->n++] = (cof_sig_candidate){kind, *body, cof_steal(&copy)};
	*body = (cof_buf){0};
	return 0;
}

static int fetch_layer(const cof_image_source *src, const cof_desc *d, cof_sig_kind kind, cof_sig_found *f,
		       cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_err e = {0};
	if (f->n == COF_SIG_MAX)
		f->full = true;
	if (d->size > COF_SIG_PAYLOAD_MAX || !spend(f, (size_t)d->size))
		return 0;
	int r = src->blob(src->arg, d, COF_SIG_PAYLOAD_MAX, &body, &e);
	if (r == 0)
		r = cof_desc_check(d, cof_buf_span(&body), &e);
	if (r < 0)
		return pass_over(f, &e, err);
	return add(f, kind, &body, cof_desc_annotation(d, COF_SIG_ANNOTATION), err);
}

static cof_sig_kind kind_of(const cof_desc *d)
{
	if (cof_sigbundle_type(d->media_type))
		return COF_SIG_BUNDLE;
	bool cosign = strcmp(d->media_type, COF_SIG_COSIGN_TYPE) == 0;
	return cosign && cof_desc_annotation(d, COF_SIG_ANNOTATION) != NULL ? COF_SIG_COSIGN : COF_SIG_NONE;
}

/* One signature a layer. A manifest of anything else has no layer of these types. */
static int take_layers(const cof_image_source *src, const cof_buf *body, cof_sig_found *f, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err e = {0};
	cof_media_kind kind;
	json_t *layers = NULL, *one;
	size_t i;
	int r = cof_image_manifest_kind(cof_buf_span(body), NULL, &kind, &e);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(body), &doc, &e);
	if (r == 0)
		r = cof_json_arr(doc, "layers", &layers, &e);
	if (r < 0)
		return pass_over(f, &e, err);
	json_array_foreach (layers, i, one) {
		COF_AUTO(cof_desc) d = {0};
		if (f->full)
			return 0;
		if (cof_desc_parse(one, &d, &e) < 0)
			r = pass_over(f, &e, err);
		else if (kind_of(&d) != COF_SIG_NONE)
			r = fetch_layer(src, &d, kind_of(&d), f, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the places --- */

static int from_tag(const cof_image_source *src, const cof_digest *image, cof_sig_found *f, cof_err *err)
{
	COF_AUTO(cof_fetched) doc = {0};
	char tag[COF_SIG_TAG_MAX];
	cof_sig_tag(image, ".sig", tag);
	int r = fetch_document(src, tag, f, &doc, err);
	return r < 0 || doc.body.len == 0 ? r : take_layers(src, &doc.body, f, err);
}

static int fetch_referrer(const cof_image_source *src, const json_t *entry, cof_sig_found *f, cof_err *err)
{
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO(cof_fetched) doc = {0};
	cof_err e = {0};
	char wanted[COF_DIGEST_STR_MAX];
	if (cof_desc_parse(entry, &d, &e) < 0)
		return pass_over(f, &e, err);
	cof_digest_str(&d.digest, wanted);
	int r = fetch_document(src, wanted, f, &doc, err);
	if (r < 0 || doc.body.len == 0)
		return r;
	if (cof_desc_check(&d, cof_buf_span(&doc.body), &e) < 0)
		return pass_over(f, &e, err);
	return take_layers(src, &doc.body, f, err);
}

static bool is_signature(const json_t *entry)
{
	const char *type = NULL;
	return cof_json_opt_str(entry, "artifactType", &type, NULL) == 0 && type != NULL &&
	       (strcmp(type, COF_SIG_COSIGN_ARTIFACT) == 0 || cof_sigbundle_type(type));
}

/* The source's own list, or the tag that stands for one where there is none, or where it is empty. */
static int fetch_list(const cof_image_source *src, const cof_digest *image, cof_sig_found *f, cof_fetched *ret,
		      cof_err *err)
{
	char tag[COF_SIG_TAG_MAX];
	cof_err e = {0};
	int r = src->referrers == NULL ? 0 : src->referrers(src->arg, image, ret, &e);
	if (r == 0 && ret->body.len > 0 && spend(f, ret->body.len))
		return 0;
	cof_fetched_release(ret);
	if (r < 0 && (r = pass_over(f, &e, err)) < 0)
		return r;
	cof_sig_tag(image, "", tag);
	return fetch_document(src, tag, f, ret, err);
}

static int from_referrers(const cof_image_source *src, const cof_digest *image, cof_sig_found *f, cof_err *err)
{
	COF_AUTO(cof_fetched) list = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err e = {0};
	json_t *entries = NULL, *one;
	size_t i;
	int r = fetch_list(src, image, f, &list, err);
	if (r < 0 || list.body.len == 0)
		return r;
	if (cof_json_parse(cof_buf_span(&list.body), &doc, &e) < 0 || cof_json_arr(doc, "manifests", &entries, &e) < 0)
		return pass_over(f, &e, err);
	json_array_foreach (entries, i, one) {
		if (f->full || i == REFERRERS_MAX) {
			f->full = true;
			return 0;
		}
		if (is_signature(one) && (r = fetch_referrer(src, one, f, err)) < 0)
			return r;
	}
	return 0;
}

int cof_sig_fetch(const cof_image_source *src, const cof_digest *image, cof_sig_found *f, cof_err *err)
{
	int r = from_tag(src, image, f, err);
	return r < 0 ? r : from_referrers(src, image, f, err);
}
