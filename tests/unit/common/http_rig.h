/* SPDX-License-Identifier: Apache-2.0 */
/* A client of ours and a server that answers as it is told. */
#pragma once

#include "common/http.h"
#include "tests/unit/tls_peer.h"

#define NAME "kbs.coffer.test"
#define OK(body_len, body) "HTTP/1.1 200 OK\r\nContent-Length: " body_len "\r\n\r\n" body

typedef struct rig {
	tls_peer peer;
	char resolve[64];
	char url[128];
	const char *list[2];
	cof_http_opts opts;
} rig;

static inline void rig_ready(rig *r, const char *san)
{
	tls_open(&r->peer, san);
	(void)snprintf(r->resolve, sizeof r->resolve, NAME ":%d:127.0.0.1", r->peer.port);
	(void)snprintf(r->url, sizeof r->url, "https://" NAME ":%d/x", r->peer.port);
	r->list[0] = r->resolve;
	r->list[1] = NULL;
	r->opts = (cof_http_opts){.ca_pem = cof_span_str(r->peer.ca_pem), .resolve = r->list, .idle_ms = 1500};
}

static inline void rig_open(rig *r, const char *san, const tls_step *steps, size_t n)
{
	rig_ready(r, san);
	tls_go(&r->peer, steps, n);
}

static inline int get(const rig *r, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_http) h = NULL;
	int code = cof_http_new(&h, &r->opts, err);
	const cof_http_req req = {.method = "GET", .url = r->url, .max_body = 1000};
	return code < 0 ? code : cof_http_do(h, &req, ret, err);
}

static const tls_step fine[] = {{.answer = OK("2", "ok")}};
