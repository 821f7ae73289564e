/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/registry.h"

#include <stdio.h>

#include "image-decrypt/registry_int.h"

enum {
	REDIRECTS_MAX = 5,
	RETRIES = 5,
	BACKOFF_MS = 250,
	STREAMS = 4,
	IDLE_MS = 30 * 1000,
	IDLE_PUSH_MS = 120 * 1000, /* a registry hashes a large blob before it answers */
	FLOOR = 1024,		   /* bytes a second */
};

#define ACCEPT                                                                                                         \
	"Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "                \
	"application/vnd.docker.distribution.manifest.v2+json, "                                                       \
	"application/vnd.docker.distribution.manifest.list.v2+json"

/* --- making --- */

static void place_release(cof_place *p)
{
	free(p->base);
	cof_login_release(&p->login);
	cof_secret_release(&p->authorization);
}

void cof_registry_free(cof_registry *r)
{
	for (size_t i = 0; i < r->n_idle; i++)
		cof_http_free(r->idle[i]);
	cof_http_free(r->first);
	for (size_t i = 0; r->places != NULL && i < r->n_places; i++)
		place_release(&r->places[i]);
	free(r->places);
	free(r->partners);
	free(r->query);
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_mutex_destroy(&r->auth_lock);
	free(r);
}

/* url: "https://HOST[:PORT][/PREFIX]". */
static int place_set(const cof_registry *r, cof_place *p, const char *url, const cof_login *login, const char *query,
		     cof_err *err)
{
	size_t n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	p->query = query;
	if (asprintf(&p->base, "%.*s/v2/%s", (int)n, url, r->ref.repo) < 0)
		return cof_err_oom(err);
	int rc = cof_origin_of(url, &p->origin, err);
	if (rc < 0 || strcmp(p->origin.scheme, "https") != 0 || strpbrk(url, "?#") != NULL)
		return cof_err_set(err, COF_E_USAGE, "mirror-url", "'%.100s' is not https://HOST[:PORT][/PREFIX]", url);
	return login == NULL ? 0 : cof_login_copy(&p->login, login, err);
}

static int set_places(cof_registry *r, const cof_registry_opts *opts, cof_err *err)
{
	COF_AUTO_FREE char *home = NULL;
	r->places = calloc(opts->n_mirrors + 1, sizeof *r->places);
	if (r->places == NULL || asprintf(&r->query, "?ns=%s", r->ref.host) < 0 ||
	    asprintf(&home, "https://%s", cof_ref_api_host(&r->ref)) < 0)
		return cof_err_oom(err);
	r->n_places = opts->n_mirrors + 1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < opts->n_mirrors; i++)
		rc = place_set(r, &r->places[i], opts->mirrors[i].url, opts->mirrors[i].login, r->query, err);
	return rc < 0 ? rc : place_set(r, cof_registry_home(r), home, opts->login, "", err);
}

static int set_partners(cof_registry *r, const char *const *list, cof_err *err)
{
	size_t n = 0;
	while (list != NULL && list[n] != NULL)
		n++;
	r->partners = calloc(n + 1, sizeof *r->partners);
	int rc = r->partners == NULL ? cof_err_oom(err) : 0;
	for (; rc == 0 && r->n_partners < n; r->n_partners++) {
		COF_AUTO_FREE char *url = NULL;
		if (asprintf(&url, "https://%s", list[r->n_partners]) < 0)
			return cof_err_oom(err);
		if (strpbrk(list[r->n_partners], "/?#@") != NULL)
			return cof_err_set(err, COF_E_USAGE, "http-url", "'%.100s' is not HOST[:PORT]",
					   list[r->n_partners]);
		rc = cof_origin_of(url, &r->partners[r->n_partners], err);
	}
	return rc;
}

/* Whom the person named may lie inside this machine; whom the registry names may not. */
static int add_inward(char **list, size_t at, const cof_origin *o, cof_err *err)
{
	return asprintf(&list[at], "%s:%s", o->host, o->port) < 0 ? cof_err_oom(err) : 0;
}

static int make_client(cof_registry *r, const cof_registry_opts *opts, cof_err *err)
{
	size_t n = r->n_places + r->n_partners;
	COF_AUTO_FREE char **inward = calloc(n + 1, sizeof *inward);
	int rc = inward == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_inward(inward, i, i < r->n_places ? &r->places[i].origin : &r->partners[i - r->n_places], err);
	const cof_http_opts http = {.ca_pem = opts->ca_pem,
				    .system_roots = opts->system_roots,
				    .resolve = opts->resolve,
				    .proxy = opts->proxy,
				    .no_proxy = opts->no_proxy,
				    .outward = true,
				    .inward = (const char *const *)inward,
				    .idle_ms = opts->push ? IDLE_PUSH_MS : IDLE_MS,
				    .floor = FLOOR,
				    .max_redirects = REDIRECTS_MAX};
	if (rc == 0)
		rc = cof_http_new(&r->first, &http, err);
	for (size_t i = 0; inward != NULL && i < n; i++)
		free(inward[i]);
	return rc;
}

