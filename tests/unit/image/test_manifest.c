/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/manifest.h"

#include <stdio.h>

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
		{INDEX(ENTRY("amd64", OCI "manifest.v1+json", ",\"variant\":\"v9\"")), "platform-not-found"},
		{INDEX(ENTRY("amd64", OCI "manifest.v1+json", ",\"variant\":\"future\"")), "platform-not-found"},
		{INDEX(ENTRY("amd64", OCI "manifest.v1+json", ",\"variant\":3")), "platform-not-found"},
		{INDEX("{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"" D
		       "\",\"size\":3,\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}}"),
		 "platform-not-found"},
		{INDEX(DESC(OCI "manifest.v1+json") "," ENTRY("arm64", OCI "manifest.v1+json", "")),
		 "platform-not-found"},
		{INDEX(DESC(OCI "manifest.v1+json") "," DESC(OCI "manifest.v1+json")), "platform-not-found"},
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
		INDEX(ENTRY("amd64", OCI "index.v1+json", "")),
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO(cof_desc) d = {0};
		assert_ok(cof_index_select(cof_span_str(good[i]), COF_PLATFORM_DEFAULT, &d, &err));
		assert_int_equal(d.size, 3);
	}
}

/* The newest variant that a machine runs, and of several the first. */
static void t037_variants(void **state)
{
	(void)state;
#define V(digit, variant)                                                                                              \
	"{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"sha256:" digit                                        \
	"a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3,\"platform\":{\"os\":\"linux\"," \
	"\"architecture\":\"amd64\"" variant "}}"
	static const char all[] = INDEX(
		V("0", ",\"variant\":\"v9\"") "," V("1", ",\"variant\":\"v2\"") "," V("2", ",\"variant\":\"v3\"") "," V(
			"3", "") "," V("4", ",\"variant\":\"v1\"") "," V("5", ",\"variant\":\"v3\""));
	const struct {
		const char *variant;
		char digit;
	} cases[] = {{"v1", '3'}, {"v2", '1'}, {"v3", '2'}, {"v4", '2'}, {"v9", '0'}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_desc) d = {0};
		char text[COF_DIGEST_STR_MAX];
		cof_platform want = COF_PLATFORM_DEFAULT;
		(void)snprintf(want.variant, sizeof want.variant, "%s", cases[i].variant);
		assert_ok(cof_index_select(cof_span_str(all), want, &d, &err));
		cof_digest_str(&d.digest, text);
		assert_int_equal(text[7], cases[i].digit);
	}
	/* Without one it is what this CPU runs, never more. */
	cof_platform want = COF_PLATFORM_DEFAULT, has = COF_PLATFORM_DEFAULT;
	assert_true(cof_platform_suits(&has, &want) > 0);
	const char *const levels[] = {"v1", "v2", "v3", "v4"};
	unsigned last = 1;
	for (size_t i = 0; i < COF_COUNT(levels); i++) {
		(void)snprintf(has.variant, sizeof has.variant, "%s", levels[i]);
		unsigned suits = cof_platform_suits(&has, &want);
		assert_true(suits == 0 || (suits > last && last != 0));
		last = suits;
	}
	(void)snprintf(has.variant, sizeof has.variant, "v5");
	assert_int_equal(cof_platform_suits(&has, &want), 0);
}

static void platform_texts(void **state)
{
	(void)state;
	cof_platform p;
	assert_ok(cof_platform_parse("linux/arm64", &p, &err));
	assert_string_equal(p.os, "linux");
	assert_string_equal(p.architecture, "arm64");
	assert_string_equal(p.variant, "");
	assert_ok(cof_platform_parse("linux/arm/v7", &p, &err));
	assert_string_equal(p.variant, "v7");
	const char *const bad[] = {"",
				   "linux",
				   "linux/",
				   "/amd64",
				   "linux/amd64/",
				   "linux/amd64/v3/x",
				   "Linux/amd64",
				   "linux//amd64",
				   "linux amd64",
				   "linux/amd64\n",
				   "//",
				   "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_platform_parse(bad[i], &p, &err), "platform-malformed");
}

static void t037_documents_of_other_kinds_by_name(void **state)
{
	(void)state;
	cof_image_manifest m = {0};
	cof_media_kind kind;
	const char *old = "{\"schemaVersion\":1,\"name\":\"a\",\"fsLayers\":[],\"history\":[],\"signatures\":[]}";
	assert_fails(parse(old, &m, &err), "manifest-schema-1");
	assert_fails(cof_image_manifest_kind(cof_span_str(old), "application/vnd.docker.distribution.manifest.v1+json",
					     &kind, &err),
		     "manifest-schema-1");
	assert_fails(parse("{\"schemaVersion\":1,\"layers\":[]}", &m, &err), "manifest-schema-1");
	assert_fails(parse("{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\",\"blobs\":[]}", &m, &err),
		     "image-not-runnable");
	assert_fails(parse("{\"schemaVersion\":2,\"artifactType\":\"application/x\",\"config\":" DESC(
				   "application/vnd.oci.empty.v1+json") ",\"layers\":[]}",
			   &m, &err),
		     "image-not-runnable");
}

/* What a descriptor says of its own bytes is one more claim. */
static void t036_inline_data(void **state)
{
	(void)state;
	const struct {
		const char *more;
		bool ok;
	} cases[] = {{",\"data\":\"YWJj\"", true},  {"", false},
		     {",\"data\":null", false},	    {",\"data\":\"YWJk\"", false},
		     {",\"data\":\"YWI=\"", false}, {",\"data\":\"YWJjZA==\"", false},
		     {",\"data\":\"%%%\"", false},  {",\"data\":\"\"", false}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_buf) got = {0};
		COF_AUTO(cof_desc) d = {0};
		assert_ok(cof_buf_printf(&text, &err, "{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":3%s}",
					 cases[i].more));
		COF_AUTO_PTR(json_t) v = json_loads(cof_buf_str(&text), 0, NULL);
		assert_ok(cof_desc_parse(v, &d, &err));
		assert_int_equal(cof_desc_inline(&d, &got), cases[i].ok);
		assert_int_equal(got.len, cases[i].ok ? 3 : 0);
	}
	COF_AUTO(cof_desc) none = {0};
	COF_AUTO_PTR(json_t)
	v = json_loads("{\"mediaType\":\"x\",\"digest\":\"" D "\",\"size\":3,\"data\":7}", 0, NULL);
	assert_fails(cof_desc_parse(v, &none, &err), "descriptor-malformed");
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
	const char *const plain[] = {OCI "layer.v1.tar",
				     OCI "layer.v1.tar+gzip",
				     OCI "layer.v1.tar+zstd",
				     OCI "layer.nondistributable.v1.tar",
				     OCI "layer.nondistributable.v1.tar+gzip",
				     OCI "layer.nondistributable.v1.tar+zstd",
				     "application/vnd.docker.image.rootfs.diff.tar",
				     "application/vnd.docker.image.rootfs.diff.tar.gzip",
				     "application/vnd.docker.image.rootfs.diff.tar.zstd",
				     "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"};
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
		cmocka_unit_test(t037_variants),
		cmocka_unit_test(t037_documents_of_other_kinds_by_name),
		cmocka_unit_test(t036_inline_data),
		cmocka_unit_test(platform_texts),
		cmocka_unit_test(t035_number_of_layers),
		cmocka_unit_test(layers_and_configs),
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(encrypted_names_are_layers_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
