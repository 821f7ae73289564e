/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/service.h"

#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/http_field.h"

enum {
	PATIENCE_MS = 60 * 1000,
	BACKOFF_MS = 500,
	VCEK_EVERY_MS = 10 * 1000,
	ATTEMPTS = 4,
	CONNECT_MS = 5 * 1000,
	IDLE_MS = 10 * 1000,
	TURN_MAX = COF_ENDORSE_SOURCE_MAX + 8,
};

struct cof_service {
	cof_service_opts opts;
	const cof_ecache *store;
	cof_http *http;
	bool down[COF_SERVICES]; /* the last answer was none: it is asked once, and not until it answers */
};

/* One endorsement under way. */
typedef struct attempt {
	cof_service *s;
	const char *url;
	const char *turn;	  /* all that is asked of the service takes turns, */
	char vcek_turn[TURN_MAX]; /* and VCEKs among themselves; "": it is none */
	int64_t deadline_ms;
	int n, most;
} attempt;

void cof_service_free(cof_service *s)
{
	if (s == NULL)
		return;
	cof_http_free(s->http);
	free(s);
}

/* --- where --- */

static bool is_one_of(char c, const char *more)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(more, c) != NULL);
}

static size_t span_of(const char *text, const char *more)
{
	size_t n = 0;
	while (is_one_of(text[n], more))
		n++;
	return n;
}

/* Exactly one of these, and not the beginning of another name. */
static bool is_loopback(const char *host, size_t len)
{
	return (len == 9 && strncmp(host, "127.0.0.1", 9) == 0) || (len == 5 && strncmp(host, "[::1]", 5) == 0);
}

static size_t host_len(const char *host)
{
	if (host[0] != '[')
		return span_of(host, ".-");
	size_t n = 1 + span_of(host + 1, ":.");
	return n > 1 && host[n] == ']' ? n + 1 : 0;
}

static bool is_base(const char *url)
{
	bool tls = strncmp(url, "https://", 8) == 0, plain = strncmp(url, "http://", 7) == 0;
	const char *host = url + (tls ? 8 : 7);
	if ((!tls && !plain) || strlen(url) >= COF_ENDORSE_SOURCE_MAX)
		return false;
	size_t n = host_len(host), digits = 0;
	const char *at = host + n;
	if (n == 0 || (plain && !is_loopback(host, n)))
		return false;
	if (*at == ':') {
		digits = strspn(at + 1, "0123456789");
		if (digits == 0 || digits > 5)
			return false;
		at += 1 + digits;
	}
	if (*at == '/')
		at += 1 + span_of(at + 1, "._~-/");
	return *at == '\0' && at[-1] != '/';
}

static int set_bases(cof_service_opts *o, cof_err *err)
{
	static const char *const vendors[COF_SERVICES] = {
		[COF_SERVICE_KDS] = COF_ENDORSE_KDS,
		[COF_SERVICE_PCS] = COF_ENDORSE_PCS,
		[COF_SERVICE_PCS_ROOT] = COF_ENDORSE_PCS_ROOT,
	};
	for (size_t i = 0; i < COF_SERVICES; i++) {
		if (o->base[i] == NULL)
			o->base[i] = vendors[i];
		if (o->base[i] != NULL && !is_base(o->base[i]))
			return cof_err_set(err, COF_E_USAGE, "service-url",
					   "%.80s is not https://HOST[:PORT][/PATH] (http: 127.0.0.1 and [::1] alone)",
					   o->base[i]);
	}
	return 0;
}

