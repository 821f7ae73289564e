/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http.h"

#include "common/http_int.h"

/* --- making --- */

static void free_list(char **list)
{
	for (char **s = list; s != NULL && *s != NULL; s++)
		free(*s);
	free(list);
}

void cof_http_free(cof_http *h)
{
	if (h == NULL)
		return;
	if (h->easy != NULL) {
		curl_easy_cleanup(h->easy);
		curl_global_cleanup();
	}
	free_list(h->resolve);
	free_list(h->no_proxy);
	free_list(h->inward);
	cof_buf_release(&h->ca);
	free(h->proxy);
	free(h);
}

static int copy_list(char ***ret, const char *const *list, cof_err *err)
{
	size_t n = 0;
	while (list != NULL && list[n] != NULL)
		n++;
	*ret = calloc(n + 1, sizeof **ret);
	for (size_t i = 0; *ret != NULL && i < n; i++) {
		(*ret)[i] = strdup(list[i]);
		if ((*ret)[i] == NULL)
			return cof_err_oom(err);
	}
	return *ret == NULL ? cof_err_oom(err) : 0;
}

static int copy_opts(cof_http *h, const cof_http_opts *opts, cof_err *err)
{
	h->opts = *opts;
	int r = cof_buf_add(&h->ca, opts->ca_pem.data, opts->ca_pem.len, err);
	if (r == 0)
		r = copy_list(&h->resolve, opts->resolve, err);
	if (r == 0)
		r = copy_list(&h->no_proxy, opts->no_proxy, err);
	if (r == 0)
		r = copy_list(&h->inward, opts->inward, err);
	if (r < 0)
		return r;
	h->peer = (cof_http_peer){.roots = cof_buf_span(&h->ca), .system_roots = opts->system_roots};
	if (opts->proxy != NULL && opts->proxy[0] != '\0' && (h->proxy = strdup(opts->proxy)) == NULL)
		return cof_err_oom(err);
	return 0;
}

int cof_http_new(cof_http **ret, const cof_http_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_http) h = calloc(1, sizeof *h);
	if (h == NULL)
		return cof_err_oom(err);
	int r = copy_opts(h, opts, err);
	if (r < 0)
		return r;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cof_err_set(err, COF_E_INTERNAL, "http-init", "the HTTP library does not start");
	h->easy = curl_easy_init();
	if (h->easy == NULL) {
		curl_global_cleanup();
		return cof_err_oom(err);
	}
	*ret = cof_steal(&h);
	return 0;
}

int cof_http_like(cof_http **ret, const cof_http *of, cof_err *err)
{
	cof_http_opts opts = of->opts;
	opts.ca_pem = cof_buf_span(&of->ca);
	opts.resolve = (const char *const *)of->resolve;
	opts.no_proxy = (const char *const *)of->no_proxy;
	opts.inward = (const char *const *)of->inward;
	opts.proxy = of->proxy;
	return cof_http_new(ret, &opts, err);
}

/* --- one hop --- */

/* What the peer made us do is the peer's fault, not the caller's. */
static int outcome(const cof_http_hop *t, CURLcode code)
{
	long asked = 0, proxy = 0;
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_REQUEST_SIZE, &asked);
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (t->inward)
		return cof_err_set(t->err, COF_E_POLICY, "http-inward", "the address lies inside this machine");
	if (t->proxied && proxy >= 400 && proxy < 500)
		return cof_err_set(t->err, COF_E_POLICY, "http-proxy-refused", "the proxy answered %ld", proxy);
	if (asked > 0 && code == CURLE_UNSUPPORTED_PROTOCOL)
		return cof_err_set(t->err, COF_E_MALFORMED, "http-malformed", "the peer does not speak HTTP");
	if (t->h->peer.bad_roots)
		return cof_err_set(t->err, COF_E_MALFORMED, "tls-roots", "the roots are no list of certificates");
	if (t->h->peer.untrusted)
		return cof_err_set(t->err, COF_E_CRYPTO, "tls-untrusted", "the peer's certificate is not vouched for");
	return cof_http_outcome(code, t->why[0] != '\0' ? t->why : curl_easy_strerror(code), t->err);
}

