/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of digests against a source that lies at each of its steps. */
#include <stdio.h>

#include "image-decrypt/image.h"
#include "tests/unit/test.h"

#define OCI "application/vnd.oci.image."
#define LAYER_DIGEST "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

typedef enum lie { NO_LIE, LIE_INDEX, LIE_MANIFEST, LIE_CONFIG, LIE_CONFIG_LONGER, LIE_TYPE } lie;

typedef struct liar {
	cof_buf index, manifest, config;
	char index_digest[COF_DIGEST_STR_MAX], manifest_digest[COF_DIGEST_STR_MAX];
	lie lie;
} liar;

static void liar_release(liar *l)
{
	cof_buf_release(&l->index);
	cof_buf_release(&l->manifest);
	cof_buf_release(&l->config);
}
COF_DEFINE_AUTO(liar, liar_release)

static void digest_text(const cof_buf *b, char out[COF_DIGEST_STR_MAX])
{
	cof_digest d = {0};
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(b), &d, &err));
	cof_digest_str(&d, out);
}

typedef struct shape {
	const char *arch;
	int n_layers, n_diff_ids;
	const char *layer_type;
} shape;

static void build(liar *l, shape s)
{
	char config[COF_DIGEST_STR_MAX];
	assert_ok(cof_buf_printf(
		&l->config, &err,
		"{\"os\":\"linux\",\"architecture\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", s.arch));
	for (int i = 0; i < s.n_diff_ids; i++)
		assert_ok(cof_buf_printf(&l->config, &err, "%s\"" LAYER_DIGEST "\"", i > 0 ? "," : ""));
	assert_ok(cof_buf_add_str(&l->config, "]}}", &err));
	digest_text(&l->config, config);
	assert_ok(cof_buf_printf(&l->manifest, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":{"
				 "\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
				 config, l->config.len));
	for (int i = 0; i < s.n_layers; i++)
		assert_ok(cof_buf_printf(&l->manifest, &err,
					 "%s{\"mediaType\":\"%s\",\"digest\":\"" LAYER_DIGEST "\",\"size\":3}",
					 i > 0 ? "," : "", s.layer_type));
	assert_ok(cof_buf_add_str(&l->manifest, "]}", &err));
	digest_text(&l->manifest, l->manifest_digest);
	assert_ok(cof_buf_printf(&l->index, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[{"
				 "\"mediaType\":\"" OCI
				 "manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,\"platform\":{"
				 "\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
				 l->manifest_digest, l->manifest.len));
	digest_text(&l->index, l->index_digest);
}

static int give(const cof_buf *from, bool lying, cof_buf *ret, cof_err *err)
{
	int r = cof_buf_add(ret, from->data, from->len, err);
	if (r == 0 && lying)
		r = cof_buf_add(ret, " ", 1, err);
	return r;
}

static int get_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const liar *l = arg;
	if (strcmp(wanted, l->manifest_digest) == 0)
		return give(&l->manifest, l->lie == LIE_MANIFEST, &ret->body, err);
	(void)snprintf(ret->media_type, sizeof ret->media_type, "%s",
		       l->lie == LIE_TYPE ? OCI "manifest.v1+json" : OCI "index.v1+json");
	return give(&l->index, l->lie == LIE_INDEX, &ret->body, err);
}

static int get_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const liar *l = arg;
	(void)d;
	(void)max;
	int r = give(&l->config, l->lie == LIE_CONFIG_LONGER, ret, err);
	if (r == 0 && l->lie == LIE_CONFIG)
		ret->data[2] ^= 1;
	return r;
}

static int load(liar *l, const char *wanted, cof_image *ret, cof_err *err)
{
	const cof_image_source src = {.arg = l, .manifest = get_manifest, .blob = get_blob};
	return cof_image_load(&src, wanted, COF_PLATFORM_DEFAULT, ret, err);
}

static const shape good = {"amd64", 2, 2, OCI "layer.v1.tar+gzip+encrypted"};

static void t036_lies_at_each_step(void **state)
{
	(void)state;
	const struct {
		lie lie;
		const char *reason;
	} cases[] = {{LIE_INDEX, "image-digest-mismatch"},
		     {LIE_MANIFEST, "image-digest-mismatch"},
		     {LIE_CONFIG, "config-digest-mismatch"},
		     {LIE_CONFIG_LONGER, "config-digest-mismatch"},
		     {LIE_TYPE, "manifest-type-mismatch"}};
	COF_AUTO(liar) l = {0};
	build(&l, good);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_image) image = {0};
		l.lie = cases[i].lie;
		assert_fails(load(&l, l.index_digest, &image, &err), cases[i].reason);
	}
}

static void t037_what_belongs_together(void **state)
{
	(void)state;
	const struct {
		shape shape;
		const char *reason;
	} cases[] = {
		{{"arm64", 1, 1, OCI "layer.v1.tar"}, "platform-mismatch"},
		{{"amd64", 2, 1, OCI "layer.v1.tar"}, "image-diffid-count"},
		{{"amd64", 1, 2, OCI "layer.v1.tar"}, "image-diffid-count"},
		{{"amd64", 1, 0, OCI "layer.v1.tar"}, "image-diffid-count"},
		{{"amd64", 1, 1, OCI "layer.v1.tar+xz"}, "layer-type-unknown"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(liar) l = {0};
		COF_AUTO(cof_image) image = {0};
		build(&l, cases[i].shape);
		assert_fails(load(&l, "tag", &image, &err), cases[i].reason);
	}
}

static void loads_by_tag_and_digest(void **state)
{
	(void)state;
	COF_AUTO(liar) l = {0};
	build(&l, good);
	const char *const wanted[] = {"tag", l.index_digest, l.manifest_digest};
	for (size_t i = 0; i < COF_COUNT(wanted); i++) {
		COF_AUTO(cof_image) image = {0};
		char text[COF_DIGEST_STR_MAX];
		assert_ok(load(&l, wanted[i], &image, &err));
		cof_digest_str(&image.digest, text);
		assert_string_equal(text, l.manifest_digest);
		cof_digest_str(&image.asked, text);
		assert_string_equal(text, i < 2 ? l.index_digest : l.manifest_digest);
		assert_int_equal(image.manifest.n_layers, 2);
	}
	COF_AUTO(cof_image) none = {0};
	assert_int_equal(load(&l, "sha256:zz", &none, NULL) < 0, 1);
}

static void downgrade_is_seen(void **state)
{
	(void)state;
	COF_AUTO(liar) sealed = {0};
	COF_AUTO(liar) plain = {0};
	COF_AUTO(cof_image) a = {0};
	COF_AUTO(cof_image) b = {0};
	build(&sealed, good);
	build(&plain, (shape){"amd64", 1, 1, OCI "layer.v1.tar+gzip"});
	assert_ok(load(&sealed, "tag", &a, &err));
	assert_ok(load(&plain, "tag", &b, &err));
	assert_ok(cof_image_require_encrypted(&a, &err));
	assert_fails(cof_image_require_encrypted(&b, &err), "layer-not-encrypted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t036_lies_at_each_step),
		cmocka_unit_test(t037_what_belongs_together),
		cmocka_unit_test(loads_by_tag_and_digest),
		cmocka_unit_test(downgrade_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
