/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hosts.h"

#include "agent/pull.h"
#include "tests/unit/test.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static void t055_hosts_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"10.0.2.2",
		"10.0.2.2 ",
		"10.0.2.2  a",
		"10.0.2.2 a ",
		"10.0.2.2 a\nb",
		"10.0.2.2\tname",
		"x name",
		"10.0.2 name",
		"10.0.2.2 localhost",
		"10.0.2.2 LocalHost",
		"10.0.2.2 a_b",
		"10.0.2.2 a/b",
		"10.0.2.2 .a",
		"10.0.2.2 -a",
		"10.0.2.2 a:443",
		"10.0.2.2 *",
		"1.2.3.4,5.6.7.8 a",
		"10.0.2.2 #c",
		"fe80::1%eth0 a",
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char *lines[] = {TEXT("10.0.2.2 good"), TEXT(bad[i])};
		cof_hosts h = {0};
		assert_fails(cof_hosts_parse(lines, 2, &h, &err), "bad-hosts");
		assert_null(h.at);
	}
}

static void hosts_limit(void **state)
{
	char *lines[COF_HOSTS_MAX + 1];
	(void)state;
	for (size_t i = 0; i <= COF_HOSTS_MAX; i++)
		lines[i] = TEXT("10.0.2.2 a");
	COF_AUTO(cof_hosts) h = {0};
	assert_fails(cof_hosts_parse(lines, COF_HOSTS_MAX + 1, &h, &err), "bad-hosts");
	assert_ok(cof_hosts_parse(lines, COF_HOSTS_MAX, &h, &err));
	char name[COF_HOSTS_NAME_MAX + 20] = "10.0.2.2 ";
	memset(name + 9, 'a', COF_HOSTS_NAME_MAX + 1);
	lines[0] = name;
	cof_hosts none = {0};
	assert_fails(cof_hosts_parse(lines, 1, &none, &err), "bad-hosts");
}

static void hosts_file_and_resolve(void **state)
{
	char *lines[] = {TEXT("10.0.2.2 registry.test kbs.test"), TEXT("fd00::2 six.test")};
	const char *const ports[] = {"443", "5000", NULL};
	char **words = NULL;
	(void)state;
	COF_AUTO(cof_hosts) h = {0};
	COF_AUTO(cof_buf) file = {0};
	assert_ok(cof_hosts_parse(lines, 2, &h, &err));
	assert_int_equal(h.n, 3);
	assert_ok(cof_hosts_file(&h, "me", &file, &err));
	assert_string_equal(cof_buf_str(&file),
			    "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tme\n10.0.2.2\tregistry.test\n"
			    "10.0.2.2\tkbs.test\nfd00::2\tsix.test\n");
	assert_ok(cof_hosts_resolve(&h, ports, &words, &err));
	assert_string_equal(words[0], "registry.test:443:10.0.2.2");
	assert_string_equal(words[1], "registry.test:5000:10.0.2.2");
	assert_string_equal(words[4], "six.test:443:[fd00::2]");
	assert_null(words[6]);
	cof_hosts_resolve_free(words);
}

static void ports_of_references(void **state)
{
	static const struct {
		const char *reference, *proxy, *second, *third;
	} all[] = {{"r.test:5000/a@sha256:0", NULL, "5000", NULL},
		   {"r.test/a:5000@x", NULL, NULL, NULL},
		   {"r.test:443/a", NULL, NULL, NULL},
		   {"r.test:/a", NULL, NULL, NULL},
		   {"r.test:99999999/a", NULL, NULL, NULL},
		   {"r.test:5x/a", NULL, NULL, NULL},
		   {"", NULL, NULL, NULL},
		   {"a:1", NULL, "1", NULL},
		   {"r.test/a", "http://p.test:3128", "3128", NULL},
		   {"r.test:5000/a", "http://p.test:3128", "5000", "3128"}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		cof_pull_ports got = {0};
		const char *const want[] = {"443", all[i].second, all[i].third};
		const cof_cdh cdh = {.proxy = TEXT(all[i].proxy)};
		cof_pull_ports_of(all[i].reference, &cdh, &got);
		for (size_t k = 0; k < COF_COUNT(want); k++) {
			if (want[k] == NULL)
				assert_null(got.list[k]);
			else
				assert_string_equal(got.list[k], want[k]);
			if (want[k] == NULL)
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t055_hosts_refuses),
		cmocka_unit_test(hosts_limit),
		cmocka_unit_test(hosts_file_and_resolve),
		cmocka_unit_test(ports_of_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
