/* SPDX-License-Identifier: Apache-2.0 */
/* Images from place to place, a real registry among them: what arrives is the same, or nothing has its name. */
#include "image-decrypt/copy.h"

#include "tests/unit/image/in_scratch.h"
#include "tests/unit/image/mkimage.h"

#define OCI "application/vnd.oci.image."

static int copy_as(const char *from, const char *to, const cof_copy_opts *opts, cof_copy_result *ret, cof_err *why)
{
	COF_AUTO(cof_image_name) a = {0};
	COF_AUTO(cof_image_name) b = {0};
	const cof_depot_opts depot = {.ca_pem = cof_buf_span(&up.ca), .resolve = up.resolves};
	assert_ok(cof_image_name_parse(from, COF_DEPOT_LAYOUT, &a, &err));
	assert_ok(cof_image_name_parse(to, COF_DEPOT_LAYOUT, &b, &err));
	return cof_copy_image(&a, &b, &depot, opts, ret, why);
}

static int copy(const char *from, const char *to, cof_copy_result *ret, cof_err *why)
{
	const cof_copy_opts opts = {.platform = COF_PLATFORM_ANY};
	return copy_as(from, to, &opts, ret, why);
}

static const char *remote(const char *rest)
{
	static char name[160];
	(void)snprintf(name, sizeof name, "docker://" REGISTRY_NAME ":%u/%s", up.port, rest);
	return name;
}

/* n tags of one image each in layout l. */
static void make_images(const scratch *s, int n)
{
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	for (int i = 0; i < n; i++) {
		COF_AUTO(cof_buf) tar = {0};
		char tag[16], text[32];
		(void)snprintf(tag, sizeof tag, "v%d", i);
		(void)snprintf(text, sizeof text, "text number %d", i);
		tar_file(&tar, "file", text);
		tar_end(&tar);
		layout_image(l, tag, &tar);
	}
}

/* Tag "all" of layout l: an index of the first n images, each for another platform; and of one that nobody has. */
static void make_index(const scratch *s, int n, bool missing)
{
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", false);
	const cof_image_source src = cof_layout_source(l);
	COF_AUTO(cof_buf) doc = {0};
	cof_digest d = {0};
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_buf_printf(&doc, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":["));
	for (int i = 0; i < n; i++) {
		COF_AUTO(cof_fetched) m = {0};
		cof_media_kind kind;
		char tag[16];
		(void)snprintf(tag, sizeof tag, "v%d", i);
		assert_ok(cof_image_fetch(&src, tag, &m, &d, &kind, &err));
		cof_digest_str(&d, text);
		text[10] = missing && i + 1 == n ? (text[10] == '0' ? '1' : '0') : text[10];
		assert_ok(cof_buf_printf(&doc, &err,
					 "%s{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
					 "\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}",
					 i > 0 ? "," : "", text, m.body.len, i == 0 ? "amd64" : "s390x"));
	}
	assert_ok(cof_buf_add_str(&doc, "]}", &err));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &d, &err));
	assert_ok(cof_layout_tag(l, "all", OCI "index.v1+json", &d, doc.len, &err));
}

static void to_a_registry_and_back(void **state)
{
	if (!running)
		skip();
	make_images(*state, 1);
	cof_copy_result a = {0}, b = {0}, c = {0};
	assert_ok(copy("oci:l:v0", remote("copied/app:v1"), &a, &err));
	assert_int_equal(a.manifests, 1);
	assert_int_equal(a.blobs, 2);
	assert_true(a.carried > 0);
	assert_int_equal(a.there, 0);
	assert_ok(copy("oci:l:v0", remote("copied/app:v2"), &b, &err)); /* again: nothing moves */
	assert_int_equal(b.carried, 0);
	assert_int_equal(b.there, a.carried);
	assert_ok(copy(remote("copied/app:v2"), "oci:back:x", &c, &err));
	assert_true(cof_digest_equal(&a.digest, &c.digest));
	assert_int_equal(c.carried, a.carried);
}

static void from_registry_to_registry(void **state)
{
	char from[160];
	if (!running)
		skip();
	make_images(*state, 3);
	make_index(*state, 3, false);
	cof_copy_result a = {0}, b = {0}, c = {0};
	const cof_copy_opts all = {.all = true, .jobs = 4};
	assert_ok(copy_as("oci:l:all", remote("first/app:v1"), &all, &a, &err));
	assert_int_equal(a.manifests, 4);
	assert_int_equal(a.blobs, 6);
	(void)snprintf(from, sizeof from, "%s", remote("first/app:v1"));
	assert_ok(copy_as(from, remote("second/app:v1"), &all, &b, &err));
	assert_true(cof_digest_equal(&a.digest, &b.digest));
	assert_ok(copy_as(remote("second/app:v1"), "oci-archive:back.tar", &all, &c, &err));
	assert_true(cof_digest_equal(&a.digest, &c.digest));
	assert_int_equal(c.carried, a.carried);
}

