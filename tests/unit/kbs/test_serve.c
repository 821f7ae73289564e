/* SPDX-License-Identifier: Apache-2.0 */
/* The whole broker against strangers, admins and accidents. */
#include "tests/unit/kbs/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "attestation/kbs/admin_token.h"
#include "attestation/kbs/front.h"
#include "attestation/kbs/session.h"

#define S(text) cof_span_str(text)
enum { CHILDREN_MAX = 16 };

static rig *r;

static int start(void **state)
{
	(void)state;
	r = rig_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_free(r);
	return 0;
}

static long post(const char *path, cof_span body, cof_http_resp *resp)
{
	return rig_do(r, &(rig_call){.method = "POST", .path = path, .body = body}, resp);
}

static void refused_with(const cof_http_resp *resp, long status, const char *reason)
{
	cof_kbsp_refusal why = rig_refusal(resp);
	assert_int_equal(resp->status, status);
	assert_string_equal(why.reason, reason);
}

/* The broker still answers, and well. */
static void is_well(void)
{
	COF_AUTO(cof_http_resp) resp = {0};
	assert_int_equal(post("/kbs/v0/auth", S("{\"version\":\"0.4.0\",\"tee\":\"tpm\"}"), &resp), 200);
	assert_non_null(strstr(cof_buf_str(&resp.body), "\"extra-params\":\"\""));
}

/* ---- bodies ---- */

static void malformed_bodies_are_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"\"x\"",
		"{\"version\":\"0.4.0\"}",
		"{\"version\":\"0.3.0\",\"tee\":\"tpm\"}",
		"{\"version\":\"0.4.0\",\"tee\":7}",
		"{\"version\":\"0.4.0\",\"tee\":\"snp\"}",
		"{\"version\":\"0.4.0\",\"tee\":\"sample\"}",
		"{\"version\":\"0.4.0\",\"version\":\"0.4.0\",\"tee\":\"tpm\"}",
		"{\"version\":\"0.4.0\",\"tee\":\"tpm\"}x",
		"{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":{\"tpm\":{\"ek_cert\":\"!\"}}}",
		"{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":{\"tpm\":{}}}",
		"\xff\xfe",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		long status = post("/kbs/v0/auth", S(bad[i]), &resp);
		if (status != 401)
			fail_msg("%s: %ld", bad[i], status);
		(void)rig_refusal(&resp);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_equal(post("/kbs/v0/attest", S(bad[i]), &resp), 401);
	is_well();
}

static void t079_nonsense_for_tpm_structures_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	assert_int_equal(
		post("/kbs/v0/auth",
		     S("{\"version\":\"0.4.0\",\"tee\":\"tpm\",\"extra-params\":{\"tpm\":{\"ek_cert\":\"AAAA\","
		       "\"ek_public\":\"AAAA\",\"ak_public\":\"AAAA\"}}}"),
		     &resp),
		401);
	is_well();
}

static void t063_an_oversized_body_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	size_t len = COF_KB_BODY_MAX + 1;
	char *big = malloc(len);
	assert_non_null(big);
	memset(big, ' ', len);
	assert_int_equal(post("/kbs/v0/auth", cof_span_of(big, len - 1), &resp), 401); /* read, and no JSON */
	const cof_http_req req = {.method = "POST", .url = r->url, .body = cof_span_of(big, len), .max_body = 4096};
	cof_http_resp_release(&resp);
	if (cof_http_do(r->http, &req, &resp, NULL) == 0)
		assert_int_equal(resp.status, 413);
	free(big);
	is_well();
}

static void t070_odd_paths_are_not_found(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	static const char *const bad[] = {"/kbs/v0/resource/a/b",	 "/kbs/v0/resource/a/b/.c",
					  "/kbs/v0/resource/a/%2e%2e/c", "/kbs/v0/nothing",
					  "/kbs/v0/resource/a/b/c/d",	 "/kbs/v0/auth/x"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_int_equal(rig_do(r, &(rig_call){.method = "GET", .path = bad[i]}, &resp), 404);
		assert_string_equal(rig_refusal(&resp).variant, "InvalidRequestPath");
	}
	assert_int_equal(rig_do(r, &(rig_call){.method = "GET", .path = "/kbs/v0/auth"}, &resp), 405);
	assert_int_equal(rig_do(r, &(rig_call){.method = "GET", .path = "/healthz"}, &resp), 200);
}

