/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/owner_data.h"
#include "common/hex.h"

/* One admin call that passed its token's check. */
typedef struct call {
	cof_holder *h;
	const cof_kb_admin *m;
	const cof_kb_match *match;
	cof_buf *body; /* of the answer */
} call;

typedef struct change {
	/* Inside a transaction; what it adds to the record is for the audit line. */
	int (*apply)(call *c, cof_record *r, cof_err *err);
	const char *variant;
	const char *content_type;
} change;

static int set_resource(call *c, cof_record *r, cof_err *err)
{
	COF_AUTO(cof_buf) name = {0};
	int rc = cof_owner_resource_name(c->match->part, &name, err);
	if (rc == 0 && (c->m->body.len == 0 || c->m->body.len > COF_KB_RESOURCE_MAX))
		rc = cof_err_set(err, COF_E_MALFORMED, "too-large", "a resource has 1 to %d bytes",
				 COF_KB_RESOURCE_MAX);
	if (rc < 0)
		return rc;
	cof_record_text(r, "resource", cof_buf_span(&name));
	return cof_store_put(c->h->store, COF_KIND_RESOURCE, cof_buf_str(&name), c->m->body, err);
}

static int delete_item(call *c, const char *kind, const char *name, cof_err *err)
{
	bool was = false;
	int rc = cof_store_del(c->h->store, kind, name, &was, err);
	if (rc == 0 && !was)
		rc = cof_err_set(err, COF_E_POLICY, "not-found", "no %s of this name", kind);
	return rc;
}

static int delete_resource(call *c, cof_record *r, cof_err *err)
{
	COF_AUTO(cof_buf) name = {0};
	int rc = cof_owner_resource_name(c->match->part, &name, err);
	if (rc < 0)
		return rc;
	cof_record_text(r, "resource", cof_buf_span(&name));
	return delete_item(c, COF_KIND_RESOURCE, cof_buf_str(&name), err);
}

/* Adds or replaces, within the room of its kind. */
static int set_owner_item(call *c, cof_record *r, const char *kind, int (*parse)(cof_span, cof_owner_item *, cof_err *),
			  cof_err *err)
{
	COF_AUTO(cof_owner_item) item = {0};
	int rc = parse(c->m->body, &item, err);
	if (rc < 0)
		return rc;
	cof_record_text(r, kind, cof_buf_span(&item.name));
	rc = cof_store_put(c->h->store, kind, cof_buf_str(&item.name), cof_buf_span(&item.value), err);
	return rc < 0 ? rc : cof_holder_check_room(c->h, kind, err);
}

static int set_reference(call *c, cof_record *r, cof_err *err)
{
	return cof_holder_set_references(c->h, c->m->body, r, err);
}

static int set_initdata(call *c, cof_record *r, cof_err *err)
{
	return set_owner_item(c, r, COF_KIND_INITDATA, cof_owner_parse_initdata, err);
}

static int set_ek_root(call *c, cof_record *r, cof_err *err)
{
	return set_owner_item(c, r, COF_KIND_EK_ROOT, cof_owner_parse_ek_root, err);
}

static int set_policy(call *c, cof_record *r, cof_err *err)
{
	COF_AUTO(cof_owner_item) item = {0};
	int rc = cof_owner_parse_policy(c->m->body, &item, err);
	if (rc < 0)
		return rc;
	cof_record_text(r, "policy_sha256", cof_buf_span(&item.name));
	return cof_store_put(c->h->store, COF_KIND_META, COF_META_POLICY, cof_buf_span(&item.value), err);
}

static int delete_named(call *c, cof_record *r, const char *kind, cof_err *err)
{
	COF_AUTO_FREE char *name = cof_span_dup_str(c->match->part[0]);
	if (name == NULL)
		return cof_err_oom(err);
	cof_record_text(r, kind, c->match->part[0]);
	return delete_item(c, kind, name, err);
}

static int delete_reference(call *c, cof_record *r, cof_err *err)
{
	return cof_holder_delete_reference(c->h, c->match->part[0], r, err);
}

static int delete_initdata(call *c, cof_record *r, cof_err *err)
{
	return delete_named(c, r, COF_KIND_INITDATA, err);
}

static int delete_ek_root(call *c, cof_record *r, cof_err *err)
{
	return delete_named(c, r, COF_KIND_EK_ROOT, err);
}

enum { AUDIT_LINES = 500, AUDIT_BYTES = 1 << 20 };

static int add_line(void *arg, uint64_t seq, cof_span line, cof_err *err)
{
	cof_buf *out = arg;
	(void)seq;
	if (out->len + line.len > AUDIT_BYTES)
		return 0; /* the reader asks again from the number after the last that it got */
	int rc = cof_buf_add(out, line.data, line.len, err);
	return rc < 0 ? rc : cof_buf_add_str(out, "\n", err);
}

/* The lines before this call's own. */
static int get_audit(call *c, cof_record *r, cof_err *err)
{
	cof_record_int(r, "from", (int64_t)(c->m->from & INT64_MAX));
	return cof_store_audit_each(c->h->store, c->m->from, AUDIT_LINES, add_line, c->body, err);
}

