/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/initdata_image.h"

#include "agent/cdh.h"
#include "common/file.h"
#include "tests/unit/test.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define POLICY                                                                                                         \
	"{\"default\":[{\"type\":\"reject\"}],\n\t\"transports\":{\"docker\":{\"\":[{\"type\":\"a\\\\\\\"\"}]}}}\n"

static char ca[96], policy[96], top[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-cdh-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", top);
	(void)snprintf(policy, sizeof policy, "%s/policy.json", top);
	assert_ok(cof_file_write(ca, cof_span_str(PEM), 0600, &err));
	assert_ok(cof_file_write(policy, cof_span_str(POLICY), 0600, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

/* What the owner's tool writes the guest reads, and as it was meant. */
static void the_guest_reads_what_was_wished(void **state)
{
	const cof_initdata_image o = {
		.registry_ca = ca,
		.login = "kbs:///default/registry/login",
		.signature_policy = "kbs:///default/security-policy/demo",
		.proxy = "http://proxy:3128",
		.no_proxy = "a.test,10.0.0.0/8",
		.mirrors = {"docker.io=https://m1.test", "b.test:5=https://m2.test/x", "docker.io=https://m3.test"},
		.n_mirrors = 3};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_cdh) c = {0};
	(void)state;
	assert_ok(cof_initdata_image_toml(&o, &text, &err));
	assert_ok(cof_cdh_parse(cof_buf_str(&text), &c, &err));
	assert_string_equal(c.registry_ca, PEM "\n");
	assert_string_equal(c.credentials_uri, o.login);
	assert_string_equal(c.policy_uri, o.signature_policy);
	assert_string_equal(c.proxy, o.proxy);
	assert_int_equal(c.no_proxy.n, 2);
	assert_int_equal(c.n_mirrors, 3);
	assert_string_equal(c.mirrors[1].url, "https://m3.test");
	assert_string_equal(c.mirrors[2].host, "b.test:5");
}

static void a_policy_file_goes_in_byte_for_byte(void **state)
{
	const cof_initdata_image o = {.signature_policy = policy};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_cdh) c = {0};
	(void)state;
	assert_ok(cof_initdata_image_toml(&o, &text, &err));
	assert_ok(cof_cdh_parse(cof_buf_str(&text), &c, &err));
	assert_string_equal(c.policy, POLICY);
}

static void no_wish_no_table(void **state)
{
	const cof_initdata_image o = {0};
	COF_AUTO(cof_buf) text = {0};
	(void)state;
	assert_ok(cof_initdata_image_toml(&o, &text, &err));
	assert_int_equal(text.len, 0);
}

static void wishes_that_no_guest_would_follow(void **state)
{
	static const struct {
		cof_initdata_image o;
		const char *reason;
	} cases[] = {
		{{.login = "file:///etc/auth.json"}, "resource-path"},
		{{.login = "kbs:///a/b"}, "resource-path"},
		{{.signature_policy = "kbs://x/a/b/c"}, "resource-path"},
		{{.signature_policy = "/nonexistent/policy"}, "no-such-file"},
		{{.registry_ca = "/nonexistent/ca"}, "no-such-file"},
		{{.no_proxy = "a"}, "usage"},
		{{.proxy = "http://a\""}, "bad-initdata"},
		{{.proxy = "http://a'''"}, "bad-initdata"},
		{{.mirrors = {"a.test"}, .n_mirrors = 1}, "usage"},
		{{.mirrors = {"a.test=http://b"}, .n_mirrors = 1}, "usage"},
		{{.mirrors = {"=https://b"}, .n_mirrors = 1}, "usage"},
		{{.mirrors = {"a\"b=https://b"}, .n_mirrors = 1}, "usage"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) text = {0};
		assert_fails(cof_initdata_image_toml(&cases[i].o, &text, &err), cases[i].reason);
	}
	const cof_initdata_image no_pem = {.registry_ca = policy};
	COF_AUTO(cof_buf) text = {0};
	assert_fails(cof_initdata_image_toml(&no_pem, &text, &err), "bad-certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guest_reads_what_was_wished),
		cmocka_unit_test(a_policy_file_goes_in_byte_for_byte),
		cmocka_unit_test(no_wish_no_table),
		cmocka_unit_test(wishes_that_no_guest_would_follow),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