static void a_resource_needs_a_token(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	static const char *const cookies[] = {NULL, "", "x", "00000000000000000000000000000000"};
	static const char *const bearers[] = {NULL, "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."};
	for (size_t c = 0; c < COF_COUNT(cookies); c++)
		for (size_t b = 0; b < COF_COUNT(bearers); b++) {
			(void)rig_do(r,
				     &(rig_call){.method = "GET",
						 .path = "/kbs/v0/resource/a/b/c",
						 .cookie = cookies[c],
						 .bearer = bearers[b]},
				     &resp);
			refused_with(&resp, 401, "no-token");
		}
}

/* ---- admin ---- */

static void t068_every_admin_call_needs_the_admin(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	static const char *const bearers[] = {NULL, "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ."};
	for (unsigned i = COF_ROUTE_RESOURCE_PUT; i < COF_ROUTES; i++) {
		char path[128];
		const char *fixed = cof_kb_route_path((enum cof_kb_route)i);
		bool open_end = fixed[strlen(fixed) - 1] == '/';
		(void)snprintf(path, sizeof path, "%s%s", fixed,
			       !open_end			     ? ""
			       : strstr(fixed, "/resource/") != NULL ? "a/b/c"
								     : "x");
		for (size_t b = 0; b < COF_COUNT(bearers); b++) {
			const rig_call c = {.method = cof_kb_route_method((enum cof_kb_route)i),
					    .path = path,
					    .bearer = bearers[b]};
			assert_int_equal(rig_do(r, &c, &resp), 401);
			assert_string_equal(rig_refusal(&resp).variant, "AdminAuthAccess");
		}
	}
}

static void t068_an_auditor_changes_nothing(void **state)
{
	(void)state;
	static const char *const roles[] = {"auditor", "guest", ""};
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		COF_AUTO_PTR(cof_admin_client) c = rig_admin(r, roles[i]);
		COF_AUTO(cof_buf) answer = {0};
		assert_fails(cof_admin_client_call(c, COF_ROUTE_RESOURCE_PUT, "a/b/c", S("x"), &answer, &err),
			     "role-denied");
	}
}

static void t068_a_signed_call_works_once_and_for_itself(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	assert_ok(cof_es256_read_private(cof_buf_span(&r->admin_key), &key, &err));
	const cof_admin_call call = {COF_ROUTE_RESOURCE_PUT, S("/kbs/v0/resource/a/b/c"), S("value")};
	assert_ok(cof_admin_sign(key, "admin", &call, (int64_t)time(NULL), &token, &err));
	rig_call c = {
		.method = "POST", .path = "/kbs/v0/resource/a/b/d", .bearer = cof_buf_str(&token), .body = S("value")};
	(void)rig_do(r, &c, &resp);
	refused_with(&resp, 403, "token-other-call");
	c.path = "/kbs/v0/resource/a/b/c";
	c.body = S("other");
	(void)rig_do(r, &c, &resp);
	refused_with(&resp, 403, "token-other-call");
	c.body = S("value");
	assert_int_equal(rig_do(r, &c, &resp), 200);
	(void)rig_do(r, &c, &resp);
	refused_with(&resp, 401, "token-replayed");
}

static void t069_broken_owner_data_replaces_nothing(void **state)
{
	(void)state;
	static const struct {
		enum cof_kb_route route;
		const char *body;
		const char *reason;
	} bad[] = {
		{COF_ROUTE_POLICY_PUT, "{}", "json-missing"},
		{COF_ROUTE_POLICY_PUT, "not json", "json-malformed"},
		{COF_ROUTE_POLICY_PUT, "{\"policy\":\"!!\"}", "bad-base64"},
		{COF_ROUTE_POLICY_PUT, "{\"policy\":\"e30\"}", "policy-malformed"},
		{COF_ROUTE_POLICY_PUT, "{\"policy\":\"e30\",\"x\":1}", "json-unknown-key"},
		{COF_ROUTE_REFERENCE_PUT, "{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"e30=\"}",
		 "reference-malformed"},
		{COF_ROUTE_REFERENCE_PUT,
		 "{\"version\":\"0.1.0\",\"type\":\"coffer-reference-values/1\",\"payload\":\"e30=\"}",
		 "reference-malformed"},
		{COF_ROUTE_EK_ROOT_PUT, "{\"pem\":\"\"}", "bad-ek-root"},
		{COF_ROUTE_EK_ROOT_PUT, "{\"pem\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\"}",
		 "bad-ek-root"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(rig_admin_call(r, bad[i].route, "", S(bad[i].body), &err), bad[i].reason);
	assert_fails(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, "a/b/c", S(""), &err), "too-large");
	assert_fails(rig_admin_call(r, COF_ROUTE_RESOURCE_DELETE, "not/there/x", S(""), &err), "not-found");
}

static void a_tls_leaf_is_no_ek_root(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) body = {0};
	char path[160];
	assert_ok(cof_file_read(tmpdir_path(&r->dir, "tls.pem", path), 8192, &pem, &err));
	assert_ok(cof_admin_body_ek_root(cof_buf_span(&pem), &body, &err));
	assert_fails(rig_admin_call(r, COF_ROUTE_EK_ROOT_PUT, "", cof_buf_span(&body), &err), "bad-ek-root");
}