static const change changes[COF_ROUTES] = {
	[COF_ROUTE_RESOURCE_PUT] = {set_resource, "PluginInternalError", "text/xml"},
	[COF_ROUTE_RESOURCE_DELETE] = {delete_resource, "PluginInternalError", "text/xml"},
	[COF_ROUTE_POLICY_PUT] = {set_policy, "ParsePolicyError", NULL},
	[COF_ROUTE_REFERENCE_PUT] = {set_reference, "RvpsError", NULL},
	[COF_ROUTE_REFERENCE_DELETE] = {delete_reference, "RvpsError", NULL},
	[COF_ROUTE_INITDATA_PUT] = {set_initdata, "SerdeError", NULL},
	[COF_ROUTE_INITDATA_DELETE] = {delete_initdata, "PluginInternalError", NULL},
	[COF_ROUTE_EK_ROOT_PUT] = {set_ek_root, "SerdeError", NULL},
	[COF_ROUTE_EK_ROOT_DELETE] = {delete_ek_root, "PluginInternalError", NULL},
	[COF_ROUTE_AUDIT] = {get_audit, "PluginInternalError", "application/x-ndjson"},
};

/* The admin is told everything: the call was signed. */
static void refuse_admin(cof_holder *h, cof_ticket to, const char *variant, const cof_err *why)
{
	uint32_t status = cof_holder_status_of(why);
	if (why->cls == COF_E_MALFORMED || why->cls == COF_E_CRYPTO)
		status = 400;
	if (cof_err_is(why, "not-found"))
		status = 404;
	cof_kb_reply r = {.status = status,
			  .variant = cof_span_str(variant),
			  .reason = cof_span_str(why->reason),
			  .detail = cof_span_str(why->text),
			  .pcr = COF_KB_NO_PCR,
			  .retry_after = status == 503 ? 1 : 0};
	cof_holder_send(h, to, &r);
}

static int apply(call *c, cof_record *r, cof_err *err)
{
	int rc = cof_store_begin(c->h->store, err);
	if (rc == 0)
		rc = changes[c->m->route].apply(c, r, err);
	return rc < 0 ? rc : cof_holder_record(c->h, r, err);
}

static cof_record admin_record(const cof_kb_admin *m, const char *role, const char *outcome)
{
	cof_record r = cof_record_new("admin", outcome);
	cof_record_text(&r, "call", cof_span_str(cof_kb_route_name((enum cof_kb_route)m->route)));
	cof_record_text(&r, "role", cof_span_str(role));
	cof_record_text(&r, "peer", m->peer);
	return r;
}

/* The change was undone; that it was asked for stays. */
static void record_failure(cof_holder *h, const cof_kb_admin *m, const char *role, const cof_err *why)
{
	COF_AUTO(cof_record) r = admin_record(m, role, "refused");
	cof_err err = {0};
	cof_record_err(&r, why);
	if (cof_store_begin(h->store, &err) < 0 || cof_holder_record(h, &r, &err) < 0)
		return; /* logged; the call itself is refused anyway */
}

static void run(cof_holder *h, cof_ticket from, const cof_kb_admin *m, const cof_kb_match *match, const char *role)
{
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_record) r = admin_record(m, role, "done");
	const change *ch = &changes[m->route];
	call c = {.h = h, .m = m, .match = match, .body = &body};
	cof_err err = {0};
	if (apply(&c, &r, &err) < 0) {
		cof_store_rollback(h->store);
		record_failure(h, m, role, &err);
		refuse_admin(h, from, ch->variant, &err);
		return;
	}
	cof_kb_reply reply = {.status = 200, .pcr = COF_KB_NO_PCR, .body = cof_buf_span(&body)};
	if (ch->content_type != NULL)
		reply.content_type = cof_span_str(ch->content_type);
	cof_holder_send(h, from, &reply);
}

/* The front named the route; the path that the token binds must be the same one. */
static int check_path(const cof_kb_admin *m, cof_kb_match *ret, cof_err *err)
{
	enum cof_kb_route route = (enum cof_kb_route)m->route;
	if (!cof_kb_route_is_admin(route))
		return cof_err_set(err, COF_E_MALFORMED, "bad-path", "not an admin call");
	int rc = cof_kb_route_of(cof_span_str(cof_kb_route_method(route)), m->path, ret, err);
	if (rc == 0 && ret->route != route)
		rc = cof_err_set(err, COF_E_MALFORMED, "bad-path", "the path is another call's");
	return rc;
}

static int check_token(cof_holder *h, const cof_kb_admin *m, char ret_role[16], cof_err *err)
{
	if (m->bearer.len == 0)
		return cof_err_set(err, COF_E_CRYPTO, "no-token", "no admin token");
	const cof_admin_call what = {.route = (enum cof_kb_route)m->route, .path = m->path, .body = m->body};
	return cof_admin_check(h->admin_key, h->admin_used, m->bearer, &what, cof_holder_time(), ret_role, err);
}

void cof_holder_on_admin(cof_holder *h, cof_ticket from, const void *msg)
{
	const cof_kb_admin *m = msg;
	cof_kb_match match;
	char role[16] = "";
	cof_err err = {0};
	if (check_path(m, &match, &err) == 0 && check_token(h, m, role, &err) == 0) {
		run(h, from, m, &match, role);
		return;
	}
	COF_AUTO(cof_record) r = admin_record(m, "", "refused");
	cof_holder_deny_cheap(h, from, cof_holder_status_of(&err), "AdminAuthAccess", &err, &r);
}
