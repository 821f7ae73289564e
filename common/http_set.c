/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl is told before one hop. Every option must be known to the library that runs: a guest's may be built
 * smaller than the host's. */
#include "common/addr.h"
#include "common/http_int.h"

enum { CONNECT_MS = 10 * 1000 };

typedef struct setting {
	CURLoption option;
	long value;
} setting;

typedef struct pointer {
	CURLoption option;
	const void *value;
} pointer;

static int unknown(CURLoption option, cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "http-init", "HTTP option %d", (int)option);
}

static int set_longs(CURL *e, const setting *list, size_t n, cof_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (curl_easy_setopt(e, list[i].option, list[i].value) != CURLE_OK)
			return unknown(list[i].option, err);
	return 0;
}

static int set_pointers(CURL *e, const pointer *list, size_t n, cof_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (curl_easy_setopt(e, list[i].option, list[i].value) != CURLE_OK)
			return unknown(list[i].option, err);
	return 0;
}

static int append(struct curl_slist **list, const char *s, cof_err *err)
{
	struct curl_slist *longer = curl_slist_append(*list, s);
	if (longer == NULL)
		return cof_err_oom(err);
	*list = longer;
	return 0;
}

/* --- where --- */

/* Through a proxy the addresses are the proxy's business, which is not in this machine; an address or "localhost" in
 * the URL itself is still refused. */
static int judge(cof_http_hop *t)
{
	const cof_http *h = t->h;
	cof_origin o;
	int r = cof_origin_of(t->url, &o, t->err);
	if (r < 0)
		return r;
	for (char *const *s = h->inward; s != NULL && *s != NULL && !t->inward_ok; s++)
		t->inward_ok = cof_origin_at(&o, *s);
	t->proxied = h->proxy != NULL && !cof_host_listed((const char *const *)h->no_proxy, o.host);
	if (h->opts.outward && !t->inward_ok && cof_host_inward(o.host))
		return cof_err_set(t->err, COF_E_POLICY, "http-inward", "%s lies inside this machine", o.host);
	return 0;
}

static int set_where(cof_http_hop *t)
{
	const cof_http *h = t->h;
	bool plain = h->opts.plain_http && strncmp(t->url, "http://", 7) == 0;
	int r = judge(t);
	for (char *const *s = h->resolve; r == 0 && s != NULL && *s != NULL; s++)
		r = append(&t->resolve, *s, t->err);
	const pointer list[] = {
		{CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https"},
		{CURLOPT_URL, t->url},
		{CURLOPT_RESOLVE, t->resolve},
		/* An empty name is how libcurl is told to leave the environment alone. */
		{CURLOPT_PROXY, t->proxied ? h->proxy : ""},
		{CURLOPT_NOPROXY, ""},
	};
	return r < 0 ? r : set_pointers(h->easy, list, COF_COUNT(list), t->err);
}

/* --- how --- */

static int set_limits(const cof_http_hop *t)
{
	const cof_http_opts *o = &t->h->opts;
	const setting list[] = {
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
		{CURLOPT_CONNECTTIMEOUT_MS, o->connect_ms == 0 ? CONNECT_MS : o->connect_ms},
		{CURLOPT_TIMEOUT_MS, t->req->total_ms != 0 ? t->req->total_ms : o->total_ms},
		{CURLOPT_FOLLOWLOCATION, 0}, /* we follow, and say what goes along */
		{CURLOPT_NOPROGRESS, 0},
		{CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
	};
	return set_longs(t->h->easy, list, COF_COUNT(list), t->err);
}

/* --- what --- */

static bool has_body(const cof_http_req *req)
{
	return req->body.len > 0 || strcmp(req->method, "POST") == 0 || strcmp(req->method, "PUT") == 0 ||
	       strcmp(req->method, "PATCH") == 0;
}

static int set_body(CURL *e, const cof_http_req *req, cof_err *err)
{
	const pointer method = {CURLOPT_CUSTOMREQUEST, req->method};
	int r = set_pointers(e, &method, 1, err);
	if (r < 0)
		return r;
	if (req->source != NULL) {
		r = set_longs(e, &(setting){CURLOPT_UPLOAD, 1}, 1, err);
		if (r == 0 && curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->source_len) != CURLE_OK)
			r = unknown(CURLOPT_INFILESIZE_LARGE, err);
		return r;
	}
	if (!has_body(req))
		return 0;
	if (curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len) != CURLE_OK)
		return unknown(CURLOPT_POSTFIELDSIZE_LARGE, err);
	const pointer body = {CURLOPT_POSTFIELDS, req->body.len == 0 ? (const void *)"" : req->body.data};
	return set_pointers(e, &body, 1, err);
}

static int set_method(CURL *e, const cof_http_req *req, cof_err *err)
{
	if (strcmp(req->method, "GET") == 0)
		return set_longs(e, &(setting){CURLOPT_HTTPGET, 1}, 1, err);
	if (strcmp(req->method, "HEAD") == 0)
		return set_longs(e, &(setting){CURLOPT_NOBODY, 1}, 1, err);
	return set_body(e, req, err);
}

static int add_header(cof_http_hop *t, const char *line)
{
	if (strpbrk(line, "\r\n") != NULL)
		return cof_err_set(t->err, COF_E_USAGE, "http-header", "a line break in a header");
	return append(&t->headers, line, t->err);
}

static int set_headers(cof_http_hop *t)
{
	/* No pause for "100 Continue": our bodies are small, or the peer is a registry that reads them. */
	int r = add_header(t, "Expect:");
	if (r == 0)
		r = add_header(t, "User-Agent: coffer/" COF_VERSION);
	for (const char *const *s = t->req->headers; r == 0 && s != NULL && *s != NULL; s++)
		r = add_header(t, *s);
	if (r == 0 && t->credential != NULL)
		r = add_header(t, t->credential);
	return r < 0 ? r : set_pointers(t->h->easy, &(pointer){CURLOPT_HTTPHEADER, t->headers}, 1, t->err);
}

int cof_http_prepare(cof_http_hop *t)
{
	curl_easy_reset(t->h->easy);
	int r = cof_http_hook(t);
	if (r == 0)
		r = set_limits(t);
	if (r == 0)
		r = cof_http_tls(t->h->easy, &t->h->peer, t->err);
	if (r == 0)
		r = set_where(t);
	if (r == 0)
		r = set_method(t->h->easy, t->req, t->err);
	return r < 0 ? r : set_headers(t);
}

/* Nothing of this call may be reached through the handle later, nor read out of freed memory. */
void cof_http_hop_release(cof_http_hop *t)
{
	curl_easy_reset(t->h->easy);
	for (struct curl_slist *s = t->headers; s != NULL; s = s->next)
		explicit_bzero(s->data, strlen(s->data));
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->resolve);
}
