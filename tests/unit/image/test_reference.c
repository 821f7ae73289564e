/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/reference.h"
#include "tests/unit/test.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void refuses(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"/",
		"Upper/case",
		"a//b",
		"a/",
		"/a",
		"a:",
		"a:tag:tag",
		"a:-tag",
		"a@",
		"a@sha256:" HEX "00",
		"a@md5:" HEX,
		"a@sha256:../../etc/passwd",
		"a@sha256:" HEX "@sha256:" HEX,
		"host:port/a",
		"host:0/a",
		"host:65536/a",
		"host.x:99999999999/a",
		"user@host.x/a",
		"user:pw@host.x/a",
		"https://host.x/a",
		"host.x/../a",
		"host.x/a/../b",
		"host.x/a..b",
		"host.x/a/.",
		"host.x/a%2e",
		"host.x/a?x=y",
		"host.x/a#b",
		"host.x/a b",
		"host_x.y/a",
		"-host.x/a",
		"host..x/a",
		".host/a",
		"[::1]:5000/a",
		"host.x/a\nb",
		"host.x/a___b",
		"host.x/-a",
		"host.x/a-",
		"host.x:5000/",
		"h.x/a@sha512:" HEX,
		"h.x/a@sha256:" HEX HEX,
		"h.x/a@sha512:" HEX HEX "0",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_ref r;
		cof_err err = {0};
		if (cof_ref_parse(bad[i], &r, &err) >= 0 || cof_ref_parse_docker(bad[i], &r, &err) >= 0)
			fail_msg("'%s' was accepted", bad[i]);
		assert_string_equal(err.reason, "reference-malformed");
	}
}

static void refuses_long_names(void **state)
{
	(void)state;
	cof_ref r;
	char name[1024];
	for (size_t n = 254; n <= 260; n++) {
		memset(name, 'a', n);
		memcpy(name, "h.x/", 4);
		name[n] = '\0';
		assert_int_equal(cof_ref_parse(name, &r, NULL) == 0, n <= 255);
	}
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_fails(cof_ref_parse(name, &r, &err), "reference-malformed");
	memcpy(name, "h.x/b:", 6);
	for (size_t n = 127; n <= 129; n++) {
		name[6 + n] = '\0';
		assert_int_equal(cof_ref_parse(name, &r, NULL) == 0, n <= 128);
		name[6 + n] = 'a';
	}
}

static void normalises(void **state)
{
	(void)state;
	const struct {
		const char *in, *out;
	} cases[] = {
		{"busybox", "docker.io/library/busybox:latest"},
		{"busybox:1", "docker.io/library/busybox:1"},
		{"team/app", "docker.io/team/app:latest"},
		{"localhost/app", "localhost/app:latest"},
		{"host.x:5000", "docker.io/library/host.x:5000"}, /* a name with a tag, as docker has it */
		{"index.docker.io/busybox", "docker.io/library/busybox:latest"},
		{"Registry-1.docker.io/team/app", "docker.io/team/app:latest"},
		{"h.x/a:t@sha512:" HEX HEX, "h.x/a:t@sha512:" HEX HEX},
		{"docker.io/busybox", "docker.io/library/busybox:latest"},
		{"registry.coffer.test:5000/demo", "registry.coffer.test:5000/demo:latest"},
		{"h.x/a/b__c/d-e--f.g:T_a.g-1", "h.x/a/b__c/d-e--f.g:T_a.g-1"},
		{"h.x/a@sha256:" HEX, "h.x/a@sha256:" HEX},
		{"h.x/a:t@sha256:" HEX, "h.x/a:t@sha256:" HEX},
		{"192.0.2.1:443/a", "192.0.2.1:443/a:latest"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_ref r;
		char text[COF_REF_STR_MAX];
		assert_ok(cof_ref_parse_docker(cases[i].in, &r, &err));
		cof_ref_str(&r, text);
		assert_string_equal(text, cases[i].out);
		assert_ok(cof_ref_parse(text, &r, &err)); /* what we print says whose it is */
		cof_ref_str(&r, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void names_without_a_host_are_refused(void **state)
{
	(void)state;
	const char *const bad[] = {"busybox", "busybox:1", "team/app", "host.x:5000", "hostx/a/b", "a@sha256:" HEX};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_ref r;
		assert_fails(cof_ref_parse(bad[i], &r, &err), "reference-short");
	}
}

static void t036_the_digest_decides(void **state)
{
	(void)state;
	cof_ref r;
	char wanted[COF_DIGEST_STR_MAX], name[COF_REF_STR_MAX];
	assert_ok(cof_ref_parse("h.x/a:t@sha256:" HEX, &r, &err));
	cof_ref_wanted(&r, wanted);
	assert_string_equal(wanted, "sha256:" HEX);
	cof_ref_name(&r, name);
	assert_string_equal(name, "h.x/a");
	assert_string_equal(cof_ref_api_host(&r), "h.x");
	assert_ok(cof_ref_parse("docker.io/busybox", &r, &err));
	cof_ref_wanted(&r, wanted);
	assert_string_equal(wanted, "latest");
	assert_string_equal(cof_ref_api_host(&r), "registry-1.docker.io");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_long_names),
		cmocka_unit_test(normalises),
		cmocka_unit_test(names_without_a_host_are_refused),
		cmocka_unit_test(t036_the_digest_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
