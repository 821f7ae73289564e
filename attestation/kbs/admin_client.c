/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/admin_client.h"

#include <time.h>

#include "attestation/kbs/admin_token.h"
#include "attestation/refvalue/cosekey.h"
#include "common/hex.h"
#include "common/kbs_proto.h"
#include "common/ossl.h"

enum { ANSWER_MAX = 4 << 20, TARGET_MAX = 768, URL_MAX_LEN = 1024 };

struct cof_admin_client {
	cof_http *http;
	EVP_PKEY *key;
	char *url;
	char role[16];
};

int cof_admin_client_new(cof_admin_client **ret, const cof_admin_client_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_admin_client) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	const char *role = opts->role != NULL ? opts->role : "admin";
	size_t n = strlen(opts->url);
	if (n > URL_MAX_LEN || strlen(role) >= sizeof c->role)
		return cof_err_set(err, COF_E_USAGE, "bad-url", "the broker's URL or the role");
	memcpy(c->role, role, strlen(role) + 1);
	c->url = strndup(opts->url, n > 0 && opts->url[n - 1] == '/' ? n - 1 : n);
	if (c->url == NULL)
		return cof_err_oom(err);
	int rc = cof_es256_read_private(opts->key_pem, &c->key, err);
	const cof_http_opts http = {.ca_pem = opts->ca_pem, .resolve = opts->resolve};
	if (rc == 0)
		rc = cof_http_new(&c->http, &http, err);
	if (rc == 0)
		*ret = cof_steal(&c);
	return rc;
}

void cof_admin_client_free(cof_admin_client *c)
{
	if (c == NULL)
		return;
	cof_http_free(c->http);
	EVP_PKEY_free(c->key);
	free(c->url);
	free(c);
}

static const struct {
	long status;
	cof_class cls;
} classes[] = {
	{400, COF_E_MALFORMED}, {401, COF_E_CRYPTO},	  {403, COF_E_POLICY},	    {404, COF_E_POLICY},
	{413, COF_E_MALFORMED}, {429, COF_E_UNAVAILABLE}, {503, COF_E_UNAVAILABLE},
};

static int refused(const cof_http_resp *r, cof_err *err)
{
	cof_kbsp_refusal why = {0};
	cof_class cls = COF_E_INTERNAL;
	for (size_t i = 0; i < COF_COUNT(classes); i++)
		if (classes[i].status == r->status)
			cls = classes[i].cls;
	if (cof_kbsp_error_parse(cof_buf_span(&r->body), &why, NULL) < 0 || why.reason[0] == '\0')
		return cof_err_set(err, cls, "kbs-refused", "the broker answered %ld", r->status);
	return cof_err_set(err, cls, why.reason, "%s", why.detail);
}

static int send(cof_admin_client *c, enum cof_kb_route route, const char *target, cof_span body, cof_buf *ret,
		cof_err *err)
{
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_buf) url = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	const cof_admin_call call = {route, cof_span_of(target, strcspn(target, "?")), body};
	int rc = cof_buf_add_str(&token, "Authorization: Bearer ", err);
	if (rc == 0)
		rc = cof_admin_sign(c->key, c->role, &call, (int64_t)time(NULL), &token, err);
	if (rc == 0)
		rc = cof_buf_printf(&url, err, "%s%s", c->url, target);
	if (rc < 0)
		return rc;
	const char *const headers[] = {cof_buf_str(&token), "Content-Type: application/json", NULL};
	const cof_http_req req = {.method = cof_kb_route_method(route),
				  .url = cof_buf_str(&url),
				  .headers = headers,
				  .body = body,
				  .max_body = ANSWER_MAX};
	rc = cof_http_do(c->http, &req, &resp, err);
	if (rc < 0)
		return rc;
	return resp.status == 200 ? cof_buf_add(ret, resp.body.data, resp.body.len, err) : refused(&resp, err);
}

int cof_admin_client_call(cof_admin_client *c, enum cof_kb_route route, const char *tail, cof_span body, cof_buf *ret,
			  cof_err *err)
{
	char target[TARGET_MAX];
	const char *path = cof_kb_route_path(route);
	if (path == NULL || !cof_kb_route_is_admin(route))
		return cof_err_set(err, COF_E_USAGE, "bad-path", "not an admin call");
	int n = snprintf(target, sizeof target, "%s%s", path, tail);
	if (n < 0 || (size_t)n >= sizeof target)
		return cof_err_set(err, COF_E_USAGE, "bad-path", "the path is too long");
	return send(c, route, target, body, ret, err);
}

static int dump(json_t *o, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) held = o;
	return held != NULL ? cof_json_dump(held, ret, err) : cof_err_oom(err);
}

int cof_admin_body_reference(cof_span json, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(json);
	if (text == NULL)
		return cof_err_oom(err);
	return dump(
		json_pack("{s:s, s:s, s:s}", "version", "0.1.0", "type", "coffer-reference-values/1", "payload", text),
		ret, err);
}

/* The author's own file may hold the private key as well: only what was read as public goes out. */
static int public_pem(cof_span pem, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	int rc = cof_cose_key_public(pem, (int64_t)time(NULL), &key, err);
	return rc < 0 ? rc : cof_cose_key_write(key, ret, err);
}

int cof_admin_body_corim(cof_span corim, cof_span key_pem, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	int rc = public_pem(key_pem, &pem, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *text = cof_b64_dup(corim);
	if (text == NULL)
		return cof_err_oom(err);
	return dump(json_pack("{s:s, s:s, s:s, s:s}", "version", "0.1.0", "type", "corim", "payload", text, "key",
			      cof_buf_str(&pem)),
		    ret, err);
}

int cof_admin_body_policy(cof_span json, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64url_dup(json);
	return text != NULL ? dump(json_pack("{s:s}", "policy", text), ret, err) : cof_err_oom(err);
}

int cof_admin_body_initdata(const char *digest, cof_buf *ret, cof_err *err)
{
	return dump(json_pack("{s:s}", "digest", digest), ret, err);
}

int cof_admin_body_ek_root(cof_span pem, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(pem);
	if (text == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "bad-ek-root", "not PEM");
	return dump(json_pack("{s:s}", "pem", text), ret, err);
}

/* One answer's lines. */
static int take_lines(cof_span lines, cof_audit_head *head, bool check, size_t *ret_n, cof_err *err)
{
	size_t n = 0, at = 0;
	while (at < lines.len) {
		size_t len = 0;
		while (at + len < lines.len && lines.data[at + len] != '\n')
			len++;
		int rc = check ? cof_audit_check(head, cof_span_of(lines.data + at, len), err) : 0;
		if (rc < 0)
			return rc;
		if (!check)
			head->seq++;
		at += len + 1;
		n++;
	}
	*ret_n = n;
	return 0;
}

int cof_admin_client_audit(cof_admin_client *c, cof_audit_head *head, bool check, cof_buf *ret, cof_err *err)
{
	size_t n = 0;
	do {
		COF_AUTO(cof_buf) lines = {0};
		char query[32];
		(void)snprintf(query, sizeof query, "?from=%llu", (unsigned long long)head->seq + 1); /* fits */
		int rc = cof_admin_client_call(c, COF_ROUTE_AUDIT, query, (cof_span){0}, &lines, err);
		if (rc == 0)
			rc = take_lines(cof_buf_span(&lines), head, check, &n, err);
		if (rc == 0 && ret != NULL)
			rc = cof_buf_add(ret, lines.data, lines.len, err);
		if (rc < 0)
			return rc;
	} while (n > 1); /* reading leaves a line too: a single one is our own last call's */
	return 0;
}
