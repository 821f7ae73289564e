/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images, and the same image in each of the places that they name. */
#include "image-decrypt/depot.h"

#include "tests/unit/image/in_scratch.h"
#include "tests/unit/image/mkimage.h"

#define D "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void names(void **state)
{
	(void)state;
	const struct {
		const char *in;
		cof_depot_kind kind;
		const char *path, *tag;
		bool digest;
	} cases[] = {
		{"oci:dir", COF_DEPOT_LAYOUT, "dir", "", false},
		{"oci:dir:v1", COF_DEPOT_LAYOUT, "dir", "v1", false},
		{"oci:/a/b:reg.example/x:1.0", COF_DEPOT_LAYOUT, "/a/b", "reg.example/x:1.0", false},
		{"oci:/a/b@" D, COF_DEPOT_LAYOUT, "/a/b", "", true},
		{"oci:/a/b:v1@" D, COF_DEPOT_LAYOUT, "/a/b", "v1", true},
		{"oci:/a@b:v1", COF_DEPOT_LAYOUT, "/a@b", "v1", false},
		{"oci-archive:x.tar:v1", COF_DEPOT_OCI_ARCHIVE, "x.tar", "v1", false},
		{"docker-archive:x.tar", COF_DEPOT_DOCKER_ARCHIVE, "x.tar", "", false},
		{"docker-archive:x.tar:busybox:latest", COF_DEPOT_DOCKER_ARCHIVE, "x.tar", "busybox:latest", false},
		{"docker-archive:x.tar:@12", COF_DEPOT_DOCKER_ARCHIVE, "x.tar", "@12", false},
		{"docker://reg.example:5000/a/b:v1", COF_DEPOT_REGISTRY, NULL, "v1", false},
		{"docker://reg.example/a/b@" D, COF_DEPOT_REGISTRY, NULL, "", true},
		{"dir", COF_DEPOT_LAYOUT, "dir", "", false},
		{"./a:b/dir:v1", COF_DEPOT_LAYOUT, "./a:b/dir", "v1", false},
		{"dir:v1", COF_DEPOT_LAYOUT, "dir", "v1", false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_image_name) n = {0};
		assert_ok(cof_image_name_parse(cases[i].in, COF_DEPOT_LAYOUT, &n, &err));
		assert_int_equal(n.kind, cases[i].kind);
		assert_string_equal(n.tag, cases[i].tag);
		assert_int_equal(n.has_digest, cases[i].digest);
		if (cases[i].path != NULL)
			assert_string_equal(n.path, cases[i].path);
		else
			assert_null(n.path);
	}
	COF_AUTO(cof_image_name) bare = {0};
	assert_ok(cof_image_name_parse("reg.example/a:v1", COF_DEPOT_REGISTRY, &bare, &err));
	assert_string_equal(bare.registry.repo, "a");
}

static void what_is_no_name(void **state)
{
	(void)state;
	const char *const bad[] = {"",
				   "oci:",
				   "oci::v1",
				   ":v1",
				   "oci:dir:",
				   "oci:dir:v 1",
				   "dir:bad tag",
				   "oci:dir:-v",
				   "oci:dir:v1/",
				   "oci:dir:@3",
				   "oci:dir:@" D,
				   "oci:dir:v\n1",
				   "oci:dir:..@",
				   "docker-archive:",
				   "docker-archive:x:@",
				   "docker-archive:x:",
				   "dir:"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_image_name n = {0};
		if (cof_image_name_parse(bad[i], COF_DEPOT_LAYOUT, &n, NULL) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(n.path);
	}
	cof_image_name n = {0};
	assert_fails(cof_image_name_parse("docker://H//x", COF_DEPOT_LAYOUT, &n, &err), "reference-malformed");
	assert_fails(cof_image_name_parse("docker://", COF_DEPOT_LAYOUT, &n, &err), "reference-malformed");
}

/* --- one image in every place --- */

static cof_depot *open_depot(const char *name, bool write, const cof_depot_opts *opts)
{
	COF_AUTO(cof_image_name) n = {0};
	cof_depot *p = NULL;
	assert_ok(cof_image_name_parse(name, COF_DEPOT_LAYOUT, &n, &err));
	assert_ok(cof_depot_open(&p, &n, write, opts, &err));
	return p;
}

static void carry_blob(const cof_image_source *from, cof_depot *to, const cof_desc *d)
{
	COF_AUTO_PTR(cof_blob_new) b = NULL;
	bool there = true;
	assert_ok(cof_depot_has(to, d, &there, &err));
	assert_false(there);
	assert_ok(cof_blob_begin(to, &b, &err));
	assert_ok(cof_image_stream(from, d, cof_blob_add, b, &err));
	assert_ok(cof_blob_end(b, &d->digest, &err));
	assert_ok(cof_depot_has(to, d, &there, &err));
	assert_true(there);
}

/* What a verb does; gives the manifest's digest. */
static void carry(cof_depot *from, cof_depot *to, cof_digest *ret)
{
	COF_AUTO(cof_image) image = {0};
	const cof_image_source source = cof_depot_source(from);
	cof_digest put = {0};
	assert_ok(cof_image_load(&source, cof_depot_wanted(from), COF_PLATFORM_DEFAULT, &image, &err));
	for (size_t i = 0; i < image.manifest.n_layers; i++)
		carry_blob(&source, to, &image.manifest.layers[i]);
	assert_ok(cof_depot_put(to, cof_buf_span(&image.config_bytes), &put, &err));
	assert_true(cof_digest_equal(&put, &image.manifest.config.digest));
	assert_ok(cof_depot_put_manifest(to, "application/vnd.oci.image.manifest.v1+json",
					 cof_buf_span(&image.manifest_bytes), cof_depot_tag(to), &put, &err));
	assert_true(cof_digest_equal(&put, &image.digest));
	assert_ok(cof_depot_close(to, &err));
	*ret = image.digest;
}

static void holds(const char *name, const cof_depot_opts *opts, const cof_digest *want)
{
	COF_AUTO_PTR(cof_depot) p = open_depot(name, false, opts);
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_buf) layer = {0};
	const cof_image_source source = cof_depot_source(p);
	assert_ok(cof_image_load(&source, cof_depot_wanted(p), COF_PLATFORM_DEFAULT, &image, &err));
	assert_true(cof_digest_equal(&image.digest, want));
	const cof_desc *d = &image.manifest.layers[0];
	assert_ok(source.blob(source.arg, d, 1 << 20, &layer, &err));
	assert_ok(cof_desc_check(d, cof_buf_span(&layer), &err));
}

