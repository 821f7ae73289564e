/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real TLS server on loopback for tests of clients: a throw-away CA, a certificate for given names, one thread, and
 * a list of what to do with each request in turn (the last entry repeats). It answers bytes exactly as told, so that
 * answers can be wrong in every way.
 */
#pragma once

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/unit/test.h"

enum { TLS_REQUEST_MAX = 64 << 10, TLS_LOG_MAX = 64 };

typedef struct tls_step {
	const char *answer; /* raw, headers and all; NULL: close without a word */
	size_t len;	    /* 0: strlen(answer) */
	int stall_ms;	    /* before the answer */
	int drip_ms;	    /* between its bytes */
	bool hold;	    /* say nothing more and keep the connection open after the answer */
	bool abort_in_tls;  /* close in the middle of the handshake */
} tls_step;

typedef struct tls_peer {
	int fd;
	int port;
	SSL_CTX *ctx;
	char *ca_pem;
	const tls_step *steps;
	size_t n_steps;
	/* Dynamic answers: called instead of steps when set; returns a heap answer or NULL to close. */
	char *(*respond)(void *arg, const char *request);
	void *arg;
	pthread_t thread;
	atomic_int stop;
	atomic_int requests;
	atomic_int connections;
	char *log[TLS_LOG_MAX]; /* requests as they came */
} tls_peer;

/* --- certificates --- */

static X509 *tls_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *san)
{
	X509 *x = X509_new();
	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), issuer == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer == NULL ? x : issuer));
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer == NULL ? x : issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints,
						issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	if (san != NULL) {
		e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, san);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, issuer_key, EVP_sha256()) > 0);
	return x;
}

static char *tls_pem(X509 *x)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	PEM_write_bio_X509(b, x);
	long n = BIO_get_mem_data(b, &text);
	char *copy = strndup(text, (size_t)n);
	BIO_free(b);
	return copy;
}

/* san: "DNS:kbs.coffer.test". *ret_ca_pem is the CA that vouches for it. */
static SSL_CTX *tls_identity(const char *san, char **ret_ca_pem)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = tls_cert("throw-away CA", ca_key, NULL, ca_key, NULL);
	X509 *cert = tls_cert("server", key, ca, ca_key, san);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	*ret_ca_pem = tls_pem(ca);
	X509_free(ca);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return ctx;
}

/* --- serving --- */

static void tls_nap(tls_peer *p, int ms)
{
	for (; ms > 0 && atomic_load(&p->stop) == 0; ms -= 10)
		(void)poll(NULL, 0, 10);
}

/* One request with its body (Content-Length only), NUL-ended; NULL at the connection's end. */
static char *tls_request(SSL *ssl)
{
	char *in = calloc(1, TLS_REQUEST_MAX);
	size_t have = 0, want = 0;
	while (have + 1 < TLS_REQUEST_MAX) {
		int n = SSL_read(ssl, in + have, (int)(TLS_REQUEST_MAX - 1 - have));
		if (n <= 0)
			break;
		have += (size_t)n;
		const char *end = strstr(in, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *len = strcasestr(in, "\r\nContent-Length:");
		want = (size_t)(end + 4 - in) + (len != NULL && len < end ? strtoul(len + 17, NULL, 10) : 0);
		if (have >= want)
			return in;
	}
	free(in);
	return NULL;
}

static void tls_drip(tls_peer *p, SSL *ssl, const char *data, size_t len, int ms)
{
	for (size_t i = 0; i < len && atomic_load(&p->stop) == 0; i++) {
		if (SSL_write(ssl, data + i, 1) <= 0)
			return;
		tls_nap(p, ms);
	}
}

static void tls_note(tls_peer *p, const char *request)
{
	int n = atomic_fetch_add(&p->requests, 1);
	if (n < TLS_LOG_MAX)
		p->log[n] = strdup(request);
}

static const tls_step *tls_next(tls_peer *p)
{
	size_t i = (size_t)atomic_load(&p->requests);
	return p->n_steps == 0 ? NULL : &p->steps[i < p->n_steps ? i : p->n_steps - 1];
}

/* False: close now. */
static bool tls_answer(tls_peer *p, SSL *ssl, const tls_step *s)
{
	tls_nap(p, s->stall_ms);
	if (s->answer == NULL)
		return false;
	size_t len = s->len != 0 ? s->len : strlen(s->answer);
	if (s->drip_ms > 0)
		tls_drip(p, ssl, s->answer, len, s->drip_ms);
	else if (len > 0 && SSL_write(ssl, s->answer, (int)len) <= 0)
		return false;
	while (s->hold && atomic_load(&p->stop) == 0)
		tls_nap(p, 50);
	return strcasestr(s->answer, "Connection: close") == NULL;
}

static bool tls_one(tls_peer *p, SSL *ssl)
{
	char *request = tls_request(ssl);
	if (request == NULL)
		return false;
	bool more = false;
	if (p->respond != NULL) {
		tls_note(p, request);
		char *answer = p->respond(p->arg, request);
		more = answer != NULL && SSL_write(ssl, answer, (int)strlen(answer)) > 0 &&
		       strcasestr(answer, "Connection: close") == NULL;
		free(answer);
	} else {
		const tls_step *s = tls_next(p);
		tls_note(p, request);
		more = tls_answer(p, ssl, s);
	}
	free(request);
	return more;
}

static void tls_connection(tls_peer *p, int fd)
{
	struct timeval tv = {5, 0};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	const tls_step *s = p->respond != NULL ? NULL : tls_next(p);
	if (s != NULL && s->abort_in_tls) {
		tls_note(p, "");
		return;
	}
	SSL *ssl = SSL_new(p->ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1)
		while (atomic_load(&p->stop) == 0 && tls_one(p, ssl))
			;
	SSL_free(ssl); /* without close_notify: a cut is a cut */
}

static void *tls_thread(void *arg)
{
	tls_peer *p = arg;
	while (atomic_load(&p->stop) == 0) {
		struct pollfd f = {.fd = p->fd, .events = POLLIN};
		if (poll(&f, 1, 20) <= 0)
			continue;
		int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		atomic_fetch_add(&p->connections, 1);
		tls_connection(p, fd);
		(void)close(fd);
	}
	return NULL;
}

/* Listens on a free port of loopback; what it does is set before tls_go. */
static void tls_open(tls_peer *p, const char *san)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	*p = (tls_peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(bind(p->fd, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(p->fd, 16), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &len), 0);
	p->port = ntohs(at.sin_port);
	p->ctx = tls_identity(san, &p->ca_pem);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void tls_go(tls_peer *p, const tls_step *steps, size_t n)
{
	p->steps = steps;
	p->n_steps = n;
	assert_int_equal(pthread_create(&p->thread, NULL, tls_thread, p), 0);
}

static void tls_close(tls_peer *p)
{
	atomic_store(&p->stop, 1);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->fd);
	SSL_CTX_free(p->ctx);
	free(p->ca_pem);
	for (size_t i = 0; i < TLS_LOG_MAX; i++)
		free(p->log[i]);
}
