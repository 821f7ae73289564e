/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/registry.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/hex.h"
#include "image-decrypt/challenge.h"
#include "image-decrypt/registry_int.h"

enum {
	REDIRECTS_MAX = 5,
	RETRIES = 5,
	TOKEN_BODY_MAX = 256 << 10,
	PAUSE_FIRST_MS = 100,
	PAUSE_MAX_MS = 2000,
	HEADERS_PER_REQUEST = 6,
};

#define ACCEPT                                                                                                         \
	"Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "                \
	"application/vnd.docker.distribution.manifest.v2+json, "                                                       \
	"application/vnd.docker.distribution.manifest.list.v2+json"

void cof_registry_free(cof_registry *r)
{
	if (r->http != NULL)
		cof_http_free(r->http);
	if (r->authorization != NULL)
		cof_wipe(r->authorization, strlen(r->authorization));
	free(r->authorization);
	free(r->base);
	free(r->user);
	cof_secret_release(&r->password);
	free(r);
}

static int copy_login(cof_registry *r, const cof_registry_opts *opts, cof_err *err)
{
	if (opts->user == NULL)
		return 0;
	r->user = strdup(opts->user);
	if (r->user == NULL)
		return cof_err_oom(err);
	return opts->password == NULL ? 0 : cof_secret_from(&r->password, cof_secret_span(opts->password), err);
}

int cof_registry_new(cof_registry **ret, const cof_ref *ref, const cof_registry_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_registry) r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	r->ref = *ref;
	r->push = opts->push;
	r->retries = opts->retries != 0 ? opts->retries : RETRIES;
	const cof_http_opts http = {
		.ca_pem = opts->ca_pem, .resolve = opts->resolve, .proxy = opts->proxy, .max_redirects = REDIRECTS_MAX};
	if (asprintf(&r->base, "https://%s/v2/%s", cof_ref_api_host(ref), ref->repo) < 0)
		return cof_err_oom(err);
	int rc = copy_login(r, opts, err);
	if (rc == 0)
		rc = cof_http_new(&r->http, &http, err);
	if (rc < 0)
		return rc;
	*ret = cof_steal(&r);
	return 0;
}

/* --- credentials --- */

static int basic_header(const cof_registry *r, char **ret, cof_err *err)
{
	COF_AUTO(cof_buf) pair = {0};
	int rc = cof_buf_printf(&pair, err, "%s:", r->user);
	if (rc == 0)
		rc = cof_buf_add(&pair, r->password.data, r->password.len, err);
	COF_AUTO_FREE char *text = rc == 0 ? cof_b64_dup(cof_buf_span(&pair)) : NULL;
	cof_buf_wipe(&pair);
	if (rc < 0)
		return rc;
	if (text == NULL || asprintf(ret, "Authorization: Basic %s", text) < 0)
		return cof_err_oom(err);
	return 0;
}

static bool url_safe(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.' || c == '~';
}

static int add_query(cof_buf *url, char before, const char *name, const char *value, cof_err *err)
{
	int rc = cof_buf_printf(url, err, "%c%s=", before, name);
	for (; rc == 0 && *value != '\0'; value++)
		rc = url_safe((uint8_t)*value) ? cof_buf_add(url, value, 1, err)
					       : cof_buf_printf(url, err, "%%%02X", (unsigned)(uint8_t)*value);
	return rc;
}

/* We ask for our own repository and rights, whatever scope the registry names. */
static int token_url(const cof_registry *r, const cof_challenge *c, cof_buf *ret, cof_err *err)
{
	char scope[COF_REF_REPO_MAX + 32];
	(void)snprintf(scope, sizeof scope, "repository:%s:%s", r->ref.repo, r->push ? "pull,push" : "pull");
	int rc = cof_buf_add_str(ret, c->realm, err);
	if (rc == 0)
		rc = add_query(ret, strchr(c->realm, '?') != NULL ? '&' : '?', "service", c->service, err);
	return rc < 0 ? rc : add_query(ret, '&', "scope", scope, err);
}

static int take_token(cof_registry *r, const cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *token = NULL;
	int rc = cof_json_parse(cof_buf_span(&resp->body), &doc, err);
	if (rc == 0)
		rc = cof_json_opt_str(doc, "token", &token, err);
	if (rc == 0 && token == NULL)
		rc = cof_json_str(doc, "access_token", &token, err);
	if (rc < 0)
		return cof_err_wrap(err, "the registry's token server");
	return asprintf(&r->authorization, "Authorization: Bearer %s", token) < 0 ? cof_err_oom(err) : 0;
}

static int fetch_token(cof_registry *r, const cof_challenge *c, cof_err *err)
{
	COF_AUTO(cof_buf) url = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_FREE char *basic = NULL;
	int rc = token_url(r, c, &url, err);
	if (rc == 0 && r->user != NULL)
		rc = basic_header(r, &basic, err);
	if (rc < 0)
		return rc;
	const cof_http_req req = {
		.method = "GET", .url = cof_buf_str(&url), .credential = basic, .max_body = TOKEN_BODY_MAX};
	rc = cof_http_do(r->http, &req, &resp, err);
	if (basic != NULL)
		cof_wipe(basic, strlen(basic));
	if (rc == 0 && resp.status != 200)
		rc = cof_err_set(err, COF_E_POLICY, "registry-refused", "the token server answered %ld", resp.status);
	return rc < 0 ? rc : take_token(r, &resp, err);
}

