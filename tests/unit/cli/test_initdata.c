/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "common/initdata.h"
#include "common/toml.h"
#include "runtime/cli/cli.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define IMAGE "r.test:5000/demo@sha256:" HEX
#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

static char top[64], ca[128], out[128], policy[128];

static void put(char path[128], const char *name, const char *text)
{
	(void)snprintf(path, 128, "%s/%s", top, name);
	if (text != NULL)
		assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-initdata-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	put(ca, "ca.pem", PEM);
	put(out, "out.toml", NULL);
	put(policy, "policy.json", "{\"format\":\"coffer-policy/1\",\"containers\":[]}");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static int run(const char *const *words)
{
	char *argv[40] = {(char *)(uintptr_t) "initdata"};
	int n = 1;
	for (; words[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)words[n - 1];
	return cof_cli_dispatch("coffer initdata", cof_verbs_initdata, n, argv);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void load(cof_initdata *ret)
{
	COF_AUTO(cof_buf) toml = {0};
	assert_ok(cof_file_read(out, COF_INITDATA_MAX, &toml, &err));
	assert_ok(cof_initdata_parse(cof_buf_span(&toml), ret, &err));
}

static void made_initdata_pins_the_image(void **state)
{
	(void)state;
	COF_AUTO(cof_initdata) d = {0};
	COF_AUTO_PTR(json_t) p = NULL;
	COF_AUTO_PTR(json_t) aa = NULL;
	COF_AUTO_PTR(json_t) cdh = NULL;
	const char *cert = NULL;
	json_t *kbs = NULL;
	assert_int_equal(RUN("make", "--kbs", "https://kbs.test:1", "--kbs-ca", ca, "--registry-ca", ca, "--image",
			     IMAGE, "--output", out),
			 0);
	load(&d);
	assert_ok(cof_json_parse(cof_span_str(cof_initdata_entry(&d, "policy.json")), &p, &err));
	const json_t *c = json_array_get(json_object_get(p, "containers"), 0);
	assert_string_equal(json_string_value(json_object_get(c, "image")), "r.test:5000/demo");
	assert_string_equal(json_string_value(json_object_get(c, "digest")), "sha256:" HEX);
	assert_true(json_is_false(json_object_get(p, "stdin")));
	assert_true(json_is_true(json_object_get(p, "stdout")));
	assert_null(json_object_get(p, "exec"));
	assert_ok(cof_toml_parse(cof_span_str(cof_initdata_entry(&d, "aa.toml")), &aa, &err));
	kbs = json_object_get(json_object_get(aa, "token_configs"), "kbs");
	assert_ok(cof_json_str(kbs, "cert", &cert, &err));
	assert_string_equal(cert, PEM);
	assert_ok(cof_toml_parse(cof_span_str(cof_initdata_entry(&d, "cdh.toml")), &cdh, &err));
	const json_t *roots = json_object_get(json_object_get(cdh, "image"), "extra_root_certificates");
	assert_string_equal(json_string_value(json_array_get(roots, 0)), PEM);
}

static void an_owners_policy_goes_in_as_it_is(void **state)
{
	(void)state;
	COF_AUTO(cof_initdata) d = {0};
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--policy", policy, "--algorithm", "sha384",
			     "--output", out),
			 0);
	load(&d);
	assert_int_equal(d.alg, COF_SHA384);
	assert_string_equal(cof_initdata_entry(&d, "policy.json"),
			    "{\"format\":\"coffer-policy/1\",\"containers\":[]}\n");
}

static void owners_say_what_a_scratch_disk_must_be(void **state)
{
	static const char *const rules[] = {"integrity", "encrypted", "no"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(rules); i++) {
		COF_AUTO(cof_initdata) d = {0};
		COF_AUTO_PTR(json_t) p = NULL;
		assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--image", IMAGE, "--scratch",
				     rules[i], "--output", out),
				 0);
		load(&d);
		assert_ok(cof_json_parse(cof_span_str(cof_initdata_entry(&d, "policy.json")), &p, &err));
		assert_string_equal(json_string_value(json_object_get(p, "scratch")), rules[i]);
	}
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--image", IMAGE, "--scratch", "plain",
			     "--output", out),
			 2);
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--policy", policy, "--scratch", "no",
			     "--output", out),
			 2);
}

static void t089_texts_cannot_leave_their_quotes(void **state)
{
	(void)state;
	char bad[128];
	static const char *const texts[] = {"{\"x\":\"'''\\n[data]\"}", "not json", "{} {}", "{\"a\":1,\"a\":2}"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		put(bad, "bad", texts[i]);
		assert_int_not_equal(
			RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--policy", bad, "--output", out), 0);
	}
	static const char *const pems[] = {"", "no certificate", PEM "\"\"\"\nurl = \"x\"\n", PEM "\\u0041"};
	for (size_t i = 0; i < COF_COUNT(pems); i++) {
		put(bad, "bad", pems[i]);
		assert_int_not_equal(
			RUN("make", "--kbs", "https://k", "--kbs-ca", bad, "--image", IMAGE, "--output", out), 0);
	}
	static const char *const urls[] = {"http://k", "k", "", "https://k\"\nx = \"y", "https://k'''", "https://a b"};
	for (size_t i = 0; i < COF_COUNT(urls); i++)
		assert_int_equal(RUN("make", "--kbs", urls[i], "--kbs-ca", ca, "--image", IMAGE, "--output", out), 2);
	assert_int_not_equal(access(out, F_OK), 0);
}

static void t009_images_without_digest_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"demo", "demo:latest", "demo@sha256:12", "@sha256:" HEX, "demo@md5:" HEX};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--image", bad[i], "--output", out),
				 2);
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--output", out), 2);
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--image", IMAGE, "--policy", policy), 2);
	assert_int_equal(RUN("make", "--image", IMAGE), 2);
	assert_int_equal(RUN("make", "--no-such"), 2);
}

static void digest_and_show_read_files(void **state)
{
	(void)state;
	char bad[128];
	put(bad, "bad", "x = ");
	assert_int_equal(RUN("make", "--kbs", "https://k", "--kbs-ca", ca, "--image", IMAGE, "--output", out), 0);
	assert_int_equal(RUN("digest", out), 0);
	assert_int_equal(RUN("digest", "--json", out), 0);
	assert_int_equal(RUN("show", out), 0);
	assert_int_equal(RUN("show", "--json", out), 0);
	assert_int_equal(RUN("show", "--help"), 0);
	assert_int_equal(RUN("digest", bad), 1);
	assert_int_equal(RUN("show", bad), 1);
	assert_int_equal(RUN("digest", "/no/such/file"), 2);
	assert_int_equal(RUN("digest"), 2);
	assert_int_equal(RUN("digest", out, out), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_initdata_pins_the_image, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_owners_policy_goes_in_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(owners_say_what_a_scratch_disk_must_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(t089_texts_cannot_leave_their_quotes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(t009_images_without_digest_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(digest_and_show_read_files, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
