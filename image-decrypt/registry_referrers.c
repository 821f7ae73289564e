/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who says something about a manifest: the referrers API, or the tag that older registries have in its place. Anybody
 * may have written the list, in any order; it is bounded here and believed by nobody.
 *
 * spec: OCI distribution-spec "Listing Referrers", "Unavailable Referrers API"
 */
#include <stdio.h>

#include "common/http_field.h"
#include "common/json.h"
#include "image-decrypt/registry_int.h"

enum { PAGES_MAX = 16, ENTRIES_MAX = 512 };

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

/* The pages so far, as one index. */
typedef struct listing {
	cof_registry *r;
	json_t *manifests;
	size_t bytes;
	char *next; /* URL of the page that follows; NULL: none */
} listing;

static int too_many(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "referrers-too-many", "more than %d entries, %d pages or %d bytes",
			   (int)ENTRIES_MAX, (int)PAGES_MAX, (int)COF_MANIFEST_MAX);
}

static int take_page(listing *l, cof_span body, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	json_t *page = NULL;
	l->bytes += body.len;
	if (l->bytes > COF_MANIFEST_MAX)
		return too_many(err);
	int rc = cof_json_parse(body, &doc, err);
	if (rc == 0)
		rc = cof_json_arr(doc, "manifests", &page, err);
	if (rc < 0)
		return cof_err_wrap(err, "the registry's list of referrers");
	if (json_array_size(l->manifests) + json_array_size(page) > ENTRIES_MAX)
		return too_many(err);
	return json_array_extend(l->manifests, page) < 0 ? cof_err_oom(err) : 0;
}

/* A next page is on the same server: our rights go along. */
static int take_next(listing *l, const char *url, const cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *link = cof_http_header_all(resp, "Link");
	COF_AUTO_FREE char *target = NULL;
	COF_AUTO_FREE char *next = NULL;
	cof_origin o;
	int rc = link == NULL ? 0 : cof_link_next_parse(link, &target, err);
	if (rc == 0 && target != NULL)
		rc = cof_url_follow(url, target, &next, err);
	if (rc == 0 && next != NULL &&
	    (cof_origin_of(next, &o, NULL) < 0 || !cof_origin_equal(&o, &cof_registry_home(l->r)->origin)))
		rc = cof_err_set(err, COF_E_MALFORMED, "http-link", "the next page is on another server");
	l->next = rc == 0 ? cof_steal(&next) : NULL;
	return rc;
}

/* *ret_found is false for a 404. */
static int get_page(listing *l, bool *ret_found, cof_err *err)
{
	static const char *const headers[] = {"Accept: " INDEX_TYPE, NULL};
	COF_AUTO_FREE char *url = cof_steal(&l->next);
	COF_AUTO(cof_http_resp) resp = {0};
	int rc = cof_registry_get(l->r, cof_registry_home(l->r), url, headers, COF_MANIFEST_MAX, &resp, err);
	*ret_found = rc == 0 && resp.status != 404;
	if (rc < 0 || !*ret_found)
		return rc;
	if (resp.status != 200)
		return cof_registry_status(&resp, "the list of referrers", err);
	rc = take_page(l, cof_buf_span(&resp.body), err);
	return rc < 0 ? rc : take_next(l, url, &resp, err);
}

static int get_pages(listing *l, bool *ret_found, cof_err *err)
{
	int rc = get_page(l, ret_found, err);
	for (size_t n = 1; rc == 0 && l->next != NULL; n++) {
		bool there = true;
		rc = n == PAGES_MAX ? too_many(err) : get_page(l, &there, err);
		if (rc == 0 && !there)
			rc = cof_err_set(err, COF_E_UNAVAILABLE, "registry-not-found", "a page of referrers is gone");
	}
	return rc;
}

static int from_api(listing *l, const char *digest, cof_fetched *ret, bool *ret_found, cof_err *err)
{
	if (asprintf(&l->next, "%s/referrers/%s", cof_registry_home(l->r)->base, digest) < 0)
		return cof_err_oom(err);
	int rc = get_pages(l, ret_found, err);
	if (rc < 0 || !*ret_found)
		return rc;
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType", INDEX_TYPE, "manifests", l->manifests);
	if (doc == NULL)
		return cof_err_oom(err);
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", INDEX_TYPE);
	return cof_json_dump(doc, &ret->body, err);
}

/* "sha256-HEX": ':' becomes '-', and the digest's hex is cut to 64 digits. */
static int from_tag(cof_registry *r, const char *digest, cof_fetched *ret, cof_err *err)
{
	enum { HEX_MAX = 64 };
	char tag[COF_DIGEST_STR_MAX];
	size_t alg = strcspn(digest, ":");
	bool found = false;
	(void)snprintf(tag, sizeof tag, "%.*s-%.*s", (int)alg, digest, (int)HEX_MAX, digest + alg + 1);
	return cof_registry_manifest(r, tag, ret, &found, err);
}

int cof_registry_referrers(void *arg, const cof_digest *subject, cof_fetched *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) manifests = json_array();
	listing l = {.r = arg, .manifests = manifests};
	char digest[COF_DIGEST_STR_MAX];
	bool found = false;
	if (manifests == NULL)
		return cof_err_oom(err);
	cof_digest_str(subject, digest);
	int rc = from_api(&l, digest, ret, &found, err);
	free(l.next);
	return rc < 0 || found ? rc : from_tag(arg, digest, ret, err);
}
