/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "common/hex.h"

static int bad(cof_err *err, const char *field)
{
	return cof_err_set(err, COF_E_POLICY, "bad-network", "%s", field);
}

int cof_net_name(const char *text, char ret[COF_NET_NAME_MAX], cof_err *err)
{
	size_t n = strlen(text);
	if (n == 0 || n >= COF_NET_NAME_MAX || strcmp(text, "lo") == 0)
		return bad(err, "device: not a name of a pod's interface");
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9' && i > 0)))
			return bad(err, "device: not a name of a pod's interface");
	}
	memcpy(ret, text, n + 1);
	return 0;
}

int cof_net_mac(const char *text, uint8_t ret[6], cof_err *err)
{
	char digits[13] = "";
	uint8_t mac[6];
	if (strlen(text) != 17)
		return bad(err, "hwAddr: not six bytes in hex");
	for (size_t i = 0; i < 6; i++) {
		if (i < 5 && text[3 * i + 2] != ':')
			return bad(err, "hwAddr: not six bytes in hex");
		digits[2 * i] = text[3 * i];
		digits[2 * i + 1] = text[3 * i + 1];
	}
	if (cof_unhex(digits, mac, sizeof mac, NULL) < 0 || (mac[0] & 1) != 0)
		return bad(err, "hwAddr: not six bytes in hex");
	memcpy(ret, mac, sizeof mac);
	return 0;
}

static bool forbidden4(const uint8_t *a)
{
	return a[0] == 0 || a[0] == 127 || a[0] >= 224 || (a[0] == 169 && a[1] == 254);
}

static bool forbidden6(const uint8_t *a)
{
	/* Unspecified, loopback and v4-mapped all begin with ten zero bytes. */
	size_t zeros = 0;
	while (zeros < 10 && a[zeros] == 0)
		zeros++;
	return zeros == 10 || a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

static bool parse_any(const char *text, cof_net_addr *ret)
{
	*ret = (cof_net_addr){.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
	return inet_pton(ret->family, text, ret->bytes) == 1;
}

int cof_net_addr_parse(const char *text, cof_net_addr *ret, cof_err *err)
{
	cof_net_addr a;
	if (!parse_any(text, &a))
		return bad(err, "address: not an IP address");
	if (a.family == AF_INET ? forbidden4(a.bytes) : forbidden6(a.bytes))
		return bad(err, "address: loopback, link-local and group addresses are the guest's own");
	a.prefix = a.family == AF_INET ? 32 : 128;
	*ret = a;
	return 0;
}

int cof_net_prefix(const char *text, int family, uint8_t *ret, cof_err *err)
{
	unsigned v = 0;
	size_t n = strlen(text);
	for (size_t i = 0; i < n && i < 4; i++) {
		if (text[i] < '0' || text[i] > '9')
			return bad(err, "mask: not a prefix length");
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	if (n == 0 || n > 3 || v == 0 || v > (family == AF_INET ? 32u : 128u))
		return bad(err, "mask: not a prefix length");
	*ret = (uint8_t)v;
	return 0;
}

static bool host_bits(const cof_net_addr *a)
{
	size_t len = a->family == AF_INET ? 4 : 16;
	for (size_t bit = a->prefix; bit < len * 8; bit++)
		if ((a->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return true;
	return false;
}

int cof_net_dest_parse(const char *text, cof_net_addr *ret, cof_err *err)
{
	char addr[64];
	cof_net_addr a;
	const char *slash = strchr(text, '/');
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	if (n >= sizeof addr)
		return bad(err, "dest: not a network");
	memcpy(addr, text, n);
	addr[n] = '\0';
	int r = cof_net_addr_parse(addr, &a, err);
	if (r == 0 && slash != NULL)
		r = cof_net_prefix(slash + 1, a.family, &a.prefix, err);
	if (r < 0)
		return r;
	if (host_bits(&a))
		return bad(err, "dest: host bits are set");
	/* Short prefixes swallow loopback and link-local with all the rest; the default route has its own form. */
	if (a.prefix < 4)
		return bad(err, "dest: too wide");
	*ret = a;
	return 0;
}

int cof_net_mtu(uint64_t mtu, uint32_t *ret, cof_err *err)
{
	if (mtu != 0 && (mtu < COF_NET_MTU_MIN || mtu > 65535))
		return bad(err, "mtu: out of range");
	*ret = (uint32_t)mtu;
	return 0;
}