static void one_image_of_an_index(void **state)
{
	make_images(*state, 2);
	make_index(*state, 2, false);
	cof_copy_result one = {0}, direct = {0};
	cof_copy_opts opts = {.platform = COF_PLATFORM_DEFAULT};
	assert_ok(copy_as("oci:l:all", "oci:out:one", &opts, &one, &err));
	assert_int_equal(one.manifests, 1);
	assert_ok(copy("oci:l:v0", "oci:out:direct", &direct, &err));
	assert_true(cof_digest_equal(&one.digest, &direct.digest));
	assert_int_equal(direct.carried, 0);
	assert_ok(cof_platform_parse("linux/riscv64", &opts.platform, &err));
	assert_fails(copy_as("oci:l:all", "oci:out2", &opts, &one, &err), "platform-not-found");
	assert_int_not_equal(access("out2", F_OK), 0);
}

static void damage(const char *layout, const cof_digest *d, bool flip)
{
	char path[256], text[COF_DIGEST_STR_MAX];
	COF_AUTO(cof_buf) old = {0};
	cof_digest_str(d, text);
	(void)snprintf(path, sizeof path, "%s/blobs/sha256/%s", layout, text + 7);
	assert_ok(cof_file_read(path, 1 << 20, &old, &err));
	old.data[old.len / 2] ^= flip ? 1 : 0;
	assert_ok(cof_file_write(path, cof_span_of(old.data, old.len - (flip ? 0 : 1)), 0644, &err));
}

/* Nothing has a name, at any kind of place, when any of its blobs is not what it should be. */
static void t036_damaged_layers(void **state)
{
	const char *const to[] = {"oci:out", "oci-archive:out.tar", running ? remote("damaged/app:v1") : "oci:other"};
	const char *const reasons[] = {"blob-size-mismatch", "blob-digest-mismatch"};
	for (int flip = 0; flip < 2; flip++) {
		COF_AUTO(cof_image) image = {0};
		make_images(*state, 1);
		COF_AUTO_PTR(cof_layout) l = layout_at(((scratch *)*state)->top, "l", false);
		const cof_image_source src = cof_layout_source(l);
		assert_ok(cof_image_load(&src, "v0", COF_PLATFORM_DEFAULT, &image, &err));
		damage("l", &image.manifest.layers[0].digest, flip == 1);
		for (size_t i = 0; i < COF_COUNT(to); i++) {
			cof_copy_result got = {0};
			cof_err why = {0};
			assert_fails(copy("oci:l:v0", to[i], &got, &err), reasons[flip]);
			assert_true(copy(to[i], "oci:never", &got, &why) < 0);
		}
	}
}

static void nothing_is_named_when_something_is_missing(void **state)
{
	make_images(*state, 2);
	make_index(*state, 2, true);
	const cof_copy_opts all = {.all = true};
	cof_copy_result got = {0};
	assert_fails(copy_as("oci:l:all", "oci:out", &all, &got, &err), "blob-missing");
	assert_int_not_equal(access("out", F_OK), 0);
	if (running) {
		assert_fails(copy_as("oci:l:all", remote("half/app:v1"), &all, &got, &err), "blob-missing");
		assert_fails(copy(remote("half/app:v1"), "oci:out", &got, &err), "registry-not-found");
	}
}

static void names_with_digests(void **state)
{
	make_images(*state, 2);
	cof_copy_result a = {0}, b = {0};
	char text[COF_DIGEST_STR_MAX], name[160];
	assert_ok(copy("oci:l:v0", "oci:out:v0", &a, &err));
	cof_digest_str(&a.digest, text);
	(void)snprintf(name, sizeof name, "oci:l@%s", text);
	assert_ok(copy(name, "oci:again", &b, &err));
	assert_true(cof_digest_equal(&a.digest, &b.digest));
	(void)snprintf(name, sizeof name, "oci:out:v1@%s", text);
	assert_fails(copy("oci:l:v1", name, &b, &err), "image-digest-mismatch");
	assert_ok(copy("oci:l:v0", name, &b, &err));
	assert_ok(copy("oci:out:v1", "oci:third", &b, &err));
}

typedef struct seen {
	size_t calls, ends;
	bool complete;
} seen;

static void on_progress(void *arg, const cof_copy_blob *blobs, size_t n, const cof_copy_blob *moved)
{
	seen *s = arg;
	s->calls++;
	s->ends += moved->state == COF_COPY_DONE || moved->state == COF_COPY_THERE;
	s->complete = true;
	for (size_t i = 0; i < n; i++)
		s->complete = s->complete && blobs[i].done == blobs[i].desc.size;
}

static void progress_is_told(void **state)
{
	make_images(*state, 3);
	make_index(*state, 3, false);
	seen s = {0};
	cof_copy_result got = {0};
	const cof_copy_opts opts = {.all = true, .progress = on_progress, .progress_arg = &s};
	assert_ok(copy_as("oci:l:all", running ? remote("watched/app:v1") : "oci:out", &opts, &got, &err));
	assert_int_equal(s.ends, got.blobs);
	assert_true(s.complete);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, in_scratch_up, in_scratch_down)
		T(to_a_registry_and_back),
		T(from_registry_to_registry),
		T(one_image_of_an_index),
		T(t036_damaged_layers),
		T(nothing_is_named_when_something_is_missing),
		T(names_with_digests),
		T(progress_is_told),
	};
	return cmocka_run_group_tests(tests, registry_up_for_all, registry_down_for_all);
}
