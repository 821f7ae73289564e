/* SPDX-License-Identifier: Apache-2.0 */
/* One small blob from a registry that answers as it is told. */
#pragma once

#include "tests/unit/image/peer.h"

#define BLOB "0123456789"
#define HEAD(status, len) "HTTP/1.1 " status "\r\nContent-Length: " len "\r\n" CLOSE
#define WHOLE HEAD("200 OK", "10") "\r\n" BLOB
#define CUT HEAD("200 OK", "10") "\r\n0123"
#define PART(range, bytes) HEAD("206 Partial Content", "6") "Content-Range: " range "\r\n\r\n" bytes

typedef struct outcome {
	cof_buf got;
	cof_err err;
	int rc;
} outcome;

static inline void outcome_release(outcome *o)
{
	cof_buf_release(&o->got);
}
COF_DEFINE_AUTO(outcome, outcome_release)

static inline int collect(void *arg, cof_span chunk, cof_err *err)
{
	return cof_buf_add(arg, chunk.data, chunk.len, err);
}

static inline void fetch(const peer *p, const cof_registry_opts *opts, outcome *ret)
{
	COF_AUTO_PTR(cof_registry) r = peer_client(p, opts);
	ret->rc = registry_blob(r, &p->desc, collect, &ret->got, &ret->err);
}

/* The peer plays steps; requests says how many it saw. */
static inline int play(const tls_step *steps, size_t n, const cof_registry_opts *opts, outcome *ret)
{
	peer p;
	peer_open(&p, BLOB);
	tls_go(&p.tls, steps, n);
	fetch(&p, opts, ret);
	int requests = atomic_load(&p.tls.requests);
	tls_close(&p.tls);
	return requests;
}

static inline void failed_with(const outcome *o, const char *reason)
{
	assert_true(o->rc < 0);
	if (!cof_err_is(&o->err, reason))
		fail_msg("'%s' (%s), not '%s'", o->err.reason, o->err.text, reason);
}

/* Another server that the registry's CA vouches for, by the name of localhost. */
static inline void second_open(peer *p, peer *second)
{
	tls_open(&second->tls, "DNS:localhost");
	(void)snprintf(second->host, sizeof second->host, "localhost:%d", second->tls.port);
	SSL_CTX_free(p->tls.ctx);
	free(p->tls.ca_pem);
	p->tls.ctx = tls_identity("DNS:" PEER_NAME ",DNS:localhost", &p->tls.ca_pem);
	SSL_CTX_free(second->tls.ctx);
	second->tls.ctx = p->tls.ctx;
	(void)SSL_CTX_up_ref(second->tls.ctx);
}
