/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kbs_client.h"

#include <stdio.h>
#include <time.h>

#include "agent/kbs_session.h"
#include "agent/kbs_token.h"
#include "common/clock.h"

enum {
	PAUSE_FIRST_MS = 200,
	PAUSE_MAX_MS = 3000,
	TOKEN_MARGIN_MS = 10 * 1000, /* a token is renewed before the broker's clock calls it old */
	PORT_DEFAULT = 443,
	NAME_MAX_LEN = 253,
};

struct cof_kbs_client {
	char *base; /* "https://NAME:PORT" */
	char name[NAME_MAX_LEN + 1];
	int port;
	cof_buf ca;
	char *initdata;
	char *resolve; /* "NAME:PORT:ADDR"; NULL: the host gave no address */
	const cof_attester_backend *backend;
	cof_attester *attester;
	cof_http *http;
	cof_jwe_key *key;
	json_t *jwk;
	char *token;
	int64_t token_until_ms;
	cof_kbs_session session;
	int64_t deadline_ms; /* of the call under way */
};

/* --- making one --- */

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_';
}

static int bad_url(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "kbs-url", "the key broker's URL is not https://NAME[:PORT]");
}

static bool parse_port(const char *at, int *ret)
{
	int port = 0;
	size_t n = 0;
	for (; at[n] >= '0' && at[n] <= '9' && n < 5; n++)
		port = port * 10 + (at[n] - '0');
	if (at[n] == '/')
		at++;
	*ret = port;
	return n > 0 && at[n] == '\0' && port > 0 && port <= 65535;
}

/* https://NAME[:PORT][/], taken apart so that nothing else can hide in it. */
static int take_url(cof_kbs_client *c, const char *url, cof_err *err)
{
	static const char scheme[] = "https://";
	size_t n = 0;
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return bad_url(err);
	const char *name = url + sizeof scheme - 1;
	while (n < NAME_MAX_LEN && name_char(name[n]))
		n++;
	memcpy(c->name, name, n);
	c->port = PORT_DEFAULT;
	const char *rest = name + n;
	bool plain = rest[0] == '\0' || strcmp(rest, "/") == 0;
	if (n == 0 || (!plain && (rest[0] != ':' || !parse_port(rest + 1, &c->port))))
		return bad_url(err);
	return asprintf(&c->base, "https://%s:%d", c->name, c->port) < 0 ? cof_err_oom(err) : 0;
}

static int open_http(cof_kbs_client *c, cof_err *err)
{
	const char *resolve[] = {c->resolve, NULL};
	const cof_http_opts opts = {.ca_pem = cof_buf_span(&c->ca), .resolve = resolve};
	if (c->http != NULL)
		cof_http_free(cof_steal(&c->http));
	return cof_http_new(&c->http, &opts, err);
}

void cof_kbs_client_free(cof_kbs_client *c)
{
	if (c->http != NULL)
		cof_http_free(c->http);
	if (c->key != NULL)
		cof_jwe_key_free(c->key);
	if (c->token != NULL)
		cof_wipe(c->token, strlen(c->token));
	json_decref(c->jwk);
	free(c->token);
	free(c->base);
	free(c->initdata);
	free(c->resolve);
	cof_buf_release(&c->ca);
	free(c);
}

int cof_kbs_client_new(cof_kbs_client **ret, const cof_kbs_client_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_kbs_client) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	c->backend = opts->backend;
	c->attester = opts->attester;
	c->initdata = strdup(opts->initdata);
	if (c->initdata == NULL)
		return cof_err_oom(err);
	int r = take_url(c, opts->url, err);
	if (r == 0)
		r = cof_buf_add(&c->ca, opts->ca_pem.data, opts->ca_pem.len, err);
	if (r == 0)
		r = cof_jwe_key_new(&c->key, err);
	if (r == 0)
		r = cof_jwe_key_jwk(c->key, &c->jwk, err);
	if (r == 0)
		r = open_http(c, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&c);
	return 0;
}

int cof_kbs_client_hosts(cof_kbs_client *c, const char *const *lines, size_t n, cof_err *err)
{
	free(cof_steal(&c->resolve));
	for (size_t i = 0; i < n && c->resolve == NULL; i++) {
		const char *space = strchr(lines[i], ' ');
		if (space == NULL || strcmp(space + 1, c->name) != 0)
			continue;
		if (asprintf(&c->resolve, "%s:%d:%.*s", c->name, c->port, (int)(space - lines[i]), lines[i]) < 0)
			return cof_err_oom(err);
	}
	return open_http(c, err);
}

/* --- one request --- */

