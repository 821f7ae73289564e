/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/front_http.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <time.h>

#include "attestation/kbs/front.h"
#include "attestation/kbs/front_json.h"
#include "attestation/kbs/route.h"
#include "common/json.h"

#define COOKIE COF_KBSP_COOKIE

typedef struct pending {
	struct evhttp_request *req; /* NULL: free, or the client left */
	uint32_t id;
	enum cof_kb_route route;
	bool taken;
} pending;

struct cof_front_reqs {
	cof_link *link;
	pending row[COF_FRONT_PENDING_MAX];
	size_t n;
	uint32_t next_id;
	bool draining;
};

/* One parsed request line with what every message carries. */
typedef struct request {
	cof_kb_match match;
	cof_span peer;
	cof_span session;
	cof_span bearer;
	cof_span body;
} request;

int cof_front_reqs_new(cof_front_reqs **ret, cof_link *link, cof_err *err)
{
	cof_front_reqs *r = calloc(1, sizeof *r);
	if (r == NULL)
		return cof_err_oom(err);
	r->link = link;
	*ret = r;
	return 0;
}

void cof_front_reqs_free(cof_front_reqs *r)
{
	free(r);
}

void cof_front_reqs_drain(cof_front_reqs *r)
{
	r->draining = true;
}

size_t cof_front_reqs_pending(const cof_front_reqs *r)
{
	return r->n;
}

static void header(struct evhttp_request *req, const char *key, const char *value)
{
	/* Without memory the answer goes out with one header less, and the client copes. */
	(void)evhttp_add_header(evhttp_request_get_output_headers(req), key, value);
}

static void send_body(struct evhttp_request *req, int status, cof_span body)
{
	struct evbuffer *out = evbuffer_new();
	if (out == NULL || evbuffer_add(out, body.data, body.len) < 0)
		evhttp_send_reply(req, HTTP_SERVUNAVAIL, NULL, NULL);
	else
		evhttp_send_reply(req, status, NULL, out);
	if (out != NULL)
		evbuffer_free(out);
}

static void send_refusal(struct evhttp_request *req, const cof_kb_reply *r)
{
	COF_AUTO(cof_buf) body = {0};
	char after[16];
	if (r->retry_after > 0) {
		(void)snprintf(after, sizeof after, "%u", r->retry_after); /* ten digits fit */
		header(req, "Retry-After", after);
	}
	header(req, "Content-Type", "application/json");
	if (r->status == HTTP_BADREQUEST || r->status == 413)
		header(req, "Connection", "close");
	if (cof_front_write_error(r, &body, NULL) < 0)
		evhttp_send_reply(req, HTTP_INTERNAL, NULL, NULL);
	else
		send_body(req, (int)r->status, cof_buf_span(&body));
}

/* The front's own refusals: they concern only the form of a request. */
static void refuse(struct evhttp_request *req, uint32_t status, const char *variant, const cof_err *why)
{
	cof_kb_reply r = {.status = status,
			  .variant = cof_span_str(variant),
			  .reason = cof_span_str(why->reason),
			  .detail = cof_span_str(why->text),
			  .pcr = COF_KB_NO_PCR,
			  .retry_after = status == 429 ? 1 : 0};
	send_refusal(req, &r);
}

