/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>

#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

static int load(cof_layout *l, const char *wanted, cof_image *ret, cof_err *err)
{
	cof_image_source source = cof_layout_source(l);
	return cof_image_load(&source, wanted, COF_PLATFORM_DEFAULT, ret, err);
}

static void put_text(const scratch *s, const char *name, const char *text)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", s->top, name);
	assert_ok(cof_file_write(path, cof_span_str(text), 0644, &err));
}

static void what_is_no_layout(void **state)
{
	const scratch *s = *state;
	cof_layout *l = NULL;
	char path[256];
	(void)snprintf(path, sizeof path, "%s/l", s->top);
	assert_fails(cof_layout_open(&l, path, false, &err), "layout-malformed");
	assert_ok(cof_mkdirs(path, 0755, &err));
	const char *const versions[] = {"", "{}", "[]", "{\"imageLayoutVersion\":\"2.0.0\"}",
					"{\"imageLayoutVersion\":1}"};
	for (size_t i = 0; i < COF_COUNT(versions); i++) {
		put_text(s, "l/oci-layout", versions[i]);
		assert_fails(cof_layout_open(&l, path, false, &err), "layout-malformed");
	}
}

static void hostile_indexes(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	const char *const texts[] = {
		"",
		"{}",
		"{\"manifests\":{}}",
		"{\"manifests\":[]}",
		"{\"manifests\":[{}]}",
		"{\"manifests\":[1,null,\"x\"]}",
		"{\"manifests\":[{\"digest\":\"sha256:../../../../etc/passwd\"}]}",
		"{\"manifests\":[{\"digest\":\"sha256:"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]}",
		"{\"manifests\":[],\"manifests\":[]}",
	};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_image) image = {0};
		put_text(s, "l/index.json", texts[i]);
		assert_true(load(l, "latest", &image, NULL) < 0);
	}
}

static void blobs_are_plain_files(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	cof_digest d = {0};
	int fd = -1;
	char path[256], text[COF_DIGEST_STR_MAX];
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str("x"), &d, &err));
	cof_digest_str(&d, text);
	(void)snprintf(path, sizeof path, "%s/l/blobs/sha256/%s", s->top, text + 7);
	assert_fails(cof_layout_blob(l, &d, &fd, &err), "blob-missing");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_fails(cof_layout_blob(l, &d, &fd, &err), "blob-missing");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_fails(cof_layout_blob(l, &d, &fd, &err), "blob-missing"); /* and does not hang */
}

static void t036_changed_blobs(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_image) good = {0};
	layout_demo(l, "v1");
	assert_ok(load(l, "v1", &good, &err));
	const cof_digest *const which[] = {&good.digest, &good.manifest.config.digest};
	const char *const reasons[] = {"image-digest-mismatch", "config-digest-mismatch"};
	for (size_t i = 0; i < COF_COUNT(which); i++) {
		COF_AUTO(cof_image) image = {0};
		COF_AUTO(cof_buf) old = {0};
		char path[256], text[COF_DIGEST_STR_MAX];
		cof_digest_str(which[i], text);
		(void)snprintf(path, sizeof path, "%s/l/blobs/sha256/%s", s->top, text + 7);
		assert_ok(cof_file_read(path, 1 << 20, &old, &err));
		old.data[old.len / 2] ^= 1;
		assert_ok(cof_file_write(path, cof_buf_span(&old), 0644, &err));
		assert_fails(load(l, "v1", &image, &err), reasons[i]);
		old.data[old.len / 2] ^= 1;
		assert_ok(cof_file_write(path, cof_buf_span(&old), 0644, &err));
	}
}

static int collect(void *arg, cof_span chunk, cof_err *e)
{
	return cof_buf_add(arg, chunk.data, chunk.len, e);
}

static void t036_streams_are_counted_and_hashed(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_buf) got = {0};
	const cof_image_source source = cof_layout_source(l);
	cof_desc d = {.size = 3};
	assert_ok(cof_layout_put(l, cof_span_str("abc"), &d.digest, &err));
	assert_ok(cof_image_stream(&source, &d, collect, &got, &err));
	assert_string_equal(cof_buf_str(&got), "abc");
	d.size = 2;
	assert_fails(cof_image_stream(&source, &d, collect, &got, &err), "blob-size-mismatch");
	d.size = 4;
	assert_fails(cof_image_stream(&source, &d, collect, &got, &err), "blob-size-mismatch");
	d.size = 3;
	char path[256], text[COF_DIGEST_STR_MAX];
	cof_digest_str(&d.digest, text);
	(void)snprintf(path, sizeof path, "%s/l/blobs/sha256/%s", s->top, text + 7);
	assert_ok(cof_file_write(path, cof_span_str("abd"), 0644, &err));
	assert_fails(cof_image_stream(&source, &d, collect, &got, &err), "blob-digest-mismatch");
}

