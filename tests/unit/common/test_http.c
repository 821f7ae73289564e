/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/common/http_rig.h"

/* One GET to a peer that does this; the reason it fails with, "" for success. */
static void fails(const tls_step *step, const char *reason)
{
	rig r;
	cof_http_resp resp = {0};
	cof_err err = {0};
	rig_open(&r, "DNS:" NAME, step, 1);
	int code = get(&r, &resp, &err);
	tls_close(&r.peer);
	if (code >= 0 || !cof_err_is(&err, reason))
		fail_msg("%s: %d, '%s' (%s)", step->answer, code, err.reason, err.text);
	assert_null(resp.body.data);
}

static void t044_refuses_another_ca(void **state)
{
	(void)state;
	rig r;
	cof_http_resp resp = {0};
	rig_open(&r, "DNS:" NAME, fine, 1);
	char *other = NULL;
	SSL_CTX_free(tls_identity("DNS:" NAME, &other));
	r.opts.ca_pem = cof_span_str(other);
	assert_fails(get(&r, &resp, &err), "tls-untrusted");
	r.opts.ca_pem = (cof_span){0}; /* the system's roots vouch for nothing of ours either */
	assert_fails(get(&r, &resp, &err), "tls-untrusted");
	r.opts.ca_pem = cof_span_str("no certificate");
	cof_err err = {0};
	assert_true(get(&r, &resp, &err) < 0);
	assert_int_equal(atomic_load(&r.peer.requests), 0);
	free(other);
	tls_close(&r.peer);
}

static void t044_refuses_another_name(void **state)
{
	(void)state;
	const char *const names[] = {"DNS:registry.coffer.test", "DNS:*.test", "IP:127.0.0.1",
				     "DNS:kbs.coffer.test.evil"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		rig r;
		cof_http_resp resp = {0};
		rig_open(&r, names[i], fine, 1);
		assert_fails(get(&r, &resp, &err), "tls-untrusted");
		assert_int_equal(atomic_load(&r.peer.requests), 0);
		tls_close(&r.peer);
	}
}

static void t044_refuses_plain_http_unless_told(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_http) h = NULL;
	const cof_http_opts opts = {0};
	assert_ok(cof_http_new(&h, &opts, &err));
	const char *const urls[] = {
		"http://127.0.0.1:1/", "ftp://127.0.0.1/", "file:///etc/hostname", "gopher://x/", "", "https://"};
	for (size_t i = 0; i < COF_COUNT(urls); i++) {
		const cof_http_req req = {.method = "GET", .url = urls[i], .max_body = 1000};
		cof_http_resp resp = {0};
		cof_err err = {0};
		assert_true(cof_http_do(h, &req, &resp, &err) < 0);
		assert_string_equal(err.reason, "http-url");
	}
}

static void names_an_absent_peer(void **state)
{
	(void)state;
	rig r;
	cof_http_resp resp = {0};
	rig_open(&r, "DNS:" NAME, fine, 1);
	tls_peer gone = r.peer;
	tls_close(&r.peer);
	COF_AUTO_FREE char *ca = NULL;
	SSL_CTX_free(tls_identity("DNS:" NAME, &ca));
	r.opts.ca_pem = cof_span_str(ca);
	(void)gone;
	assert_fails(get(&r, &resp, &err), "http-unreachable");
}

