/* SPDX-License-Identifier: Apache-2.0 */
/* Where a call goes, what goes along, who vouches, and how slow it may be. */
#include "tests/unit/common/http_rig.h"

/* Two servers under one CA: NAME, and localhost. */
static void second_open(rig *first, tls_peer *second)
{
	tls_open(second, "DNS:localhost");
	SSL_CTX_free(first->peer.ctx);
	free(first->peer.ca_pem);
	first->peer.ctx = tls_identity("DNS:" NAME ",DNS:localhost", &first->peer.ca_pem);
	first->opts.ca_pem = cof_span_str(first->peer.ca_pem);
	SSL_CTX_free(second->ctx);
	second->ctx = first->peer.ctx;
	(void)SSL_CTX_up_ref(second->ctx);
}

#define CREDENTIAL "Authorization: Basic c2VjcmV0"

static int get_as(const rig *r, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_http) h = NULL;
	int code = cof_http_new(&h, &r->opts, err);
	const cof_http_req req = {.method = "GET", .url = r->url, .credential = CREDENTIAL, .max_body = 1000};
	return code < 0 ? code : cof_http_do(h, &req, ret, err);
}

static void t040_a_credential_stays_with_its_origin(void **state)
{
	(void)state;
	rig r;
	tls_peer second;
	COF_AUTO(cof_http_resp) resp = {0};
	char away[256], back[256], moved[128];
	rig_ready(&r, "DNS:" NAME);
	second_open(&r, &second);
	(void)snprintf(moved, sizeof moved, "https://" NAME ":%d/z", r.peer.port);
	(void)snprintf(away, sizeof away,
		       "HTTP/1.1 302 F\r\nLocation: https://localhost:%d/y\r\nContent-Length: 0\r\n\r\n", second.port);
	(void)snprintf(back, sizeof back, "HTTP/1.1 307 F\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", moved);
	const tls_step steps[] = {
		{.answer = "HTTP/1.1 301 F\r\nLocation: here\r\nContent-Length: 0\r\n\r\n"},
		{.answer = away},
		{.answer = OK("4", "done")},
	};
	const tls_step seconds[] = {{.answer = back}};
	r.opts.max_redirects = 3;
	tls_go(&r.peer, steps, 3);
	tls_go(&second, seconds, 1);
	assert_ok(get_as(&r, &resp, &err));
	assert_string_equal(cof_buf_str(&resp.body), "done");
	assert_string_equal(resp.moved, moved);
	assert_non_null(strstr(r.peer.log[0], CREDENTIAL));
	assert_non_null(strstr(r.peer.log[1], "GET /here "));
	assert_non_null(strstr(r.peer.log[1], CREDENTIAL)); /* still the same origin */
	assert_null(strstr(second.log[0], "uthorization"));
	assert_null(strstr(r.peer.log[2], "uthorization")); /* who was elsewhere has been led */
	tls_close(&r.peer);
	tls_close(&second);
}