static void every_admin_call_is_in_the_log_refused_ones_too(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) log = {0};
	COF_AUTO(cof_http_resp) resp = {0};
	assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, "logged/put/x", S("canary-7d1f"), &err));
	assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_DELETE, "logged/put/x", S(""), &err));
	assert_true(rig_admin_call(r, COF_ROUTE_POLICY_PUT, "", S("{}"), NULL) < 0);
	(void)post("/kbs/v0/resource-policy", S("{}"), &resp);
	rig_audit(r, &log);
	const char *text = cof_buf_str(&log);
	assert_non_null(strstr(text, "\"outcome\":\"done\",\"call\":\"set-resource\""));
	assert_non_null(strstr(text, "\"call\":\"delete-resource\""));
	assert_non_null(strstr(text, "\"outcome\":\"refused\",\"call\":\"set-policy\",\"role\":\"admin\""));
	assert_non_null(strstr(text, "\"reason\":\"no-token\""));
	assert_null(strstr(text, "canary-7d1f"));
}

/* ---- floods ---- */

static void t062_a_flood_of_sessions_is_told_to_wait(void **state)
{
	(void)state;
	COF_AUTO(cof_http_resp) resp = {0};
	long status = 200;
	int n = 0;
	for (; n <= COF_SESSIONS_PER_PEER && status == 200; n++)
		status = post("/kbs/v0/auth", S("{\"version\":\"0.4.0\",\"tee\":\"tpm\"}"), &resp);
	refused_with(&resp, 429, "too-many-sessions");
	COF_AUTO_FREE char *after = cof_http_header(&resp, "Retry-After");
	assert_non_null(after);
	assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, "a/b/c", S("x"), &err)); /* the owner is not shut out */
	assert_int_equal(rig_stop(r, SIGTERM), 0);
	rig_serve(r);
}

/* ---- raw TLS ---- */

typedef struct raw {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
} raw;

static raw raw_open(int max_version)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)r->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval t = {40, 0};
	union {
		struct sockaddr_in in;
		struct sockaddr any;
	} u = {.in = a};
	raw c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .ctx = SSL_CTX_new(TLS_client_method())};
	assert_int_equal(connect(c.fd, &u.any, sizeof a), 0);
	assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
	if (max_version != 0)
		assert_int_equal(SSL_CTX_set_max_proto_version(c.ctx, max_version), 1);
	c.ssl = SSL_new(c.ctx);
	assert_int_equal(SSL_set_fd(c.ssl, c.fd), 1);
	return c;
}

static void raw_close(raw *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

/* The answer's status line, or "" when the connection just ended. */
static void raw_send(const char *text, size_t len, char out[64])
{
	raw c = raw_open(0);
	assert_int_equal(SSL_connect(c.ssl), 1);
	assert_true(SSL_write(c.ssl, text, (int)len) > 0);
	int n = SSL_read(c.ssl, out, 63);
	out[n > 0 ? n : 0] = '\0';
	raw_close(&c);
}

static void t044_old_tls_is_refused(void **state)
{
	(void)state;
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION};
	for (size_t i = 0; i < COF_COUNT(versions); i++) {
		raw c = raw_open(versions[i]);
		assert_int_not_equal(SSL_connect(c.ssl), 1);
		raw_close(&c);
	}
	is_well();
}

static void t044_plain_http_is_no_request(void **state)
{
	(void)state;
	raw c = raw_open(0);
	char buf[16];
	assert_true(write(c.fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 34) > 0);
	ssize_t n = read(c.fd, buf, sizeof buf); /* an alert at most */
	assert_true(n <= 0 || buf[0] == 0x15);
	raw_close(&c);
	is_well();
}

