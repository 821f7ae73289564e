/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key broker for fault injection: it speaks the protocol's shapes over real TLS, releases one resource to whoever
 * asks, and can be told to answer each path with a given status, or to be away, as often as a test wants.
 */
#pragma once

#include "agent/kbs_client.h"
#include "common/hex.h"
#include "tests/unit/tls_peer.h"

#define KBS_NAME "kbs.coffer.test"
#define KBS_NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

typedef struct kbs_fault {
	int times;	   /* how many answers of this path go wrong first */
	int status;	   /* with this status; 0: cut the connection */
	const char *body;  /* NULL: an error JSON without a reason */
	const char *extra; /* further header lines, each with CRLF; may be NULL */
} kbs_fault;

typedef struct kbs_peer {
	tls_peer tls;
	kbs_fault auth, attest, resource;
	int n_auth, n_attest, n_resource;
	json_t *tee_key;
	char *nonce_seen;
	char cookie_seen[64];
	char bearer_seen[512];
	const char *session; /* value of the cookie that auth sets */
	const char *secret;
	const char *raw_resource; /* instead of a JWE */
	int life_s;
} kbs_peer;

static char *kbs_http(int status, const char *extra, const char *body)
{
	char *out = NULL;
	assert_true(asprintf(&out, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", status,
			     extra == NULL ? "" : extra, strlen(body), body) > 0);
	return out;
}

/* An answer that goes wrong, or NULL in *ret when it is not this one's turn; true: cut. */
static bool kbs_wrong(kbs_fault *f, char **ret)
{
	*ret = NULL;
	if (f->times == 0)
		return false;
	f->times--;
	if (f->status == 0)
		return true;
	*ret = kbs_http(f->status, f->extra,
			f->body != NULL ? f->body : "{\"type\":\"https://x/errors/TokenNotFound\",\"detail\":\"no\"}");
	return false;
}

static char *kbs_auth(kbs_peer *k)
{
	char cookie[256];
	(void)snprintf(cookie, sizeof cookie,
		       "Set-Cookie: kbs-session-id=%s; Expires=Fri, 31 Dec 2100 00:00:00 GMT\r\n", k->session);
	return kbs_http(200, cookie, "{\"nonce\":\"" KBS_NONCE "\",\"extra-params\":\"\"}");
}

static char *kbs_attest(kbs_peer *k, const char *body)
{
	cof_kbsp_attest a = {0};
	char payload[256], *token = NULL, *out = NULL;
	if (cof_kbsp_attest_parse(cof_span_str(body), &a, NULL) < 0)
		return kbs_http(400, NULL, "{}");
	json_decref(k->tee_key);
	k->tee_key = json_incref((json_t *)(uintptr_t)a.tee_pubkey);
	free(k->nonce_seen);
	k->nonce_seen = strdup(a.nonce);
	cof_kbsp_attest_release(&a);
	(void)snprintf(payload, sizeof payload,
		       "{\"iat\":1000,\"exp\":%d,\"submods\":{\"cpu0\":{\"ear.status\":\"affirming\"}}}",
		       1000 + k->life_s);
	char *b64 = cof_b64url_dup(cof_span_str(payload));
	assert_true(asprintf(&token, "{\"token\":\"e30.%s.c2ln\"}", b64) > 0);
	out = kbs_http(200, NULL, token);
	free(token);
	free(b64);
	return out;
}

static char *kbs_resource(kbs_peer *k)
{
	COF_AUTO(cof_buf) jwe = {0};
	if (k->raw_resource != NULL)
		return kbs_http(200, NULL, k->raw_resource);
	if (k->tee_key == NULL || cof_jwe_encrypt(k->tee_key, cof_span_str(k->secret), &jwe, NULL) < 0)
		return kbs_http(401, NULL, "{}");
	return kbs_http(200, NULL, cof_buf_str(&jwe));
}

static void kbs_note_header(const char *request, const char *name, char *out, size_t size)
{
	const char *at = strcasestr(request, name);
	out[0] = '\0';
	if (at != NULL)
		(void)snprintf(out, size, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static char *kbs_respond(void *arg, const char *request)
{
	kbs_peer *k = arg;
	const char *body = strstr(request, "\r\n\r\n") + 4;
	char *wrong = NULL;
	kbs_note_header(request, "\r\nCookie: ", k->cookie_seen, sizeof k->cookie_seen);
	if (strncmp(request, "POST /kbs/v0/auth ", 18) == 0) {
		k->n_auth++;
		return kbs_wrong(&k->auth, &wrong) ? NULL : wrong != NULL ? wrong : kbs_auth(k);
	}
	if (strncmp(request, "POST /kbs/v0/attest ", 20) == 0) {
		k->n_attest++;
		return kbs_wrong(&k->attest, &wrong) ? NULL : wrong != NULL ? wrong : kbs_attest(k, body);
	}
	if (strncmp(request, "GET /kbs/v0/resource/", 21) == 0) {
		k->n_resource++;
		kbs_note_header(request, "\r\nAuthorization: Bearer ", k->bearer_seen, sizeof k->bearer_seen);
		return kbs_wrong(&k->resource, &wrong) ? NULL : wrong != NULL ? wrong : kbs_resource(k);
	}
	return kbs_http(404, NULL, "{}");
}

static void kbs_peer_open(kbs_peer *k)
{
	*k = (kbs_peer){.session = "0123456789abcdef0123456789abcdef", .secret = "coffer secret", .life_s = 300};
	tls_open(&k->tls, "DNS:" KBS_NAME);
	k->tls.respond = kbs_respond;
	k->tls.arg = k;
	tls_go(&k->tls, NULL, 0);
}

static void kbs_peer_close(kbs_peer *k)
{
	tls_close(&k->tls);
	json_decref(k->tee_key);
	free(k->nonce_seen);
}
