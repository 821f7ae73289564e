/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl calls: where it connects to, what it receives and sends, and how fast. */
#include "common/addr.h"
#include "common/clock.h"
#include "common/http_int.h"

enum {
	HEADERS_MAX = 64 << 10,
	ERROR_BODY_MAX = 64 << 10,
	IDLE_MS = 30 * 1000,
};

/* --- where to --- */

/* Asked with the address that a name has led to, for each connection: what the name led to a moment ago says nothing.
 */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	(void)purpose;
	cof_http_hop *t = arg;
	if (t->h->opts.outward && !t->inward_ok && !t->proxied && cof_addr_inward(&to->addr)) {
		t->inward = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* --- what arrives --- */

static bool good_status(cof_http_hop *t)
{
	(void)curl_easy_getinfo(t->h->easy, CURLINFO_RESPONSE_CODE, &t->resp->status);
	return t->resp->status >= 200 && t->resp->status < 300;
}

/* The sink may wait for others as long as it likes: the peer's clock stands still. */
static int to_sink(cof_http_hop *t, cof_span chunk)
{
	bool first = !t->begun;
	int64_t since = cof_now_ms();
	t->begun = true;
	int r = first && t->req->begin != NULL ? t->req->begin(t->req->sink_arg, t->resp, t->err) : 0;
	if (r == 0)
		r = t->req->sink(t->req->sink_arg, chunk, t->err);
	t->moved_at += cof_now_ms() - since;
	return r;
}

static int too_large(cof_http_hop *t, size_t max)
{
	return cof_err_set(t->err, COF_E_MALFORMED, "http-too-large", "an answer of more than %zu bytes", max);
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	(void)one;
	cof_http_hop *t = arg;
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

/* A status line begins another response: after "100 Continue", or after a proxy's. */
static size_t on_header(char *data, size_t one, size_t len, void *arg)
{
	(void)one;
	cof_http_hop *t = arg;
	if (len >= 5 && strncmp(data, "HTTP/", 5) == 0)
		t->resp->headers.len = 0;
	if (t->resp->headers.len + len > HEADERS_MAX)
		t->failed = too_large(t, HEADERS_MAX);
	else
		t->failed = cof_buf_add(&t->resp->headers, data, len, t->err);
	return t->failed < 0 ? 0 : len;
}

/* --- what leaves --- */

static size_t on_source(char *buf, size_t one, size_t len, void *arg)
{
	cof_http_hop *t = arg;
	long n = t->req->source(t->req->source_arg, buf, one * len, t->err);
	if (n >= 0)
		return (size_t)n;
	t->failed = (int)n;
	return CURL_READFUNC_ABORT;
}

/* --- how fast --- */

/* libcurl asks about once a second, also when nothing moves. */
static int on_progress(void *arg, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
	(void)dl_total;
	(void)ul_total;
	cof_http_hop *t = arg;
	long idle_ms = t->h->opts.idle_ms == 0 ? IDLE_MS : t->h->opts.idle_ms;
	curl_off_t least = (curl_off_t)t->h->opts.floor * idle_ms / 1000;
	if (t->req->stop != NULL && atomic_load(t->req->stop)) {
		t->failed = cof_err_set(t->err, COF_E_UNAVAILABLE, "http-stopped", "the call was given up");
		return 1;
	}
	if (dl + ul - t->moved >= (least > 0 ? least : 1)) {
		t->moved = dl + ul;
		t->moved_at = cof_now_ms();
	}
	if (cof_now_ms() - t->moved_at < idle_ms)
		return 0;
	t->failed = cof_err_set(t->err, COF_E_UNAVAILABLE, "http-timeout", "%lld bytes moved in %ld ms",
				(long long)(dl + ul - t->moved), idle_ms);
	return 1;
}

int cof_http_hook(cof_http_hop *t)
{
	CURL *e = t->h->easy;
	t->moved_at = cof_now_ms();
	bool ok = curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
		  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
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