typedef struct status_entry {
	long status;
	cof_class cls;
	const char *reason; /* where the broker names none */
} status_entry;

static const status_entry statuses[] = {
	{401, COF_E_CRYPTO, "kbs-unauthorized"},
	{403, COF_E_POLICY, "policy-deny"},
	{404, COF_E_POLICY, "resource-absent"},
	{429, COF_E_UNAVAILABLE, "kbs-busy"},
};

/* What an answer other than 200 means. The reason of a refusal is the broker's word where it has one. */
static int answer_error(const cof_http_resp *resp, cof_kbsp_refusal *ret_refusal, cof_err *err)
{
	cof_kbsp_refusal why = {.pcr = -1};
	bool told = cof_kbsp_error_parse(cof_buf_span(&resp->body), &why, NULL) == 0;
	if (told && ret_refusal != NULL)
		*ret_refusal = why;
	for (size_t i = 0; i < COF_COUNT(statuses); i++) {
		if (statuses[i].status == resp->status)
			return cof_err_set(err, statuses[i].cls,
					   why.reason[0] != '\0' ? why.reason : statuses[i].reason,
					   "the key broker answered %ld: %s", resp->status, told ? why.detail : "");
	}
	bool later = resp->status >= 500;
	return cof_err_set(err, later ? COF_E_UNAVAILABLE : COF_E_MALFORMED, later ? "kbs-failed" : "kbs-malformed",
			   "the key broker answered %ld", resp->status);
}

static int request(cof_kbs_client *c, cof_http_req *req, const char *path, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO_FREE char *url = NULL;
	if (asprintf(&url, "%s" COF_KBSP_PREFIX "/%s", c->base, path) < 0)
		return cof_err_oom(err);
	req->url = url;
	/* Zero would mean no limit. */
	int64_t left = c->deadline_ms - cof_boot_ms();
	req->total_ms = left < 1 ? 1 : (long)left;
	return cof_http_do(c->http, req, ret, err);
}

static int post(cof_kbs_client *c, const char *path, const cof_buf *body, cof_http_resp *ret, cof_err *err)
{
	const char *const headers[] = {"Content-Type: application/json",
				       c->session.header[0] != '\0' ? c->session.header : NULL, NULL};
	cof_http_req req = {
		.method = "POST", .headers = headers, .body = cof_buf_span(body), .max_body = COF_KBSP_BODY_MAX};
	int r = request(c, &req, path, ret, err);
	if (r == 0 && ret->status != 200)
		return answer_error(ret, NULL, err);
	return r < 0 ? r : cof_kbs_session_take(&c->session, ret, err);
}

/* --- the handshake --- */

static int ask_challenge(cof_kbs_client *c, cof_kbsp_challenge *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) extra = NULL;
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	int r = c->backend->request_extra != NULL ? c->backend->request_extra(c->attester, &extra, err) : 0;
	if (r == 0)
		r = cof_kbsp_request_make(c->backend->tee, extra, &body, err);
	if (r == 0)
		r = post(c, "auth", &body, &resp, err);
	return r < 0 ? r : cof_kbsp_challenge_parse(cof_buf_span(&resp.body), ret, err);
}

static int collect(cof_kbs_client *c, const cof_kbsp_challenge *challenge, json_t **ret, cof_err *err)
{
	uint8_t report[COF_KBSP_REPORT_LEN];
	int r = c->backend->challenge_extra != NULL ? c->backend->challenge_extra(c->attester, challenge->extra, err)
						    : 0;
	if (r == 0)
		r = cof_kbsp_report_data(challenge->nonce, c->jwk, "", report, err);
	if (r < 0)
		return r;
	size_t len = c->backend->report_data_len < sizeof report ? c->backend->report_data_len : sizeof report;
	return c->backend->evidence(c->attester, cof_span_of(report, len), ret, err);
}

static int keep_token(cof_kbs_client *c, char **token, cof_err *err)
{
	COF_AUTO(cof_kbs_token_facts) facts = {0};
	int r = cof_kbs_token_read(*token, &facts, err);
	if (r < 0)
		return r;
	free(c->token);
	c->token = cof_steal(token);
	c->token_until_ms = cof_boot_ms() + (int64_t)facts.life_s * 1000 - TOKEN_MARGIN_MS;
	return 0;
}

