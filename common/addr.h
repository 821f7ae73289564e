/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses lie inside a machine or beside it: what a stranger may not make us connect to. Decided on the address
 * itself, after names were resolved, so that no spelling and no lying resolver matters.
 *
 * spec: RFC 6890 (IPv4 and IPv6 special-purpose addresses), RFC 4291 2.5, RFC 6052 2.1, RFC 3056
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, link-local, multicast, broadcast, unspecified, an address of this machine's own, an IPv4 one of these in
 * IPv6's clothes, or no internet address at all. Private networks are not: registries live there. */
bool cof_addr_inward(const struct sockaddr *a);
/* The same for a host as a URL has it ("127.0.0.1", "[::1]", "localhost"); false for every name that would have to be
 * resolved. */
bool cof_host_inward(const char *host);
/* True when the host is meant by one of the entries (NULL-ended, may be NULL): "*", a name (its subdomains too, with or
 * without a dot before it), an address, or NETWORK/BITS. */
bool cof_host_listed(const char *const *entries, const char *host);
