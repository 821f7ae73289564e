/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/gate_net.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "agent/gate.h"

int cof_net_link_of(const Types__Interface *m, cof_net_link *ret, cof_err *err)
{
	cof_net_link l = {0};
	int r = cof_net_name(m->name[0] != '\0' ? m->name : m->device, l.name, err);
	if (r == 0)
		r = cof_net_mtu(m->mtu, &l.mtu, err);
	if (r == 0 && m->hwaddr[0] != '\0') {
		r = cof_net_mac(m->hwaddr, l.mac, err);
		l.has_mac = true;
	}
	if (r == 0 && m->n_ipaddresses > COF_NET_ADDRS_MAX)
		return cof_gate_deny(err, "IPAddresses", "more than %d", COF_NET_ADDRS_MAX);
	for (size_t i = 0; r == 0 && i < m->n_ipaddresses; i++) {
		cof_net_addr *a = &l.addrs[l.n_addrs++];
		r = cof_net_addr_parse(m->ipaddresses[i]->address, a, err);
		if (r == 0)
			r = cof_net_prefix(m->ipaddresses[i]->mask, a->family, &a->prefix, err);
	}
	if (r < 0)
		return r;
	*ret = l;
	return 0;
}

int cof_net_route_of(const Types__Route *m, cof_net_route *ret, cof_err *err)
{
	cof_net_route route = {.has_gateway = m->gateway[0] != '\0'};
	int r = cof_net_name(m->device, route.device, err);
	if (r == 0 && route.has_gateway)
		r = cof_net_addr_parse(m->gateway, &route.gateway, err);
	if (r < 0)
		return r;
	static const char *const everything[] = {"", "default", "0.0.0.0/0", "::/0"};
	for (size_t i = 0; i < COF_COUNT(everything); i++)
		route.is_default = route.is_default || strcmp(m->dest, everything[i]) == 0;
	if (!route.is_default)
		r = cof_net_dest_parse(m->dest, &route.dest, err);
	else if (!route.has_gateway)
		return cof_gate_deny(err, "gateway", "a default route needs one");
	if (r == 0 && !route.is_default && route.has_gateway && route.gateway.family != route.dest.family)
		return cof_gate_deny(err, "gateway", "of another family than dest");
	if (r == 0)
		*ret = route;
	return r;
}

int cof_gate_interface(const cof_gate_in *in, cof_err *err)
{
	const Grpc__UpdateInterfaceRequest *m = cof_pb_as(Grpc__UpdateInterfaceRequest, in->message);
	cof_net_link l;
	if (m->interface == NULL)
		return cof_gate_deny(err, "interface", "missing");
	if (m->interface->devicepath[0] != '\0')
		return cof_gate_deny(err, "interface.devicePath", "devices are not hot-plugged");
	return cof_net_link_of(m->interface, &l, err);
}

int cof_gate_routes(const cof_gate_in *in, cof_err *err)
{
	const Grpc__UpdateRoutesRequest *m = cof_pb_as(Grpc__UpdateRoutesRequest, in->message);
	cof_net_route route;
	if (m->routes == NULL)
		return cof_gate_deny(err, "routes", "missing");
	if (m->routes->n_routes > COF_NET_ROUTES_MAX)
		return cof_gate_deny(err, "routes", "more than %d", COF_NET_ROUTES_MAX);
	for (size_t i = 0; i < m->routes->n_routes; i++) {
		int r = cof_net_route_of(m->routes->routes[i], &route, err);
		if (r < 0)
			return r;
	}
	return 0;
}