static void a_cut_answer_is_no_answer(void **state)
{
	(void)state;
	fails(&(tls_step){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf"},
	      "http-cut");
	fails(&(tls_step){.answer =
				  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhal"},
	      "http-cut");
	fails(&(tls_step){.answer = NULL}, "http-cut");
	fails(&(tls_step){.abort_in_tls = true}, "http-unreachable");
	/* No length, and the end of the connection not said in TLS: a cut looks the same. */
	fails(&(tls_step){.answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"}, "http-cut");
}

static void t043_a_large_answer_is_refused(void **state)
{
	(void)state;
	static char large[4096];
	int n = snprintf(large, sizeof large, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
	memset(large + n, 'x', 1001);
	fails(&(tls_step){.answer = large, .len = (size_t)n + 1001}, "http-too-large");
	n = snprintf(large, sizeof large, "HTTP/1.1 500 No\r\nContent-Length: 1001\r\n\r\n");
	memset(large + n, 'x', 1001);
	fails(&(tls_step){.answer = large, .len = (size_t)n + 1001}, "http-too-large");
	static char headers[80 << 10];
	n = snprintf(headers, sizeof headers, "HTTP/1.1 200 OK\r\n");
	while ((size_t)n < sizeof headers - 2000) {
		n += snprintf(headers + n, 16, "X-Long: ");
		memset(headers + n, 'y', 1000);
		n += 1000;
		n += snprintf(headers + n, 16, "\r\n");
	}
	fails(&(tls_step){.answer = headers, .len = (size_t)n}, "http-too-large");
}

static void t043_a_silent_peer_is_left_in_time(void **state)
{
	(void)state;
	fails(&(tls_step){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .hold = true}, "http-timeout");
	fails(&(tls_step){.answer = OK("2", "ok"), .stall_ms = 20000}, "http-timeout");
}

/* A byte now and then is not idle, but the whole has its time. */
static void t043_a_dripping_peer_is_left_in_time(void **state)
{
	(void)state;
	rig r;
	cof_http_resp resp = {0};
	const tls_step drip = {.answer = OK("900", "...................................................."),
			       .drip_ms = 100};
	rig_open(&r, "DNS:" NAME, &drip, 1);
	r.opts.total_ms = 1200;
	assert_fails(get(&r, &resp, &err), "http-timeout");
	tls_close(&r.peer);
}

static void t063_rubbish_is_refused(void **state)
{
	(void)state;
	cof_err err = {0};
	const char *const rubbish[] = {"SSH-2.0-x\r\n\r\n",
				       "HTTP/1.1 abc\r\n\r\n",
				       "\x16\x03\x01",
				       "<html>\r\n\r\n",
				       "HTTP/1.1 200 OK\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
				       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
	for (size_t i = 0; i < COF_COUNT(rubbish); i++) {
		rig r;
		cof_http_resp resp = {0};
		const tls_step s = {.answer = rubbish[i]};
		rig_open(&r, "DNS:" NAME, &s, 1);
		assert_true(get(&r, &resp, &err) < 0);
		assert_true(err.cls == COF_E_MALFORMED || err.cls == COF_E_UNAVAILABLE);
		tls_close(&r.peer);
	}
}

static void redirects_are_answers_unless_allowed(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_http_resp) resp = {0};
	const tls_step away = {.answer = "HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"};
	rig_open(&r, "DNS:" NAME, &away, 1);
	assert_ok(get(&r, &resp, &err));
	assert_int_equal(resp.status, 302);
	COF_AUTO_FREE char *to = cof_http_header(&resp, "location");
	assert_string_equal(to, "/y");
	r.opts.max_redirects = 3;
	cof_http_resp again = {0};
	assert_fails(get(&r, &again, &err), "http-redirect"); /* in a circle */
	tls_close(&r.peer);
}

static void t041_redirects_never_leave_https(void **state)
{
	(void)state;
	const char *const to[] = {"http://127.0.0.1:1/", "file:///etc/passwd", "ftp://x/"};
	for (size_t i = 0; i < COF_COUNT(to); i++) {
		rig r;
		cof_http_resp resp = {0};
		char answer[256];
		(void)snprintf(answer, sizeof answer, "HTTP/1.1 302 F\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			       to[i]);
		const tls_step away = {.answer = answer};
		rig_open(&r, "DNS:" NAME, &away, 1);
		r.opts.max_redirects = 3;
		r.opts.plain_http = true; /* even then: the first was https */
		cof_err err = {0};
		assert_true(get(&r, &resp, &err) < 0);
		assert_string_equal(err.reason, "http-redirect");
		assert_int_equal(err.cls, COF_E_MALFORMED);
		tls_close(&r.peer);
	}
}

static void follows_a_redirect_and_keeps_the_last_headers(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_http_resp) resp = {0};
	const tls_step steps[] = {
		{.answer = "HTTP/1.1 307 T\r\nX-First: 1\r\nLocation: /y\r\nContent-Length: 3\r\n\r\nno!"},
		{.answer = OK("3", "yes")}};
	rig_open(&r, "DNS:" NAME, steps, 2);
	r.opts.max_redirects = 1;
	assert_ok(get(&r, &resp, &err));
	assert_int_equal(resp.status, 200);
	assert_string_equal(cof_buf_str(&resp.body), "yes");
	assert_null(cof_http_header(&resp, "X-First"));
	tls_close(&r.peer);
}

static int count_sink(void *arg, cof_span chunk, cof_err *err)
{
	size_t *n = arg;
	*n += chunk.len;
	return *n > 6 ? cof_err_set(err, COF_E_POLICY, "enough", "no more") : 0;
}

static void a_sink_sees_good_bodies_only_and_may_stop(void **state)
{
	(void)state;
	rig r;
	const tls_step steps[] = {{.answer = "HTTP/1.1 404 N\r\nContent-Length: 6\r\n\r\nabsent"},
				  {.answer = OK("6", "stream")},
				  {.answer = OK("7", "toolong")}};
	rig_open(&r, "DNS:" NAME, steps, 3);
	COF_AUTO_PTR(cof_http) h = NULL;
	assert_ok(cof_http_new(&h, &r.opts, &err));
	size_t n = 0;
	const cof_http_req req = {.method = "GET", .url = r.url, .sink = count_sink, .sink_arg = &n};
	COF_AUTO(cof_http_resp) no = {0}, yes = {0}, stopped = {0};
	assert_ok(cof_http_do(h, &req, &no, &err));
	assert_int_equal(n, 0);
	assert_string_equal(cof_buf_str(&no.body), "absent");
	assert_ok(cof_http_do(h, &req, &yes, &err));
	assert_int_equal(n, 6);
	assert_int_equal(yes.body.len, 0);
	assert_fails(cof_http_do(h, &req, &stopped, &err), "enough");
	tls_close(&r.peer);
}

static long give(void *arg, void *buf, size_t len, cof_err *err)
{
	size_t *left = arg;
	size_t n = *left < len ? *left : len;
	if (*left == 99)
		return cof_err_set(err, COF_E_IO, "source-broke", "no");
	memset(buf, 'u', n);
	*left -= n;
	return (long)n;
}

static void sends_bodies_and_headers(void **state)
{
	(void)state;
	rig r;
	rig_open(&r, "DNS:" NAME, fine, 1);
	COF_AUTO_PTR(cof_http) h = NULL;
	assert_ok(cof_http_new(&h, &r.opts, &err));
	const char *const headers[] = {"X-Mine: 1", NULL}, *const bad[] = {"X: 1\r\nY: 2", NULL};
	size_t left = 5, broken = 99;
	const cof_http_req reqs[] = {
		{.method = "POST", .url = r.url, .headers = headers, .body = cof_span_str("{}"), .max_body = 10},
		{.method = "PUT", .url = r.url, .source = give, .source_arg = &left, .source_len = 5, .max_body = 10},
		{.method = "DELETE", .url = r.url, .max_body = 10},
		{.method = "POST", .url = r.url, .max_body = 10},
		{.method = "HEAD", .url = r.url, .max_body = 10},
	};
	const char *const starts[] = {"POST /x HTTP/1.1", "PUT /x HTTP/1.1", "DELETE /x HTTP/1.1", "POST /x HTTP/1.1",
				      "HEAD /x HTTP/1.1"};
	for (size_t i = 0; i < COF_COUNT(reqs); i++) {
		COF_AUTO(cof_http_resp) resp = {0};
		assert_ok(cof_http_do(h, &reqs[i], &resp, &err));
		assert_int_equal(resp.status, 200);
		assert_memory_equal(r.peer.log[i], starts[i], strlen(starts[i]));
		assert_null(strstr(r.peer.log[i], "Expect"));
	}
	assert_non_null(strstr(r.peer.log[0], "X-Mine: 1\r\n"));
	assert_non_null(strstr(r.peer.log[0], "\r\n\r\n{}"));
	assert_non_null(strstr(r.peer.log[1], "\r\n\r\nuuuuu"));
	cof_http_resp resp = {0};
	const cof_http_req split = {.method = "GET", .url = r.url, .headers = bad, .max_body = 10};
	assert_fails(cof_http_do(h, &split, &resp, &err), "http-header");
	const cof_http_req breaks = {
		.method = "PUT", .url = r.url, .source = give, .source_arg = &broken, .source_len = 99, .max_body = 10};
	assert_fails(cof_http_do(h, &breaks, &resp, &err), "source-broke");
	tls_close(&r.peer);
}

/* One connection for many calls, and nothing that one peer said goes to the next call. */
static void keeps_the_connection_and_no_cookies(void **state)
{
	(void)state;
	rig r;
	const tls_step steps[] = {{.answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"},
				  {.answer = OK("2", "ok")}};
	rig_open(&r, "DNS:" NAME, steps, 2);
	COF_AUTO_PTR(cof_http) h = NULL;
	assert_ok(cof_http_new(&h, &r.opts, &err));
	for (int i = 0; i < 2; i++) {
		COF_AUTO(cof_http_resp) resp = {0};
		const cof_http_req req = {.method = "GET", .url = r.url, .max_body = 10};
		assert_ok(cof_http_do(h, &req, &resp, &err));
	}
	assert_int_equal(atomic_load(&r.peer.connections), 1);
	assert_null(strstr(r.peer.log[1], "ookie"));
	cof_http_free(cof_steal(&h));
	tls_close(&r.peer);
}

/* A proxy in the host's environment must not see the guest's traffic. */
static void t042_ignores_the_environment(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_http_resp) resp = {0};
	assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("CURL_CA_BUNDLE", "/dev/null", 1), 0);
	rig_open(&r, "DNS:" NAME, fine, 1);
	assert_ok(get(&r, &resp, &err));
	assert_string_equal(cof_buf_str(&resp.body), "ok");
	tls_close(&r.peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t044_refuses_another_ca),
		cmocka_unit_test(t044_refuses_another_name),
		cmocka_unit_test(t044_refuses_plain_http_unless_told),
		cmocka_unit_test(names_an_absent_peer),
		cmocka_unit_test(a_cut_answer_is_no_answer),
		cmocka_unit_test(t043_a_large_answer_is_refused),
		cmocka_unit_test(t043_a_silent_peer_is_left_in_time),
		cmocka_unit_test(t043_a_dripping_peer_is_left_in_time),
		cmocka_unit_test(t063_rubbish_is_refused),
		cmocka_unit_test(redirects_are_answers_unless_allowed),
		cmocka_unit_test(t041_redirects_never_leave_https),
		cmocka_unit_test(follows_a_redirect_and_keeps_the_last_headers),
		cmocka_unit_test(a_sink_sees_good_bodies_only_and_may_stop),
		cmocka_unit_test(sends_bodies_and_headers),
		cmocka_unit_test(keeps_the_connection_and_no_cookies),
		cmocka_unit_test(t042_ignores_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
