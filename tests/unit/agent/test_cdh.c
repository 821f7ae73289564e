/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cdh.h"

#include "tests/unit/test.h"

static void nothing_said(void **state)
{
	static const char *const texts[] = {NULL, "", "[kbc]\nname = \"cc_kbc\"\n", "[image]\nwork_dir = \"/x\"\n"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_cdh) c = {0};
		assert_ok(cof_cdh_parse(texts[i], &c, &err));
		assert_string_equal(c.registry_ca, "");
		assert_true(c.proxy == NULL && c.credentials_uri == NULL && c.policy_uri == NULL && c.policy == NULL);
		assert_true(c.no_proxy.n == 0 && c.n_mirrors == 0 && c.parallel == 0);
	}
}

static void everything_said(void **state)
{
	static const char toml[] = "[image]\n"
				   "extra_root_certificates = [\"CERT1\", \"CERT2\"]\n"
				   "authenticated_registry_credentials_uri = \"kbs:///default/credential/demo\"\n"
				   "image_security_policy_uri = \"kbs:///default/security-policy/demo\"\n"
				   "max_concurrent_layer_downloads_per_image = 5\n"
				   "registry_token_servers = [\"auth.test\"]\n"
				   "skip_proxy_ips = \"10.0.0.1\"\n"
				   "[image.image_pull_proxy]\n"
				   "https_proxy = \"http://proxy:1\"\n"
				   "http_proxy = \"http://proxy:2\"\n"
				   "no_proxy = \"a.test, .b.test,\t10.0.0.0/8,,\"\n"
				   "[image.registry_mirrors]\n"
				   "\"docker.io\" = [\"https://mirror.test:5000/hub\", \"https://other.test\"]\n";
	COF_AUTO(cof_cdh) c = {0};
	(void)state;
	assert_ok(cof_cdh_parse(toml, &c, &err));
	assert_string_equal(c.registry_ca, "CERT1\nCERT2\n");
	assert_string_equal(c.credentials_uri, "kbs:///default/credential/demo");
	assert_string_equal(c.policy_uri, "kbs:///default/security-policy/demo");
	assert_null(c.policy);
	assert_string_equal(c.proxy, "http://proxy:1");
	assert_int_equal(c.no_proxy.n, 4);
	assert_string_equal(c.no_proxy.at[0], "10.0.0.1");
	assert_string_equal(c.no_proxy.at[2], ".b.test");
	assert_string_equal(c.no_proxy.at[3], "10.0.0.0/8");
	assert_int_equal(c.n_mirrors, 2);
	assert_string_equal(c.mirrors[0].host, "docker.io");
	assert_string_equal(c.mirrors[0].url, "https://mirror.test:5000/hub");
	assert_string_equal(c.mirrors[1].url, "https://other.test");
	assert_int_equal(c.parallel, 5);
	assert_int_equal(c.token_servers.n, 1);
	assert_string_equal(c.token_servers.at[0], "auth.test");
}

static void a_policy_in_the_document_itself(void **state)
{
	COF_AUTO(cof_cdh) c = {0};
	(void)state;
	assert_ok(cof_cdh_parse("[image]\nimage_security_policy = '''{}'''\n", &c, &err));
	assert_string_equal(c.policy, "{}");
	assert_null(c.policy_uri);
}

/* More at once than the guest can do is as many as it can do; none at all is no number. */
static void layers_at_once(void **state)
{
	COF_AUTO(cof_cdh) c = {0};
	cof_cdh none = {0};
	(void)state;
	assert_ok(cof_cdh_parse("[image]\nmax_concurrent_layer_downloads_per_image = 1000\n", &c, &err));
	assert_int_equal(c.parallel, COF_CDH_PARALLEL_MAX);
	assert_fails(cof_cdh_parse("[image]\nmax_concurrent_layer_downloads_per_image = 0\n", &none, &err),
		     "json-range");
}

