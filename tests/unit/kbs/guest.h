/* SPDX-License-Identifier: Apache-2.0 */
/* A guest for a rig: a software TPM that "booted" what make_log.h says, and the attester that runs in real guests. */
#pragma once

#include "attestation/evidence/tpm.h"
#include "attestation/refvalue/refvalue.h"
#include "common/hex.h"
#include "common/initdata.h"
#include "common/jwe.h"
#include "runtime/vm/swtpm.h"
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/kbs/rig.h"

static const char guest_toml[] = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"x\" = \"y\"\n";

typedef struct guest {
	tmpdir dir;
	cof_proc swtpm;
	char tcti[200];
	char log_path[160];
	cof_buf log;
	cof_buf ca; /* of the EK */
	char initdata[COF_DIGEST_STR_MAX];
} guest;

static inline void guest_spawn_tpm(guest *g)
{
	char state[200], server[200], ctrl[220], sock[160];
	(void)snprintf(state, sizeof state, "dir=%s/tpm/state,mode=0600", g->dir.path);
	(void)snprintf(server, sizeof server, "type=unixio,path=%s", tmpdir_path(&g->dir, "sock", sock));
	(void)snprintf(ctrl, sizeof ctrl, "type=unixio,path=%s.ctrl", sock);
	(void)snprintf(g->tcti, sizeof g->tcti, "swtpm:path=%s", sock);
	const char *const argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state,		"--server",
				    server,  "--ctrl", ctrl,	 "--flags",    "startup-clear", NULL};
	const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .env = env, .search_path = true}, &g->swtpm, &err));
	struct pollfd never = {.fd = -1};
	for (int i = 0; i < 200 && access(sock, F_OK) < 0; i++)
		(void)poll(&never, 1, 25); /* its socket's appearance is swtpm's only sign */
}

/* The registers as the log says. */
static inline void guest_boot(guest *g)
{
	char word[COF_EVENTS_MAX > 64 ? 64 : 1][100];
	const char *argv[70] = {"tpm2_pcrextend", "-T", g->tcti};
	const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	size_t n = 3;
	COF_AUTO(cof_eventlog) l = {0};
	assert_ok(cof_eventlog_parse(cof_buf_span(&g->log), COF_SHA256, &l, &err));
	for (size_t i = 0; i < l.n && i < COF_COUNT(word); i++) {
		char hex[2 * COF_SHA256_LEN + 1];
		cof_hex(cof_digest_span(&l.events[i].digest), hex);
		(void)snprintf(word[i], sizeof word[i], "%u:sha256=%s", l.events[i].reg, hex);
		argv[n++] = word[i];
	}
	argv[n] = NULL;
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .env = env, .search_path = true}, &p, &err));
	assert_ok(cof_proc_wait(&p, 30000, &status, &err));
	cof_proc_stop(&p, SIGKILL, 0);
	assert_int_equal(status, 0);
}

static inline void guest_bind(guest *g)
{
	COF_AUTO(cof_initdata) d = {0};
	COF_AUTO_PTR(cof_tpm) tpm = NULL;
	uint8_t field[COF_SHA256_LEN];
	assert_ok(cof_initdata_parse(cof_span_str(guest_toml), &d, &err));
	cof_digest_str(&d.digest, g->initdata);
	assert_ok(cof_initdata_field(&d.digest, sizeof field, field, &err));
	assert_ok(cof_tpm_open(&tpm, g->tcti, &err));
	assert_ok(cof_tpm_bind_initdata(tpm, field, &err));
}

/* NULL where the software TPM is not installed. */
static inline guest *guest_new(void)
{
	guest *g = calloc(1, sizeof *g);
	char tpm[160], ca[160];
	COF_AUTO(cof_swtpm) made = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	assert_non_null(g);
	g->dir = tmpdir_new();
	assert_ok(cof_mkdirs(tmpdir_path(&g->dir, "tpm", tpm), 0700, &err));
	assert_ok(cof_swtpm_start(&(cof_swtpm_opts){.dir = tpm}, &made, &err));
	cof_swtpm_release(&made); /* it was manufactured with its certificate; now it runs with a socket */
	assert_ok(cof_swtpm_ca(tmpdir_path(&g->dir, "tpm/ca", ca), &g->ca, &err));
	guest_spawn_tpm(g);
	put_boot(&g->log);
	assert_ok(cof_file_write(tmpdir_path(&g->dir, "log", g->log_path), cof_buf_span(&g->log), 0600, &err));
	guest_boot(g);
	guest_bind(g);
	return g;
}

static inline void guest_free(guest *g)
{
	cof_proc_stop(&g->swtpm, SIGTERM, 2000);
	cof_buf_release(&g->log);
	cof_buf_release(&g->ca);
	tmpdir_release(&g->dir);
	free(g);
}

