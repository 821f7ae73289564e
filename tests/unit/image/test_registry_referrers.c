/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of referrers: in pages, absent, endless, and on somebody else's server. */
#include "common/json.h"
#include "tests/unit/image/peer.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ENTRY "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":7}"

typedef struct script {
	const char *bodies[3]; /* of the pages; NULL: 404 */
	const char *links[3];
	const char *tag; /* the fallback's body; NULL: 404 */
	int pages;	 /* of one entry each, when bodies is empty */
	int n;
} script;

static char *text_of(long status, const char *link, const char *body)
{
	char *text = NULL;
	assert_true(asprintf(&text,
			     "HTTP/1.1 %ld X\r\nContent-Type: "
			     "application/vnd.oci.image.index.v1+json\r\n%s%s%sContent-Length: %zu\r\nConnection: "
			     "close\r\n\r\n%s",
			     status, link == NULL ? "" : "Link: ", link == NULL ? "" : link, link == NULL ? "" : "\r\n",
			     strlen(body), body) > 0);
	return text;
}

static char *respond(void *arg, const char *request)
{
	script *s = arg;
	if (strstr(request, "GET /v2/team/app/manifests/sha256-" HEX " ") != NULL)
		return s->tag == NULL ? text_of(404, NULL, "{}") : text_of(200, NULL, s->tag);
	assert_non_null(strstr(request, "/referrers/sha256:" HEX));
	assert_non_null(strstr(request, "\r\nAccept: application/vnd.oci.image.index.v1+json\r\n"));
	int n = s->n++;
	if (s->pages > 0)
		return text_of(200, n + 1 < s->pages ? "<?page=next>; rel=\"next\"" : NULL,
			       "{\"manifests\":[" ENTRY "]}");
	return s->bodies[n] == NULL ? text_of(404, NULL, "{}") : text_of(200, s->links[n], s->bodies[n]);
}

static int referrers(script *s, cof_fetched *ret, cof_err *err)
{
	peer p;
	cof_digest d;
	peer_open(&p, "x");
	p.tls.respond = respond;
	p.tls.arg = s;
	tls_go(&p.tls, NULL, 0);
	COF_AUTO_PTR(cof_registry) r = peer_client(&p, NULL);
	cof_image_source src = cof_registry_source(r);
	assert_int_equal(cof_digest_parse("sha256:" HEX, &d, NULL), 0);
	int rc = src.referrers(src.arg, &d, ret, err);
	tls_close(&p.tls);
	return rc;
}

static size_t count(const cof_fetched *f)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	assert_ok(cof_json_parse(cof_buf_span(&f->body), &doc, &err));
	assert_int_equal(json_integer_value(json_object_get(doc, "schemaVersion")), 2);
	assert_string_equal(json_string_value(json_object_get(doc, "mediaType")), f->media_type);
	return json_array_size(json_object_get(doc, "manifests"));
}

static void lists_are_joined(void **state)
{
	(void)state;
	COF_AUTO(cof_fetched) none = {0};
	COF_AUTO(cof_fetched) one = {0};
	COF_AUTO(cof_fetched) three = {0};
	assert_ok(referrers(&(script){.bodies = {"{\"manifests\":[]}"}}, &none, &err));
	assert_int_equal(count(&none), 0);
	assert_ok(referrers(&(script){.bodies = {"{\"manifests\":[" ENTRY "]}"}, .links = {"<x>; rel=prev"}}, &one,
			    &err));
	assert_int_equal(count(&one), 1);
	script pages = {.bodies = {"{\"manifests\":[" ENTRY "]}", "{\"manifests\":[]}",
				   "{\"manifests\":[" ENTRY "," ENTRY "]}"},
			.links = {"</v2/team/app/referrers/sha256:" HEX "?n=2>; rel=\"next\"", "<?n=3>; rel=next"}};
	assert_ok(referrers(&pages, &three, &err));
	assert_int_equal(count(&three), 3);
}

static void older_registries_have_a_tag(void **state)
{
	(void)state;
	COF_AUTO(cof_fetched) tag = {0};
	COF_AUTO(cof_fetched) none = {0};
	assert_ok(referrers(&(script){.tag = "{\"manifests\":[" ENTRY "]}"}, &tag, &err));
	assert_string_equal(cof_buf_str(&tag.body), "{\"manifests\":[" ENTRY "]}");
	assert_string_equal(tag.media_type, "application/vnd.oci.image.index.v1+json");
	assert_ok(referrers(&(script){0}, &none, &err));
	assert_int_equal(none.body.len, 0);
}

static void t043_lists_end(void **state)
{
	(void)state;
	COF_AUTO(cof_fetched) most = {0};
	COF_AUTO(cof_fetched) more = {0};
	COF_AUTO(cof_fetched) many = {0};
	COF_AUTO(cof_buf) large = {0};
	script sixteen = {.pages = 16}, endless = {.pages = 1 << 20};
	assert_ok(referrers(&sixteen, &most, &err));
	assert_int_equal(count(&most), 16);
	assert_fails(referrers(&endless, &more, &err), "referrers-too-many");
	assert_int_equal(endless.n, 16);
	assert_ok(cof_buf_add_str(&large, "{\"manifests\":[" ENTRY, &err));
	for (int i = 1; i < 513; i++)
		assert_ok(cof_buf_add_str(&large, "," ENTRY, &err));
	assert_ok(cof_buf_add_str(&large, "]}", &err));
	script large_one = {.bodies = {cof_buf_str(&large)}};
	assert_fails(referrers(&large_one, &many, &err), "referrers-too-many");
}

static void hostile_lists(void **state)
{
	(void)state;
	static const struct {
		script s;
		const char *reason;
	} bad[] = {
		{{.bodies = {"["}}, "json-malformed"},
		{{.bodies = {"{}"}}, "json-missing"},
		{{.bodies = {"{\"manifests\":{}}"}}, "json-type"},
		{{.bodies = {"{\"manifests\":[]}"}, .links = {"rubbish"}}, "http-link"},
		{{.bodies = {"{\"manifests\":[]}"}, .links = {"<https://evil.test/x>; rel=next"}}, "http-link"},
		{{.bodies = {"{\"manifests\":[]}"}, .links = {"<//registry.test/x>; rel=next"}}, "http-link"},
		{{.bodies = {"{\"manifests\":[]}"}, .links = {"<http://registry.test/x>; rel=next"}}, "http-redirect"},
		{{.bodies = {"{\"manifests\":[]}", NULL}, .links = {"<?n=2>; rel=next"}}, "registry-not-found"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_fetched) got = {0};
		script s = bad[i].s;
		assert_fails(referrers(&s, &got, &err), bad[i].reason);
		assert_int_equal(got.body.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_joined),
		cmocka_unit_test(older_registries_have_a_tag),
		cmocka_unit_test(t043_lists_end),
		cmocka_unit_test(hostile_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