static void carry_to(const char *from, const char *to, const cof_depot_opts *opts, cof_digest *ret)
{
	COF_AUTO_PTR(cof_depot) a = open_depot(from, false, opts);
	COF_AUTO_PTR(cof_depot) b = open_depot(to, true, opts);
	carry(a, b, ret);
	cof_depot_free(cof_steal(&b));
	holds(to, opts, ret);
}

static int begin(void **state)
{
	int r = in_scratch_up(state);
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	return r;
}

static void from_place_to_place(void **state)
{
	(void)state;
	cof_digest a = {0}, b = {0}, c = {0};
	carry_to("oci:l:v1", "oci-archive:a.tar:x/y:v2", NULL, &a);
	carry_to("oci-archive:a.tar", "oci:other", NULL, &b);
	carry_to("oci:other", "oci-archive:b.tar", NULL, &c);
	assert_true(cof_digest_equal(&a, &b));
	assert_true(cof_digest_equal(&a, &c));
	COF_AUTO_PTR(cof_depot) p = open_depot("oci-archive:a.tar:v9", false, NULL);
	COF_AUTO(cof_image) none = {0};
	const cof_image_source source = cof_depot_source(p);
	assert_fails(cof_image_load(&source, cof_depot_wanted(p), COF_PLATFORM_DEFAULT, &none, &err), "tag-missing");
}

static void archives_appear_when_they_are_whole(void **state)
{
	(void)state;
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO_PTR(cof_depot) p = open_depot("oci-archive:a.tar", true, NULL);
	assert_ok(cof_depot_put(p, cof_span_str("x"), &d, &err));
	cof_blob_new *b = NULL;
	assert_ok(cof_blob_begin(p, &b, &err));
	assert_ok(cof_blob_add(b, cof_span_str("never ended"), &err));
	cof_blob_free(b);
	assert_int_not_equal(access("a.tar", F_OK), 0);
	cof_depot_free(cof_steal(&p));
	assert_int_not_equal(access("a.tar", F_OK), 0);
	struct stat st;
	assert_int_equal(stat(s->top, &st), 0);
	assert_int_equal(st.st_nlink, 4); /* l and x alone: nothing else was left */
}

static void docker_archives_are_for_reading(void **state)
{
	(void)state;
	COF_AUTO(cof_image_name) n = {0};
	cof_depot *p = NULL;
	assert_ok(cof_image_name_parse("docker-archive:a.tar", COF_DEPOT_LAYOUT, &n, &err));
	assert_fails(cof_depot_open(&p, &n, true, NULL, &err), "depot-read-only");
	assert_fails(cof_depot_open(&p, &n, false, NULL, &err), "no-such-file");
}

static void a_registry(void **state)
{
	(void)state;
	if (!running)
		skip();
	const cof_depot_opts opts = {.ca_pem = cof_buf_span(&up.ca), .resolve = up.resolves};
	char name[128];
	cof_digest a = {0}, b = {0};
	(void)snprintf(name, sizeof name, "docker://" REGISTRY_NAME ":%u/team/app:v1", up.port);
	carry_to("oci:l:v1", name, &opts, &a);
	carry_to(name, "oci-archive:back.tar", &opts, &b);
	assert_true(cof_digest_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, in_scratch_down)
		T(names),
		T(what_is_no_name),
		T(from_place_to_place),
		T(archives_appear_when_they_are_whole),
		T(docker_archives_are_for_reading),
		T(a_registry),
	};
	return cmocka_run_group_tests(tests, registry_up_for_all, registry_down_for_all);
}
