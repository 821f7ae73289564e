/* SPDX-License-Identifier: Apache-2.0 */
/* A registry that answers exactly what a test tells it to, and a client that believes in its certificate. */
#pragma once

#include "image-decrypt/registry_int.h"
#include "tests/unit/image/blob.h"
#include "tests/unit/tls_peer.h"

#define PEER_NAME "registry.test"
#define CLOSE "Connection: close\r\n"

typedef struct peer {
	tls_peer tls;
	char resolve[64];
	char host[64]; /* with its port */
	cof_desc desc;
} peer;

static inline void peer_open(peer *p, const char *blob)
{
	tls_open(&p->tls, "DNS:" PEER_NAME);
	(void)snprintf(p->host, sizeof p->host, PEER_NAME ":%d", p->tls.port);
	(void)snprintf(p->resolve, sizeof p->resolve, PEER_NAME ":%d:127.0.0.1", p->tls.port);
	p->desc = (cof_desc){.size = strlen(blob)};
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str(blob), &p->desc.digest, &err));
}

static inline cof_registry *peer_client(const peer *p, const cof_registry_opts *more)
{
	cof_registry *r = NULL;
	cof_ref ref;
	char text[128];
	(void)snprintf(text, sizeof text, "%s/team/app:v1", p->host);
	assert_ok(cof_ref_parse(text, &ref, &err));
	const char *const resolve[] = {p->resolve, NULL};
	cof_registry_opts opts = more != NULL ? *more : (cof_registry_opts){.retries = 1, .backoff_ms = 1};
	opts.ca_pem = cof_span_str(p->tls.ca_pem);
	opts.resolve = resolve;
	assert_ok(cof_registry_new(&r, &ref, &opts, &err));
	return r;
}

static inline bool asked_for(const peer *p, int i, const char *what)
{
	assert_true(i < atomic_load(&p->tls.requests));
	return strstr(p->tls.log[i], what) != NULL;
}
