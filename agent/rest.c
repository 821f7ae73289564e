/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rest.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 8 << 10, BODY_MAX = 8 << 10, IDLE_S = 30 };

struct cof_rest {
	struct evhttp *http;
	cof_rest_ops ops;
	int port;
};

static void say(struct evhttp_request *req, int status, const char *text)
{
	struct evbuffer *b = evhttp_request_get_output_buffer(req);
	(void)evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain");
	(void)evbuffer_add(b, text, strlen(text));
	evhttp_send_reply(req, status, NULL, NULL);
}

static void wiped(const void *data, size_t len, void *extra)
{
	(void)len;
	cof_secret *s = extra;
	(void)data;
	cof_secret_release(s);
	free(s);
}

/* The secret's own pages are handed to the connection and wiped when they are sent. */
static void send_secret(struct evhttp_request *req, cof_secret *secret)
{
	cof_secret *kept = malloc(sizeof *kept);
	if (kept == NULL) {
		say(req, 500, "failed\n");
		return;
	}
	*kept = cof_secret_steal(secret);
	if (evbuffer_add_reference(evhttp_request_get_output_buffer(req), kept->data, kept->len, wiped, kept) < 0) {
		wiped(NULL, 0, kept);
		say(req, 500, "failed\n");
		return;
	}
	(void)evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "application/octet-stream");
	evhttp_send_reply(req, 200, NULL, NULL);
}

/* Workloads share this endpoint: they learn the class, the keeper's log has the rest. */
static void send_failure(struct evhttp_request *req, const cof_err *err)
{
	bool refused = err->cls == COF_E_POLICY;
	bool absent = refused && cof_err_is(err, "resource-absent");
	say(req, absent ? 404 : refused ? 403 : 500, absent ? "absent\n" : refused ? "refused\n" : "failed\n");
}

static void on_resource(cof_rest *r, struct evhttp_request *req, const char *rest, const char *query)
{
	cof_kbsp_path path;
	COF_AUTO(cof_secret) secret = {0};
	cof_err err = {0};
	(void)query;
	if (cof_kbsp_path_parse(rest, &path, &err) < 0)
		say(req, 400, "not REPO/TYPE/TAG\n");
	else if (r->ops.resource(r->ops.arg, &path, &secret, &err) < 0)
		send_failure(req, &err);
	else
		send_secret(req, &secret);
}

static void on_token(cof_rest *r, struct evhttp_request *req, const char *rest, const char *query)
{
	COF_AUTO(cof_secret) secret = {0};
	cof_err err = {0};
	if (rest[0] != '\0' || query == NULL || strcmp(query, "token_type=kbs") != 0)
		say(req, 400, "token_type=kbs is the one kind\n");
	else if (r->ops.token(r->ops.arg, &secret, &err) < 0)
		send_failure(req, &err);
	else
		send_secret(req, &secret);
}

/* The JSON of a request, strictly these three. */
static int read_event(struct evhttp_request *req, json_t **ret_doc, cof_runtime_event *ret, cof_err *err)
{
	static const char *const known[] = {"domain", "operation", "content", NULL};
	struct evbuffer *b = evhttp_request_get_input_buffer(req);
	const size_t n = evbuffer_get_length(b);
	int r = cof_json_parse(cof_span_of(evbuffer_pullup(b, -1), n), ret_doc, err);
	if (r == 0)
		r = cof_json_only(*ret_doc, known, err);
	if (r == 0)
		r = cof_json_str(*ret_doc, "domain", &ret->domain, err);
	if (r == 0)
		r = cof_json_str(*ret_doc, "operation", &ret->operation, err);
	return r < 0 ? r : cof_json_str(*ret_doc, "content", &ret->content, err);
}

static void on_aael(cof_rest *r, struct evhttp_request *req, const char *rest, const char *query)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_runtime_event e = {.register_index = -1};
	cof_err err = {0};
	if (rest[0] != '\0' || query != NULL || read_event(req, &doc, &e, &err) < 0) {
		say(req, 400, "not domain, operation and content\n");
		return;
	}
	if (r->ops.measure(r->ops.arg, &e, &err) == 0)
		say(req, 200, "measured\n");
	else if (cof_err_is(&err, "runtime-event"))
		say(req, 400, "not two words and a line\n");
	else
		send_failure(req, &err);
}

typedef struct route {
	enum evhttp_cmd_type method;
	const char *prefix;
	void (*serve)(cof_rest *r, struct evhttp_request *req, const char *rest, const char *query);
} route;

static const route routes[] = {
	{EVHTTP_REQ_GET, "/cdh/resource/", on_resource},
	{EVHTTP_REQ_GET, "/aa/token", on_token},
	{EVHTTP_REQ_POST, "/aa/aael", on_aael},
};

/* The listening socket is on loopback already; a peer that is not would mean a rule of the network rewrote it. */
static bool from_loopback(struct evhttp_request *req)
{
	char *addr = NULL;
	uint16_t port = 0;
	struct in_addr in;
	evhttp_connection_get_peer(evhttp_request_get_connection(req), &addr, &port);
	return addr != NULL && inet_pton(AF_INET, addr, &in) == 1 && (ntohl(in.s_addr) >> 24) == 127;
}

static const route *find_route(const char *path)
{
	for (size_t i = 0; path != NULL && i < sizeof routes / sizeof routes[0]; i++)
		if (strncmp(path, routes[i].prefix, strlen(routes[i].prefix)) == 0)
			return &routes[i];
	return NULL;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	cof_rest *r = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = evhttp_uri_get_path(uri);
	const route *to = find_route(path);
	if (!from_loopback(req))
		say(req, 403, "refused\n");
	else if (to == NULL)
		say(req, 404, "no such path\n");
	else if (evhttp_request_get_command(req) != to->method)
		say(req, 405, "another method\n");
	else if (to->method == EVHTTP_REQ_GET && evbuffer_get_length(evhttp_request_get_input_buffer(req)) > 0)
		say(req, 413, "no body\n");
	else
		to->serve(r, req, path + strlen(to->prefix), evhttp_uri_get_query(uri));
}

static int listen_on(cof_rest *r, int port, cof_err *err)
{
	struct sockaddr_in at = {0};
	socklen_t len = sizeof at;
	struct evhttp_bound_socket *s = evhttp_bind_socket_with_handle(r->http, "127.0.0.1", (uint16_t)port);
	if (s == NULL || getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&at, &len) < 0)
		return cof_err_sys(err, "rest-listen", "127.0.0.1:%d", port);
	r->port = ntohs(at.sin_port);
	return 0;
}

int cof_rest_new(cof_rest **ret, struct event_base *base, int port, const cof_rest_ops *ops, cof_err *err)
{
	COF_AUTO_PTR(cof_rest) r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	r->ops = *ops;
	r->http = evhttp_new(base);
	if (r->http == NULL)
		return cof_err_oom(err);
	evhttp_set_allowed_methods(r->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(r->http, HEADERS_MAX);
	evhttp_set_max_body_size(r->http, BODY_MAX);
	evhttp_set_timeout(r->http, IDLE_S);
	evhttp_set_gencb(r->http, on_request, r);
	int rc = listen_on(r, port, err);
	if (rc < 0)
		return rc;
	*ret = cof_steal(&r);
	return 0;
}

int cof_rest_port(const cof_rest *r)
{
	return r->port;
}

void cof_rest_free(cof_rest *r)
{
	if (r->http != NULL)
		evhttp_free(r->http);
	free(r);
}
