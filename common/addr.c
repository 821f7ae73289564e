/* SPDX-License-Identifier: Apache-2.0 */
#include "common/addr.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/cleanup.h"

enum { HOST_MAX = 256 };

typedef struct ip {
	uint8_t bytes[16];
	size_t len; /* 4 or 16 */
} ip;

typedef struct network {
	uint8_t bytes[16];
	unsigned bits;
} network;

/* --- ranges --- */

static bool within(const uint8_t *bytes, const uint8_t *net, unsigned bits)
{
	for (unsigned i = 0; i < bits / 8; i++)
		if (bytes[i] != net[i])
			return false;
	unsigned rest = bits % 8;
	return rest == 0 || ((bytes[bits / 8] ^ net[bits / 8]) >> (8 - rest)) == 0;
}

static bool in_any(const uint8_t *bytes, const network *nets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (within(bytes, nets[i].bytes, nets[i].bits))
			return true;
	return false;
}

static bool inward4(const uint8_t *a)
{
	static const network nets[] = {
		{{0}, 8},	  /* this network: 0.0.0.0 connects to ourselves */
		{{127}, 8},	  /* loopback */
		{{169, 254}, 16}, /* link-local: metadata services */
		{{224}, 4},	  /* multicast */
		{{240}, 4},	  /* reserved, broadcast */
	};
	return in_any(a, nets, COF_COUNT(nets));
}

static bool inward6(const uint8_t *a)
{
	static const network nets[] = {
		{{0xfe, 0x80}, 10}, /* link-local */
		{{0xfe, 0xc0}, 10}, /* site-local, as it was */
		{{0xff}, 8},	    /* multicast */
	};
	static const network holders[] = {
		{{[10] = 0xff, [11] = 0xff}, 96},	    /* IPv4-mapped */
		{{0}, 96},				    /* IPv4-compatible; :: and ::1 too */
		{{0x00, 0x64, 0xff, 0x9b}, 96},		    /* NAT64 */
		{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* NAT64 of a network's own */
	};
	static const uint8_t six_to_four[] = {0x20, 0x02};
	if (within(a, six_to_four, 16) && inward4(a + 2))
		return true;
	return in_any(a, nets, COF_COUNT(nets)) || (in_any(a, holders, COF_COUNT(holders)) && inward4(a + 12));
}

/* --- addresses --- */

/* spec: ip(7), ipv6(7): the family says which struct it is; copied, since the caller's may be aligned for less. */
static bool take(const struct sockaddr *a, ip *ret)
{
	if (a->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, a, sizeof in);
		memcpy(ret->bytes, &in.sin_addr, 4);
		ret->len = 4;
	} else if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, a, sizeof in);
		memcpy(ret->bytes, &in.sin6_addr, 16);
		ret->len = 16;
	} else {
		return false;
	}
	return true;
}

static bool own(const ip *of)
{
	struct ifaddrs *all = NULL;
	bool found = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
		ip mine = {0};
		found = i->ifa_addr != NULL && take(i->ifa_addr, &mine) && mine.len == of->len &&
			within(mine.bytes, of->bytes, (unsigned)of->len * 8);
	}
	freeifaddrs(all);
	return found;
}

static bool inward(const ip *a)
{
	return a->len == 4 ? inward4(a->bytes) : inward6(a->bytes);
}

bool cof_addr_inward(const struct sockaddr *a)
{
	ip of = {0};
	return !take(a, &of) || inward(&of) || own(&of);
}

/* --- hosts --- */

static bool parse(const char *host, ip *ret)
{
	char text[HOST_MAX];
	size_t n = strlen(host);
	bool bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']';
	(void)snprintf(text, sizeof text, "%s", bracketed ? host + 1 : host);
	if (bracketed && n - 2 < sizeof text)
		text[n - 2] = '\0';
	text[strcspn(text, "%")] = '\0'; /* a zone */
	if (!bracketed && inet_pton(AF_INET, text, ret->bytes) == 1)
		ret->len = 4;
	else if (inet_pton(AF_INET6, text, ret->bytes) == 1)
		ret->len = 16;
	else
		return false;
	return true;
}

/* The name itself, or one below it: a dot is the border, so that "evilexample.com" is not within "example.com". */
static bool below(const char *host, const char *name)
{
	size_t n = strlen(name), len = strlen(host);
	return n > 0 && n <= len && strcasecmp(host + len - n, name) == 0 && (n == len || host[len - n - 1] == '.');
}

bool cof_host_inward(const char *host)
{
	ip a = {0};
	return parse(host, &a) ? inward(&a) || own(&a) : below(host, "localhost");
}

static bool in_network(const ip *a, const char *entry)
{
	char text[HOST_MAX];
	ip net = {0};
	size_t n = strcspn(entry, "/");
	if (n >= sizeof text)
		return false;
	memcpy(text, entry, n);
	text[n] = '\0';
	if (!parse(text, &net) || net.len != a->len)
		return false;
	char *end = NULL;
	unsigned long bits = entry[n] == '/' ? strtoul(entry + n + 1, &end, 10) : net.len * 8;
	if (end != NULL && (*end != '\0' || end == entry + n + 1))
		return false;
	return bits <= net.len * 8 && within(a->bytes, net.bytes, (unsigned)bits);
}

bool cof_host_listed(const char *const *entries, const char *host)
{
	ip a = {0};
	bool address = parse(host, &a);
	for (; entries != NULL && *entries != NULL; entries++) {
		const char *name = **entries == '.' ? *entries + 1 : *entries;
		if (strcmp(name, "*") == 0 || (address ? in_network(&a, name) : below(host, name)))
			return true;
	}
	return false;
}