static void t063_ambiguous_framing_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
		"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: "
		"chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
		"x\r\n\r\n0\r\n\r\n",
		"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"GARBAGE\r\n\r\n",
	};
	char line[64];
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		raw_send(bad[i], strlen(bad[i]), line);
		if (line[0] != '\0' && strncmp(line, "HTTP/1.1 4", 10) != 0 && strncmp(line, "HTTP/1.0 4", 10) != 0)
			fail_msg("%s -> %s", bad[i], line);
	}
	is_well();
}

static void t063_endless_headers_are_cut(void **state)
{
	(void)state;
	size_t len = COF_FRONT_HEADERS_MAX + 4096;
	char *text = malloc(len), line[64];
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text, "GET /healthz HTTP/1.1\r\nX: ", 26);
	raw_send(text, len, line);
	assert_null(strstr(line, " 200 "));
	free(text);
	is_well();
}

static void t063_a_slow_client_is_cut_while_others_are_served(void **state)
{
	(void)state;
	raw c = raw_open(0);
	char buf[16];
	time_t begin = time(NULL);
	assert_int_equal(SSL_connect(c.ssl), 1);
	assert_true(SSL_write(c.ssl, "POST /kbs", 9) > 0);
	for (int i = 0; i < 5; i++)
		is_well();
	assert_true(SSL_read(c.ssl, buf, sizeof buf) <= 0);
	assert_true(time(NULL) - begin <= COF_FRONT_REQUEST_S + 5);
	raw_close(&c);
}

/* ---- processes ---- */

static size_t children(pid_t out[CHILDREN_MAX])
{
	char path[64];
	COF_AUTO(cof_buf) text = {0};
	size_t n = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", r->kbs.pid, r->kbs.pid);
	assert_ok(cof_file_read(path, 4096, &text, &err));
	for (char *at = (char *)text.data, *end; at != NULL && n < CHILDREN_MAX; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		out[n++] = (pid_t)pid;
	}
	return n;
}

static void a_killed_front_is_replaced(void **state)
{
	(void)state;
	pid_t pids[CHILDREN_MAX];
	assert_int_equal(children(pids), 2);
	for (int round = 0; round < 3; round++) {
		size_t n = children(pids);
		raw c = raw_open(0); /* a request in the middle on one of them */
		assert_int_equal(SSL_connect(c.ssl), 1);
		assert_true(SSL_write(c.ssl, "POST /kbs/v0/auth HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", 51) > 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(kill(pids[i], SIGKILL), 0);
		raw_close(&c);
		struct pollfd never = {.fd = -1};
		cof_http_resp resp = {0};
		long status = 0;
		for (int i = 0; i < 100 && status != 200; i++) { /* its connections died with it */
			const cof_http_req req = {.method = "GET", .url = r->url, .max_body = 4096};
			if (cof_http_do(r->http, &req, &resp, NULL) == 0)
				status = 200;
			else
				(void)poll(&never, 1, 50);
			cof_http_resp_release(&resp);
		}
		is_well();
	}
	assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, "still/here/x", S("x"), &err));
}

static bool alive(pid_t pid)
{
	char path[64];
	COF_AUTO(cof_buf) stat = {0};
	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	return cof_file_read(path, 4096, &stat, NULL) == 0 && strstr(cof_buf_str(&stat), ") Z") == NULL;
}

static void no_child_outlives(int sig, int code)
{
	pid_t pids[CHILDREN_MAX];
	struct pollfd never = {.fd = -1};
	size_t n = children(pids);
	for (int i = 0; i < 200 && n < 2; i++) { /* after many deaths a new front waits a second */
		(void)poll(&never, 1, 50);
		n = children(pids);
	}
	assert_true(n >= 2);
	assert_int_equal(rig_stop(r, sig), code);
	for (size_t i = 0; i < n; i++) {
		for (int wait = 0; wait < 100 && alive(pids[i]); wait++)
			(void)poll(&never, 1, 20);
		assert_false(alive(pids[i]));
	}
	rig_serve(r);
	is_well();
}

static void no_child_is_left_by_a_kill_or_a_stop(void **state)
{
	(void)state;
	no_child_outlives(SIGKILL, 128 + SIGKILL);
	no_child_outlives(SIGTERM, 0);
	no_child_outlives(SIGINT, 0);
}

