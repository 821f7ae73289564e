/* SPDX-License-Identifier: Apache-2.0 */
/* A real coffer-kbs with its own CA, store and port, and calls to it as guests and owners make them. */
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>

#include "attestation/kbs/admin_client.h"
#include "common/http.h"
#include "common/json.h"
#include "common/kbs_proto.h"
#include "common/proc.h"
#include "tests/unit/kbs/tmpdir.h"

#define RIG_NAME "kbs.coffer.test"
enum { RIG_READY_MS = 15000, RIG_STOP_MS = 10000 };

typedef struct rig {
	tmpdir dir;
	cof_proc kbs;
	unsigned port;
	char url[64];
	char resolve[64];
	cof_buf ca;
	cof_buf admin_key;
	cof_http *http;
} rig;

/* ---- certificates ---- */

static inline void rig_write_pem(const rig *r, const char *name, X509 *cert, EVP_PKEY *key)
{
	char path[160], *data = NULL;
	BIO *b = BIO_new(BIO_s_mem());
	if (cert != NULL)
		assert_int_equal(PEM_write_bio_X509(b, cert), 1);
	else
		assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
	long len = BIO_get_mem_data(b, &data);
	assert_ok(cof_file_write(tmpdir_path(&r->dir, name, path), cof_span_of(data, (size_t)len), 0600, &err));
	BIO_free(b);
}

static inline void rig_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX c;
	X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline X509 *rig_cert(EVP_PKEY *key, const char *cn, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial;
	X509 *x = X509_new();
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 86400));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
						    (const unsigned char *)cn, -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x)), 1);
	rig_extend(x, issuer != NULL ? issuer : x, NID_basic_constraints,
		   issuer != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (issuer != NULL)
		rig_extend(x, issuer, NID_subject_alt_name, "DNS:" RIG_NAME);
	assert_true(X509_sign(x, issuer != NULL ? issuer_key : key, EVP_sha256()) > 0);
	return x;
}

static inline void rig_make_tls(rig *r)
{
	char path[160];
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = rig_cert(ca_key, "throw-away CA", NULL, NULL);
	X509 *cert = rig_cert(key, RIG_NAME, ca, ca_key);
	rig_write_pem(r, "ca.pem", ca, NULL);
	rig_write_pem(r, "tls.pem", cert, NULL);
	rig_write_pem(r, "tls.key", NULL, key);
	assert_ok(cof_file_read(tmpdir_path(&r->dir, "ca.pem", path), 8192, &r->ca, &err));
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* ---- the program ---- */

/* Beside the tests: BUILD/tests/unit/kbs/test_x and BUILD/bin/coffer-kbs. */
static inline void rig_program(const char *name, char out[512])
{
	ssize_t n = readlink("/proc/self/exe", out, 400);
	assert_true(n > 0);
	out[n] = '\0';
	for (int up = 0; up < 4; up++) {
		char *slash = strrchr(out, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	memcpy(out + strlen(out), "/bin/", 6);
	memcpy(out + strlen(out), name, strlen(name) + 1);
	if (access(out, X_OK) < 0)
		fail_msg("%s is not built", out);
}

static inline int rig_run(const char *const *argv)
{
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	const cof_proc_fd fds[] = {{2, 2}};
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = 1}, &p, &err));
	assert_ok(cof_proc_wait(&p, RIG_READY_MS, &status, &err));
	cof_proc_stop(&p, SIGKILL, 0);
	return status;
}

/* One line, or "" when the program ended before it. */
static inline void rig_read_line(int fd, char *out, size_t size)
{
	size_t n = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (n + 1 < size && poll(&p, 1, RIG_READY_MS) == 1 && read(fd, out + n, 1) == 1 && out[n] != '\n')
		n++;
	out[n] = '\0';
}

static inline void rig_serve(rig *r)
{
	char exe[512], store[160], cert[160], key[160], listen[32], line[256];
	int pipe_fds[2];
	json_int_t port = 0;
	rig_program("coffer-kbs", exe);
	(void)snprintf(listen, sizeof listen, "127.0.0.1:%u", r->port);
	const char *const argv[] = {exe,	  "serve",
				    "--store",	  tmpdir_path(&r->dir, "store", store),
				    "--listen",	  listen,
				    "--tls-cert", tmpdir_path(&r->dir, "tls.pem", cert),
				    "--tls-key",  tmpdir_path(&r->dir, "tls.key", key),
				    "--ready-fd", "5",
				    NULL};
	assert_int_equal(pipe(pipe_fds), 0);
	const cof_proc_fd fds[] = {{2, 2}, {pipe_fds[1], 5}};
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = 2}, &r->kbs, &err));
	(void)close(pipe_fds[1]);
	rig_read_line(pipe_fds[0], line, sizeof line);
	(void)close(pipe_fds[0]);
	COF_AUTO_PTR(json_t) o = NULL;
	assert_ok(cof_json_parse(cof_span_str(line), &o, &err));
	assert_ok(cof_json_int(o, "port", 1, 65535, &port, &err));
	r->port = (unsigned)port;
	(void)snprintf(r->url, sizeof r->url, "https://" RIG_NAME ":%u", r->port);
	(void)snprintf(r->resolve, sizeof r->resolve, RIG_NAME ":%u:127.0.0.1", r->port);
	cof_http_free(r->http);
	r->http = NULL;
	const char *const resolve[] = {r->resolve, NULL};
	assert_ok(cof_http_new(&r->http, &(cof_http_opts){.ca_pem = cof_buf_span(&r->ca), .resolve = resolve}, &err));
}

