/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/front.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include "attestation/kbs/front_http.h"
#include "attestation/kbs/sandbox.h"
#include "common/file.h"
#include "common/log.h"
#include "common/secret.h"

enum { PEM_MAX = 64 << 10, TIMER_S = 1 };

typedef struct front {
	struct event_base *base;
	SSL_CTX *tls;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct event *drain_timer;
	cof_link *link;
	cof_front_reqs *reqs;
	size_t connections;
	int conn_index; /* of a connection's state in its SSL object */
	int code;
} front;

/* One per connection; it lives as long as its SSL object, which libevent frees with the connection. */
typedef struct conn {
	front *f;
	struct bufferevent *bev;
	struct event *deadline;
} conn;

static void conn_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	conn *c = ptr;
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (c == NULL)
		return;
	event_free(c->deadline);
	if (c->f->connections-- == COF_FRONT_CONNECTIONS_MAX && c->f->bound != NULL)
		(void)evconnlistener_enable(
			evhttp_bound_socket_get_listener(c->f->bound)); /* tried again at the next */
	free(c);
}

/* A request must be whole within its time, however slowly its bytes drip: the socket is shut, evhttp sees the end. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	conn *c = arg;
	(void)fd;
	(void)what;
	evutil_socket_t s = bufferevent_getfd(c->bev);
	if (s >= 0)
		(void)shutdown(s, SHUT_RDWR); /* a socket that is gone already is fine */
}

static void arm(conn *c, time_t seconds)
{
	const struct timeval t = {seconds, 0};
	if (evtimer_add(c->deadline, &t) < 0)
		on_deadline(-1, 0, c);
}

static conn *conn_of(front *f, struct evhttp_request *req)
{
	struct evhttp_connection *c = evhttp_request_get_connection(req);
	struct bufferevent *bev = c != NULL ? evhttp_connection_get_bufferevent(c) : NULL;
	SSL *ssl = bev != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;
	return ssl != NULL ? SSL_get_ex_data(ssl, f->conn_index) : NULL;
}

static void on_sent(struct evhttp_request *req, void *arg)
{
	conn *c = conn_of(arg, req);
	if (c != NULL)
		arm(c, COF_FRONT_REQUEST_S);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	front *f = arg;
	conn *c = conn_of(f, req);
	if (c != NULL)
		(void)evtimer_del(c->deadline); /* the answer's time is the key holder's and the verifier's */
	evhttp_request_set_on_complete_cb(req, on_sent, f);
	cof_front_on_request(req, f->reqs);
}

static SSL *new_ssl(front *f)
{
	SSL *ssl = SSL_new(f->tls);
	conn *c = calloc(1, sizeof *c);
	if (ssl != NULL && c != NULL) {
		*c = (conn){.f = f, .deadline = evtimer_new(f->base, on_deadline, c)};
		if (c->deadline != NULL && SSL_set_ex_data(ssl, f->conn_index, c) == 1)
			return ssl;
	}
	/* evhttp would speak plain HTTP if it got no TLS connection from here. */
	cof_log(COF_LOG_ERROR, "front", "out-of-memory", NULL);
	_exit(1);
}

static struct bufferevent *new_connection(struct event_base *base, void *arg)
{
	front *f = arg;
	SSL *ssl = new_ssl(f);
	struct bufferevent *bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
								 BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bev == NULL)
		_exit(1);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	conn *c = SSL_get_ex_data(ssl, f->conn_index);
	c->bev = bev;
	arm(c, COF_FRONT_REQUEST_S);
	/* Beyond the limit new connections wait in the kernel's queue. */
	if (++f->connections == COF_FRONT_CONNECTIONS_MAX)
		(void)evconnlistener_disable(evhttp_bound_socket_get_listener(f->bound));
	return bev;
}

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body);

static void leave_when_done(front *f)
{
	if (f->drain_timer != NULL && cof_front_reqs_pending(f->reqs) == 0) {
		const struct timeval soon = {0, 200000}; /* for the last answer's bytes */
		(void)event_base_loopexit(f->base, &soon);
	}
}

static void on_drain_end(evutil_socket_t fd, short what, void *arg)
{
	front *f = arg;
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(f->base);
}

static void drain(front *f)
{
	const struct timeval t = {COF_FRONT_DRAIN_S, 0};
	if (f->drain_timer != NULL)
		return;
	evhttp_del_accept_socket(f->http, f->bound);
	f->bound = NULL;
	cof_front_reqs_drain(f->reqs);
	f->drain_timer = evtimer_new(f->base, on_drain_end, f);
	if (f->drain_timer == NULL || evtimer_add(f->drain_timer, &t) < 0)
		(void)event_base_loopbreak(f->base);
	leave_when_done(f);
}

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body)
{
	front *f = arg;
	if (type == COF_KB_REPLY)
		cof_front_on_reply(f->reqs, id, body);
	else if (type == COF_KB_DRAIN)
		drain(f);
	leave_when_done(f);
}

static void on_link_closed(void *arg, const cof_err *why)
{
	front *f = arg;
	(void)why;
	f->code = 0; /* the key holder is gone, and so are we */
	(void)event_base_loopbreak(f->base);
}