/* What the owner would have predicted; with odd, a boot with another kernel. */
static inline void guest_reference(const guest *g, bool odd, cof_buf *ret)
{
	COF_AUTO(cof_eventlog) l = {0};
	COF_AUTO(cof_refvalue) v = {.name = "test/boot"};
	COF_AUTO_PTR(json_t) o = NULL;
	assert_ok(cof_eventlog_parse(cof_buf_span(&g->log), COF_SHA256, &l, &err));
	v.events = calloc(l.n, sizeof *v.events);
	assert_non_null(v.events);
	for (v.n = 0; v.n < l.n; v.n++) {
		cof_ref_event *e = &v.events[v.n];
		e->reg = l.events[v.n].reg;
		e->type = l.events[v.n].type;
		e->digest = l.events[v.n].digest;
		cof_event_name(&l.events[v.n], e->name);
		if (odd && e->reg == 4)
			e->digest.bytes[0] ^= 1;
	}
	assert_ok(cof_ref_events_replay(v.events, v.n, COF_LOG_TPM, COF_SHA256, v.pcrs, &err));
	for (uint32_t i = 0; i < COF_PCRS; i++)
		v.has[i] = cof_pcr_is_predicted(i);
	assert_ok(cof_refvalue_json(&v, &o, &err));
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_json_dump(o, &text, &err));
	assert_ok(cof_admin_body_reference(cof_buf_span(&text), ret, &err));
}

/* ---- one handshake ---- */

typedef struct hand {
	cof_tpm *tpm;
	cof_jwe_key *key;
	char cookie[COF_KB_SESSION_LEN + 1];
	char nonce[64];
	cof_buf attest; /* the body of the second call */
	char *token;
} hand;

static inline void hand_release(hand *h)
{
	cof_tpm_free(h->tpm);
	cof_jwe_key_free(h->key);
	cof_buf_release(&h->attest);
	free(h->token);
	*h = (hand){0};
}
COF_DEFINE_AUTO(hand, hand_release)

static inline void hand_take_cookie(hand *h, const cof_http_resp *resp)
{
	COF_AUTO_FREE char *line = cof_http_header(resp, "Set-Cookie");
	assert_non_null(line);
	const char *at = strstr(line, COF_KBSP_COOKIE "=");
	assert_non_null(at);
	memcpy(h->cookie, at + strlen(COF_KBSP_COOKIE "="), COF_KB_SESSION_LEN);
	h->cookie[COF_KB_SESSION_LEN] = '\0';
}

/* The first call; opens the credential. */
static inline void hand_auth(rig *r, const guest *g, hand *h)
{
	COF_AUTO_PTR(json_t) extra = NULL;
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	COF_AUTO(cof_kbsp_challenge) c = {0};
	COF_AUTO(cof_kbsp_tpm_cred) cred = {0};
	bool present = false;
	assert_ok(cof_tpm_open(&h->tpm, g->tcti, &err));
	assert_ok(cof_jwe_key_new(&h->key, &err));
	assert_ok(cof_tpm_request_extra(h->tpm, &extra, &err));
	assert_ok(cof_kbsp_request_make("tpm", extra, &body, &err));
	long status =
		rig_do(r, &(rig_call){.method = "POST", .path = "/kbs/v0/auth", .body = cof_buf_span(&body)}, &resp);
	if (status != 200)
		fail_msg("auth: %ld %s", status, cof_buf_str(&resp.body));
	hand_take_cookie(h, &resp);
	assert_ok(cof_kbsp_challenge_parse(cof_buf_span(&resp.body), &c, &err));
	assert_true(strlen(c.nonce) < sizeof h->nonce);
	memcpy(h->nonce, c.nonce, strlen(c.nonce) + 1);
	assert_ok(cof_kbsp_tpm_cred_parse(c.extra, &cred, &present, &err));
	assert_true(present);
	assert_ok(cof_tpm_activate(h->tpm, cof_buf_span(&cred.credential_blob), cof_buf_span(&cred.encrypted_secret),
				   &err));
}

/* Quotes over nonce (the challenge's, or another) and makes the body. */
static inline void hand_quote(const guest *g, hand *h, const char *nonce, const char *initdata)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO_PTR(json_t) evidence = NULL;
	uint8_t rd[COF_KBSP_REPORT_LEN];
	assert_ok(cof_jwe_key_jwk(h->key, &jwk, &err));
	assert_ok(cof_kbsp_report_data(nonce, jwk, "", rd, &err));
	assert_ok(cof_tpm_evidence(h->tpm, rd, g->log_path, &evidence, &err));
	const cof_kbsp_attest a = {
		.initdata = initdata, .nonce = nonce, .tee_pubkey = jwk, .evidence = evidence, .additional = ""};
	h->attest.len = 0;
	assert_ok(cof_kbsp_attest_make(&a, &h->attest, &err));
}

static inline long hand_attest(rig *r, hand *h, const char *cookie, cof_http_resp *ret)
{
	long status = rig_do(
		r,
		&(rig_call){
			.method = "POST", .path = "/kbs/v0/attest", .cookie = cookie, .body = cof_buf_span(&h->attest)},
		ret);
	if (status == 200 && h->token == NULL)
		assert_ok(cof_kbsp_token_parse(cof_buf_span(&ret->body), &h->token, &err));
	return status;
}

/* All of it, to a token. */
static inline void hand_shake(rig *r, const guest *g, hand *h)
{
	COF_AUTO(cof_http_resp) resp = {0};
	hand_auth(r, g, h);
	hand_quote(g, h, h->nonce, guest_toml);
	long status = hand_attest(r, h, h->cookie, &resp);
	if (status != 200)
		fail_msg("attest: %ld %s", status, cof_buf_str(&resp.body));
}

static inline long hand_get(rig *r, const char *cookie, const char *bearer, const char *path, cof_http_resp *ret)
{
	COF_AUTO(cof_buf) full = {0};
	assert_ok(cof_buf_printf(&full, &err, "/kbs/v0/resource/%s", path));
	return rig_do(r, &(rig_call){.method = "GET", .path = cof_buf_str(&full), .cookie = cookie, .bearer = bearer},
		      ret);
}
