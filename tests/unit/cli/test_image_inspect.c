/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image inspect` and `digest`: for machines, for people, and for images whose texts want to draw. */
#include "runtime/cli/image.h"

#include "tests/unit/cli/captured.h"
#include "tests/unit/cli/screen.h"
#include "tests/unit/image/in_scratch.h"
#include "tests/unit/image/mkimage.h"

#define OCI "application/vnd.oci.image."
#define D "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define VERB(verb, ...) captured(cof_cmd_image_##verb, #verb, (const char *const[]){__VA_ARGS__, NULL}, "out", "err")

/* An image with one encrypted layer that is not there, and a config and annotations of the test's choice. */
static void put_image(cof_layout *l, const char *tag, const char *config, const char *notes)
{
	COF_AUTO(cof_buf) conf = {0};
	COF_AUTO(cof_buf) doc = {0};
	cof_digest d = {0};
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_buf_printf(&conf, &err,
				 "{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"rootfs\":{\"type\":"
				 "\"layers\",\"diff_ids\":[\"" D "\"]},\"config\":%s}",
				 config));
	assert_ok(cof_layout_put(l, cof_buf_span(&conf), &d, &err));
	cof_digest_str(&d, text);
	assert_ok(cof_buf_printf(
		&doc, &err,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"" OCI
		"layer.v1.tar+gzip+encrypted\",\"digest\":\"" D "\",\"size\":12345678,\"annotations\":{"
		"\"org.opencontainers.image.enc.keys.jwe\":\"eA==\","
		"\"org.opencontainers.image.enc.keys.provider.attestation-agent\":\"eA==\","
		"\"org.opencontainers.image.enc.pubopts\":\"eA==\"}}],\"annotations\":%s}",
		text, conf.len, notes));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &d, &err));
	assert_ok(cof_layout_tag(l, tag, OCI "manifest.v1+json", &d, doc.len, &err));
}

static int begin(void **state)
{
	int r = in_scratch_up(state);
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	put_image(l, "v1", "{\"User\":\"app\",\"Cmd\":[\"/run\"],\"StopSignal\":\"SIGQUIT\"}", "{\"made.by\":\"us\"}");
	put_image(l, "evil",
		  "{\"User\":\"\\u001b[2J\\u0007\",\"Env\":[\"A=\\u001b]0;title\\u0007\"],\"Cmd\":[\"\\u009b31m\"]}",
		  "{\"\\u001b[1m\":\"\\r\\n\"}");
	return r;
}

static void for_machines(void **state)
{
	(void)state;
	json_t *v = NULL;
	assert_int_equal(VERB(inspect, "oci:l:v1"), COF_EXIT_YES);
	assert_ok(cof_json_read_file("out", 1 << 20, &v, &err));
	COF_AUTO_PTR(json_t) doc = v;
	const json_t *layer = json_array_get(json_object_get(doc, "layers"), 0);
	assert_string_equal(json_string_value(json_object_get(doc, "architecture")), "arm64");
	assert_string_equal(json_string_value(json_object_get(doc, "variant")), "v8");
	assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "annotations"), "made.by")), "us");
	assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "config"), "User")), "app");
	assert_true(json_is_true(json_object_get(layer, "encrypted")));
	assert_int_equal(json_integer_value(json_object_get(layer, "size")), 12345678);
	const json_t *schemes = json_object_get(layer, "recipients");
	assert_int_equal(json_array_size(schemes), 2);
	assert_string_equal(json_string_value(json_array_get(schemes, 0)), "jwe");
	assert_string_equal(json_string_value(json_array_get(schemes, 1)), "provider.attestation-agent");
}

static void for_people(void **state)
{
	(void)state;
	COF_AUTO(screen) s = screen_open();
	const char *const words[] = {"oci:l:v1", NULL};
	assert_int_equal(captured(cof_cmd_image_inspect, "inspect", words, s.name, "err"), COF_EXIT_YES);
	screen_read(&s);
	const char *const want[] = {"linux/arm64/v8", "made.by", "SIGQUIT", "11.8 MiB",
				    "jwe, provider.attestation-agent"};
	for (size_t i = 0; i < COF_COUNT(want); i++)
		if (!screen_says(&s, want[i]))
			fail_msg("no %s in: %s", want[i], s.text);
	assert_false(screen_says(&s, "{\n"));
}

/* An image's texts are a stranger's: none of them moves the cursor. */
static void t087_texts_do_not_draw(void **state)
{
	(void)state;
	COF_AUTO(screen) s = screen_open();
	const char *const words[] = {"oci:l:evil", NULL};
	assert_int_equal(captured(cof_cmd_image_inspect, "inspect", words, s.name, "err"), COF_EXIT_YES);
	screen_read(&s);
	assert_true(screen_says(&s, "linux/arm64"));
	for (const char *c = s.text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\r')
			fail_msg("a control character in: %s", s.text);
		assert_false((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 && (unsigned char)c[1] < 0xa0);
	}
}

/* An index beside its image: what it names, but for what names nothing. */
static void members_of_an_index(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", false);
	COF_AUTO(cof_fetched) m = {0};
	COF_AUTO(cof_buf) index = {0};
	COF_AUTO(screen) view = screen_open();
	const cof_image_source src = cof_layout_source(l);
	cof_digest d = {0};
	cof_media_kind kind;
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_image_fetch(&src, "v1", &m, &d, &kind, &err));
	cof_digest_str(&d, text);
	assert_ok(cof_buf_printf(&index, &err,
				 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":["
				 "{\"mediaType\":7,\"digest\":{}},{\"mediaType\":\"x\\u001b[1m\",\"digest\":\"" D
				 "\",\"size\":1,\"platform\":{\"os\":\"\\u001b[2J\",\"architecture\":\"\\u0007\"}},{"
				 "\"mediaType\":\"" OCI
				 "manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,\"platform\":"
				 "{\"os\":\"linux\",\"architecture\":\"arm64\"}}]}",
				 text, m.body.len));
	assert_ok(cof_layout_put(l, cof_buf_span(&index), &d, &err));
	assert_ok(cof_layout_tag(l, "all", OCI "index.v1+json", &d, index.len, &err));
	assert_int_equal(VERB(inspect, "--platform", "linux/arm64", "oci:l:all"), COF_EXIT_YES);
	json_t *v = NULL;
	assert_ok(cof_json_read_file("out", 1 << 20, &v, &err));
	COF_AUTO_PTR(json_t) doc = v;
	assert_int_equal(json_array_size(json_object_get(doc, "members")), 2);
	const char *const words[] = {"--platform", "linux/arm64", "oci:l:all", NULL};
	assert_int_equal(captured(cof_cmd_image_inspect, "inspect", words, view.name, "err"), COF_EXIT_YES);
	screen_read(&view);
	assert_true(screen_says(&view, "2 members") && screen_says(&view, "linux/arm64"));
	assert_false(screen_says(&view, "\033"));
}

static void platforms(void **state)
{
	(void)state;
	assert_int_equal(VERB(digest, "oci:l:v1"), COF_EXIT_YES);
	assert_int_equal(VERB(digest, "--platform", "linux/arm64", "oci:l:v1"), COF_EXIT_YES);
	assert_int_equal(VERB(digest, "--platform", "linux/amd64", "oci:l:v1"), COF_EXIT_NO);
	assert_says("err", "platform-mismatch");
	assert_int_equal(VERB(digest, "oci:l"), COF_EXIT_NO); /* two images: which? */
	assert_says("err", "tag-missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, in_scratch_down)
		T(for_machines), T(for_people), T(t087_texts_do_not_draw), T(members_of_an_index), T(platforms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