static void t040_places_with_a_user_are_refused(void **state)
{
	(void)state;
	const char *const to[] = {"https://" NAME "@127.0.0.1/", "https://a:b@" NAME "/", "//a@b/", "https:///",
				  "https://[::1/"};
	for (size_t i = 0; i < COF_COUNT(to); i++) {
		rig r;
		cof_http_resp resp = {0};
		char answer[256];
		(void)snprintf(answer, sizeof answer, "HTTP/1.1 302 F\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			       to[i]);
		const tls_step away = {.answer = answer};
		rig_open(&r, "DNS:" NAME, &away, 1);
		r.opts.max_redirects = 3;
		assert_fails(get_as(&r, &resp, &err), "http-redirect");
		assert_int_equal(atomic_load(&r.peer.requests), 1);
		tls_close(&r.peer);
	}
}

static void t041_no_way_into_this_machine(void **state)
{
	(void)state;
	rig r;
	char named[128];
	COF_AUTO(cof_http_resp) resp = {0};
	rig_ready(&r, "DNS:" NAME);
	(void)snprintf(named, sizeof named, NAME ":%d", r.peer.port);
	const char *const inward[] = {"other:1", named, NULL};
	tls_go(&r.peer, fine, 1);
	r.opts.outward = true;
	/* a name that leads inside, as a lying resolver has it */
	assert_fails(get(&r, &resp, &err), "http-inward");
	assert_int_equal(atomic_load(&r.peer.connections), 0);
	r.opts.inward = inward;
	assert_ok(get(&r, &resp, &err));
	tls_close(&r.peer);
}

static void t041_redirects_lead_not_into_this_machine(void **state)
{
	(void)state;
	const char *const hosts[] = {
		"localhost",	"127.0.0.1",	      "2130706433",    "0x7f.1",	  "0",
		"[::1]",	"[::ffff:127.0.0.1]", "[::127.0.0.1]", "127.1",		  "[64:ff9b::127.0.0.1]",
		"a.localhost.", "017700000001",	      "LOCALHOST",     "169.254.169.254", "[fe80::1%25lo]",
		"[ff02::1]"};
	for (size_t i = 0; i < COF_COUNT(hosts); i++) {
		rig r;
		tls_peer second;
		COF_AUTO(cof_http_resp) resp = {0};
		char named[128], answer[256];
		rig_ready(&r, "DNS:" NAME);
		tls_open(&second, "DNS:localhost");
		(void)snprintf(named, sizeof named, NAME ":%d", r.peer.port);
		const char *const inward[] = {named, NULL};
		(void)snprintf(answer, sizeof answer,
			       "HTTP/1.1 302 F\r\nLocation: https://%s:%d/\r\nContent-Length: 0\r\n\r\n", hosts[i],
			       second.port);
		const tls_step away = {.answer = answer};
		r.opts.outward = true;
		r.opts.inward = inward;
		r.opts.max_redirects = 3;
		tls_go(&r.peer, &away, 1);
		tls_go(&second, fine, 1);
		cof_err err = {0};
		assert_true(get(&r, &resp, &err) < 0);
		if (!cof_err_is(&err, "http-inward"))
			fail_msg("%s: '%s' (%s)", hosts[i], err.reason, err.text);
		assert_int_equal(atomic_load(&second.connections), 0);
		tls_close(&r.peer);
		tls_close(&second);
	}
}

static int slow_sink(void *arg, cof_span chunk, cof_err *err)
{
	(void)err;
	*(size_t *)arg += chunk.len;
	(void)usleep(1200 * 1000);
	return 0;
}

static void t043_too_slow_is_cut_but_our_own_slowness_is_not(void **state)
{
	(void)state;
	rig r;
	size_t n = 0;
	const tls_step steps[] = {
		{.answer = OK("6", "stream")},
		{.answer = OK("60", "one byte now and then, which is more than nothing, and yet..."), .drip_ms = 100}};
	rig_open(&r, "DNS:" NAME, steps, 2);
	r.opts.idle_ms = 1000;
	r.opts.floor = 100;
	COF_AUTO_PTR(cof_http) h = NULL;
	assert_ok(cof_http_new(&h, &r.opts, &err));
	const cof_http_req req = {.method = "GET", .url = r.url, .sink = slow_sink, .sink_arg = &n};
	COF_AUTO(cof_http_resp) fast = {0}, slow = {0};
	assert_ok(cof_http_do(h, &req, &fast, &err));
	assert_int_equal(n, 6);
	const cof_http_req plain = {.method = "GET", .url = r.url, .max_body = 100};
	assert_fails(cof_http_do(h, &plain, &slow, &err), "http-timeout");
	tls_close(&r.peer);
}

static void roots_beside_the_systems(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_buf) list = {0};
	char *other = NULL;
	rig_open(&r, "DNS:" NAME, fine, 1);
	r.opts.system_roots = true;
	assert_ok(get(&r, &resp, &err));
	SSL_CTX_free(tls_identity("DNS:" NAME, &other));
	r.opts.ca_pem = cof_span_str(other);
	assert_fails(get(&r, &resp, &err), "tls-untrusted");
	assert_ok(cof_buf_printf(&list, &err, "words\n%s\nwords", r.peer.ca_pem));
	r.opts.ca_pem = cof_buf_span(&list);
	cof_http_resp_release(&resp);
	assert_ok(get(&r, &resp, &err));
	r.opts.ca_pem = cof_span_str("no certificate");
	assert_fails(get(&r, &resp, &err), "tls-roots");
	assert_ok(cof_buf_printf(&list, &err, "\n%s", other)); /* a list with a mistake is no shorter list */
	list.data[list.len - 100] = '!';
	r.opts.ca_pem = cof_buf_span(&list);
	assert_fails(get(&r, &resp, &err), "tls-roots");
	free(other);
	tls_close(&r.peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t040_a_credential_stays_with_its_origin),
		cmocka_unit_test(t040_places_with_a_user_are_refused),
		cmocka_unit_test(t041_no_way_into_this_machine),
		cmocka_unit_test(t041_redirects_lead_not_into_this_machine),
		cmocka_unit_test(t043_too_slow_is_cut_but_our_own_slowness_is_not),
		cmocka_unit_test(roots_beside_the_systems),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
