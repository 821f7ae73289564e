/* SPDX-License-Identifier: Apache-2.0 */
/* One front as its own process, with the test as key holder: what it refuses to start with, what it keeps, when it
 * leaves. */
#include "tests/unit/kbs/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "attestation/kbs/front.h"
#include "attestation/kbs/link.h"
#include "common/chan.h"

enum { LEAVE_MS = 5000 };

/* A sanitizer's runtime needs more calls than the list has. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef struct front {
	tmpdir dir;
	cof_proc proc;
	int link;
	unsigned port;
	cof_buf ca;
} front;

/* Certificates as the whole broker's tests have them. */
static int set_up(void **state)
{
	front *f = calloc(1, sizeof *f);
	assert_non_null(f);
	(void)signal(SIGPIPE, SIG_IGN);
	rig r = {.dir = tmpdir_new()};
	rig_make_tls(&r);
	f->dir = r.dir;
	f->ca = r.ca;
	f->proc = COF_PROC_NONE;
	f->link = -EBADF;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	front *f = *state;
	cof_proc_stop(&f->proc, SIGKILL, 1000);
	cof_fd_close(&f->link);
	cof_buf_release(&f->ca);
	tmpdir_release(&f->dir);
	free(f);
	return 0;
}

static int open_in(const front *f, const char *name)
{
	char path[160];
	int fd = open(tmpdir_path(&f->dir, name, path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int listener(unsigned *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void start(front *f, const char *cert, const char *key)
{
	char exe[512];
	int pair[2];
	rig_program("coffer-kbs", exe);
	assert_ok(cof_chan_pair(pair, &err));
	COF_AUTO_FD int theirs = pair[1];
	COF_AUTO_FD int l = listener(&f->port);
	COF_AUTO_FD int c = open_in(f, cert);
	COF_AUTO_FD int k = open_in(f, key);
	const char *const argv[] = {exe, "--role", "front", NULL};
	const cof_proc_fd fds[] = {{2, 2},
				   {theirs, COF_FRONT_FD_LINK},
				   {l, COF_FRONT_FD_LISTEN},
				   {c, COF_FRONT_FD_CERT},
				   {k, COF_FRONT_FD_KEY}};
	f->link = pair[0];
	assert_ok(cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = COF_COUNT(fds)}, &f->proc, &err));
}

static void next(front *f, cof_kb_head *head, cof_buf *body)
{
	struct pollfd p = {.fd = f->link, .events = POLLIN};
	body->len = 0;
	assert_int_equal(poll(&p, 1, RIG_READY_MS), 1);
	assert_ok(cof_link_read(f->link, head, body, &err));
}

static void ready(front *f)
{
	cof_kb_head h;
	COF_AUTO(cof_buf) body = {0};
	start(f, "tls.pem", "tls.key");
	next(f, &h, &body);
	assert_int_equal(h.type, COF_KB_READY);
}

static int exit_code(front *f)
{
	int status = -1;
	assert_ok(cof_proc_wait(&f->proc, LEAVE_MS, &status, &err));
	return status;
}

/* A line of /proc/PID/status. */
static void status_line(const front *f, const char *key, char out[64])
{
	char path[64];
	COF_AUTO(cof_buf) text = {0};
	(void)snprintf(path, sizeof path, "/proc/%d/status", f->proc.pid);
	assert_ok(cof_file_read(path, 1 << 16, &text, &err));
	const char *at = strstr(cof_buf_str(&text), key);
	assert_non_null(at);
	at += strlen(key);
	at += strspn(at, " \t");
	(void)snprintf(out, 64, "%.*s", (int)strcspn(at, "\n"), at);
}

/* ---- starting ---- */

static void t044_a_front_without_its_own_key_does_not_serve(void **state)
{
	static const char *const pairs[][2] = {
		{"tls.pem", "tls.pem"}, {"tls.key", "tls.key"},	   {"ca.pem", "tls.key"}, /* another's certificate */
		{"empty", "tls.key"},	{"tls.pem", "empty"},	   {"garbage", "tls.key"},
		{"tls.pem", "garbage"}, {"tls.pem", "sealed.key"}, /* its password is nobody's to type */
	};
	for (size_t i = 0; i < COF_COUNT(pairs); i++) {
		if (i > 0)
			(void)set_up(state);
		front *f = *state;
		char path[160], byte;
		static const char sealed[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkq\n"
					     "-----END ENCRYPTED PRIVATE KEY-----\n";
		assert_ok(cof_file_write(tmpdir_path(&f->dir, "empty", path), cof_span_str(""), 0600, &err));
		assert_ok(cof_file_write(tmpdir_path(&f->dir, "garbage", path), cof_span_str("\x30\x82garbage"), 0600,
					 &err));
		assert_ok(cof_file_write(tmpdir_path(&f->dir, "sealed.key", path), cof_span_str(sealed), 0600, &err));
		start(f, pairs[i][0], pairs[i][1]);
		assert_int_equal(exit_code(f), 2);
		assert_int_equal(read(f->link, &byte, 1), 0); /* it never said that it is ready */
		if (i + 1 < COF_COUNT(pairs))
			(void)tear_down(state);
	}
}

/* ---- what it keeps ---- */

static void t079_a_front_is_walled_in(void **state)
{
	front *f = *state;
	char line[64];
	ready(f);
	status_line(f, "Seccomp:", line);
	assert_string_equal(line, SANITIZED ? "0" : "2");
	status_line(f, "NoNewPrivs:", line);
	assert_string_equal(line, "1");
	char path[64];
	COF_AUTO(cof_buf) limits = {0};
	(void)snprintf(path, sizeof path, "/proc/%d/limits", f->proc.pid);
	assert_ok(cof_file_read(path, 1 << 16, &limits, &err));
	const char *core = strstr(cof_buf_str(&limits), "Max core file size");
	assert_non_null(core);
	assert_int_equal(strtoul(core + strlen("Max core file size"), NULL, 10), 0);
}

static void t078_the_files_of_its_key_are_closed(void **state)
{
	front *f = *state;
	char path[64];
	bool link = false, listen_fd = false;
	ready(f);
	(void)snprintf(path, sizeof path, "/proc/%d/fd", f->proc.pid);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char target[200];
		if (e->d_name[0] == '.')
			continue;
		link |= strcmp(e->d_name, "3") == 0;
		listen_fd |= strcmp(e->d_name, "4") == 0;
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strstr(target, f->dir.path) != NULL)
			fail_msg("%s -> %s", e->d_name, target);
	}
	(void)closedir(d);
	assert_true(link && listen_fd);
}

static void a_terminal_does_not_end_it(void **state)
{
	front *f = *state;
	char line[64];
	ready(f);
	status_line(f, "SigIgn:", line);
	unsigned long long ignored = strtoull(line, NULL, 16);
	assert_true((ignored >> (SIGINT - 1) & 1) == 1);
	assert_true((ignored >> (SIGTERM - 1) & 1) == 1);
	assert_true((ignored >> (SIGPIPE - 1) & 1) == 1);
}

/* ---- requests ---- */

typedef struct client {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
} client;

static client dial(const front *f)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .ctx = SSL_CTX_new(TLS_client_method())};
	const struct timeval t = {10, 0};
	assert_int_equal(connect(c.fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
	c.ssl = SSL_new(c.ctx);
	assert_int_equal(SSL_set_fd(c.ssl, c.fd), 1);
	return c;
}

static void hang_up(client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

static void ask(client *c, const char *text)
{
	assert_int_equal(SSL_connect(c->ssl), 1);
	assert_int_equal(SSL_write(c->ssl, text, (int)strlen(text)), (int)strlen(text));
}

static const char get[] = "GET /kbs/v0/resource/a/b/c HTTP/1.1\r\nHost: x\r\n\r\n";

static void t044_no_session_is_resumed(void **state)
{
	front *f = *state;
	char buf[512];
	ready(f);
	client c = dial(f);
	ask(&c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(SSL_read(c.ssl, buf, sizeof buf) > 0);
	assert_int_equal(SSL_version(c.ssl), TLS1_3_VERSION);
	SSL_SESSION *s = SSL_get1_session(c.ssl);
	assert_false(SSL_SESSION_is_resumable(s)); /* no ticket came with the answer */
	SSL_SESSION_free(s);
	hang_up(&c);
}

static void t063_methods_that_nobody_needs(void **state)
{
	front *f = *state;
	static const char *const methods[] = {"PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "HEAD"};
	ready(f);
	for (size_t i = 0; i < COF_COUNT(methods); i++) {
		char text[128], buf[512];
		client c = dial(f);
		(void)snprintf(text, sizeof text, "%s /kbs/v0/resource/a/b/c HTTP/1.1\r\nHost: x\r\n\r\n", methods[i]);
		ask(&c, text);
		int n = SSL_read(c.ssl, buf, sizeof buf - 1);
		buf[n > 0 ? n : 0] = '\0';
		if (n > 0 && strncmp(buf, "HTTP/1.1 4", 10) != 0 && strncmp(buf, "HTTP/1.1 501", 12) != 0)
			fail_msg("%s: %s", methods[i], buf);
		hang_up(&c);
	}
	struct pollfd p = {.fd = f->link, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0); /* the key holder heard of none */
}

/* ---- leaving ---- */

static void it_leaves_with_the_key_holder(void **state)
{
	front *f = *state;
	ready(f);
	client c = dial(f);
	ask(&c, get);
	cof_fd_close(&f->link); /* with a request unanswered */
	assert_int_equal(exit_code(f), 0);
	hang_up(&c);
}

static void t079_a_key_holder_that_speaks_nonsense_ends_it(void **state)
{
	front *f = *state;
	ready(f);
	assert_ok(cof_fd_write_all(f->link, cof_span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10), &err));
	assert_int_equal(exit_code(f), 0);
}

static void draining_answers_what_waits_and_takes_nothing_more(void **state)
{
	front *f = *state;
	cof_kb_head h;
	COF_AUTO(cof_buf) body = {0};
	char buf[1024];
	ready(f);
	client c = dial(f);
	ask(&c, get);
	next(f, &h, &body);
	assert_int_equal(h.type, COF_KB_RESOURCE);
	assert_ok(cof_link_write(f->link, COF_KB_DRAIN, 0, NULL, &err));
	assert_ok(cof_link_write(f->link, COF_KB_DRAIN, 0, NULL, &err)); /* once more changes nothing */
	const cof_kb_reply r = {.status = 200, .body = cof_span_str("the last")};
	assert_ok(cof_link_write(f->link, COF_KB_REPLY, h.id, &r, &err));
	int n = SSL_read(c.ssl, buf, sizeof buf - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, " 200 "));
	assert_non_null(strstr(buf, "Connection: close"));
	assert_int_equal(exit_code(f), 0);
	hang_up(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t044_a_front_without_its_own_key_does_not_serve),
		T(t079_a_front_is_walled_in),
		T(t078_the_files_of_its_key_are_closed),
		T(t044_no_session_is_resumed),
		T(t063_methods_that_nobody_needs),
		T(t079_a_key_holder_that_speaks_nonsense_ends_it),
		T(it_leaves_with_the_key_holder),
		T(draining_answers_what_waits_and_takes_nothing_more),
		T(a_terminal_does_not_end_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
