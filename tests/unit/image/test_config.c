/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/config.h"
#include "tests/unit/test.h"

#define D "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D "\"]}"
#define HEAD "{\"os\":\"linux\",\"architecture\":\"amd64\","
#define FULL                                                                                                           \
	HEAD ROOTFS ",\"config\":{\"Entrypoint\":[\"/a\"],\"Cmd\":[\"b\",\"\"],\"Env\":[\"A=b\"],\"WorkingDir\":"      \
		    "\"/w\",\"User\":\"u:g\"}}"

static int parse(const char *text, cof_config *ret, cof_err *err)
{
	return cof_config_parse(cof_span_str(text), ret, err);
}

static void refuses(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"os\":\"linux\"," ROOTFS "}",
		"{\"architecture\":\"amd64\"," ROOTFS "}",
		HEAD "\"rootfs\":{}}",
		HEAD "\"rootfs\":{\"type\":\"other\",\"diff_ids\":[]}}",
		HEAD "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":{}}}",
		HEAD "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
		HEAD "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:00\"]}}",
		HEAD ROOTFS ",\"os\":\"linux\"}",
		HEAD ROOTFS ",\"config\":[]}",
		HEAD ROOTFS ",\"config\":{\"Cmd\":\"sh\"}}",
		HEAD ROOTFS ",\"config\":{\"Cmd\":[1]}}",
		HEAD ROOTFS ",\"config\":{\"Env\":[null]}}",
		HEAD ROOTFS ",\"config\":{\"Env\":[\"A=\\u0000\"]}}",
		HEAD ROOTFS ",\"config\":{\"Entrypoint\":{}}}",
		HEAD ROOTFS ",\"config\":{\"User\":0}}",
		HEAD ROOTFS ",\"config\":{\"WorkingDir\":\"relative\"}}",
		HEAD ROOTFS ",\"config\":{\"WorkingDir\":[]}}",
		HEAD ROOTFS ",\"config\":{\"Volumes\":[\"/v\"]}}",
		HEAD ROOTFS ",\"config\":{\"ExposedPorts\":\"80/tcp\"}}",
		HEAD ROOTFS ",\"config\":{\"Labels\":{\"a\":1}}}",
		HEAD ROOTFS ",\"config\":{\"StopSignal\":15}}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_config) c = {0};
		assert_fails(parse(bad[i], &c, &err), "config-malformed");
	}
}

static void every_truncation_fails(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(FULL); n++) {
		COF_AUTO(cof_config) c = {0};
		assert_fails(cof_config_parse(cof_span_of(FULL, n), &c, &err), "config-malformed");
	}
}

static void reads_all(void **state)
{
	(void)state;
	COF_AUTO(cof_config) c = {0};
	assert_ok(parse(FULL, &c, &err));
	assert_string_equal(c.os, "linux");
	assert_string_equal(c.run.cwd, "/w");
	assert_string_equal(c.run.user, "u:g");
	assert_int_equal(c.n_diff_ids, 1);
	assert_int_equal(c.diff_ids[0].bytes[0], 0xba);
	assert_int_equal(json_array_size(c.run.cmd), 2);
	assert_int_equal(json_array_size(c.run.entrypoint), 1);
	assert_int_equal(json_array_size(c.run.env), 1);
}

static void absent_and_null_are_the_same(void **state)
{
	(void)state;
	const char *const texts[] = {HEAD ROOTFS "}", HEAD ROOTFS ",\"config\":null}",
				     HEAD ROOTFS ",\"config\":{\"Cmd\":null,\"Env\":null,\"User\":null}}"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_config) c = {0};
		assert_ok(parse(texts[i], &c, &err));
		assert_null(c.run.cmd);
		assert_null(c.run.env);
		assert_string_equal(c.run.user, "");
		assert_string_equal(c.run.cwd, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(reads_all),
		cmocka_unit_test(absent_and_null_are_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
