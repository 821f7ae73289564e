/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry for tests: HTTPS on loopback by a child process, one image of one layer, with faults on demand. And the
 * image itself: a shell and what it needs from this machine, as a tar stream.
 */
#pragma once

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/prctl.h>

#include "common/digest.h"
#include "tests/unit/agent/guest.h"

typedef enum registry_fault { REGISTRY_OK, REGISTRY_FLIP, REGISTRY_CUT, REGISTRY_STALL } registry_fault;

typedef struct registry {
	pid_t pid;
	uint16_t port;
	registry_fault fault;
	const char *wants; /* the value of Authorization; NULL: open to all */
	cof_buf ca;
	cof_buf layer, config, manifest;
	char layer_digest[COF_DIGEST_STR_MAX], config_digest[COF_DIGEST_STR_MAX], manifest_digest[COF_DIGEST_STR_MAX];
	EVP_PKEY *key;
	X509 *cert;
} registry;

/* --- a tar of files of this machine --- */

static void tar_header(cof_buf *tar, const char *name, char type, size_t size, const char *link)
{
	char h[512] = "";
	unsigned sum = 0;
	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", 0755u);
	(void)snprintf(h + 108, 8, "%07o", 0u);
	(void)snprintf(h + 116, 8, "%07o", 0u);
	(void)snprintf(h + 124, 12, "%011zo", size);
	(void)snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = type;
	(void)snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	assert_ok(cof_buf_add(tar, h, sizeof h, &err));
}

static void tar_bytes(cof_buf *tar, const char *name, cof_span bytes)
{
	static const char zeros[512];
	tar_header(tar, name, '0', bytes.len, "");
	assert_ok(cof_buf_add(tar, bytes.data, bytes.len, &err));
	assert_ok(cof_buf_add(tar, zeros, (512 - bytes.len % 512) % 512, &err));
}

static void tar_file(cof_buf *tar, const char *name, const char *from)
{
	COF_AUTO(cof_buf) bytes = {0};
	assert_ok(cof_file_read(from, 64 << 20, &bytes, &err));
	tar_bytes(tar, name, cof_buf_span(&bytes));
}

static void registry_make_layer(cof_buf *tar)
{
	static const char *const folders[] = {"bin", "lib64", "lib", "lib/x86_64-linux-gnu", "etc", "tmp"};
	static const char *const programs[] = {"sh", "cat", "sleep", "id", "echo"};
	static const char zeros[1024];
	for (size_t i = 0; i < COF_COUNT(folders); i++)
		tar_header(tar, folders[i], '5', 0, "");
	for (size_t i = 0; i < COF_COUNT(programs); i++) {
		char name[64], from[64];
		(void)snprintf(name, sizeof name, "bin/%s", programs[i]);
		(void)snprintf(from, sizeof from, "/bin/%s", programs[i]);
		tar_file(tar, name, from);
	}
	tar_file(tar, "lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
	tar_file(tar, "lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6");
	tar_file(tar, "lib/x86_64-linux-gnu/libselinux.so.1", "/lib/x86_64-linux-gnu/libselinux.so.1");
	tar_file(tar, "lib/x86_64-linux-gnu/libpcre2-8.so.0", "/lib/x86_64-linux-gnu/libpcre2-8.so.0");
	tar_bytes(tar, "etc/passwd", cof_span_str("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"));
	tar_bytes(tar, "etc/secret", cof_span_str("only in the layer\n"));
	assert_ok(cof_buf_add(tar, zeros, sizeof zeros, &err));
}

static void digest_text(const cof_buf *b, char out[COF_DIGEST_STR_MAX])
{
	cof_digest d;
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(b), &d, &err));
	cof_digest_str(&d, out);
}