/* A 401 is answered once per request; a second one is the answer. */
static int authorize(cof_registry *r, const cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *header = cof_http_header(resp, "WWW-Authenticate");
	cof_challenge c;
	if (header == NULL)
		return cof_err_set(err, COF_E_POLICY, "registry-refused", "401 without a challenge");
	int rc = cof_challenge_parse(header, &c, err);
	if (rc < 0)
		return rc;
	free(cof_steal(&r->authorization));
	if (c.scheme == COF_AUTH_BEARER)
		return fetch_token(r, &c, err);
	if (r->user == NULL)
		return cof_err_set(err, COF_E_POLICY, "registry-refused", "the registry wants a user and password");
	return basic_header(r, &r->authorization, err);
}

/* --- one request --- */

static const struct {
	long status;
	cof_class cls;
	const char *reason;
} refusals[] = {
	{401, COF_E_POLICY, "registry-refused"},
	{403, COF_E_POLICY, "registry-refused"},
	{404, COF_E_UNAVAILABLE, "registry-not-found"},
};

int cof_registry_status(const cof_http_resp *resp, const char *what, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(refusals); i++)
		if (refusals[i].status == resp->status)
			return cof_err_set(err, refusals[i].cls, refusals[i].reason, "the registry answered %ld for %s",
					   resp->status, what);
	return cof_err_set(err, COF_E_UNAVAILABLE, "registry-status", "the registry answered %ld for %s", resp->status,
			   what);
}

static int do_once(cof_registry *r, const cof_http_req *req, const char *const *headers, cof_http_resp *ret,
		   cof_err *err)
{
	const char *all[HEADERS_PER_REQUEST] = {"Accept-Encoding: identity"};
	size_t n = 1;
	for (; headers != NULL && *headers != NULL && n + 2 < COF_COUNT(all); headers++)
		all[n++] = *headers;
	cof_http_req full = *req;
	full.headers = all;
	full.credential = r->authorization;
	cof_http_resp_release(ret);
	return cof_http_do(r->http, &full, ret, err);
}

int cof_registry_do(cof_registry *r, const cof_http_req *req, const char *const *headers, cof_http_resp *ret,
		    cof_err *err)
{
	int rc = do_once(r, req, headers, ret, err);
	if (rc < 0 || ret->status != 401)
		return rc;
	rc = authorize(r, ret, err);
	/* A stream was read already: its owner begins it again. */
	return rc < 0 || req->source != NULL ? rc : do_once(r, req, headers, ret, err);
}

bool cof_registry_may_pass(const cof_http_resp *resp, int rc)
{
	return rc < 0 ? rc == -COF_E_UNAVAILABLE : resp->status == 408 || resp->status == 429 || resp->status >= 500;
}

void cof_registry_pause(unsigned attempt)
{
	long ms = attempt < 5 ? (long)PAUSE_FIRST_MS << attempt : PAUSE_MAX_MS;
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&t, NULL);
}

/* --- small documents --- */

static int get(cof_registry *r, const char *url, const char *const *headers, size_t max, cof_http_resp *ret,
	       cof_err *err)
{
	const cof_http_req req = {.method = "GET", .url = url, .max_body = max};
	for (unsigned attempt = 0;; attempt++) {
		int rc = cof_registry_do(r, &req, headers, ret, err);
		if (rc == 0 && ret->status == 200)
			return 0;
		if (attempt < r->retries && cof_registry_may_pass(ret, rc)) {
			cof_registry_pause(attempt);
			continue;
		}
		return rc < 0 ? rc : cof_registry_status(ret, url + strlen(r->base), err);
	}
}

static int source_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	static const char *const headers[] = {ACCEPT, NULL};
	cof_registry *r = arg;
	COF_AUTO_FREE char *url = NULL;
	COF_AUTO(cof_http_resp) resp = {0};
	if (asprintf(&url, "%s/manifests/%s", r->base, wanted) < 0)
		return cof_err_oom(err);
	int rc = get(r, url, headers, COF_MANIFEST_MAX, &resp, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *type = cof_http_header(&resp, "Content-Type");
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s", type != NULL ? type : "");
	ret->body = resp.body;
	resp.body = (cof_buf){0};
	return 0;
}

static int source_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	cof_registry *r = arg;
	COF_AUTO_FREE char *url = NULL;
	COF_AUTO(cof_http_resp) resp = {0};
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	if (asprintf(&url, "%s/blobs/%s", r->base, digest) < 0)
		return cof_err_oom(err);
	int rc = get(r, url, NULL, max, &resp, err);
	if (rc == 0)
		rc = cof_buf_add(ret, resp.body.data, resp.body.len, err);
	return rc;
}

static int source_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	return cof_registry_blob(arg, d, sink, sink_arg, err);
}

cof_image_source cof_registry_source(cof_registry *r)
{
	return (cof_image_source){.arg = r, .manifest = source_manifest, .blob = source_blob, .stream = source_stream};
}