static int handshake(cof_kbs_client *c, cof_err *err)
{
	COF_AUTO(cof_kbsp_challenge) challenge = {0};
	COF_AUTO_PTR(json_t) evidence = NULL;
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_FREE char *token = NULL;
	c->session = (cof_kbs_session){0};
	int r = ask_challenge(c, &challenge, err);
	if (r == 0)
		r = collect(c, &challenge, &evidence, err);
	if (r < 0)
		return r;
	const cof_kbsp_attest attest = {.initdata = c->initdata,
					.nonce = challenge.nonce,
					.tee_pubkey = c->jwk,
					.evidence = evidence,
					.additional = ""};
	r = cof_kbsp_attest_make(&attest, &body, err);
	if (r == 0)
		r = post(c, "attest", &body, &resp, err);
	if (r == 0)
		r = cof_kbsp_token_parse(cof_buf_span(&resp.body), &token, err);
	return r < 0 ? r : keep_token(c, &token, err);
}

static bool has_token(const cof_kbs_client *c)
{
	return c->token != NULL && cof_boot_ms() < c->token_until_ms;
}

static int need_token(cof_kbs_client *c, cof_err *err)
{
	return has_token(c) ? 0 : handshake(c, err);
}

/* --- trying again --- */

typedef int (*cof_kbs_step)(cof_kbs_client *c, void *arg, cof_err *err);

/* A transport that failed, or a broker that says that it failed itself; never a "no", never "too many". */
static bool may_pass(const cof_err *e)
{
	return e->cls == COF_E_UNAVAILABLE && !cof_err_is(e, "kbs-busy");
}

static void pause_ms(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&t, NULL);
}

static int until(cof_kbs_client *c, int timeout_ms, cof_kbs_step step, void *arg, cof_err *err)
{
	int64_t deadline = c->deadline_ms = cof_boot_ms() + timeout_ms;
	for (int64_t pause = PAUSE_FIRST_MS;; pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2) {
		cof_err why = {0};
		int r = step(c, arg, &why);
		if (r == 0)
			return 0;
		if (!may_pass(&why)) {
			*err = why;
			return r;
		}
		if (cof_boot_ms() + pause > deadline)
			return cof_err_set(err, COF_E_UNAVAILABLE, "kbs-unreachable", "the key broker %s: %s", c->name,
					   why.text);
		pause_ms(pause);
	}
}

static int attest_step(cof_kbs_client *c, void *arg, cof_err *err)
{
	(void)arg;
	return need_token(c, err);
}

int cof_kbs_client_attest(cof_kbs_client *c, int timeout_ms, cof_err *err)
{
	return until(c, timeout_ms, attest_step, NULL, err);
}

const char *cof_kbs_client_token(const cof_kbs_client *c)
{
	return c->token;
}

int cof_kbs_client_key_pem(const cof_kbs_client *c, cof_secret *ret, cof_err *err)
{
	return cof_jwe_key_pem(c->key, ret, err);
}

/* --- resources --- */

typedef struct fetch {
	const cof_kbsp_path *path;
	cof_secret *ret;
	cof_kbsp_refusal *refusal;
	bool renewed; /* the one new handshake after a 401 was made */
} fetch;

static int get_once(cof_kbs_client *c, fetch *f, long *ret_status, cof_err *err)
{
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO_FREE char *bearer = NULL;
	char path[COF_KBSP_PATH_STR], url[COF_KBSP_PATH_STR + 16];
	cof_kbsp_path_str(f->path, path);
	(void)snprintf(url, sizeof url, "resource/%s", path);
	if (asprintf(&bearer, "Authorization: Bearer %s", c->token) < 0)
		return cof_err_oom(err);
	const char *const headers[] = {bearer, c->session.header[0] != '\0' ? c->session.header : NULL, NULL};
	cof_http_req req = {.method = "GET", .headers = headers, .max_body = COF_JWE_MAX};
	int r = request(c, &req, url, &resp, err);
	*ret_status = r < 0 ? 0 : resp.status;
	if (r == 0 && resp.status != 200)
		r = answer_error(&resp, f->refusal, err);
	return r < 0 ? r : cof_jwe_decrypt(c->key, cof_buf_span(&resp.body), f->ret, err);
}

static int get_step(cof_kbs_client *c, void *arg, cof_err *err)
{
	fetch *f = arg;
	long status = 0;
	int r = need_token(c, err);
	if (r == 0)
		r = get_once(c, f, &status, err);
	if (status != 401 || f->renewed)
		return r;
	f->renewed = true; /* the broker forgot the session, or the token grew old on its clock */
	r = handshake(c, err);
	return r < 0 ? r : get_once(c, f, &status, err);
}

int cof_kbs_client_get(cof_kbs_client *c, const cof_kbsp_path *path, int timeout_ms, cof_secret *ret,
		       cof_kbsp_refusal *ret_refusal, cof_err *err)
{
	fetch f = {.path = path, .ret = ret, .refusal = ret_refusal};
	return until(c, timeout_ms, get_step, &f, err);
}
