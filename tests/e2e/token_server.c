/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_server DIR: a registry's token server over TLS on loopback, for one user. DIR holds server.pem and server.key
 * (TLS), sign.pem and sign.key (RSA, for tokens); it gets the file `port`. Everybody may pull below public/, the user
 * "me" (password "pa55 word", identity token "ident/ity+") may do all that is asked for. Prints one line a request:
 * method, who, scope.
 *
 * spec: distribution/distribution docs "Token Authentication Specification", "Token Authentication Implementation"
 */
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"

enum { REQUEST_MAX = 64 << 10, VALUE_MAX = 1024 };

#define BASIC_ME "Basic bWU6cGE1NSB3b3Jk" /* me:pa55 word */
#define IDENTITY "ident/ity+"
#define ISSUER "coffer test tokens"

static void die(const char *what)
{
	(void)fprintf(stderr, "token_server: %s\n", what);
	exit(2);
}

/* --- tokens --- */

typedef struct signer {
	EVP_PKEY *key;
	char *x5c; /* base64 of the certificate's DER */
} signer;

static signer open_signer(void)
{
	FILE *key = fopen("sign.key", "re"), *cert = fopen("sign.pem", "re");
	if (key == NULL || cert == NULL)
		die("sign.key, sign.pem");
	signer s = {.key = PEM_read_PrivateKey(key, NULL, NULL, NULL)};
	X509 *x = PEM_read_X509(cert, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int n = x == NULL ? -1 : i2d_X509(x, &der);
	if (s.key == NULL || n <= 0)
		die("sign.key, sign.pem");
	s.x5c = cof_b64_dup(cof_span_of(der, (size_t)n));
	OPENSSL_free(der);
	X509_free(x);
	(void)fclose(key);
	(void)fclose(cert);
	return s;
}

static char *part(json_t *doc)
{
	COF_AUTO(cof_buf) text = {0};
	if (doc == NULL || cof_json_dump(doc, &text, NULL) < 0)
		die("memory");
	json_decref(doc);
	return cof_b64url_dup(cof_buf_span(&text));
}

static char *sign(const signer *s, const char *text)
{
	unsigned char sig[1024];
	size_t n = sizeof sig;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key) != 1 ||
	    EVP_DigestSign(ctx, sig, &n, (const unsigned char *)text, strlen(text)) != 1)
		die("signing");
	EVP_MD_CTX_free(ctx);
	return cof_b64url_dup(cof_span_of(sig, n));
}

/* "repository:NAME:ACTION,…" as the registry wants it; nothing for who may not. */
static json_t *access_of(const char *scope, bool me)
{
	char name[VALUE_MAX];
	json_t *list = json_array();
	const char *from = strchr(scope, ':'), *to = strrchr(scope, ':');
	if (strncmp(scope, "repository:", 11) != 0 || to == from)
		return list;
	(void)snprintf(name, sizeof name, "%.*s", (int)(to - from - 1), from + 1);
	json_t *actions = json_array();
	bool pull = strncmp(to + 1, "pull", 4) == 0 && (me || strncmp(name, "public/", 7) == 0);
	if (pull)
		(void)json_array_append_new(actions, json_string("pull"));
	if (me && strstr(to, "push") != NULL)
		(void)json_array_append_new(actions, json_string("push"));
	(void)json_array_append_new(
		list, json_pack("{s:s, s:s, s:o}", "type", "repository", "name", name, "actions", actions));
	return list;
}

static char *make_token(const signer *s, const char *service, const char *scope, bool me)
{
	char *head = part(json_pack("{s:s, s:s, s:[s]}", "typ", "JWT", "alg", "RS256", "x5c", s->x5c)), *both, *token;
	json_int_t now = (json_int_t)time(NULL);
	char *body = part(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "iss", ISSUER, "sub", me ? "me" : "",
				    "aud", service, "exp", now + 300, "nbf", now - 10, "iat", now, "jti", "1", "access",
				    access_of(scope, me)));
	if (asprintf(&both, "%s.%s", head, body) < 0)
		die("memory");
	char *sig = sign(s, both);
	if (asprintf(&token, "%s.%s", both, sig) < 0)
		die("memory");
	free(head);
	free(body);
	free(both);
	free(sig);
	return token;
}

