/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http.h"

#include "common/clock.h"
#include "common/http_curl.h"

enum {
	HEADERS_MAX = 64 << 10,
	ERROR_BODY_MAX = 64 << 10,
	CONNECT_MS = 10 * 1000,
	IDLE_MS = 30 * 1000,
};

struct cof_http {
	CURL *easy;
	cof_buf ca;
	struct curl_slist *resolve;
	char *proxy;
	bool untrusted;	    /* the last call's peer */
	cof_http_opts opts; /* borrowed members are not used after cof_http_new */
};

/* One call under way. */
typedef struct transfer {
	cof_http *h;
	const cof_http_req *req;
	cof_http_resp *resp;
	cof_err *err;
	bool begun; /* the body's first bytes were seen */
	int failed; /* code of the error that a call back of ours stored in *err */
	curl_off_t moved;
	int64_t moved_at;
	long idle_ms;
	char why[CURL_ERROR_SIZE];
} transfer;

/* --- making --- */

void cof_http_free(cof_http *h)
{
	if (h == NULL)
		return;
	if (h->easy != NULL) {
		curl_easy_cleanup(h->easy);
		curl_global_cleanup();
	}
	curl_slist_free_all(h->resolve);
	cof_buf_release(&h->ca);
	free(h->proxy);
	free(h);
}

static int append(struct curl_slist **list, const char *s, cof_err *err)
{
	struct curl_slist *longer = curl_slist_append(*list, s);
	if (longer == NULL)
		return cof_err_oom(err);
	*list = longer;
	return 0;
}

static int copy_opts(cof_http *h, const cof_http_opts *opts, cof_err *err)
{
	int r = cof_buf_add(&h->ca, opts->ca_pem.data, opts->ca_pem.len, err);
	for (const char *const *s = opts->resolve; r == 0 && s != NULL && *s != NULL; s++)
		r = append(&h->resolve, *s, err);
	/* An empty name is how libcurl is told to leave the environment alone. */
	h->proxy = strdup(opts->proxy == NULL ? "" : opts->proxy);
	h->opts = *opts;
	return r == 0 && h->proxy == NULL ? cof_err_oom(err) : r;
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

/* --- what arrives --- */

static bool good_status(transfer *t)
{
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_RESPONSE_CODE, &t->resp->status);
	return t->resp->status >= 200 && t->resp->status < 300;
}

static int to_sink(transfer *t, cof_span chunk)
{
	bool first = !t->begun;
	t->begun = true;
	int r = first && t->req->begin != NULL ? t->req->begin(t->req->sink_arg, t->resp, t->err) : 0;
	return r < 0 ? r : t->req->sink(t->req->sink_arg, chunk, t->err);
}

static int too_large(transfer *t, size_t max)
{
	return cof_err_set(t->err, COF_E_MALFORMED, "http-too-large", "an answer of more than %zu bytes", max);
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	(void)one;
	transfer *t = arg;
	bool good = good_status(t);
	size_t max = good || t->req->sink == NULL ? t->req->max_body : ERROR_BODY_MAX;
	if (good && t->req->sink != NULL)
		t->failed = to_sink(t, cof_span_of(data, len));
	else if (t->resp->body.len + len <= max)
		t->failed = cof_buf_add(&t->resp->body, data, len, t->err);
	else
		t->failed = too_large(t, max);
	return t->failed < 0 ? 0 : len;
}

/* A status line begins another response: of a redirect, or after "100 Continue". */
static size_t on_header(char *data, size_t one, size_t len, void *arg)
{
	(void)one;
	transfer *t = arg;
	if (len >= 5 && strncmp(data, "HTTP/", 5) == 0)
		t->resp->headers.len = 0;
	if (t->resp->headers.len + len > HEADERS_MAX)
		t->failed = too_large(t, HEADERS_MAX);
	else
		t->failed = cof_buf_add(&t->resp->headers, data, len, t->err);
	return t->failed < 0 ? 0 : len;
}

static size_t on_source(char *buf, size_t one, size_t len, void *arg)
{
	transfer *t = arg;
	long n = t->req->source(t->req->source_arg, buf, one * len, t->err);
	if (n >= 0)
		return (size_t)n;
	t->failed = (int)n;
	return CURL_READFUNC_ABORT;
}