static inline void rig_init(rig *r)
{
	char exe[512], store[160], key[160];
	rig_program("coffer-kbs", exe);
	const char *const argv[] = {exe,	   "init",
				    "--store",	   tmpdir_path(&r->dir, "store", store),
				    "--admin-key", tmpdir_path(&r->dir, "admin.key", key),
				    NULL};
	assert_int_equal(rig_run(argv), 0);
	assert_ok(cof_file_read(key, 8192, &r->admin_key, &err));
}

static inline rig *rig_new(void)
{
	rig *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->dir = tmpdir_new();
	r->kbs = COF_PROC_NONE;
	rig_make_tls(r);
	rig_init(r);
	rig_serve(r);
	return r;
}

/* The exit code after sig. */
static inline int rig_stop(rig *r, int sig)
{
	int status = -1;
	assert_int_equal(kill(r->kbs.pid, sig), 0);
	assert_ok(cof_proc_wait(&r->kbs, RIG_STOP_MS, &status, &err));
	cof_proc_stop(&r->kbs, SIGKILL, 0);
	r->kbs = COF_PROC_NONE;
	return status;
}

static inline void rig_free(rig *r)
{
	cof_http_free(r->http);
	cof_proc_stop(&r->kbs, SIGTERM, RIG_STOP_MS);
	cof_buf_release(&r->ca);
	cof_buf_release(&r->admin_key);
	tmpdir_release(&r->dir);
	free(r);
}

/* ---- calls ---- */

typedef struct rig_call {
	const char *method;
	const char *path;
	const char *cookie; /* a session's id; NULL: none */
	const char *bearer; /* NULL: none */
	cof_span body;
} rig_call;

/* The HTTP status; the answer in ret. */
static inline long rig_do(rig *r, const rig_call *c, cof_http_resp *ret)
{
	COF_AUTO(cof_buf) url = {0};
	COF_AUTO(cof_buf) cookie = {0};
	COF_AUTO(cof_buf) bearer = {0};
	const char *headers[4] = {"Content-Type: application/json", NULL};
	size_t n = 1;
	assert_ok(cof_buf_printf(&url, &err, "%s%s", r->url, c->path));
	if (c->cookie != NULL) {
		assert_ok(cof_buf_printf(&cookie, &err, "Cookie: " COF_KBSP_COOKIE "=%s", c->cookie));
		headers[n++] = cof_buf_str(&cookie);
	}
	if (c->bearer != NULL) {
		assert_ok(cof_buf_printf(&bearer, &err, "Authorization: Bearer %s", c->bearer));
		headers[n++] = cof_buf_str(&bearer);
	}
	headers[n] = NULL;
	const cof_http_req req = {.method = c->method,
				  .url = cof_buf_str(&url),
				  .headers = headers,
				  .body = c->body,
				  .max_body = 4 << 20};
	cof_http_resp_release(ret);
	assert_ok(cof_http_do(r->http, &req, ret, &err));
	return ret->status;
}

/* The refusal of an answer that is one. */
static inline cof_kbsp_refusal rig_refusal(const cof_http_resp *resp)
{
	cof_kbsp_refusal why;
	assert_ok(cof_kbsp_error_parse(cof_buf_span(&resp->body), &why, &err));
	return why;
}

static inline cof_admin_client *rig_admin(const rig *r, const char *role)
{
	cof_admin_client *c = NULL;
	const char *const resolve[] = {r->resolve, NULL};
	const cof_admin_client_opts o = {.url = r->url,
					 .ca_pem = cof_buf_span(&r->ca),
					 .key_pem = cof_buf_span(&r->admin_key),
					 .resolve = resolve,
					 .role = role};
	assert_ok(cof_admin_client_new(&c, &o, &err));
	return c;
}

static inline int rig_admin_call(const rig *r, enum cof_kb_route route, const char *tail, cof_span body, cof_err *err)
{
	COF_AUTO_PTR(cof_admin_client) c = rig_admin(r, NULL);
	COF_AUTO(cof_buf) answer = {0};
	return cof_admin_client_call(c, route, tail, body, &answer, err);
}

/* The whole audit log, checked. */
static inline void rig_audit(const rig *r, cof_buf *ret)
{
	COF_AUTO_PTR(cof_admin_client) c = rig_admin(r, "auditor");
	cof_audit_head head = {0};
	assert_ok(cof_admin_client_audit(c, &head, true, ret, &err));
}