/* --- requests --- */

/* The unescaped value of NAME= in a query or form; "" when absent. */
static void value_of(const char *text, const char *name, char out[VALUE_MAX])
{
	size_t n = 0, len = strlen(name);
	out[0] = '\0';
	for (const char *at = text; (at = strstr(at, name)) != NULL; at++) {
		if (at[len] != '=' || (at > text && strchr("?&\n", at[-1]) == NULL))
			continue;
		for (at += len + 1; *at != '\0' && strchr("& \r\n", *at) == NULL && n + 1 < VALUE_MAX; at++) {
			uint8_t byte = 0;
			if (*at == '%' && cof_unhex_span(cof_span_of(at + 1, 2), &byte, 1, NULL) == 0) {
				out[n++] = (char)byte;
				at += 2;
			} else {
				out[n++] = *at;
			}
		}
		out[n] = '\0';
		return;
	}
}

/* 200 with a token, or 401 for a login that is none. */
static char *answer(const signer *s, const char *request)
{
	char service[VALUE_MAX], scope[VALUE_MAX], identity[VALUE_MAX];
	const char *auth = strstr(request, "\r\nAuthorization: ");
	char *text = NULL;
	value_of(request, "service", service);
	value_of(request, "scope", scope);
	value_of(request, "refresh_token", identity);
	bool tried = auth != NULL || identity[0] != '\0';
	bool me = strcmp(identity, IDENTITY) == 0 ||
		  (auth != NULL && strncmp(auth + 17, BASIC_ME "\r\n", strlen(BASIC_ME) + 2) == 0);
	(void)printf("%.4s %s %s\n", request, me ? "me" : tried ? "stranger" : "anonymous", scope);
	(void)fflush(stdout);
	if (tried && !me)
		return strdup("HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	char *token = make_token(s, service, scope, me);
	int n = asprintf(&text,
			 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\n\r\n{\"%s\":\"%s\",\"expires_in\":300}",
			 strlen(token) + (identity[0] != '\0' ? 36 : 29),
			 identity[0] != '\0' ? "access_token" : "token", token);
	free(token);
	return n < 0 ? NULL : text;
}

static char *read_request(SSL *ssl)
{
	static char in[REQUEST_MAX];
	size_t have = 0;
	while (have + 1 < sizeof in) {
		int n = SSL_read(ssl, in + have, (int)(sizeof in - 1 - have));
		if (n <= 0)
			return NULL;
		have += (size_t)n;
		in[have] = '\0';
		const char *end = strstr(in, "\r\n\r\n"), *len = strcasestr(in, "\r\nContent-Length:");
		if (end != NULL && have >= (size_t)(end + 4 - in) + (len == NULL ? 0 : strtoul(len + 17, NULL, 10)))
			return in;
	}
	return NULL;
}

static void serve_one(SSL_CTX *ctx, const signer *s, int fd)
{
	const struct timeval patience = {5, 0};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	SSL *ssl = SSL_new(ctx);
	(void)SSL_set_fd(ssl, fd);
	const char *request = SSL_accept(ssl) == 1 ? read_request(ssl) : NULL;
	COF_AUTO_FREE char *text = request == NULL ? NULL : answer(s, request);
	if (text != NULL && SSL_write(ssl, text, (int)strlen(text)) > 0)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
}

/* --- the server --- */

static int open_listener(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof a;
	char text[16];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	(void)snprintf(text, sizeof text, "%u\n", ntohs(a.sin_port));
	if (cof_file_write("port", cof_span_str(text), 0600, NULL) < 0)
		die("port");
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]) < 0)
		die("DIR");
	signer s = open_signer();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate_file(ctx, "server.pem", SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, "server.key", SSL_FILETYPE_PEM) != 1)
		die("server.pem, server.key");
	(void)signal(SIGPIPE, SIG_IGN);
	int listener = open_listener();
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		serve_one(ctx, &s, fd);
	return 0;
}
