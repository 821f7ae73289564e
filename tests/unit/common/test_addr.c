/* SPDX-License-Identifier: Apache-2.0 */
#include "common/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "tests/unit/test.h"

static bool inward(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return cof_addr_inward((const struct sockaddr *)&in);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return cof_addr_inward((const struct sockaddr *)&in6);
}

static void t041_addresses_inside(void **state)
{
	(void)state;
	const char *const in[] = {"0.0.0.0",
				  "0.255.255.255",
				  "127.0.0.1",
				  "127.255.255.255",
				  "169.254.0.0",
				  "169.254.169.254",
				  "169.254.255.255",
				  "224.0.0.1",
				  "239.255.255.255",
				  "240.0.0.1",
				  "255.255.255.255",
				  "::",
				  "::1",
				  "fe80::1",
				  "febf:ffff::",
				  "fec0::1",
				  "feff::1",
				  "ff02::1",
				  "::ffff:127.0.0.1",
				  "::ffff:169.254.169.254",
				  "::127.0.0.1",
				  "64:ff9b::127.0.0.1",
				  "64:ff9b:1::127.0.0.1",
				  "2002:7f00:1::",
				  "2002:a9fe:a9fe::1"};
	const char *const out[] = {"1.0.0.1",	       "126.255.255.255",  "128.0.0.1",	       "10.0.2.2",
				   "192.168.1.1",      "172.16.0.1",	   "169.253.255.255",  "169.255.0.0",
				   "223.255.255.255",  "2001:db8::1",	   "fd00::1",	       "fe7f::1",
				   "::ffff:192.0.2.1", "64:ff9b::8.8.8.8", "2002:c000:201::1", "2003:7f00:1::"};
	for (size_t i = 0; i < COF_COUNT(in); i++)
		if (!inward(in[i]))
			fail_msg("%s", in[i]);
	for (size_t i = 0; i < COF_COUNT(out); i++)
		if (inward(out[i]))
			fail_msg("%s", out[i]);
}

static void t041_other_families_are_inside(void **state)
{
	(void)state;
	const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/agent.sock"};
	assert_true(cof_addr_inward((const struct sockaddr *)&local));
}

static void t041_hosts_inside(void **state)
{
	(void)state;
	const char *const in[] = {"localhost", "LOCALHOST",	   "a.localhost", "127.0.0.1",
				  "[::1]",     "[fe80::1%25eth0]", "::1"};
	const char *const out[] = {
		"example.com", "localhost.example.com", "notlocalhost", "192.0.2.1", "[2001:db8::1]", "", "[]", "["};
	for (size_t i = 0; i < COF_COUNT(in); i++)
		if (!cof_host_inward(in[i]))
			fail_msg("%s", in[i]);
	for (size_t i = 0; i < COF_COUNT(out); i++)
		if (cof_host_inward(out[i]))
			fail_msg("%s", out[i]);
}

static void lists_of_hosts(void **state)
{
	(void)state;
	const char *const list[] = {"example.com", ".corp",	"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "", ".",
				    "1.2.3.4/",	   "1.2.3.4/x", "1.2.3.4/33", NULL};
	const char *const in[] = {"example.com", "EXAMPLE.com", "a.example.com", "corp",
				  "x.corp",	 "10.255.0.1",	"192.0.2.7",	 "[2001:db8:7fff::1]"};
	const char *const out[] = {"evilexample.com", "example.com.evil",   "com",     "xcorp", "11.0.0.1",
				   "192.0.2.8",	      "[2001:db8:8000::1]", "1.2.3.4", "a"};
	const char *const all[] = {"*", NULL};
	for (size_t i = 0; i < COF_COUNT(in); i++)
		if (!cof_host_listed(list, in[i]))
			fail_msg("%s", in[i]);
	for (size_t i = 0; i < COF_COUNT(out); i++)
		if (cof_host_listed(list, out[i]))
			fail_msg("%s", out[i]);
	assert_true(cof_host_listed(all, "x"));
	assert_true(cof_host_listed(all, "192.0.2.1"));
	assert_false(cof_host_listed(NULL, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t041_addresses_inside),
		cmocka_unit_test(t041_other_families_are_inside),
		cmocka_unit_test(t041_hosts_inside),
		cmocka_unit_test(lists_of_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