/* T-42: what cannot be followed as it stands is followed not at all, and neither is the rest. */
static void t042_settings_that_are_none(void **state)
{
	static const struct {
		const char *toml, *reason;
	} cases[] = {
		{"x", "toml-malformed"},
		{"image = 1\n", "initdata-malformed"},
		{"[image]\nextra_root_certificates = \"x\"\n", "initdata-malformed"},
		{"[image]\nextra_root_certificates = [1]\n", "initdata-malformed"},
		{"[image.image_pull_proxy]\nhttps_proxy = 1\n", "json-type"},
		{"[image.image_pull_proxy]\nno_proxy = [\"a\"]\n", "json-type"},
		{"[image]\nimage_pull_proxy = \"http://proxy\"\n", "initdata-malformed"},
		{"[image]\nskip_proxy_ips = 1\n", "json-type"},
		{"[image]\nregistry_mirrors = [\"a\"]\n", "initdata-malformed"},
		{"[image]\nregistry_token_servers = \"a\"\n", "initdata-malformed"},
		{"[image]\nregistry_token_servers = [\"https://a\"]\n", "initdata-malformed"},
		{"[image]\nregistry_token_servers = [1]\n", "initdata-malformed"},
		{"[image.registry_mirrors]\n\"a.test\" = 1\n", "initdata-malformed"},
		{"[image.registry_mirrors]\n\"a.test\" = [\"http://b.test\"]\n", "initdata-malformed"},
		{"[image.registry_mirrors]\n\"\" = [\"https://a.test\"]\n", "initdata-malformed"},
		{"[image]\nauthenticated_registry_credentials_uri = \"file:///etc/auth.json\"\n", "initdata-malformed"},
		{"[image]\nauthenticated_registry_credentials_uri = \"/default/a/b\"\n", "initdata-malformed"},
		{"[image]\nauthenticated_registry_credentials_uri = \"kbs://other/default/a/b\"\n",
		 "initdata-malformed"},
		{"[image]\nauthenticated_registry_credentials_uri = \"kbs:///a/b\"\n", "resource-path"},
		{"[image]\nauthenticated_registry_credentials_uri = \"kbs:///a/../b\"\n", "resource-path"},
		{"[image]\nauthenticated_registry_credentials_uri = 1\n", "json-type"},
		{"[image]\nimage_security_policy_uri = \"\"\n", "initdata-malformed"},
		{"[image]\nimage_security_policy_uri = \"https://policy.test/p\"\n", "initdata-malformed"},
		{"[image]\nimage_security_policy = 1\n", "json-type"},
		{"[image]\nimage_security_policy = ''\nimage_security_policy_uri = \"kbs:///a/b/c\"\n",
		 "initdata-malformed"},
		{"[image]\nmax_concurrent_layer_downloads_per_image = \"3\"\n", "json-type"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_cdh c = {0};
		cof_err why = {0};
		assert_true(cof_cdh_parse(cases[i].toml, &c, &why) < 0);
		if (!cof_err_is(&why, cases[i].reason))
			fail_msg("%s: '%s' (%s)", cases[i].toml, why.reason, why.text);
		assert_null(c.registry_ca);
	}
}

static void t035_lists_have_an_end(void **state)
{
	COF_AUTO(cof_buf) hosts = {0};
	COF_AUTO(cof_buf) mirrors = {0};
	cof_cdh c = {0};
	(void)state;
	assert_ok(cof_buf_add_str(&hosts, "[image]\nskip_proxy_ips = \"", &err));
	for (int i = 0; i <= COF_POLICY_WORDS_MAX; i++)
		assert_ok(cof_buf_add_str(&hosts, "a,", &err));
	assert_ok(cof_buf_add_str(&hosts, "\"\n", &err));
	assert_fails(cof_cdh_parse(cof_buf_str(&hosts), &c, &err), "initdata-malformed");
	assert_ok(cof_buf_add_str(&mirrors, "[image.registry_mirrors]\n", &err));
	for (int i = 0; i <= COF_CDH_MIRRORS_MAX; i++)
		assert_ok(cof_buf_printf(&mirrors, &err, "\"a%d\" = [\"https://b\"]\n", i));
	assert_fails(cof_cdh_parse(cof_buf_str(&mirrors), &c, &err), "initdata-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(everything_said),
		cmocka_unit_test(a_policy_in_the_document_itself),
		cmocka_unit_test(layers_at_once),
		cmocka_unit_test(t042_settings_that_are_none),
		cmocka_unit_test(t035_lists_have_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
