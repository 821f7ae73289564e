/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts table that the runtime hands over, unmeasured: it only says where to knock; who answers is proved by TLS.
 * Lines "IP NAME [NAME…]"; addresses and names are checked, because they end up in files and in URLs' resolution.
 */
#pragma once

#include "common/buf.h"

enum { COF_HOSTS_MAX = 64, COF_HOSTS_NAME_MAX = 253, COF_HOSTS_ADDR_MAX = 46 };

typedef struct cof_host {
	char addr[COF_HOSTS_ADDR_MAX];
	char name[COF_HOSTS_NAME_MAX + 1];
} cof_host;

typedef struct cof_hosts {
	cof_host *at;
	size_t n;
} cof_hosts;

void cof_hosts_release(cof_hosts *h);
COF_DEFINE_AUTO(cof_hosts, cof_hosts_release)

/* All lines or none; reason "bad-hosts". ret must be zeroed. */
COF_WUR int cof_hosts_parse(char *const *lines, size_t n, cof_hosts *ret, cof_err *err);
/* The text of /etc/hosts: localhost, the container's own name, the table. */
COF_WUR int cof_hosts_file(const cof_hosts *h, const char *self, cof_buf *ret, cof_err *err);
/* "NAME:PORT:ADDR" words for cof_http_opts.resolve, ended by NULL; free with cof_hosts_resolve_free. */
COF_WUR int cof_hosts_resolve(const cof_hosts *h, const char *const *ports, char ***ret, cof_err *err);
void cof_hosts_resolve_free(char **resolve);