static void tags(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_image) a = {0};
	COF_AUTO(cof_image) b = {0};
	COF_AUTO(cof_image) none = {0};
	COF_AUTO(cof_buf) other = {0};
	layout_demo(l, "v1");
	assert_ok(load(l, "v1", &a, &err));
	tar_file(&other, "x", "y");
	tar_end(&other);
	layout_image(l, "v1", &other); /* moves the tag */
	assert_ok(load(l, "v1", &b, &err));
	assert_false(cof_digest_equal(&a.digest, &b.digest));
	assert_fails(load(l, "v2", &none, &err), "tag-missing");
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(&a.digest, text);
	COF_AUTO(cof_image) again = {0};
	assert_ok(load(l, text, &again, &err));
}

#define ARTIFACT                                                                                                       \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",%s\"config\":{"             \
	"\"mediaType\":\"application/x.config\",\"digest\":\"%s\",\"size\":2},\"layers\":[],\"subject\":{"             \
	"\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":7},"                  \
	"\"annotations\":{\"by\":\"%s\"}}"

/* A manifest that says whom it is about. */
static void put_referrer(cof_layout *l, const char *tag, const char *more, const char *subject)
{
	COF_AUTO(cof_buf) doc = {0};
	cof_digest d = {0};
	assert_ok(cof_buf_printf(&doc, &err, ARTIFACT, more, subject, subject, tag));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &d, &err));
	assert_ok(cof_layout_tag(l, tag, "application/vnd.oci.image.manifest.v1+json", &d, doc.len, &err));
}

static void who_refers_to_it(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_fetched) none = {0};
	COF_AUTO(cof_fetched) got = {0};
	const cof_image_source src = cof_layout_source(l);
	cof_digest other = {.alg = COF_SHA256};
	char text[COF_DIGEST_STR_MAX];
	layout_demo(l, "v1");
	assert_ok(load(l, "v1", &image, &err));
	assert_ok(src.referrers(src.arg, &image.digest, &none, &err));
	assert_int_equal(none.body.len, 0);
	cof_digest_str(&image.digest, text);
	put_referrer(l, "one", "\"artifactType\":\"application/x.sig\",", text);
	put_referrer(l, "two", "", text);
	cof_digest_str(&other, text);
	put_referrer(l, "three", "", text);
	assert_ok(src.referrers(src.arg, &image.digest, &got, &err));
	assert_string_equal(got.media_type, "application/vnd.oci.image.index.v1+json");
	json_t *v = NULL;
	assert_ok(cof_json_parse(cof_buf_span(&got.body), &v, &err));
	COF_AUTO_PTR(json_t) doc = v;
	const json_t *list = json_object_get(doc, "manifests");
	assert_int_equal(json_array_size(list), 2);
	const char *const types[] = {"application/x.sig", "application/x.config"};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(cof_desc) d = {0};
		assert_ok(cof_desc_parse(json_array_get(list, i), &d, &err));
		assert_string_equal(cof_desc_annotation(&d, "by"), i == 0 ? "one" : "two");
		assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "artifactType")),
				    types[i]);
	}
}

static void an_abort_leaves_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_newfile) n = COF_NEWFILE_NONE;
	char path[256];
	assert_ok(cof_layout_begin(l, &n, &err));
	assert_ok(cof_fd_write_all(n.fd, cof_span_str("half"), &err));
	cof_newfile_release(&n);
	(void)snprintf(path, sizeof path, "%s/l/blobs/sha256", s->top);
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(path, sizeof path, "%s/l/blobs", s->top);
	assert_int_equal(rmdir(path), 0);
}

/* Several programs put images into one layout: none of them loses another's name. */
static void names_given_at_the_same_time(void **state)
{
	const scratch *s = *state;
	enum { WRITERS = 8 };
	pid_t pids[WRITERS];
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "base");
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			char tag[16];
			cof_digest d = {.alg = COF_SHA256};
			(void)snprintf(tag, sizeof tag, "t%d", i);
			_exit(cof_layout_tag(l, tag, "x/y", &d, 1, NULL) < 0);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	COF_AUTO(cof_buf) text = {0};
	char path[256], tag[16];
	(void)snprintf(path, sizeof path, "%s/l/index.json", s->top);
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	for (int i = 0; i < WRITERS; i++) {
		(void)snprintf(tag, sizeof tag, "\"t%d\"", i);
		assert_non_null(strstr(cof_buf_str(&text), tag));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(what_is_no_layout),
		T(hostile_indexes),
		T(blobs_are_plain_files),
		T(t036_changed_blobs),
		T(t036_streams_are_counted_and_hashed),
		T(tags),
		T(who_refers_to_it),
		T(an_abort_leaves_nothing),
		T(names_given_at_the_same_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
