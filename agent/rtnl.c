/* SPDX-License-Identifier: Apache-2.0 */
/* spec: rtnetlink(7), netlink(7): 16-byte header, fixed part, attributes of u16 length and u16 type, padded to 4. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "agent/net.h"
#include "common/rd.h"
#include "common/secret.h"
#include "common/wr.h"

enum { REPLY_MAX = 8192, HEADER_LEN = 16 };

static size_t addr_len(const cof_net_addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

static void add_attr(cof_wr *w, uint16_t type, cof_span value)
{
	cof_wr_u16le(w, (uint16_t)(value.len + 4));
	cof_wr_u16le(w, type);
	cof_wr_bytes(w, value);
	cof_wr_zeros(w, (4 - value.len % 4) % 4);
}

static void add_attr_u32(cof_wr *w, uint16_t type, uint32_t v)
{
	cof_wr_u16le(w, 8);
	cof_wr_u16le(w, type);
	cof_wr_u32le(w, v);
}

/* One datagram: header, then an error number that is zero on success. */
static int read_ack(int fd, const char *what, cof_err *err)
{
	uint8_t reply[REPLY_MAX];
	ssize_t n = recv(fd, reply, sizeof reply, 0);
	if (n < 0)
		return cof_err_sys(err, "network-failed", "%s", what);
	cof_rd r = cof_rd_of(cof_span_of(reply, (size_t)n));
	cof_rd_skip(&r, 4);
	uint16_t type = cof_rd_u16le(&r);
	cof_rd_skip(&r, HEADER_LEN - 6);
	int32_t code = (int32_t)cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || type != NLMSG_ERROR)
		return cof_err_set(err, COF_E_IO, "network-failed", "%s: not an answer", what);
	if (code == 0 || code == -EEXIST)
		return 0;
	errno = -code;
	return cof_err_sys(err, "network-failed", "%s", what);
}

/* Sends one request (its body is the fixed part and attributes) and waits for the kernel's answer. */
static int request(uint16_t type, uint16_t flags, const cof_buf *body, const char *what, cof_err *err)
{
	static const struct timeval patience = {.tv_sec = 5};
	COF_AUTO(cof_buf) msg = {0};
	cof_wr w = cof_wr_to(&msg);
	cof_wr_u32le(&w, (uint32_t)(HEADER_LEN + body->len));
	cof_wr_u16le(&w, type);
	cof_wr_u16le(&w, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags));
	cof_wr_zeros(&w, 8); /* sequence, port */
	cof_wr_bytes(&w, cof_buf_span(body));
	int r = cof_wr_done(&w, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    send(fd, msg.data, msg.len, 0) != (ssize_t)msg.len)
		return cof_err_sys(err, "network-failed", "%s", what);
	return read_ack(fd, what, err);
}

/* --- links --- */

static int index_of(const char *name, cof_err *err)
{
	unsigned index = if_nametoindex(name);
	if (index == 0)
		return cof_err_set(err, COF_E_IO, "network-failed", "no interface called %s", name);
	return (int)index;
}

static bool link_has_mac(const char *name, const uint8_t mac[6])
{
	struct ifreq req = {0};
	COF_AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(req.ifr_name, sizeof req.ifr_name, "%s", name);
	return fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &req) == 0 &&
	       cof_ct_equal(cof_span_of(req.ifr_hwaddr.sa_data, 6), cof_span_of(mac, 6));
}

/* The link as the kernel calls it today: the one with this MAC, else the one with this name. */
static int find_link(const cof_net_link *l, cof_err *err)
{
	int index = 0;
	struct if_nameindex *all = l->has_mac ? if_nameindex() : NULL;
	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0 && index == 0; i++)
		if (strcmp(i->if_name, "lo") != 0 && link_has_mac(i->if_name, l->mac))
			index = (int)i->if_index;
	if (all != NULL)
		if_freenameindex(all);
	return index > 0 ? index : index_of(l->name, err);
}

static int set_link(int index, const cof_net_link *l, bool up, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_zeros(&w, 4); /* family, padding, type */
	cof_wr_u32le(&w, (uint32_t)index);
	cof_wr_u32le(&w, up ? IFF_UP : 0);
	cof_wr_u32le(&w, up ? IFF_UP : 0); /* the flags to change */
	if (!up)
		add_attr(&w, IFLA_IFNAME, cof_span_of(l->name, strlen(l->name) + 1));
	if (!up && l->mtu != 0)
		add_attr_u32(&w, IFLA_MTU, l->mtu);
	int r = cof_wr_done(&w, err);
	return r < 0 ? r : request(RTM_NEWLINK, 0, &body, up ? "link up" : "link", err);
}

static int add_addr(int index, const cof_net_addr *a, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_u8(&w, (uint8_t)a->family);
	cof_wr_u8(&w, a->prefix);
	cof_wr_u8(&w, a->family == AF_INET6 ? IFA_F_NODAD : 0);
	cof_wr_u8(&w, RT_SCOPE_UNIVERSE);
	cof_wr_u32le(&w, (uint32_t)index);
	add_attr(&w, IFA_LOCAL, cof_span_of(a->bytes, addr_len(a)));
	add_attr(&w, IFA_ADDRESS, cof_span_of(a->bytes, addr_len(a)));
	int r = cof_wr_done(&w, err);
	return r < 0 ? r : request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, "address", err);
}

int cof_rtnl_link(const cof_net_link *l, cof_err *err)
{
	int index = find_link(l, err);
	if (index < 0)
		return index;
	int r = set_link(index, l, false, err);
	for (size_t i = 0; r == 0 && i < l->n_addrs; i++)
		r = add_addr(index, &l->addrs[i], err);
	return r < 0 ? r : set_link(index, l, true, err);
}

/* --- routes --- */

int cof_rtnl_route(const cof_net_route *route, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	int index = index_of(route->device, err);
	if (index < 0)
		return index;
	int family = route->is_default ? route->gateway.family : route->dest.family;
	cof_wr_u8(&w, (uint8_t)family);
	cof_wr_u8(&w, route->is_default ? 0 : route->dest.prefix);
	cof_wr_zeros(&w, 2); /* source prefix, tos */
	cof_wr_u8(&w, RT_TABLE_MAIN);
	cof_wr_u8(&w, RTPROT_STATIC);
	cof_wr_u8(&w, route->has_gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	cof_wr_u8(&w, RTN_UNICAST);
	cof_wr_u32le(&w, 0);
	if (!route->is_default)
		add_attr(&w, RTA_DST, cof_span_of(route->dest.bytes, addr_len(&route->dest)));
	if (route->has_gateway)
		add_attr(&w, RTA_GATEWAY, cof_span_of(route->gateway.bytes, addr_len(&route->gateway)));
	add_attr_u32(&w, RTA_OIF, (uint32_t)index);
	int r = cof_wr_done(&w, err);
	return r < 0 ? r : request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, "route", err);
}
