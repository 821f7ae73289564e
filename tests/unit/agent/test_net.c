/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net.h"

#include <sys/socket.h>

#include "agent/gate.h"
#include "agent/gate_net.h"
#include "tests/unit/test.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static void t055_net_addresses_of_the_guest_itself(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"1.2.3",
		"1.2.3.4.5",
		"127.0.0.1",
		"127.1.2.3",
		"0.0.0.0",
		"0.1.2.3",
		"169.254.169.254",
		"224.0.0.1",
		"255.255.255.255",
		"240.0.0.1",
		"::",
		"::1",
		"::ffff:10.0.0.1",
		"fe80::1",
		"febf::1",
		"ff02::1",
		"10.0.2.15/24",
		" 10.0.2.15",
		"10.0.2.15 ",
		"010.0.2.15",
		"0x0a.0.2.15",
	};
	static const char *const good[] = {"10.0.2.15",	  "192.168.1.1", "172.16.0.1",
					   "2001:db8::1", "fd00::2",	 "126.0.0.1"};
	cof_net_addr a;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_net_addr_parse(bad[i], &a, &err), "bad-network");
	for (size_t i = 0; i < COF_COUNT(good); i++)
		assert_ok(cof_net_addr_parse(good[i], &a, &err));
}

static void t055_net_destinations(void **state)
{
	static const char *const bad[] = {"",
					  "127.0.0.0/8",
					  "127.0.0.1",
					  "169.254.0.0/16",
					  "10.0.0.1/8",
					  "10.0.0.0/33",
					  "10.0.0.0/0",
					  "10.0.0.0/",
					  "10.0.0.0/-1",
					  "10.0.0.0/8/8",
					  "64.0.0.0/2",
					  "fe80::/10",
					  "2001:db8::1/64",
					  "2001:db8::/129",
					  "10.0.0.0/08x"};
	cof_net_addr a;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_net_dest_parse(bad[i], &a, &err), "bad-network");
	assert_ok(cof_net_dest_parse("10.0.0.0/8", &a, &err));
	assert_int_equal(a.prefix, 8);
	assert_ok(cof_net_dest_parse("10.1.2.3", &a, &err));
	assert_int_equal(a.prefix, 32);
	assert_ok(cof_net_dest_parse("2001:db8::/64", &a, &err));
	assert_int_equal(a.family, AF_INET6);
}

static void t052_net_names(void **state)
{
	static const char *const bad[] = {
		"", "lo", "../x", "eth0/", "a b", "0eth", "ETH0", "eth0.1", "abcdefghijklmnop", "e\n"};
	char name[COF_NET_NAME_MAX];
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_net_name(bad[i], name, &err), "bad-network");
	assert_ok(cof_net_name("eth0", name, &err));
	assert_ok(cof_net_name("abcdefghijklmno", name, &err));
}

static void t055_net_mtu_and_mac(void **state)
{
	static const uint64_t bad[] = {1, 68, 576, 1279, 65536, UINT64_MAX};
	static const char *const macs[] = {"",
					   "52:54:00:12:34",
					   "52:54:00:12:34:5",
					   "52-54-00-12-34-56",
					   "zz:54:00:12:34:56",
					   "53:54:00:12:34:56",
					   "52:54:00:12:34:567",
					   "525400:12:34:56:"};
	uint32_t mtu = 0;
	uint8_t mac[6];
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_net_mtu(bad[i], &mtu, &err), "bad-network");
	assert_ok(cof_net_mtu(0, &mtu, &err));
	assert_ok(cof_net_mtu(1500, &mtu, &err));
	assert_int_equal(mtu, 1500);
	for (size_t i = 0; i < COF_COUNT(macs); i++)
		assert_fails(cof_net_mac(macs[i], mac, &err), "bad-network");
	assert_ok(cof_net_mac("52:54:00:12:34:56", mac, &err));
	assert_int_equal(mac[5], 0x56);
}

/* The gate's reading of whole requests. */
static void t055_net_requests(void **state)
{
	(void)state;
	Types__Interface i = TYPES__INTERFACE__INIT;
	Types__IPAddress ip = TYPES__IPADDRESS__INIT;
	Types__IPAddress *ips[] = {&ip};
	Grpc__UpdateInterfaceRequest m = GRPC__UPDATE_INTERFACE_REQUEST__INIT;
	cof_gate_in in = {NULL, &m.base};
	assert_fails(cof_gate_interface(&in, &err), "policy-denied");
	m.interface = &i;
	i.name = TEXT("eth0");
	i.ipaddresses = ips;
	i.n_ipaddresses = 1;
	ip.address = TEXT("10.0.2.15");
	ip.mask = TEXT("24");
	assert_ok(cof_gate_interface(&in, &err));
	ip.mask = TEXT("33");
	assert_fails(cof_gate_interface(&in, &err), "bad-network");
	ip.mask = TEXT("");
	assert_fails(cof_gate_interface(&in, &err), "bad-network");
	ip.mask = TEXT("24");
	ip.address = TEXT("127.0.0.1");
	assert_fails(cof_gate_interface(&in, &err), "bad-network");
	ip.address = TEXT("10.0.2.15");
	i.devicepath = TEXT("02/03");
	assert_fails(cof_gate_interface(&in, &err), "policy-denied");
	i.devicepath = TEXT("");
	i.name = TEXT("lo");
	assert_fails(cof_gate_interface(&in, &err), "bad-network");
}

static void t055_net_route_requests(void **state)
{
	(void)state;
	Types__Route r = TYPES__ROUTE__INIT;
	Types__Route *list[40];
	Grpc__Routes routes = GRPC__ROUTES__INIT;
	Grpc__UpdateRoutesRequest m = GRPC__UPDATE_ROUTES_REQUEST__INIT;
	cof_gate_in in = {NULL, &m.base};
	for (size_t i = 0; i < COF_COUNT(list); i++)
		list[i] = &r;
	assert_fails(cof_gate_routes(&in, &err), "policy-denied");
	m.routes = &routes;
	routes.routes = list;
	routes.n_routes = 1;
	r.device = TEXT("eth0");
	assert_fails(cof_gate_routes(&in, &err), "policy-denied"); /* a default route to nowhere */
	r.gateway = TEXT("10.0.2.2");
	assert_ok(cof_gate_routes(&in, &err));
	r.gateway = TEXT("127.0.0.1");
	assert_fails(cof_gate_routes(&in, &err), "bad-network");
	r.gateway = TEXT("10.0.2.2");
	r.dest = TEXT("127.0.0.0/8");
	assert_fails(cof_gate_routes(&in, &err), "bad-network");
	r.dest = TEXT("2001:db8::/64");
	assert_fails(cof_gate_routes(&in, &err), "policy-denied"); /* families differ */
	r.dest = TEXT("10.1.0.0/16");
	assert_ok(cof_gate_routes(&in, &err));
	r.device = TEXT("lo");
	assert_fails(cof_gate_routes(&in, &err), "bad-network");
	r.device = TEXT("eth0");
	routes.n_routes = COF_COUNT(list);
	assert_fails(cof_gate_routes(&in, &err), "policy-denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t055_net_addresses_of_the_guest_itself),
		cmocka_unit_test(t055_net_destinations),
		cmocka_unit_test(t052_net_names),
		cmocka_unit_test(t055_net_mtu_and_mac),
		cmocka_unit_test(t055_net_requests),
		cmocka_unit_test(t055_net_route_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
