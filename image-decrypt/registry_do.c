/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a registry: with what client, with what rights, and whether it is asked again. */
#include <openssl/rand.h>
#include <poll.h>

#include "common/clock.h"
#include "common/http_field.h"
#include "common/json.h"
#include "image-decrypt/registry_int.h"

enum {
	PAUSE_MAX_MS = 10 * 1000,
	RETRY_AFTER_MAX_MS = 60 * 1000,
	DOCUMENT_MS = 120 * 1000,
	HEADERS_PER_REQUEST = 6,
	CODE_MAX = 40,
};

/* --- clients --- */

static int borrow(cof_registry *r, cof_http **ret, cof_err *err)
{
	*ret = NULL;
	(void)pthread_mutex_lock(&r->lock);
	if (r->n_idle > 0)
		*ret = r->idle[--r->n_idle];
	(void)pthread_mutex_unlock(&r->lock);
	return *ret != NULL ? 0 : cof_http_like(ret, r->first, err);
}

static void give_back(cof_registry *r, cof_http *http)
{
	(void)pthread_mutex_lock(&r->lock);
	if (r->n_idle < COF_IDLE_CLIENTS_MAX) {
		r->idle[r->n_idle++] = http;
		http = NULL;
	}
	(void)pthread_mutex_unlock(&r->lock);
	cof_http_free(http);
}

int cof_registry_call(cof_registry *r, const cof_http_req *req, cof_http_resp *ret, cof_err *err)
{
	cof_http *http = NULL;
	int rc = borrow(r, &http, err);
	if (rc < 0)
		return rc;
	cof_http_resp_release(ret);
	rc = cof_http_do(http, req, ret, err);
	give_back(r, http);
	return rc;
}

/* --- one request --- */

static int do_once(cof_registry *r, cof_place *p, const cof_http_req *req, const char *const *headers,
		   unsigned *ret_generation, cof_http_resp *ret, cof_err *err)
{
	const char *all[HEADERS_PER_REQUEST] = {"Accept-Encoding: identity"};
	COF_AUTO(cof_secret) line = {0};
	size_t n = 1;
	for (; headers != NULL && *headers != NULL && n + 1 < COF_COUNT(all); headers++)
		all[n++] = *headers;
	int rc = cof_place_authorization(r, p, &line, ret_generation, err);
	cof_http_req full = *req;
	full.headers = all;
	full.credential = (const char *)line.data;
	return rc < 0 ? rc : cof_registry_call(r, &full, ret, err);
}

/* A store that a redirect led to has no say in who we are. */
static bool asked_by(const cof_place *p, const cof_http_resp *resp)
{
	cof_origin o;
	if (resp->status != 401)
		return false;
	return resp->moved == NULL || (cof_origin_of(resp->moved, &o, NULL) == 0 && cof_origin_equal(&o, &p->origin));
}

int cof_registry_do(cof_registry *r, cof_place *p, const cof_http_req *req, const char *const *headers,
		    cof_http_resp *ret, cof_err *err)
{
	unsigned generation = 0;
	int rc = do_once(r, p, req, headers, &generation, ret, err);
	if (rc < 0 || !asked_by(p, ret))
		return rc;
	rc = cof_place_authorize(r, p, generation, ret, err);
	/* A stream was read already: its owner begins it again. */
	return rc < 0 || req->source != NULL ? rc : do_once(r, p, req, headers, &generation, ret, err);
}

/* --- what a status means --- */

static const struct {
	long status;
	cof_class cls;
	const char *reason;
} refusals[] = {
	{401, COF_E_POLICY, "registry-refused"},
	{403, COF_E_POLICY, "registry-refused"},
	{404, COF_E_UNAVAILABLE, "registry-not-found"},
	{429, COF_E_UNAVAILABLE, "registry-busy"},
};

/* The registry's own word, where it is one: in capitals, short. Its messages are a stranger's text. */
static void take_code(const cof_http_resp *resp, char out[CODE_MAX + 1])
{
	COF_AUTO_PTR(json_t) doc = NULL;
	out[0] = '\0';
	if (cof_json_parse(cof_buf_span(&resp->body), &doc, NULL) < 0)
		return;
	const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
	const char *code = json_string_value(json_object_get(first, "code"));
	if (code == NULL || strlen(code) > CODE_MAX ||
	    code[strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] != '\0')
		return;
	memcpy(out, code, strlen(code) + 1);
}

int cof_registry_status(const cof_http_resp *resp, const char *what, cof_err *err)
{
	char code[CODE_MAX + 1];
	cof_class cls = COF_E_UNAVAILABLE;
	const char *reason = "registry-status";
	take_code(resp, code);
	for (size_t i = 0; i < COF_COUNT(refusals); i++)
		if (refusals[i].status == resp->status) {
			cls = refusals[i].cls;
			reason = refusals[i].reason;
		}
	return cof_err_set(err, cls, reason, "the registry answered %ld%s%s for %s", resp->status,
			   code[0] != '\0' ? " " : "", code, what);
}

/* --- again --- */

static bool may_pass(const cof_http_resp *resp, int rc)
{
	if (rc < 0)
		return rc == -COF_E_UNAVAILABLE;
	return resp->status == 408 || resp->status == 429 ||
	       (resp->status >= 500 && resp->status != 501 && resp->status != 505);
}

/* Half of it to all of it, so that those who were turned away together do not come back together. */
static int64_t pause_ms(const cof_registry *r, unsigned attempt)
{
	uint8_t dice = 0;
	int64_t ms = (int64_t)r->backoff_ms << (attempt < 10 ? attempt : 10);
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	(void)RAND_bytes(&dice, 1);
	return ms / 2 + ms / 2 * dice / UINT8_MAX;
}

static void nap(int64_t ms)
{
	for (int64_t until = cof_boot_ms() + ms, rest = ms; rest > 0; rest = until - cof_boot_ms())
		(void)poll(NULL, 0, (int)rest);
}

bool cof_registry_again(const cof_registry *r, unsigned *attempt, const cof_http_resp *resp, int rc)
{
	if (!may_pass(resp, rc) || *attempt >= r->retries)
		return false;
	COF_AUTO_FREE char *after = rc == 0 ? cof_http_header(resp, "Retry-After") : NULL;
	int64_t theirs = after == NULL ? 0 : cof_http_retry_after(after, cof_clock_ms(CLOCK_REALTIME) / 1000);
	int64_t ours = pause_ms(r, *attempt);
	if (theirs > RETRY_AFTER_MAX_MS)
		return false;
	nap(theirs > ours ? theirs : ours);
	++*attempt;
	return true;
}

/* A mirror gets one more chance, the registry all of them. */
int cof_registry_get(cof_registry *r, cof_place *p, const char *url, const char *const *headers, size_t max,
		     cof_http_resp *ret, cof_err *err)
{
	const cof_http_req req = {.method = "GET", .url = url, .max_body = max, .total_ms = DOCUMENT_MS};
	unsigned attempt = p == cof_registry_home(r) ? 0 : r->retries - 1;
	for (;;) {
		int rc = cof_registry_do(r, p, &req, headers, ret, err);
		if (!cof_registry_again(r, &attempt, ret, rc))
			return rc;
	}
}