/* A body that only the connection's end delimits looks the same when it was cut. */
static bool delimited(const cof_http_hop *t)
{
	curl_off_t announced = -1, got = 0;
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
	COF_AUTO_FREE char *coding = cof_http_header(t->resp, "Transfer-Encoding");
	return announced >= 0 || got == 0 || coding != NULL;
}

static int perform(cof_http_hop *t)
{
	CURLcode code = curl_easy_perform(t->h->easy);
	if (t->failed < 0)
		return t->failed;
	if (code != CURLE_OK)
		return outcome(t, code);
	if (!delimited(t))
		return cof_err_set(t->err, COF_E_UNAVAILABLE, "http-cut", "an answer that does not say where it ends");
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_RESPONSE_CODE, &t->resp->status);
	return 0;
}

/* --- all hops --- */

typedef struct call {
	cof_http *h;
	const cof_http_req *req;
	char *url;		/* of the next hop */
	const char *credential; /* NULL once another origin was reached: it does not come back */
} call;

static int one_hop(const call *c, cof_http_resp *ret, cof_err *err)
{
	cof_http_hop t = {
		.h = c->h, .req = c->req, .url = c->url, .credential = c->credential, .resp = ret, .err = err};
	int r = cof_http_prepare(&t);
	if (r == 0)
		r = perform(&t);
	cof_http_hop_release(&t);
	return r;
}

static bool is_redirect(const call *c, const cof_http_resp *resp)
{
	static const long statuses[] = {301, 302, 303, 307, 308};
	bool asks = strcmp(c->req->method, "GET") == 0 || strcmp(c->req->method, "HEAD") == 0;
	for (size_t i = 0; asks && i < COF_COUNT(statuses); i++)
		if (resp->status == statuses[i])
			return true;
	return false;
}

static int move(call *c, const char *location, cof_err *err)
{
	char *next = NULL;
	cof_origin from, to;
	int r = cof_url_follow(c->url, location, &next, err);
	if (r < 0)
		return r;
	if (cof_origin_of(c->url, &from, NULL) < 0 || cof_origin_of(next, &to, NULL) < 0 ||
	    !cof_origin_equal(&from, &to))
		c->credential = NULL;
	free(c->url);
	c->url = next;
	return 0;
}

/* Known before the body, so that who reads it knows too. */
static int note_moved(const call *c, cof_http_resp *ret, cof_err *err)
{
	ret->moved = strdup(c->url);
	return ret->moved == NULL ? cof_err_oom(err) : 0;
}

static int run(call *c, cof_http_resp *ret, cof_err *err)
{
	for (long hop = 0;; hop++) {
		cof_http_resp_release(ret);
		int r = hop == 0 ? 0 : note_moved(c, ret, err);
		if (r == 0)
			r = one_hop(c, ret, err);
		if (r < 0 || c->h->opts.max_redirects == 0 || !is_redirect(c, ret))
			return r;
		COF_AUTO_FREE char *location = cof_http_header(ret, "Location");
		if (location == NULL)
			return 0;
		if (hop >= c->h->opts.max_redirects)
			return cof_err_set(err, COF_E_MALFORMED, "http-redirect", "more than %ld redirects",
					   c->h->opts.max_redirects);
		r = move(c, location, err);
		if (r < 0)
			return r;
	}
}

int cof_http_do(cof_http *h, const cof_http_req *req, cof_http_resp *ret, cof_err *err)
{
	cof_err unseen = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	call c = {.h = h, .req = req, .url = strdup(req->url), .credential = req->credential};
	err = err != NULL ? err : &unseen;
	int r = c.url == NULL ? cof_err_oom(err) : run(&c, &resp, err);
	free(c.url);
	if (r < 0)
		return r;
	*ret = resp;
	resp = (cof_http_resp){0};
	return 0;
}