static int use_cert(SSL_CTX *tls, cof_span pem, cof_err *err)
{
	BIO *b = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *leaf = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	bool ok = leaf != NULL && SSL_CTX_use_certificate(tls, leaf) == 1;
	X509_free(leaf);
	for (X509 *more = NULL; ok && (more = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL;)
		if (SSL_CTX_add0_chain_cert(tls, more) != 1) {
			X509_free(more);
			ok = false;
		}
	BIO_free(b);
	return ok ? 0 : cof_err_set(err, COF_E_USAGE, "bad-tls-cert", "the TLS certificate is not PEM");
}

static int use_key(SSL_CTX *tls, cof_span pem, cof_err *err)
{
	BIO *b = BIO_new_mem_buf(pem.data, (int)pem.len);
	char none[] = "";
	EVP_PKEY *key = b != NULL ? PEM_read_bio_PrivateKey(b, NULL, NULL, none) : NULL;
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1;
	EVP_PKEY_free(key);
	BIO_free(b);
	return ok ? 0 : cof_err_set(err, COF_E_USAGE, "bad-tls-key", "the TLS key is not PEM or not the certificate's");
}

static int make_tls(front *f, cof_err *err)
{
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) key = {0};
	int rc = cof_fd_read_all(COF_FRONT_FD_CERT, PEM_MAX, &cert, err);
	if (rc == 0)
		rc = cof_fd_read_all(COF_FRONT_FD_KEY, PEM_MAX, &key, err);
	if (rc < 0)
		return rc;
	(void)close(COF_FRONT_FD_CERT); /* read to the end */
	(void)close(COF_FRONT_FD_KEY);
	f->tls = SSL_CTX_new(TLS_server_method());
	/* spec: RFC 8446; no resumption: a ticket would outlive what it was made under */
	if (f->tls == NULL || SSL_CTX_set_min_proto_version(f->tls, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(f->tls, 0) != 1)
		return cof_err_set(err, COF_E_INTERNAL, "tls-failed", "TLS context");
	SSL_CTX_set_session_cache_mode(f->tls, SSL_SESS_CACHE_OFF);
	f->conn_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, conn_freed);
	rc = use_cert(f->tls, cof_buf_span(&cert), err);
	if (rc == 0)
		rc = use_key(f->tls, cof_buf_span(&key), err);
	cof_buf_wipe(&key);
	return rc;
}

static int make_http(front *f, cof_err *err)
{
	f->http = evhttp_new(f->base);
	if (f->http == NULL)
		return cof_err_oom(err);
	evhttp_set_bevcb(f->http, new_connection, f);
	evhttp_set_gencb(f->http, on_request, f);
	evhttp_set_max_headers_size(f->http, COF_FRONT_HEADERS_MAX);
	evhttp_set_max_body_size(f->http, COF_KB_BODY_MAX);
	evhttp_set_timeout(f->http, COF_FRONT_IDLE_S);
	evhttp_set_allowed_methods(f->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	if (evutil_make_socket_nonblocking(COF_FRONT_FD_LISTEN) < 0)
		return cof_err_sys(err, "listen-failed", "the listening socket");
	f->bound = evhttp_accept_socket_with_handle(f->http, COF_FRONT_FD_LISTEN);
	return f->bound != NULL ? 0 : cof_err_sys(err, "listen-failed", "the listening socket");
}

static int make_link(front *f, cof_err *err)
{
	const cof_link_opts opts = {on_frame, on_link_closed, f};
	int rc = cof_link_new(&f->link, f->base, COF_FRONT_FD_LINK, &opts, err);
	if (rc == 0)
		rc = cof_front_reqs_new(&f->reqs, f->link, err);
	return rc < 0 ? rc : cof_link_send(f->link, COF_KB_READY, 0, NULL, err);
}

static void front_release(front *f)
{
	if (f->http != NULL)
		evhttp_free(f->http);
	if (f->drain_timer != NULL)
		event_free(f->drain_timer);
	cof_front_reqs_free(f->reqs);
	cof_link_free(f->link);
	SSL_CTX_free(f->tls);
	if (f->base != NULL)
		event_base_free(f->base);
}

static int setup(front *f, cof_err *err)
{
	f->base = event_base_new();
	if (f->base == NULL)
		return cof_err_oom(err);
	int rc = make_tls(f, err);
	if (rc == 0)
		rc = make_http(f, err);
	if (rc == 0)
		rc = cof_sandbox_front(err);
	return rc < 0 ? rc : make_link(f, err);
}

int cof_front_main(void)
{
	front f = {.code = 0};
	cof_err err = {0};
	/* The terminal's Ctrl-C reaches the whole group; the key holder decides when to leave. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	cof_secret_process_init();
	if (setup(&f, &err) < 0) {
		cof_log_err(COF_LOG_ERROR, "front", "start-failed", &err);
		f.code = 2;
	} else if (event_base_dispatch(f.base) < 0) {
		f.code = 1;
	}
	front_release(&f);
	return f.code;
}
