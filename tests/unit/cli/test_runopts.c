/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "runtime/cli/runopts.h"

#define IMAGE "r.test:5000/demo@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int parse(const char *const *words, cof_runopts *ret, cof_err *err)
{
	char *argv[64] = {(char *)(uintptr_t) "run"};
	int n = 1;
	for (; words[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)words[n - 1];
	return cof_runopts_parse(n, argv, ret, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void refuses(const char *const *words, const char *reason)
{
	COF_AUTO(cof_runopts) o = {0};
	cof_err e = {0};
	assert_true(parse(words, &o, &e) < 0);
	assert_string_equal(e.reason, reason);
	assert_int_equal(e.cls, COF_E_USAGE);
}

static void reads_them_all(void **state)
{
	(void)state;
	COF_AUTO(cof_runopts) o = {0};
	assert_ok(parse(WORDS("--guest", "m.json", "--tee", "tpm", "--transport", "vsock", "--profile", "large",
			      "--initdata", "i.toml", "--tpm-ca", "ca", "--report", "r.json", "--console", "c",
			      "--json", "--stdin", "--progress", "plain", "--timeout", "9", "--resolve",
			      "a.test:1:127.0.0.1", IMAGE),
			&o, &err));
	assert_string_equal(o.guest, "m.json");
	assert_string_equal(o.tee, "tpm");
	assert_string_equal(o.transport, "vsock");
	assert_string_equal(o.profile, "large");
	assert_string_equal(o.initdata, "i.toml");
	assert_string_equal(o.tpm_ca, "ca");
	assert_string_equal(o.report, "r.json");
	assert_string_equal(o.console, "c");
	assert_string_equal(o.image, IMAGE);
	assert_true(o.json && o.use_stdin && o.plain);
	assert_int_equal(o.timeout_s, 9);
}

static void scratch_disks(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"64M", UINT64_C(64) << 20},
		    {"65536K", UINT64_C(64) << 20},
		    {"500", UINT64_C(500) << 20},
		    {"8G", UINT64_C(8) << 30},
		    {"2T", UINT64_C(2) << 40}};
	static const char *const bad[] = {"", "G", "-1G", "8g", "8GB", "1.5G", "0x8G", "17T", "99999999999999999999G"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		COF_AUTO(cof_runopts) o = {0};
		assert_ok(parse(WORDS("--initdata", "i", "--scratch", good[i].text, IMAGE), &o, &err));
		assert_int_equal(o.scratch_bytes, good[i].bytes);
		assert_false(o.scratch_integrity);
		assert_null(o.scratch_dir);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refuses(WORDS("--initdata", "i", "--scratch", bad[i], IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--scratch", "63M", IMAGE), "scratch-too-small");
	refuses(WORDS("--initdata", "i", "--scratch", "0", IMAGE), "scratch-too-small");
	refuses(WORDS("--initdata", "i", "--scratch-integrity", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--scratch-dir", "/tmp", IMAGE), "usage");
	COF_AUTO(cof_runopts) o = {0};
	assert_ok(
		parse(WORDS("--initdata", "i", "--scratch-integrity", "--scratch-dir", "/d", "--scratch", "1G", IMAGE),
		      &o, &err));
	assert_true(o.scratch_integrity);
	assert_string_equal(o.scratch_dir, "/d");
}

static void defaults_are_the_documented_ones(void **state)
{
	(void)state;
	COF_AUTO(cof_runopts) o = {0};
	assert_ok(parse(WORDS("--initdata", "i", IMAGE), &o, &err));
	assert_string_equal(o.tee, "auto");
	assert_string_equal(o.transport, "auto");
	assert_string_equal(o.profile, "default");
	assert_null(o.guest);
	assert_false(o.use_stdin);
	assert_int_equal(o.timeout_s, 0);
	assert_int_equal(o.scratch_bytes, 0);
}

static void loopback_is_the_gateway_for_the_guest(void **state)
{
	(void)state;
	COF_AUTO(cof_runopts) o = {0};
	assert_ok(
		parse(WORDS("--initdata", "i", "--resolve", "a:1:127.0.0.1", "--resolve", "a:2:127.0.0.1", "--resolve",
			    "b:1:127.9.9.9", "--resolve", "c:1:::1", "--resolve", "d:1:192.0.2.7", IMAGE),
		      &o, &err));
	assert_int_equal(o.n_hosts, 4);
	assert_string_equal(o.hosts[0], "10.0.2.2 a");
	assert_string_equal(o.hosts[1], "10.0.2.2 b");
	assert_string_equal(o.hosts[2], "10.0.2.2 c");
	assert_string_equal(o.hosts[3], "192.0.2.7 d");
	assert_null(o.hosts[4]);
}

static void t009_images_are_pinned(void **state)
{
	(void)state;
	refuses(WORDS("--initdata", "i", "demo"), "image-not-pinned");
	refuses(WORDS("--initdata", "i", "demo:latest"), "image-not-pinned");
	refuses(WORDS("--initdata", "i", "demo@sha256:00"), "image-not-pinned");
	refuses(WORDS("--initdata", "i", "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
		"image-not-pinned");
	refuses(WORDS("--initdata", "i", IMAGE "x"), "image-not-pinned");
	refuses(WORDS("--initdata", "i", "a b" IMAGE), "image-not-pinned");
}

static void t003_no_run_without_initdata(void **state)
{
	(void)state;
	refuses(WORDS(IMAGE), "usage");
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	refuses(WORDS("--initdata", "i"), "usage");
	refuses(WORDS("--initdata", "i", IMAGE, IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--no-such", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", IMAGE, "--initdata"), "usage");
	refuses(WORDS("--initdata"), "usage");
	refuses(WORDS("--initdata", "i", IMAGE, "--transport"), "usage");
	refuses(WORDS("--initdata", "i", "--timeout", "", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--timeout", "0", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--timeout", "-5", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--timeout", "9x", IMAGE), "usage");
	refuses(WORDS("--initdata", "i", "--resolve", "a", IMAGE), "bad-resolve");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_them_all),
		cmocka_unit_test(scratch_disks),
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(loopback_is_the_gateway_for_the_guest),
		cmocka_unit_test(t009_images_are_pinned),
		cmocka_unit_test(t003_no_run_without_initdata),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
