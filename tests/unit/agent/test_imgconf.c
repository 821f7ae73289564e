/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/imgconf.h"

#include <signal.h>

#include "tests/unit/test.h"

static void t056_imgconf_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"config\":[]}",
		"{\"config\":{\"Entrypoint\":\"/x\"}}",
		"{\"config\":{\"Cmd\":[\"a\",1]}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"WorkingDir\":\"rel\"}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"User\":7}}",
		"{\"config\":{\"Cmd\":[\"a\\u0000b\"]}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"Env\":{\"A\":\"b\"}}}",
		"{\"config\":{\"Cmd\":[\"a\"],\"Cmd\":[\"b\"]}}",
		"{\"config\":{\"Volumes\":{\"relative\":{}}}}",
		"{\"config\":{\"StopSignal\":\"SIGNOTHING\"}}",
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_imgconf c = {0};
		assert_fails(cof_imgconf_parse(cof_span_str(bad[i]), &c, &err), "image-config-malformed");
		assert_null(c.cwd);
	}
}

static void imgconf_many_words(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "{\"config\":{\"Cmd\":[\"a\"", &err));
	for (int i = 0; i < COF_POLICY_WORDS_MAX; i++)
		assert_ok(cof_buf_add_str(&b, ",\"a\"", &err));
	assert_ok(cof_buf_add_str(&b, "]}}", &err));
	cof_imgconf c = {0};
	assert_fails(cof_imgconf_parse(cof_buf_span(&b), &c, &err), "image-config-malformed");
}

static void imgconf_defaults_and_order(void **state)
{
	(void)state;
	COF_AUTO(cof_imgconf) c = {0};
	assert_ok(cof_imgconf_parse(cof_span_str("{\"architecture\":\"amd64\",\"config\":{\"Entrypoint\":[\"/e\"],"
						 "\"Cmd\":[\"c\"],\"Env\":null,\"WorkingDir\":\"\",\"User\":null}}"),
				    &c, &err));
	assert_int_equal(c.args.n, 2);
	assert_string_equal(c.args.at[0], "/e");
	assert_string_equal(c.args.at[1], "c");
	assert_int_equal(c.env.n, 0);
	assert_string_equal(c.cwd, "/");
	assert_string_equal(c.user, "");
}

static void signals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int signal;
	} cases[] = {{"SIGTERM", SIGTERM},
		     {"TERM", SIGTERM},
		     {"sigquit", SIGQUIT},
		     {"15", 15},
		     {"64", 64},
		     {"SIGRTMIN+3", -3},
		     {"RTMIN", 0},
		     {"", 0},
		     {"65", 0},
		     {"0", 0},
		     {"-1", 0},
		     {"15x", 0},
		     {"SIG", 0},
		     {"SIGRTMIN+99", 0},
		     {"SIGRTMIN+", 0},
		     {"SIGRTMAX+1", 0},
		     {"99999999999", 0},
		     {"SIGTERM ", 0}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		int want = strcmp(cases[i].name, "RTMIN") == 0 ? SIGRTMIN
			   : cases[i].signal < 0	       ? SIGRTMIN - cases[i].signal
							       : cases[i].signal;
		if (cof_imgconf_signal(cases[i].name) != want)
			fail_msg("%s is %d", cases[i].name, cof_imgconf_signal(cases[i].name));
	}
}

/* What an image calls itself must not become an order for the runtime. */
static void labels_do_not_steer(void **state)
{
	(void)state;
	COF_AUTO(cof_imgconf) c = {0};
	assert_ok(cof_imgconf_parse(
		cof_span_str("{\"config\":{\"Cmd\":[\"a\"],\"StopSignal\":\"SIGQUIT\",\"ExposedPorts\":{\"80/tcp\":{},"
			     "\"53/udp\":{}},\"Labels\":{\"run.oci.handler\":\"wasm\",\"run.oci.hooks.stderr\":\"/x\","
			     "\"module.wasm.image/variant\":\"compat\",\"org.systemd.property.X\":\"1\","
			     "\"io.kubernetes.cri.untrusted-workload\":\"true\","
			     "\"org.opencontainers.image.title\":\"a name\"}}}"),
		&c, &err));
	assert_int_equal(json_object_size(c.annotations), 3);
	assert_string_equal(json_string_value(json_object_get(c.annotations, "org.opencontainers.image.stopSignal")),
			    "SIGQUIT");
	assert_string_equal(json_string_value(json_object_get(c.annotations, "org.opencontainers.image.exposedPorts")),
			    "80/tcp,53/udp");
	assert_string_equal(json_string_value(json_object_get(c.annotations, "org.opencontainers.image.title")),
			    "a name");
	assert_int_equal(c.stop_signal, SIGQUIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t056_imgconf_refuses),	      cmocka_unit_test(imgconf_many_words),
		cmocka_unit_test(imgconf_defaults_and_order), cmocka_unit_test(signals),
		cmocka_unit_test(labels_do_not_steer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