/* libcurl asks about once a second, also when nothing moves. */
static int on_progress(void *arg, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
	(void)dl_total;
	(void)ul_total;
	transfer *t = arg;
	if (dl + ul != t->moved) {
		t->moved = dl + ul;
		t->moved_at = cof_now_ms();
	}
	if (cof_now_ms() - t->moved_at < t->idle_ms)
		return 0;
	t->failed = cof_err_set(t->err, COF_E_UNAVAILABLE, "http-timeout", "nothing moved for %ld ms", t->idle_ms);
	return 1;
}

/* --- settings --- */

typedef struct setting {
	CURLoption option;
	long value;
} setting;

/* Every one of them must be known to the library that runs: a guest's may be built smaller than the host's. */
static int set_long(CURL *e, CURLoption option, long value, cof_err *err)
{
	if (curl_easy_setopt(e, option, value) != CURLE_OK)
		return cof_err_set(err, COF_E_INTERNAL, "http-init", "HTTP option %d", (int)option);
	return 0;
}

static int set_ptr(CURL *e, CURLoption option, const void *value, cof_err *err)
{
	if (curl_easy_setopt(e, option, value) != CURLE_OK)
		return cof_err_set(err, COF_E_INTERNAL, "http-init", "HTTP option %d", (int)option);
	return 0;
}

static int set_where(cof_http *h, const cof_http_req *req, cof_err *err)
{
	bool plain = h->opts.plain_http && strncmp(req->url, "http://", 7) == 0;
	const char *protocols = plain ? "http,https" : "https";
	int r = set_ptr(h->easy, CURLOPT_PROTOCOLS_STR, protocols, err);
	if (r == 0)
		r = set_ptr(h->easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols, err);
	if (r == 0)
		r = set_ptr(h->easy, CURLOPT_URL, req->url, err);
	if (r == 0)
		r = set_ptr(h->easy, CURLOPT_RESOLVE, h->resolve, err);
	if (r == 0)
		r = set_ptr(h->easy, CURLOPT_PROXY, h->proxy, err);
	if (r == 0)
		r = set_ptr(h->easy, CURLOPT_NOPROXY, "", err);
	return r;
}

static int set_limits(cof_http *h, const cof_http_req *req, cof_err *err)
{
	const setting settings[] = {
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
		{CURLOPT_CONNECTTIMEOUT_MS, h->opts.connect_ms == 0 ? CONNECT_MS : h->opts.connect_ms},
		{CURLOPT_TIMEOUT_MS, req->total_ms != 0 ? req->total_ms : h->opts.total_ms},
		{CURLOPT_FOLLOWLOCATION, h->opts.max_redirects > 0 ? 1 : 0},
		{CURLOPT_MAXREDIRS, h->opts.max_redirects},
		{CURLOPT_NOPROGRESS, 0},
	};
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(settings); i++)
		r = set_long(h->easy, settings[i].option, settings[i].value, err);
	return r;
}

static int set_body(CURL *e, const cof_http_req *req, cof_err *err)
{
	int r = set_ptr(e, CURLOPT_CUSTOMREQUEST, req->method, err);
	if (r < 0)
		return r;
	if (req->source != NULL) {
		r = set_long(e, CURLOPT_UPLOAD, 1, err);
		if (r == 0 && curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->source_len) != CURLE_OK)
			r = cof_err_set(err, COF_E_INTERNAL, "http-init", "HTTP body of %zu bytes", req->source_len);
		return r;
	}
	if (req->body.len == 0 && strcmp(req->method, "POST") != 0 && strcmp(req->method, "PUT") != 0 &&
	    strcmp(req->method, "PATCH") != 0)
		return 0;
	if (curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len) != CURLE_OK)
		return cof_err_set(err, COF_E_INTERNAL, "http-init", "HTTP body of %zu bytes", req->body.len);
	return set_ptr(e, CURLOPT_POSTFIELDS, req->body.len == 0 ? "" : (const char *)req->body.data, err);
}

