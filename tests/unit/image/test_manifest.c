/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/manifest.h"
#include "tests/unit/test.h"

#define D "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OCI "application/vnd.oci.image."
#define DESC(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":3}"
#define CONFIG "\"config\":" DESC(OCI "config.v1+json")
#define LAYERS "\"layers\":[" DESC(OCI "layer.v1.tar+gzip") "]"
#define MANIFEST "{\"schemaVersion\":2," CONFIG "," LAYERS "}"
#define ENTRY(arch, type, more)                                                                                        \
	"{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":3,\"platform\":{\"os\":\"linux\",\"architecture\":" \
	"\"" arch "\"" more "}}"

static int parse(const char *text, cof_image_manifest *ret, cof_err *err)
{
	return cof_image_manifest_parse(cof_span_str(text), ret, err);
}

static void t037_neither_or_both(void **state)
{
	(void)state;
	cof_image_manifest m = {0};
	const char *const both[] = {
		"{\"schemaVersion\":2,\"manifests\":[]," CONFIG "," LAYERS "}",
		"{\"schemaVersion\":2,\"manifests\":[]," CONFIG "}",
		"{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"layers\":null,\"manifests\":null}",
	};
	for (size_t i = 0; i < COF_COUNT(both); i++)
		assert_fails(parse(both[i], &m, &err), "manifest-ambiguous");
	const char *const neither[] = {
		"",
		"[]",
		"{}",
		"null",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":1,\"layers\":[]}",
		"{\"schemaVersion\":2,\"schemaVersion\":2," CONFIG "," LAYERS "}",
		"{\"schemaVersion\":2," CONFIG "," LAYERS "} x",
		"{\"schemaVersion\":2,\"manifests\":[]}",
	};
	for (size_t i = 0; i < COF_COUNT(neither); i++)
		assert_fails(parse(neither[i], &m, &err), "manifest-malformed");
}

static void t037_names_must_agree(void **state)
{
	(void)state;
	cof_media_kind kind;
	const char *own = "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\"," CONFIG "," LAYERS "}";
	assert_ok(cof_image_manifest_kind(cof_span_str(own), OCI "manifest.v1+json; charset=utf-8", &kind, &err));
	assert_int_equal(kind, COF_MEDIA_MANIFEST);
	const char *const wrong[] = {OCI "index.v1+json",  "application/vnd.docker.distribution.manifest.v2+json",
				     "text/html",	   OCI "manifest.v1+jsonx",
				     OCI "config.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws"};
	for (size_t i = 0; i < COF_COUNT(wrong); i++)
		assert_fails(cof_image_manifest_kind(cof_span_str(own), wrong[i], &kind, &err),
			     "manifest-type-mismatch");
	const char *lie = "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\"," CONFIG "," LAYERS "}";
	assert_fails(cof_image_manifest_kind(cof_span_str(lie), NULL, &kind, &err), "manifest-type-mismatch");
}

static void refuses_descriptors(void **state)
{
	(void)state;
	const char *const bad[] = {
		"{}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\"}",
		"{\"mediaType\":\"x\",\"size\":1}",
		"{\"digest\":\"" D "\",\"size\":1}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":-1}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":1.5}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":\"1\"}",
		"{\"mediaType\":\"x\",\"digest\":\"md5:00\",\"size\":1}",
		"{\"mediaType\":\"x\",\"digest\":\"sha256:../../x\",\"size\":1}",
		"{\"mediaType\":1,\"digest\":\"" D "\",\"size\":1}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":1,\"annotations\":[]}",
		"{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":1,\"annotations\":{\"org.opencontainers.image.enc."
		"pubopts\":1}}",
		"[]",
		"null",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) v = json_loads(bad[i], JSON_DECODE_ANY, NULL);
		COF_AUTO(cof_desc) d = {0};
		assert_non_null(v);
		assert_fails(cof_desc_parse(v, &d, &err), "descriptor-malformed");
	}
}

static void t036_checks_bytes(void **state)
{
	(void)state;
	COF_AUTO(cof_desc) d = {0};
	COF_AUTO_PTR(json_t) v = json_loads(DESC("x"), 0, NULL);
	assert_ok(cof_desc_parse(v, &d, &err));
	assert_ok(cof_desc_check(&d, cof_span_str("abc"), &err));
	assert_fails(cof_desc_check(&d, cof_span_str("abd"), &err), "blob-digest-mismatch");
	assert_fails(cof_desc_check(&d, cof_span_str("ab"), &err), "blob-size-mismatch");
	assert_fails(cof_desc_check(&d, cof_span_str("abcd"), &err), "blob-size-mismatch");
}