int cof_service_new(const cof_service_opts *opts, const cof_ecache *store, cof_service **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_service) s = calloc(1, sizeof *s);
	if (s == NULL)
		return cof_err_oom(err);
	s->opts = *opts;
	s->store = store;
	s->opts.patience_ms = opts->patience_ms != 0 ? opts->patience_ms : PATIENCE_MS;
	s->opts.backoff_ms = opts->backoff_ms != 0 ? opts->backoff_ms : BACKOFF_MS;
	s->opts.vcek_every_ms = opts->vcek_every_ms != 0 ? opts->vcek_every_ms : VCEK_EVERY_MS;
	/* is_base has limited plain http to loopback. */
	const cof_http_opts http = {.ca_pem = opts->ca_pem,
				    .resolve = opts->resolve,
				    .proxy = opts->proxy,
				    .connect_ms = CONNECT_MS,
				    .idle_ms = IDLE_MS,
				    .plain_http = true};
	int rc = set_bases(&s->opts, err);
	if (rc == 0)
		rc = cof_http_new(&s->http, &http, err);
	if (rc == 0)
		*ret = cof_steal(&s);
	return rc;
}

bool cof_service_has_pccs(const cof_service *s)
{
	return s->opts.base[COF_SERVICE_PCCS] != NULL;
}

cof_endorse_service cof_endorse_service_of(cof_endorse_type type, bool pccs)
{
	if (cof_endorse_is_snp(type))
		return COF_SERVICE_KDS;
	if (pccs)
		return COF_SERVICE_PCCS;
	return type == COF_ENDORSE_TDX_ROOT_CRL ? COF_SERVICE_PCS_ROOT : COF_SERVICE_PCS;
}

const char *cof_service_base(const cof_service *s, cof_endorse_type type)
{
	return s->opts.base[cof_endorse_service_of(type, cof_service_has_pccs(s))];
}

int64_t cof_service_patience(const cof_service *s)
{
	return s->opts.patience_ms;
}

/* --- when --- */

static int64_t left(const attempt *a)
{
	return a->deadline_ms - cof_boot_ms();
}

static void nap(int64_t ms)
{
	for (int64_t until = cof_boot_ms() + ms, rest = ms; rest > 0; rest = until - cof_boot_ms())
		(void)poll(NULL, 0, (int)rest);
}

/* Half of it to all of it, so that those who were turned away together do not come back together. */
static int64_t jittered(int64_t ms)
{
	uint8_t r = 0;
	(void)RAND_bytes(&r, 1);
	return ms / 2 + ms / 2 * r / UINT8_MAX;
}

/* What the service demands, or what we give it by ourselves. */
static int64_t pause_after(const attempt *a, const cof_http_resp *resp, bool *ret_demanded)
{
	int64_t ours = jittered(a->s->opts.backoff_ms << a->n);
	COF_AUTO_FREE char *header = resp == NULL ? NULL : cof_http_header(resp, "Retry-After");
	int64_t theirs = header == NULL ? 0 : cof_http_retry_after(header, cof_clock_ms(CLOCK_REALTIME) / 1000);
	*ret_demanded = theirs > 0;
	return theirs > ours ? theirs : ours;
}

/* --- one attempt --- */

static int once(const attempt *a, cof_http_resp *ret, cof_err *err)
{
	int64_t wait = 0;
	int rc = cof_ecache_turn(a->s->store, a->turn, 0, left(a), &wait, err);
	if (rc == 0 && a->vcek_turn[0] != '\0') {
		nap(wait);
		rc = cof_ecache_turn(a->s->store, a->vcek_turn, a->s->opts.vcek_every_ms, left(a), &wait, err);
	}
	if (rc < 0)
		return rc;
	nap(wait);
	int64_t rest = left(a);
	const cof_http_req req = {.method = "GET",
				  .url = a->url,
				  .total_ms = rest > 0 ? (long)rest : 1,
				  .max_body = 2 * (size_t)COF_ENDORSE_BODY_MAX};
	return cof_http_do(a->s->http, &req, ret, err);
}

static bool is_later(long status)
{
	return status == 429 || (status >= 500 && status < 600);
}

static int status_error(long status, cof_err *err)
{
	if (status == 429 || status == 503)
		return cof_err_set(err, COF_E_UNAVAILABLE, "endorsement-busy", "the service says \"later\" (%ld)",
				   status);
	if (is_later(status))
		return cof_err_set(err, COF_E_UNAVAILABLE, "endorsement-unavailable", "the service is ill (%ld)",
				   status);
	if (status == 404 || status == 410)
		return cof_err_set(err, COF_E_POLICY, "endorsement-not-found", "the service has none (%ld)", status);
	if (status >= 300 && status < 400)
		return cof_err_set(err, COF_E_MALFORMED, "endorsement-redirect",
				   "the service sends us elsewhere (%ld), where nobody said to go", status);
	return cof_err_set(err, COF_E_POLICY, "endorsement-refused", "the service refuses (%ld)", status);
}