/* command is a JSON list, the image's Entrypoint. */
static void registry_make_image(registry *r, const char *command)
{
	registry_make_layer(&r->layer);
	digest_text(&r->layer, r->layer_digest);
	assert_ok(cof_buf_printf(&r->config, &err,
				 "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":%s,\"Env\":["
				 "\"FROM=image\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
				 command, r->layer_digest));
	digest_text(&r->config, r->config_digest);
	assert_ok(cof_buf_printf(
		&r->manifest, &err,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{"
		"\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{"
		"\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}]}",
		r->config_digest, r->config.len, r->layer_digest, r->layer.len));
	digest_text(&r->manifest, r->manifest_digest);
}

/* --- the server --- */

static void registry_make_cert(registry *r)
{
	r->key = EVP_EC_gen("P-256");
	r->cert = X509_new();
	assert_non_null(r->key);
	X509_NAME *name = X509_get_subject_name(r->cert);
	(void)X509_set_version(r->cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(r->cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(r->cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(r->cert), 86400);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"registry.coffer.test", -1,
					 -1, 0);
	(void)X509_set_issuer_name(r->cert, name);
	(void)X509_set_pubkey(r->cert, r->key);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:registry.coffer.test");
	X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	(void)X509_add_ext(r->cert, san, -1);
	(void)X509_add_ext(r->cert, ca, -1);
	X509_EXTENSION_free(san);
	X509_EXTENSION_free(ca);
	assert_true(X509_sign(r->cert, r->key, EVP_sha256()) > 0);
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	(void)PEM_write_bio_X509(bio, r->cert);
	long n = BIO_get_mem_data(bio, &pem);
	assert_ok(cof_buf_add(&r->ca, pem, (size_t)n, &err));
	BIO_free(bio);
}

static struct bufferevent *registry_tls(struct event_base *base, void *arg)
{
	return bufferevent_openssl_socket_new(base, -1, SSL_new(arg), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

static void registry_layer(registry *r, struct evhttp_request *req, struct evbuffer *body)
{
	if (r->fault == REGISTRY_STALL)
		return; /* never answered */
	size_t n = r->fault == REGISTRY_CUT ? r->layer.len / 2 : r->layer.len;
	(void)evbuffer_add(body, r->layer.data, n);
	if (r->fault == REGISTRY_FLIP) {
		unsigned char *flat = evbuffer_pullup(body, -1);
		flat[n / 2] ^= 1;
	}
	evhttp_send_reply(req, 200, "OK", body);
}

static bool registry_lets_in(const registry *r, struct evhttp_request *req)
{
	const char *got = evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization");
	if (r->wants == NULL || (got != NULL && strcmp(got, r->wants) == 0))
		return true;
	(void)evhttp_add_header(evhttp_request_get_output_headers(req), "WWW-Authenticate", "Basic realm=\"demo\"");
	evhttp_send_reply(req, 401, "Unauthorized", NULL);
	return false;
}

static void registry_serve(struct evhttp_request *req, void *arg)
{
	registry *r = arg;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	if (!registry_lets_in(r, req))
		return;
	struct evbuffer *body = evbuffer_new();
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	if (strstr(path, r->layer_digest) != NULL) {
		registry_layer(r, req, body);
	} else if (strstr(path, "/manifests/") != NULL) {
		(void)evhttp_add_header(headers, "Content-Type", "application/vnd.oci.image.manifest.v1+json");
		(void)evbuffer_add(body, r->manifest.data, r->manifest.len);
		evhttp_send_reply(req, 200, "OK", body);
	} else if (strstr(path, r->config_digest) != NULL) {
		(void)evbuffer_add(body, r->config.data, r->config.len);
		evhttp_send_reply(req, 200, "OK", body);
	} else {
		evhttp_send_reply(req, strcmp(path, "/v2/") == 0 ? 200 : 404, "X", body);
	}
	evbuffer_free(body);
}

__attribute__((noreturn)) static void registry_child(registry *r, int fd)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)SSL_CTX_use_certificate(tls, r->cert);
	(void)SSL_CTX_use_PrivateKey(tls, r->key);
	evhttp_set_bevcb(http, registry_tls, tls);
	evhttp_set_gencb(http, registry_serve, r);
	(void)evutil_make_socket_nonblocking(fd);
	(void)evhttp_accept_socket(http, fd);
	(void)event_base_dispatch(base);
	_exit(0);
}

static void registry_listen(registry *r)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	r->port = ntohs(addr.sin_port);
	r->pid = fork();
	if (r->pid == 0)
		registry_child(r, fd);
	(void)close(fd);
}

__attribute__((unused)) static void registry_start_with(registry *r, const char *command, registry_fault fault,
							const char *wants)
{
	*r = (registry){.fault = fault, .wants = wants};
	registry_make_image(r, command);
	registry_make_cert(r);
	registry_listen(r);
}

__attribute__((unused)) static void registry_start(registry *r, const char *command, registry_fault fault)
{
	registry_start_with(r, command, fault, NULL);
}

__attribute__((unused)) static void registry_stop(registry *r)
{
	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	cof_buf_release(&r->ca);
	cof_buf_release(&r->layer);
	cof_buf_release(&r->config);
	cof_buf_release(&r->manifest);
	EVP_PKEY_free(r->key);
	X509_free(r->cert);
	*r = (registry){0};
}
