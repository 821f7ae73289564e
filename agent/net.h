/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's network as the host asks for it: checked here, then done by rtnl.c. The host moves packets anyway; what
 * it must not get is loopback (the guest's own services), link-local addresses, or a link that breaks by its size.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"

enum { COF_NET_ADDRS_MAX = 8, COF_NET_ROUTES_MAX = 32, COF_NET_NAME_MAX = 16, COF_NET_MTU_MIN = 1280 };

typedef struct cof_net_addr {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	uint8_t prefix;
} cof_net_addr;

typedef struct cof_net_link {
	char name[COF_NET_NAME_MAX];
	uint8_t mac[6];
	bool has_mac;
	uint32_t mtu; /* 0: leave */
	cof_net_addr addrs[COF_NET_ADDRS_MAX];
	size_t n_addrs;
} cof_net_link;

typedef struct cof_net_route {
	char device[COF_NET_NAME_MAX];
	bool is_default;
	cof_net_addr dest;
	bool has_gateway;
	cof_net_addr gateway;
} cof_net_route;

/* All reasons "bad-network". Texts are hostile. */
COF_WUR int cof_net_name(const char *text, char ret[COF_NET_NAME_MAX], cof_err *err);
COF_WUR int cof_net_mac(const char *text, uint8_t ret[6], cof_err *err);
/* An address that a pod may have: not loopback, link-local, multicast or unspecified. */
COF_WUR int cof_net_addr_parse(const char *text, cof_net_addr *ret, cof_err *err);
/* "192.0.2.0/24"; host bits must be zero. */
COF_WUR int cof_net_dest_parse(const char *text, cof_net_addr *ret, cof_err *err);
COF_WUR int cof_net_prefix(const char *text, int family, uint8_t *ret, cof_err *err);
COF_WUR int cof_net_mtu(uint64_t mtu, uint32_t *ret, cof_err *err);

/* Finds the link by MAC (else by name), sets name, MTU and addresses and brings it up. */
COF_WUR int cof_rtnl_link(const cof_net_link *l, cof_err *err);
COF_WUR int cof_rtnl_route(const cof_net_route *r, cof_err *err);