/* Positive: once more, after the pause was made. */
static int after(attempt *a, int rc, const cof_http_resp *resp, cof_err *err)
{
	bool demanded = false, busy = rc < 0 && cof_err_is(err, "endorsement-busy");
	if (rc == 0 && resp->status == 200)
		return 0;
	if (rc == 0)
		rc = status_error(resp->status, err);
	if (err->cls != COF_E_UNAVAILABLE || busy)
		return rc;
	int64_t pause = pause_after(a, resp, &demanded);
	cof_err ignored = {0};
	/* The others need not find out by themselves. */
	if (demanded && cof_ecache_hold_off(a->s->store, a->turn, pause, &ignored) < 0)
		demanded = false;
	a->n++;
	if (demanded && pause > left(a))
		return cof_err_set(err, COF_E_UNAVAILABLE, "endorsement-busy", "the service says \"in %lld s\"",
				   (long long)(pause / 1000));
	if (a->n >= a->most || pause > left(a))
		return rc;
	if (!demanded)
		nap(pause);
	return 1;
}

static int ask(attempt *a, cof_http_resp *ret, cof_err *err)
{
	for (;;) {
		COF_AUTO(cof_http_resp) resp = {0};
		cof_err why = {0};
		int rc = once(a, &resp, &why);
		rc = after(a, rc, &resp, &why);
		if (rc == 0) {
			*ret = resp;
			resp = (cof_http_resp){0};
		}
		if (rc < 0)
			*err = why;
		if (rc <= 0)
			return rc;
	}
}

/* --- the whole --- */

static int take(const cof_http_resp *resp, cof_endorsement *e, cof_err *err)
{
	int rc = cof_endorse_is_snp(e->id.type) ? cof_kds_take(resp, e, err) : cof_pcs_take(resp, e, err);
	if (rc == 0 && (e->body.len > COF_ENDORSE_BODY_MAX || e->chain.len > COF_ENDORSE_CHAIN_MAX))
		rc = cof_err_set(err, COF_E_MALFORMED, "endorsement-answer", "the service's answer is too large");
	return rc;
}

static int url_of(const cof_service *s, const cof_endorse_id *id, cof_buf *ret, cof_err *err)
{
	int rc = cof_buf_add_str(ret, cof_service_base(s, id->type), err);
	if (rc < 0)
		return rc;
	return cof_endorse_is_snp(id->type) ? cof_kds_path(id, ret, err)
					    : cof_pcs_path(id, cof_service_has_pccs(s), ret, err);
}

int cof_service_get(cof_service *s, int64_t deadline_ms, cof_endorsement *e, cof_err *err)
{
	COF_AUTO(cof_buf) url = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	cof_err unseen = {0};
	attempt a = {.s = s, .deadline_ms = deadline_ms, .turn = cof_service_base(s, e->id.type)};
	int rc = url_of(s, &e->id, &url, err);
	if (rc < 0)
		return rc;
	bool *down = &s->down[cof_endorse_service_of(e->id.type, cof_service_has_pccs(s))];
	a.most = *down ? 1 : ATTEMPTS;
	a.url = cof_buf_str(&url);
	if (e->id.type == COF_ENDORSE_SNP_VCEK)
		(void)snprintf(a.vcek_turn, sizeof a.vcek_turn, "%s vcek", a.turn);
	rc = ask(&a, &resp, err != NULL ? err : &unseen);
	*down = rc == -(int)COF_E_UNAVAILABLE;
	if (rc == 0)
		rc = take(&resp, e, err);
	if (rc == 0)
		(void)snprintf(e->source, sizeof e->source, "%s", a.turn);
	return rc;
}
