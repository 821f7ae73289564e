/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of digests against a source that lies at each of its steps. */
#include <stdio.h>

#include "common/hex.h"
#include "image-decrypt/image.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

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

/* An index whose only member is what the tag named so far. */
static void wrap(cof_layout *l, const char *arch)
{
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_fetched) inner = {0};
	const cof_image_source src = cof_layout_source(l);
	cof_digest d = {0};
	cof_media_kind kind;
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_image_fetch(&src, "v1", &inner, &d, &kind, &err));
	cof_digest_str(&d, text);
	assert_ok(cof_buf_printf(&doc, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[{"
				 "\"mediaType\":\"" OCI "%s.v1+json\",\"digest\":\"%s\",\"size\":%zu,\"platform\":{"
				 "\"os\":\"linux\",\"architecture\":\"%s\"}}]}",
				 kind == COF_MEDIA_INDEX ? "index" : "manifest", text, inner.body.len, arch));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &d, &err));
	assert_ok(cof_layout_tag(l, "v1", OCI "index.v1+json", &d, doc.len, &err));
}

static int load_as(cof_layout *l, cof_platform platform, cof_err *err)
{
	COF_AUTO(cof_image) image = {0};
	const cof_image_source src = cof_layout_source(l);
	return cof_image_load(&src, "v1", platform, &image, err);
}

static void t037_indexes_within_indexes(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	for (int depth = 1; depth <= COF_INDEX_DEPTH_MAX; depth++) {
		wrap(l, "amd64");
		assert_ok(load_as(l, COF_PLATFORM_DEFAULT, &err));
		assert_ok(load_as(l, COF_PLATFORM_ANY, &err));
	}
	wrap(l, "amd64");
	assert_fails(load_as(l, COF_PLATFORM_DEFAULT, &err), "manifest-malformed");
}

/* What an index says of a member is no more than a claim, which the member's own words must bear out. */
static void t037_the_platform_is_the_configs(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	cof_platform arm;
	layout_demo(l, "v1");
	assert_ok(cof_platform_parse("linux/arm64", &arm, &err));
	assert_fails(load_as(l, arm, &err), "platform-mismatch");
	wrap(l, "arm64");
	assert_fails(load_as(l, arm, &err), "platform-mismatch");
	assert_fails(load_as(l, COF_PLATFORM_DEFAULT, &err), "platform-not-found");
	assert_fails(load_as(l, COF_PLATFORM_ANY, &err), "platform-not-found");
}

/* Whatever it is asked for, the same index comes: it would have to hold its own digest. */
static int get_itself(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	(void)wanted;
	return cof_buf_add_str(&ret->body, arg, err);
}

static void t037_an_index_of_itself(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_image) image = {0};
	assert_ok(cof_buf_printf(&doc, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[{"
				 "\"mediaType\":\"" OCI "index.v1+json\",\"digest\":\"" LAYER_DIGEST "\",\"size\":%d,"
				 "\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
				 314));
	const cof_image_source src = {.arg = (void *)(uintptr_t)cof_buf_str(&doc), .manifest = get_itself};
	assert_fails(cof_image_load(&src, "v1", COF_PLATFORM_DEFAULT, &image, &err), "image-digest-mismatch");
}

/* An index in the place of the manifest that an index names. */
static void t037_members_are_what_they_are_called(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_fetched) index = {0};
	COF_AUTO(cof_fetched) got = {0};
	COF_AUTO(cof_desc) d = {.size = 0};
	const cof_image_source src = cof_layout_source(l);
	cof_media_kind kind;
	layout_demo(l, "v1");
	wrap(l, "amd64");
	assert_ok(cof_image_fetch(&src, "v1", &index, &d.digest, &kind, &err));
	d.size = index.body.len;
	(void)snprintf(d.media_type, sizeof d.media_type, OCI "manifest.v1+json");
	assert_fails(cof_image_member(&src, &d, &got, &kind, &err), "manifest-type-mismatch");
}

/* A member that lies in its descriptor is not asked for. */
static void t036_members_within_descriptors(void **state)
{
	(void)state;
	COF_AUTO(liar) l = {0};
	build(&l, good);
	const cof_image_source none = {0};
	const cof_image_source lying = {.arg = &l, .manifest = get_manifest, .blob = get_blob};
	const char *const data[] = {cof_buf_str(&l.manifest), "{}"};
	for (size_t i = 0; i < COF_COUNT(data); i++) {
		COF_AUTO_FREE char *b64 = cof_b64_dup(cof_span_str(data[i]));
		COF_AUTO(cof_desc) d = {.size = l.manifest.len, .data = json_string(b64)};
		COF_AUTO(cof_fetched) got = {0};
		cof_media_kind kind;
		(void)snprintf(d.media_type, sizeof d.media_type, OCI "manifest.v1+json");
		assert_ok(cof_digest_parse(l.manifest_digest, &d.digest, &err));
		assert_ok(cof_image_member(i == 0 ? &none : &lying, &d, &got, &kind, &err));
		assert_string_equal(cof_buf_str(&got.body), cof_buf_str(&l.manifest));
	}
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
		cmocka_unit_test_setup_teardown(t037_indexes_within_indexes, scratch_up, scratch_down),
		cmocka_unit_test_setup_teardown(t037_the_platform_is_the_configs, scratch_up, scratch_down),
		cmocka_unit_test_setup_teardown(t037_members_are_what_they_are_called, scratch_up, scratch_down),
		cmocka_unit_test(t037_an_index_of_itself),
		cmocka_unit_test(t036_members_within_descriptors),
		cmocka_unit_test(loads_by_tag_and_digest),
		cmocka_unit_test(downgrade_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
