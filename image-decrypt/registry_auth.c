/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are to a registry: the answer to its challenge, kept until it ends, and to whom it may be given. */
#include "common/clock.h"
#include "common/hex.h"
#include "image-decrypt/registry_int.h"
#include "image-decrypt/token.h"

enum { TOKEN_MS = 60 * 1000 };

/* --- lines --- */

static int make_line(const char *scheme, cof_span value, cof_secret *ret, cof_err *err)
{
	size_t n = strlen(scheme);
	COF_AUTO(cof_secret) line = {0};
	int rc = cof_secret_new(&line, n + value.len + 1, err);
	if (rc < 0)
		return rc;
	memcpy(line.data, scheme, n);
	memcpy(line.data + n, value.data, value.len);
	*ret = cof_secret_steal(&line);
	return 0;
}

static int basic_line(const cof_login *l, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_buf) pair = {0};
	size_t n = strlen(l->user);
	int rc = cof_buf_reserve(&pair, n + 1 + l->password.len, err);
	if (rc == 0)
		rc = cof_buf_printf(&pair, err, "%s:", l->user);
	if (rc == 0)
		rc = cof_buf_add(&pair, l->password.data, l->password.len, err);
	char *text = rc == 0 ? cof_b64_dup(cof_buf_span(&pair)) : NULL;
	cof_buf_wipe(&pair);
	if (text == NULL)
		return rc < 0 ? rc : cof_err_oom(err);
	rc = make_line("Authorization: Basic ", cof_span_str(text), ret, err);
	cof_wipe(text, strlen(text));
	free(text);
	return rc;
}

static void set_line(cof_place *p, cof_secret *line, int64_t expires_ms)
{
	cof_secret_release(&p->authorization);
	p->authorization = cof_secret_steal(line);
	p->expires_ms = expires_ms;
	p->generation++;
}

/* --- tokens --- */

/* The registry names its token server, and it is the registry that may be hostile: a login goes to the registry's own
 * host, to Docker Hub's pair, or to whom the person named. */
static int check_realm(const cof_registry *r, const cof_place *p, cof_err *err)
{
	cof_origin o;
	int rc = cof_origin_of(p->challenge.realm, &o, err);
	if (rc < 0 || cof_login_empty(&p->login))
		return rc;
	bool docker = strcmp(p->origin.host, "registry-1.docker.io") == 0 && strcmp(o.host, "auth.docker.io") == 0 &&
		      strcmp(o.port, "443") == 0;
	if (docker || strcmp(o.host, p->origin.host) == 0)
		return 0;
	for (size_t i = 0; i < r->n_partners; i++)
		if (cof_origin_equal(&o, &r->partners[i]))
			return 0;
	return cof_err_set(err, COF_E_POLICY, "challenge-realm",
			   "the registry wants the login to be given to %s:%s, which is not named as its partner",
			   o.host, o.port);
}

static int get_token(cof_registry *r, const cof_place *p, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO(cof_buf) url = {0};
	COF_AUTO(cof_secret) basic = {0};
	int rc = cof_token_url(&p->challenge, r->scope, &url, err);
	if (rc == 0 && p->login.user != NULL)
		rc = basic_line(&p->login, &basic, err);
	const cof_http_req req = {.method = "GET",
				  .url = cof_buf_str(&url),
				  .credential = (const char *)basic.data,
				  .total_ms = TOKEN_MS,
				  .max_body = COF_TOKEN_ANSWER_MAX};
	return rc < 0 ? rc : cof_registry_call(r, &req, ret, err);
}

static int post_for_token(cof_registry *r, const cof_place *p, cof_http_resp *ret, cof_err *err)
{
	static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
	COF_AUTO(cof_secret) form = {0};
	int rc = cof_token_form(&p->challenge, r->scope, &p->login.identity, &form, err);
	const cof_http_req req = {.method = "POST",
				  .url = p->challenge.realm,
				  .headers = headers,
				  .body = cof_secret_span(&form),
				  .total_ms = TOKEN_MS,
				  .max_body = COF_TOKEN_ANSWER_MAX};
	return rc < 0 ? rc : cof_registry_call(r, &req, ret, err);
}

static int token_status(const cof_http_resp *resp, cof_err *err)
{
	if (resp->status == 200)
		return 0;
	if (resp->status == 408 || resp->status == 429 || resp->status >= 500)
		return cof_registry_status(resp, "a token", err);
	return cof_err_set(err, COF_E_POLICY, "registry-refused", "the token server answered %ld", resp->status);
}

static int fetch_token(cof_registry *r, cof_place *p, cof_err *err)
{
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_secret) token = {0};
	COF_AUTO(cof_secret) line = {0};
	int64_t asked_ms = cof_boot_ms(), life_ms = 0;
	int rc = check_realm(r, p, err);
	if (rc == 0)
		rc = p->login.identity.len > 0 ? post_for_token(r, p, &resp, err) : get_token(r, p, &resp, err);
	if (rc == 0)
		rc = token_status(&resp, err);
	if (rc == 0)
		rc = cof_token_parse(cof_buf_span(&resp.body), &token, &life_ms, err);
	cof_buf_wipe(&resp.body);
	if (rc == 0)
		rc = make_line("Authorization: Bearer ", cof_secret_span(&token), &line, err);
	if (rc == 0)
		set_line(p, &line, asked_ms + life_ms);
	return rc;
}

/* --- answering --- */

static int answer(cof_registry *r, cof_place *p, const cof_http_resp *resp, cof_err *err)
{
	COF_AUTO_FREE char *header = cof_http_header_all(resp, "WWW-Authenticate");
	COF_AUTO(cof_secret) line = {0};
	if (header == NULL)
		return cof_err_set(err, COF_E_POLICY, "registry-refused", "401 without a challenge");
	int rc = cof_challenge_parse(header, &p->challenge, err);
	if (rc < 0)
		return rc;
	if (p->challenge.scheme == COF_AUTH_BEARER)
		return fetch_token(r, p, err);
	if (p->login.user == NULL)
		return cof_err_set(err, COF_E_POLICY, "registry-refused", "the registry wants a user and password");
	rc = basic_line(&p->login, &line, err);
	if (rc == 0)
		set_line(p, &line, 0);
	return rc;
}

int cof_place_authorize(cof_registry *r, cof_place *p, unsigned generation, const cof_http_resp *resp, cof_err *err)
{
	(void)pthread_mutex_lock(&r->auth_lock);
	int rc = p->generation == generation ? answer(r, p, resp, err) : 0;
	(void)pthread_mutex_unlock(&r->auth_lock);
	return rc;
}

static int current(cof_registry *r, cof_place *p, cof_secret *ret, cof_err *err)
{
	bool over = p->expires_ms != 0 && cof_boot_ms() >= p->expires_ms;
	int rc = over ? fetch_token(r, p, err) : 0;
	return rc < 0 || p->authorization.len == 0 ? rc : cof_secret_from(ret, cof_secret_span(&p->authorization), err);
}

int cof_place_authorization(cof_registry *r, cof_place *p, cof_secret *ret, unsigned *ret_generation, cof_err *err)
{
	(void)pthread_mutex_lock(&r->auth_lock);
	int rc = current(r, p, ret, err);
	*ret_generation = p->generation;
	(void)pthread_mutex_unlock(&r->auth_lock);
	return rc;
}
