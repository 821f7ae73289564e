/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of docker's archives, and a whole archive with one. */
#include "image-decrypt/docker_save.h"

#include "image-decrypt/depot.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

#define TWO                                                                                                            \
	"[{\"Config\":\"c1.json\",\"RepoTags\":[\"busybox:latest\",\"reg.example/a:v1\"],\"Layers\":[\"l1\"]},"        \
	"{\"Config\":\"c2.json\",\"RepoTags\":null,\"Layers\":[\"l1\",\"l2\"]}]"

static int parse(const char *text, const char *wanted, cof_docker_save *ret, cof_err *err)
{
	return cof_docker_save_parse(cof_span_str(text), wanted, ret, err);
}

static void chooses(void **state)
{
	(void)state;
	const struct {
		const char *wanted, *config;
	} cases[] = {{"busybox:latest", "c1.json"},   {"busybox", "c1.json"}, {"docker.io/library/busybox", "c1.json"},
		     {"reg.example/a:v1", "c1.json"}, {"@0", "c1.json"},      {"@1", "c2.json"}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_docker_save) s = {0};
		assert_ok(parse(TWO, cases[i].wanted, &s, &err));
		assert_string_equal(s.config, cases[i].config);
	}
	const char *const absent[] = {"", "@2", "@9999", "busybox:v2", "reg.example/a", "@"};
	for (size_t i = 0; i + 1 < COF_COUNT(absent); i++) {
		cof_docker_save s = {0};
		assert_fails(parse(TWO, absent[i], &s, &err), "tag-missing");
		assert_null(s.doc);
	}
	COF_AUTO(cof_docker_save) only = {0};
	assert_ok(parse("[{\"Config\":\"c\",\"Layers\":[\"l\"],\"Parent\":\"x\"}]", "", &only, &err));
}

static void refuses(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[{\"Config\":1,\"Layers\":[\"l\"]}]",
		"[{\"Config\":\"c\",\"Layers\":[]}]",
		"[{\"Config\":\"c\",\"Layers\":\"l\"}]",
		"[{\"Config\":\"c\",\"Layers\":[1]}]",
		"[{\"Config\":\"c\",\"Layers\":[\"a\\u0000b\"]}]",
		"[{\"Config\":\"c\",\"Config\":\"d\",\"Layers\":[\"l\"]}]",
		"[{\"Config\":\"c\"}]",
		"[{\"Layers\":[\"l\"]}]",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_docker_save s = {0};
		assert_fails(parse(bad[i], i == 2 ? "@0" : "", &s, &err), "archive-malformed");
		assert_null(s.doc);
	}
}

static void t035_number_of_layers(void **state)
{
	(void)state;
	for (int n = 126; n <= 128; n++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_docker_save) s = {0};
		assert_ok(cof_buf_add_str(&text, "[{\"Config\":\"c\",\"Layers\":[", &err));
		for (int i = 0; i < n; i++)
			assert_ok(cof_buf_printf(&text, &err, "%s\"l%d\"", i > 0 ? "," : "", i));
		assert_ok(cof_buf_add_str(&text, "]}]", &err));
		if (n <= COF_LAYERS_MAX)
			assert_ok(parse(cof_buf_str(&text), "", &s, &err));
		else
			assert_fails(parse(cof_buf_str(&text), "", &s, &err), "archive-malformed");
	}
}

/* --- a whole archive --- */

typedef struct lie {
	const char *layer;   /* what stands in the archive */
	const char *link_to; /* or where its name leads */
	const char *diff_of; /* whose digest the config gives */
} lie;

static int load(const scratch *s, const lie *what, cof_buf *ret_layer, cof_err *why)
{
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) config = {0};
	COF_AUTO(cof_image_name) n = {0};
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_PTR(cof_depot) p = NULL;
	cof_digest d = {0};
	char path[96], name[128], text[COF_DIGEST_STR_MAX];
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str(what->diff_of), &d, &err));
	cof_digest_str(&d, text);
	assert_ok(cof_buf_printf(&config, &err,
				 "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
				 "\"diff_ids\":[\"%s\"]}}",
				 text));
	tar_put(&tar, (tar_spec){.type = '0', .name = "l.tar", .data = what->layer});
	tar_put(&tar, (tar_spec){.type = '2', .name = "id/layer.tar", .link = what->link_to});
	tar_put(&tar, (tar_spec){.type = '0', .name = "c.json", .data = cof_buf_str(&config)});
	tar_put(&tar, (tar_spec){.type = '0',
				 .name = "manifest.json",
				 .data = "[{\"Config\":\"c.json\",\"RepoTags\":[],\"Layers\":[\"id/layer.tar\"]}]"});
	tar_end(&tar);
	(void)snprintf(path, sizeof path, "%s/d.tar", s->top);
	assert_ok(cof_file_write(path, cof_buf_span(&tar), 0600, &err));
	(void)snprintf(name, sizeof name, "docker-archive:%s", path);
	assert_ok(cof_image_name_parse(name, COF_DEPOT_LAYOUT, &n, &err));
	int r = cof_depot_open(&p, &n, false, NULL, why);
	if (r < 0)
		return r;
	const cof_image_source source = cof_depot_source(p);
	r = cof_image_load(&source, cof_depot_wanted(p), COF_PLATFORM_DEFAULT, &image, why);
	if (r == 0)
		r = source.blob(source.arg, &image.manifest.layers[0], 1 << 20, ret_layer, why);
	return r < 0 ? r : cof_desc_check(&image.manifest.layers[0], cof_buf_span(ret_layer), why);
}

static void a_whole_archive(void **state)
{
	COF_AUTO(cof_buf) layer = {0};
	const lie none = {"a layer", "../l.tar", "a layer"};
	assert_ok(load(*state, &none, &layer, &err));
	assert_string_equal(cof_buf_str(&layer), "a layer");
}

static void t036_archives_that_lie(void **state)
{
	const struct {
		lie lie;
		const char *reason;
	} cases[] = {
		{{"a layer", "../l.tar", "another"}, "blob-digest-mismatch"},
		{{"a layer", "../../l.tar", "a layer"}, "blob-missing"},
		{{"a layer", "/etc/passwd", "a layer"}, "blob-missing"},
		{{"a layer", "layer.tar", "a layer"}, "blob-missing"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) layer = {0};
		assert_fails(load(*state, &cases[i].lie, &layer, &err), cases[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(t035_number_of_layers),
		cmocka_unit_test_setup_teardown(a_whole_archive, scratch_up, scratch_down),
		cmocka_unit_test_setup_teardown(t036_archives_that_lie, scratch_up, scratch_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
