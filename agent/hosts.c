/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hosts.h"

#include <arpa/inet.h>
#include <stdio.h>

void cof_hosts_release(cof_hosts *h)
{
	free(h->at);
	*h = (cof_hosts){0};
}

static int bad(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "bad-hosts", "hosts table: %s", why);
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool good_name(const char *s, size_t n)
{
	if (n == 0 || n > COF_HOSTS_NAME_MAX || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!name_char(s[i]))
			return false;
	/* The workload and our own REST service rely on it. */
	return !(n == 9 && strncasecmp(s, "localhost", n) == 0);
}

static bool good_addr(const char *s)
{
	uint8_t raw[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, s, raw) == 1 || inet_pton(AF_INET6, s, raw) == 1;
}

static int add(cof_hosts *h, const char *addr, const char *name, size_t n, cof_err *err)
{
	if (h->n == COF_HOSTS_MAX)
		return bad(err, "too many names");
	if (!good_name(name, n))
		return bad(err, "not a host name");
	cof_host *host = &h->at[h->n++];
	(void)snprintf(host->addr, sizeof host->addr, "%s", addr);
	(void)snprintf(host->name, sizeof host->name, "%.*s", (int)n, name);
	return 0;
}

static int parse_line(cof_hosts *h, const char *line, cof_err *err)
{
	char addr[COF_HOSTS_ADDR_MAX];
	size_t n = strcspn(line, " ");
	if (n == 0 || n >= sizeof addr)
		return bad(err, "not an address");
	memcpy(addr, line, n);
	addr[n] = '\0';
	if (!good_addr(addr))
		return bad(err, "not an address");
	line += n;
	if (*line == '\0')
		return bad(err, "an address without a name");
	while (*line == ' ') {
		line++;
		n = strcspn(line, " ");
		int r = add(h, addr, line, n, err);
		if (r < 0)
			return r;
		line += n;
	}
	return 0;
}

int cof_hosts_parse(char *const *lines, size_t n, cof_hosts *ret, cof_err *err)
{
	COF_AUTO(cof_hosts) h = {.at = calloc(COF_HOSTS_MAX, sizeof *h.at)};
	if (h.at == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < n; i++) {
		int r = parse_line(&h, lines[i], err);
		if (r < 0)
			return r;
	}
	*ret = h;
	h = (cof_hosts){0};
	return 0;
}

int cof_hosts_file(const cof_hosts *h, const char *self, cof_buf *ret, cof_err *err)
{
	int r = cof_buf_printf(ret, err, "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t%s\n", self);
	for (size_t i = 0; r == 0 && i < h->n; i++)
		r = cof_buf_printf(ret, err, "%s\t%s\n", h->at[i].addr, h->at[i].name);
	return r;
}

/* IPv6 literals stand in brackets there. */
static char *resolve_word(const cof_host *h, const char *port)
{
	char *word = NULL;
	bool v6 = strchr(h->addr, ':') != NULL;
	int n = asprintf(&word, "%s:%s:%s%s%s", h->name, port, v6 ? "[" : "", h->addr, v6 ? "]" : "");
	return n < 0 ? NULL : word;
}

int cof_hosts_resolve(const cof_hosts *h, const char *const *ports, char ***ret, cof_err *err)
{
	size_t n_ports = 0, n = 0;
	while (ports[n_ports] != NULL)
		n_ports++;
	char **words = calloc(h->n * n_ports + 1, sizeof *words);
	if (words == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < h->n; i++) {
		for (size_t p = 0; p < n_ports; p++) {
			words[n] = resolve_word(&h->at[i], ports[p]);
			if (words[n++] == NULL) {
				cof_hosts_resolve_free(words);
				return cof_err_oom(err);
			}
		}
	}
	*ret = words;
	return 0;
}

void cof_hosts_resolve_free(char **resolve)
{
	for (size_t i = 0; resolve != NULL && resolve[i] != NULL; i++)
		free(resolve[i]);
	free(resolve);
}