static void set_numbers(cof_registry *r, const cof_registry_opts *opts)
{
	r->retries = opts->retries != 0 ? opts->retries : RETRIES;
	r->backoff_ms = opts->backoff_ms != 0 ? opts->backoff_ms : BACKOFF_MS;
	r->adapt = opts->streams == 0;
	r->streams = opts->streams != 0 ? opts->streams : STREAMS;
	if (r->streams > COF_STREAMS_MAX)
		r->streams = COF_STREAMS_MAX;
	r->sent = opts->sent;
	r->sent_arg = opts->sent_arg;
	/* We ask for our own repository and rights, whatever scope the registry names. */
	(void)snprintf(r->scope, sizeof r->scope, "repository:%s:%s", r->ref.repo, opts->push ? "pull,push" : "pull");
}

int cof_registry_new(cof_registry **ret, const cof_ref *ref, const cof_registry_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_registry) r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_mutex_init(&r->auth_lock, NULL);
	r->ref = *ref;
	set_numbers(r, opts);
	if (opts->n_mirrors > COF_MIRRORS_MAX)
		return cof_err_set(err, COF_E_USAGE, "mirror-url", "more than %d mirrors", (int)COF_MIRRORS_MAX);
	int rc = set_places(r, opts, err);
	if (rc == 0)
		rc = set_partners(r, opts->partners, err);
	if (rc == 0)
		rc = make_client(r, opts, err);
	if (rc < 0)
		return rc;
	*ret = cof_steal(&r);
	return 0;
}

/* --- small documents --- */

/* One document, wherever it is. pin: the digest that names it; only then mirrors are asked, and what they give is
 * checked before it counts. */
typedef struct document {
	const char *kind, *name;
	const cof_digest *pin;
	const char *const *headers;
	size_t max;
} document;

static int get_at(cof_registry *r, cof_place *p, const document *d, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	if (asprintf(&url, "%s/%s/%s%s", p->base, d->kind, d->name, p->query) < 0)
		return cof_err_oom(err);
	return cof_registry_get(r, p, url, d->headers, d->max, ret, err);
}

static bool genuine(const document *d, const cof_http_resp *resp)
{
	cof_digest found;
	return resp->status == 200 && cof_digest_of(d->pin->alg, cof_buf_span(&resp->body), &found, NULL) == 0 &&
	       cof_digest_equal(&found, d->pin);
}

/* Whatever the registry itself answers is the answer; what is wrong with a mirror is not. */
static int get_anywhere(cof_registry *r, const document *d, cof_http_resp *ret, cof_err *err)
{
	for (size_t i = d->pin == NULL ? r->n_places - 1 : 0; i + 1 < r->n_places; i++) {
		cof_place *p = &r->places[i];
		if (atomic_load(&p->down))
			continue;
		int rc = get_at(r, p, d, ret, NULL);
		if (rc == 0 && genuine(d, ret))
			return 0;
		if (rc < 0 || ret->status != 404)
			atomic_store(&p->down, true);
	}
	return get_at(r, cof_registry_home(r), d, ret, err);
}

int cof_registry_manifest(cof_registry *r, const char *wanted, cof_fetched *ret, bool *ret_found, cof_err *err)
{
	static const char *const headers[] = {ACCEPT, NULL};
	COF_AUTO(cof_http_resp) resp = {0};
	cof_digest pin;
	bool pinned = strchr(wanted, ':') != NULL;
	int rc = pinned ? cof_digest_parse(wanted, &pin, err) : 0;
	const document d = {"manifests", wanted, pinned ? &pin : NULL, headers, COF_MANIFEST_MAX};
	if (rc == 0)
		rc = get_anywhere(r, &d, &resp, err);
	if (rc < 0)
		return rc;
	*ret_found = resp.status != 404;
	if (!*ret_found)
		return 0;
	if (resp.status != 200)
		return cof_registry_status(&resp, "a manifest", err);
	COF_AUTO_FREE char *type = cof_http_header(&resp, "Content-Type");
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", type != NULL ? type : "");
	ret->body = resp.body;
	resp.body = (cof_buf){0};
	return 0;
}

static int source_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	bool found = false;
	int rc = cof_registry_manifest(arg, wanted, ret, &found, err);
	if (rc < 0 || found)
		return rc;
	return cof_err_set(err, COF_E_UNAVAILABLE, "registry-not-found", "the registry has no manifest %.150s", wanted);
}

static int source_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_http_resp) resp = {0};
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	const document doc = {"blobs", digest, &d->digest, NULL, max};
	int rc = get_anywhere(arg, &doc, &resp, err);
	if (rc == 0 && resp.status != 200)
		rc = cof_registry_status(&resp, "a blob", err);
	return rc < 0 ? rc : cof_buf_add(ret, resp.body.data, resp.body.len, err);
}

cof_image_source cof_registry_source(cof_registry *r)
{
	return (cof_image_source){.arg = r,
				  .manifest = source_manifest,
				  .blob = source_blob,
				  .stream = cof_registry_stream,
				  .referrers = cof_registry_referrers};
}