static void t071_kill_at_any_moment_keeps_what_was_acknowledged(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) log = {0};
	char tail[64], want[96];
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i <= round; i++) {
			(void)snprintf(tail, sizeof tail, "kill/r%d/n%d", round, i);
			assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, tail, S("x"), &err));
		}
		assert_int_equal(rig_stop(r, SIGKILL), 128 + SIGKILL);
		rig_serve(r);
	}
	rig_audit(r, &log); /* the chain is whole, and each acknowledged write has its line */
	for (int round = 0; round < 6; round++)
		for (int i = 0; i <= round; i++) {
			(void)snprintf(want, sizeof want, "\"resource\":\"kill/r%d/n%d\"", round, i);
			assert_non_null(strstr(cof_buf_str(&log), want));
		}
}

static void a_broken_audit_log_does_not_serve(void **state)
{
	(void)state;
	char store[160], cert[160], key[160], exe[512];
	assert_ok(rig_admin_call(r, COF_ROUTE_RESOURCE_PUT, "a/b/c", S("x"), &err));
	assert_int_equal(rig_stop(r, SIGTERM), 0);
	COF_AUTO_PTR(cof_store) s = NULL;
	assert_ok(cof_store_open(tmpdir_path(&r->dir, "store", store), &s, &err));
	uint64_t last = 0;
	assert_ok(cof_store_audit_last(s, &last, &err));
	assert_ok(cof_store_audit_add(s, last + 1, S("{\"seq\":0}"), &err));
	cof_store_free(cof_steal(&s));
	rig_program("coffer-kbs", exe);
	const char *const argv[] = {exe,	  "serve",
				    "--store",	  store,
				    "--listen",	  "127.0.0.1:0",
				    "--tls-cert", tmpdir_path(&r->dir, "tls.pem", cert),
				    "--tls-key",  tmpdir_path(&r->dir, "tls.key", key),
				    NULL};
	assert_int_equal(rig_run(argv), 2);
}

static void usage_and_environment_errors_are_two(void **state)
{
	(void)state;
	char exe[512], store[160], cert[160];
	rig_program("coffer-kbs", exe);
	const char *const cases[][12] = {
		{exe, NULL},
		{exe, "nonsense", NULL},
		{exe, "--nonsense", NULL},
		{exe, "serve", NULL},
		{exe, "init", NULL},
		{exe, "init", "--store", tmpdir_path(&r->dir, "store", store), NULL}, /* exists */
		{exe, "--role", "nothing", NULL},
		{exe, "serve", "--fronts", "0", NULL},
		{exe, "serve", "--store", store, "--listen", "nowhere", "--tls-cert", "x", "--tls-key", "x", NULL},
		{exe, "serve", "--store", store, "--listen", "127.0.0.1:0", "--tls-cert",
		 tmpdir_path(&r->dir, "tls.pem", cert), "--tls-key", cert, NULL},
	};
	assert_int_equal(rig_stop(r, SIGTERM), 0);
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_int_equal(rig_run(cases[i]), 2);
	assert_int_equal(rig_run((const char *const[]){exe, "--help", NULL}), 0);
	assert_int_equal(rig_run((const char *const[]){exe, "--version", NULL}), 0);
	rig_serve(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_bodies_are_refused),
		cmocka_unit_test(t079_nonsense_for_tpm_structures_is_refused),
		cmocka_unit_test(t063_an_oversized_body_is_refused),
		cmocka_unit_test(t070_odd_paths_are_not_found),
		cmocka_unit_test(a_resource_needs_a_token),
		cmocka_unit_test(t068_every_admin_call_needs_the_admin),
		cmocka_unit_test(t068_an_auditor_changes_nothing),
		cmocka_unit_test(t068_a_signed_call_works_once_and_for_itself),
		cmocka_unit_test(t069_broken_owner_data_replaces_nothing),
		cmocka_unit_test(a_tls_leaf_is_no_ek_root),
		cmocka_unit_test(every_admin_call_is_in_the_log_refused_ones_too),
		cmocka_unit_test(t062_a_flood_of_sessions_is_told_to_wait),
		cmocka_unit_test(t044_old_tls_is_refused),
		cmocka_unit_test(t044_plain_http_is_no_request),
		cmocka_unit_test(t063_ambiguous_framing_is_refused),
		cmocka_unit_test(t063_endless_headers_are_cut),
		cmocka_unit_test(t063_a_slow_client_is_cut_while_others_are_served),
		cmocka_unit_test(a_killed_front_is_replaced),
		cmocka_unit_test(no_child_is_left_by_a_kill_or_a_stop),
		cmocka_unit_test(t071_kill_at_any_moment_keeps_what_was_acknowledged),
		cmocka_unit_test(usage_and_environment_errors_are_two),
		cmocka_unit_test(a_broken_audit_log_does_not_serve),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start, stop);
}