static void t037_platform_choice(void **state)
{
	(void)state;
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"
	const struct {
		const char *index, *reason;
	} cases[] = {
		{INDEX(ENTRY("arm64", OCI "manifest.v1+json", "")), "platform-not-found"},
		{INDEX(""), "platform-not-found"},
		{INDEX(ENTRY("unknown", OCI "manifest.v1+json", "")), "platform-not-found"},
		{INDEX(ENTRY("amd64", OCI "manifest.v1+json", ",\"variant\":\"v4\"")), "platform-not-found"},
		{INDEX(DESC(OCI "manifest.v1+json") "," DESC(OCI "manifest.v1+json")), "platform-not-found"},
		{INDEX(ENTRY("amd64", OCI "index.v1+json", "")), "manifest-malformed"},
		{INDEX(ENTRY("amd64", OCI "layer.v1.tar", "")), "manifest-malformed"},
		{"{\"schemaVersion\":2,\"manifests\":{}}", "manifest-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_desc) d = {0};
		assert_fails(cof_index_select(cof_span_str(cases[i].index), COF_PLATFORM_DEFAULT, &d, &err),
			     cases[i].reason);
	}
	const char *const good[] = {
		INDEX("{\"mediaType\":\"future\",\"x\":1}," ENTRY("amd64", OCI "manifest.v1+json", "")),
		INDEX(ENTRY("amd64", OCI "manifest.v1+json",
			    ",\"variant\":\"v3\"") "," ENTRY("amd64", OCI "manifest.v1+json", ",\"variant\":\"v1\"")),
		INDEX(DESC(OCI "manifest.v1+json")),
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO(cof_desc) d = {0};
		assert_ok(cof_index_select(cof_span_str(good[i]), COF_PLATFORM_DEFAULT, &d, &err));
		assert_int_equal(d.size, 3);
	}
}

static void t035_number_of_layers(void **state)
{
	(void)state;
	for (int n = 126; n <= 128; n++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_image_manifest) m = {0};
		assert_ok(cof_buf_add_str(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[", &err));
		for (int i = 0; i < n; i++)
			assert_ok(cof_buf_printf(&text, &err, "%s%s", i > 0 ? "," : "", DESC(OCI "layer.v1.tar")));
		assert_ok(cof_buf_add_str(&text, "]}", &err));
		if (n <= COF_LAYERS_MAX)
			assert_ok(parse(cof_buf_str(&text), &m, &err));
		else
			assert_fails(parse(cof_buf_str(&text), &m, &err), "manifest-malformed");
	}
}

static void layers_and_configs(void **state)
{
	(void)state;
	cof_image_manifest none = {0};
	assert_fails(parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", &none, &err), "manifest-malformed");
	assert_fails(parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[" DESC("text/x") "]}", &none, &err),
		     "layer-type-unknown");
	assert_fails(parse("{\"schemaVersion\":2," CONFIG
			   ",\"layers\":[" DESC("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip") "]}",
			   &none, &err),
		     "layer-type-unknown");
	assert_fails(parse("{\"schemaVersion\":2,\"config\":" DESC("application/vnd.oci.empty.v1+json") "," LAYERS "}",
			   &none, &err),
		     "image-not-runnable");
	COF_AUTO(cof_image_manifest) m = {0};
	assert_ok(parse(MANIFEST, &m, &err));
	assert_int_equal(m.n_layers, 1);
	assert_int_equal(m.layers[0].media->comp, COF_COMP_GZIP);
	assert_false(m.layers[0].media->encrypted);
	assert_string_equal(m.layers[0].media->as_encrypted, OCI "layer.v1.tar+gzip+encrypted");
}

static void every_truncation_fails(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(MANIFEST); n++) {
		cof_image_manifest m = {0};
		assert_fails(cof_image_manifest_parse(cof_span_of(MANIFEST, n), &m, &err), "manifest-malformed");
	}
}

static void encrypted_names_are_layers_too(void **state)
{
	(void)state;
	const char *const plain[] = {OCI "layer.v1.tar", OCI "layer.v1.tar+gzip", OCI "layer.v1.tar+zstd"};
	for (size_t i = 0; i < COF_COUNT(plain); i++) {
		const cof_media *m = cof_media_find(plain[i]);
		const cof_media *e = cof_media_find(m->as_encrypted);
		assert_non_null(e);
		assert_true(e->encrypted && e->comp == m->comp && e->as_encrypted == NULL);
	}
	assert_null(cof_media_find(OCI "layer.v1.tar+gzip+encrypted+encrypted"));
	assert_null(cof_media_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t037_neither_or_both),
		cmocka_unit_test(t037_names_must_agree),
		cmocka_unit_test(refuses_descriptors),
		cmocka_unit_test(t036_checks_bytes),
		cmocka_unit_test(t037_platform_choice),
		cmocka_unit_test(t035_number_of_layers),
		cmocka_unit_test(layers_and_configs),
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(encrypted_names_are_layers_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