static void set_cookie(struct evhttp_request *req, const cof_kb_reply *r)
{
	char when[64], line[192];
	time_t end = time(NULL) + (time_t)r->session_ttl;
	struct tm tm;
	if (r->session.len != COF_KB_SESSION_LEN || gmtime_r(&end, &tm) == NULL ||
	    strftime(when, sizeof when, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		return;
	int n = snprintf(line, sizeof line, COOKIE "=%.*s; Expires=%s; Path=/kbs/v0; Secure; HttpOnly",
			 (int)r->session.len, (const char *)r->session.data, when);
	if (n > 0 && (size_t)n < sizeof line)
		header(req, "Set-Cookie", line);
}

static int write_success(enum cof_kb_route route, const cof_kb_reply *r, cof_buf *ret, cof_err *err)
{
	if (route == COF_ROUTE_AUTH)
		return cof_front_write_challenge(r, ret, err);
	if (route == COF_ROUTE_ATTEST)
		return cof_front_write_token(r, ret, err);
	return cof_buf_add(ret, r->body.data, r->body.len, err);
}

static void answer(struct evhttp_request *req, enum cof_kb_route route, const cof_kb_reply *r)
{
	COF_AUTO(cof_buf) body = {0};
	char type[COF_KB_WORD_MAX + 1] = "application/json";
	if (r->variant.len > 0) {
		send_refusal(req, r);
		return;
	}
	set_cookie(req, r);
	if (r->content_type.len > 0 && r->content_type.len < sizeof type) {
		memcpy(type, r->content_type.data, r->content_type.len);
		type[r->content_type.len] = '\0';
	}
	header(req, "Content-Type", type);
	header(req, "Cache-Control", "no-store");
	if (write_success(route, r, &body, NULL) < 0)
		evhttp_send_reply(req, HTTP_INTERNAL, NULL, NULL);
	else
		send_body(req, (int)r->status, cof_buf_span(&body));
}

void cof_front_on_reply(cof_front_reqs *r, uint32_t id, cof_span body)
{
	cof_kb_reply reply;
	for (size_t i = 0; i < COF_COUNT(r->row); i++) {
		pending *p = &r->row[i];
		if (!p->taken || p->id != id)
			continue;
		struct evhttp_request *req = p->req;
		enum cof_kb_route route = p->route;
		*p = (pending){0};
		r->n--;
		if (req == NULL)
			return;
		struct evhttp_connection *c = evhttp_request_get_connection(req);
		if (c != NULL)
			evhttp_connection_set_closecb(c, NULL, NULL);
		if (r->draining)
			header(req, "Connection", "close");
		if (cof_kb_decode(COF_KB_REPLY, body, &reply, NULL) < 0)
			evhttp_send_reply(req, HTTP_INTERNAL, NULL, NULL);
		else
			answer(req, route, &reply);
		return;
	}
}

static void on_close(struct evhttp_connection *c, void *arg)
{
	pending *p = arg;
	(void)c;
	p->req = NULL;
}

static pending *take_row(cof_front_reqs *r)
{
	for (size_t i = 0; i < COF_COUNT(r->row); i++)
		if (!r->row[i].taken)
			return &r->row[i];
	return NULL;
}

static void forward(cof_front_reqs *r, struct evhttp_request *req, enum cof_kb_type type, const request *q,
		    const void *msg)
{
	cof_err err = {0};
	pending *p = take_row(r);
	int rc = p != NULL ? 0 : cof_err_set(&err, COF_E_UNAVAILABLE, "too-many-requests", "try again later");
	uint32_t id = ++r->next_id;
	if (rc == 0)
		rc = cof_link_send(r->link, type, id, msg, &err);
	if (rc < 0) {
		/* Too many at once, or a field beyond its limit. */
		refuse(req, err.cls == COF_E_UNAVAILABLE ? 429 : HTTP_BADREQUEST, "HTTPFailed", &err);
		return;
	}
	*p = (pending){.req = req, .id = id, .route = q->match.route, .taken = true};
	r->n++;
	struct evhttp_connection *c = evhttp_request_get_connection(req);
	if (c != NULL)
		evhttp_connection_set_closecb(c, on_close, p);
}

static void on_auth(cof_front_reqs *r, struct evhttp_request *req, const request *q)
{
	COF_AUTO(cof_front_body) keep = {0};
	cof_kb_auth m;
	cof_err err = {0};
	if (cof_front_parse_auth(q->body, &keep, &m, &err) < 0) {
		refuse(req, 401, "SerdeError", &err);
		return;
	}
	m.peer = q->peer;
	forward(r, req, COF_KB_AUTH, q, &m);
}

static void on_attest(cof_front_reqs *r, struct evhttp_request *req, const request *q)
{
	COF_AUTO(cof_front_body) keep = {0};
	cof_kb_attest m;
	cof_err err = {0};
	int rc = cof_front_parse_attest(q->body, &keep, &m, &err);
	if (rc == 0 && q->session.len != COF_KB_SESSION_LEN)
		rc = cof_err_set(&err, COF_E_CRYPTO, "no-session", "no session cookie");
	if (rc < 0) {
		refuse(req, 401, err.cls == COF_E_MALFORMED ? "SerdeError" : "AttestationError", &err);
		return;
	}
	m.peer = q->peer;
	m.session = q->session;
	forward(r, req, COF_KB_ATTEST, q, &m);
}

static void on_resource(cof_front_reqs *r, struct evhttp_request *req, const request *q)
{
	cof_kb_resource m = {.peer = q->peer,
			     .session = q->session.len == COF_KB_SESSION_LEN ? q->session : (cof_span){0},
			     .bearer = q->bearer,
			     .repo = q->match.part[0],
			     .type = q->match.part[1],
			     .tag = q->match.part[2]};
	forward(r, req, COF_KB_RESOURCE, q, &m);
}

static void on_admin(cof_front_reqs *r, struct evhttp_request *req, const request *q)
{
	cof_kb_admin m = {.peer = q->peer,
			  .bearer = q->bearer,
			  .route = (uint32_t)q->match.route,
			  .path = q->match.path,
			  .from = q->match.from,
			  .body = q->body};
	forward(r, req, COF_KB_ADMIN, q, &m);
}

static void on_health(cof_front_reqs *r, struct evhttp_request *req, const request *q)
{
	(void)r;
	(void)q;
	send_body(req, HTTP_OK, (cof_span){0});
}

typedef void (*handler)(cof_front_reqs *r, struct evhttp_request *req, const request *q);

static const handler handlers[] = {
	[COF_ROUTE_HEALTH] = on_health,
	[COF_ROUTE_AUTH] = on_auth,
	[COF_ROUTE_ATTEST] = on_attest,
	[COF_ROUTE_RESOURCE_GET] = on_resource,
};

typedef struct method {
	enum evhttp_cmd_type cmd;
	const char *name;
} method;

static const method methods[] = {{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_POST, "POST"}, {EVHTTP_REQ_DELETE, "DELETE"}};

static const char *method_name(struct evhttp_request *req)
{
	for (size_t i = 0; i < COF_COUNT(methods); i++)
		if (methods[i].cmd == evhttp_request_get_command(req))
			return methods[i].name;
	return "";
}

/* Two lengths are the root of request smuggling, two credentials of mistaken identity: such a request is not read
 * further. */
static int check_framing(const struct evkeyvalq *h, cof_err *err)
{
	size_t lengths = 0, codings = 0, bearers = 0, cookies = 0;
	for (const struct evkeyval *kv = h->tqh_first; kv != NULL; kv = kv->next.tqe_next) {
		lengths += strcasecmp(kv->key, "Content-Length") == 0;
		codings += strcasecmp(kv->key, "Transfer-Encoding") == 0;
		bearers += strcasecmp(kv->key, "Authorization") == 0;
		cookies += strcasecmp(kv->key, "Cookie") == 0;
	}
	if (lengths + codings > 1 || bearers > 1 || cookies > 1)
		return cof_err_set(err, COF_E_MALFORMED, "bad-framing", "ambiguous header fields");
	return 0;
}

static int read_request(struct evhttp_request *req, request *q, cof_err *err)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(req);
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	char *address = NULL;
	ev_uint16_t port = 0;
	int rc = check_framing(h, err);
	if (rc < 0)
		return rc;
	if (len > 0)
		q->body = cof_span_of(evbuffer_pullup(in, -1), len);
	if (len > 0 && q->body.data == NULL)
		return cof_err_oom(err);
	evhttp_connection_get_peer(evhttp_request_get_connection(req), &address, &port);
	q->peer = cof_span_str(address != NULL ? address : "");
	q->session = cof_front_cookie(evhttp_find_header(h, "Cookie"), COOKIE);
	q->bearer = cof_front_bearer(evhttp_find_header(h, "Authorization"));
	return 0;
}

void cof_front_on_request(struct evhttp_request *req, void *arg)
{
	cof_front_reqs *r = arg;
	cof_err err = {0};
	request q = {0};
	if (read_request(req, &q, &err) < 0) {
		refuse(req, HTTP_BADREQUEST, "HTTPFailed", &err);
		return;
	}
	if (cof_kb_route_of(cof_span_str(method_name(req)), cof_span_str(evhttp_request_get_uri(req)), &q.match, &err) <
	    0) {
		bool method_only = cof_err_is(&err, "bad-method");
		refuse(req, method_only ? HTTP_BADMETHOD : HTTP_NOTFOUND, "InvalidRequestPath", &err);
		return;
	}
	if (cof_kb_route_is_admin(q.match.route))
		on_admin(r, req, &q);
	else
		handlers[q.match.route](r, req, &q);
}