static int set_method(CURL *e, const cof_http_req *req, cof_err *err)
{
	if (strcmp(req->method, "GET") == 0)
		return set_long(e, CURLOPT_HTTPGET, 1, err);
	if (strcmp(req->method, "HEAD") == 0)
		return set_long(e, CURLOPT_NOBODY, 1, err);
	return set_body(e, req, err);
}

static int set_callbacks(transfer *t)
{
	CURL *e = t->h->easy;
	bool ok = curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_READFUNCTION, on_source) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_READDATA, t) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why) == CURLE_OK;
	return ok ? 0 : cof_err_set(t->err, COF_E_INTERNAL, "http-init", "HTTP call backs");
}

static int set_headers(transfer *t, struct curl_slist **list)
{
	/* No pause for "100 Continue": our bodies are small, or the peer is a registry that reads them. */
	int r = append(list, "Expect:", t->err);
	if (r == 0)
		r = append(list, "User-Agent: coffer/" COF_VERSION, t->err);
	for (const char *const *s = t->req->headers; r == 0 && s != NULL && *s != NULL; s++) {
		if (strpbrk(*s, "\r\n") != NULL)
			return cof_err_set(t->err, COF_E_USAGE, "http-header", "a line break in a header");
		r = append(list, *s, t->err);
	}
	return r < 0 ? r : set_ptr(t->h->easy, CURLOPT_HTTPHEADER, *list, t->err);
}

/* --- calling --- */

/* What the peer made us do is the peer's fault, not the caller's. */
static int outcome(const transfer *t, CURLcode code)
{
	long redirects = 0, asked = 0;
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_REDIRECT_COUNT, &redirects);
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_REQUEST_SIZE, &asked);
	if (redirects > 0 && code == CURLE_UNSUPPORTED_PROTOCOL)
		return cof_err_set(t->err, COF_E_MALFORMED, "http-redirect", "a redirect out of https");
	if (asked > 0 && code == CURLE_UNSUPPORTED_PROTOCOL)
		return cof_err_set(t->err, COF_E_MALFORMED, "http-malformed", "the peer does not speak HTTP");
	if (t->h->untrusted)
		return cof_err_set(t->err, COF_E_CRYPTO, "tls-untrusted", "the peer's certificate is not vouched for");
	return cof_http_outcome(code, t->why[0] != '\0' ? t->why : curl_easy_strerror(code), t->err);
}

static int prepare(transfer *t, struct curl_slist **headers)
{
	cof_http *h = t->h;
	curl_easy_reset(h->easy);
	int r = set_callbacks(t);
	if (r == 0)
		r = set_limits(h, t->req, t->err);
	if (r == 0)
		r = cof_http_tls(h->easy, &h->ca, &h->untrusted, t->err);
	if (r == 0)
		r = set_where(h, t->req, t->err);
	if (r == 0)
		r = set_method(h->easy, t->req, t->err);
	return r < 0 ? r : set_headers(t, headers);
}

/* A body that only the connection's end delimits looks the same when it was cut. */
static bool delimited(const transfer *t)
{
	curl_off_t announced = -1, got = 0;
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
	COF_AUTO_FREE char *coding = cof_http_header(t->resp, "Transfer-Encoding");
	return announced >= 0 || got == 0 || coding != NULL;
}

static int perform(transfer *t)
{
	t->moved_at = cof_now_ms();
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

int cof_http_do(cof_http *h, const cof_http_req *req, cof_http_resp *ret, cof_err *err)
{
	cof_err unseen = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	transfer t = {.h = h, .req = req, .resp = &resp, .err = err != NULL ? err : &unseen};
	t.idle_ms = h->opts.idle_ms == 0 ? IDLE_MS : h->opts.idle_ms;
	struct curl_slist *headers = NULL;
	int r = prepare(&t, &headers);
	if (r == 0)
		r = perform(&t);
	/* Nothing of this call may be reached through the handle later. */
	curl_easy_reset(h->easy);
	curl_slist_free_all(headers);
	if (r < 0)
		return r;
	*ret = resp;
	resp = (cof_http_resp){0};
	return 0;
}
