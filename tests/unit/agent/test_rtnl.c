/* SPDX-License-Identifier: Apache-2.0 */
/* Against a real kernel: a network namespace with one dummy link. */
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/net.h"
#include "common/file.h"
#include "common/proc.h"
#include "tests/unit/test.h"

static bool have_link;

static int ip(const char *a, const char *b, const char *c, const char *d, const char *e)
{
	const char *const argv[] = {"ip", a, b, c, d, e, NULL};
	const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	cof_proc_opts o = {.argv = argv, .env = env, .search_path = true};
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	return cof_proc_spawn(&o, &p, NULL) == 0 && cof_proc_wait(&p, 5000, &status, NULL) == 0 ? status : -1;
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return -1;
	/* A kernel without dummy links can do veth, or nothing of this. */
	have_link = ip("link", "add", "pod0", "type", "dummy") == 0 || ip("link", "add", "pod0", "type", "veth") == 0;
	return 0;
}

static cof_net_link link_of(const char *addr, uint8_t prefix)
{
	cof_net_link l = {.name = "pod0", .mtu = 1400, .n_addrs = 1};
	assert_ok(cof_net_addr_parse(addr, &l.addrs[0], &err));
	l.addrs[0].prefix = prefix;
	return l;
}

static void rtnl_link_and_routes(void **state)
{
	COF_AUTO(cof_buf) table = {0};
	cof_net_route route = {.device = "pod0", .is_default = true, .has_gateway = true};
	(void)state;
	if (!have_link)
		skip();
	cof_net_link l = link_of("10.9.0.15", 24);
	assert_ok(cof_rtnl_link(&l, &err));
	assert_ok(cof_rtnl_link(&l, &err)); /* twice is no error */
	assert_ok(cof_net_addr_parse("10.9.0.1", &route.gateway, &err));
	assert_ok(cof_rtnl_route(&route, &err));
	assert_ok(cof_rtnl_route(&route, &err));
	assert_ok(cof_file_read("/proc/self/net/route", 8192, &table, &err));
	assert_non_null(strstr(cof_buf_str(&table), "pod0\t00000000\t0100090A"));
	/* A gateway that no link reaches is the kernel's to refuse. */
	assert_ok(cof_net_addr_parse("192.168.77.1", &route.gateway, &err));
	assert_fails(cof_rtnl_route(&route, &err), "network-failed");
}

static void rtnl_no_such_link(void **state)
{
	cof_net_route route = {.device = "none0", .is_default = true};
	cof_net_link l = {.name = "none0", .has_mac = true, .mac = {2, 0, 0, 0, 0, 9}};
	(void)state;
	assert_fails(cof_rtnl_link(&l, &err), "network-failed");
	assert_fails(cof_rtnl_route(&route, &err), "network-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtnl_no_such_link),
		cmocka_unit_test(rtnl_link_and_routes),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
