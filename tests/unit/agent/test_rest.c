/* SPDX-License-Identifier: Apache-2.0 */
/* The REST API over real loopback sockets: a workload that means well, and one that does not. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "agent/rest.h"
#include "common/file.h"

static struct event_base *base;
static cof_rest *rest;
static int calls;

static int resource(void *arg, const cof_kbsp_path *path, cof_secret *ret, cof_err *err)
{
	(void)arg;
	calls++;
	if (strcmp(path->tag, "absent") == 0)
		return cof_err_set(err, COF_E_POLICY, "resource-absent", "no such resource");
	if (strcmp(path->tag, "denied") == 0)
		return cof_err_set(err, COF_E_POLICY, "pcr-mismatch", "PCR 4");
	if (strcmp(path->tag, "down") == 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "kbs-unreachable", "down");
	return cof_secret_from(ret, cof_span_of("s3cret\0bytes", 12), err);
}

static int token(void *arg, cof_secret *ret, cof_err *err)
{
	(void)arg;
	return cof_secret_from(ret, cof_span_str("{\"token\":\"t\"}"), err);
}

static char measured[256];

static int measure(void *arg, const cof_runtime_event *e, cof_err *err)
{
	(void)arg;
	if (strcmp(e->operation, "denied") == 0)
		return cof_err_set(err, COF_E_POLICY, "policy-denied", "measure");
	if (strcmp(e->operation, "odd") == 0)
		return cof_err_set(err, COF_E_USAGE, "runtime-event", "odd");
	if (strcmp(e->operation, "broken") == 0)
		return cof_err_set(err, COF_E_CRYPTO, "runtime-log-broken", "broken");
	(void)snprintf(measured, sizeof measured, "%s|%s|%s|%d", e->domain, e->operation, e->content,
		       e->register_index);
	return 0;
}

static int start(void **state)
{
	(void)state;
	const cof_rest_ops ops = {resource, token, measure, NULL};
	base = event_base_new();
	return base == NULL ? -1 : cof_rest_new(&rest, base, 0, &ops, NULL);
}

static int stop(void **state)
{
	(void)state;
	cof_rest_free(rest);
	event_base_free(base);
	return 0;
}

/* Sends the text, runs the server until the answer's end, returns it. */
static void talk(const char *text, cof_buf *ret)
{
	COF_AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)cof_rest_port(rest))};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct timeval patience = {.tv_usec = 20000};
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_ok(cof_fd_write_all(fd, cof_span_str(text), &err));
	for (int i = 0; i < 100; i++) {
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
		assert_ok(cof_buf_reserve(ret, 4096, &err));
		ssize_t n = recv(fd, ret->data + ret->len, 4096, 0);
		if (n == 0)
			return;
		ret->len += n > 0 ? (size_t)n : 0;
		ret->data[ret->len] = 0;
	}
	fail_msg("no end of the answer to %s", text);
}

static void assert_status(const char *request_line, const char *status)
{
	COF_AUTO(cof_buf) answer = {0};
	char text[2048], want[64];
	(void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request_line);
	(void)snprintf(want, sizeof want, "HTTP/1.1 %s ", status);
	talk(text, &answer);
	if (strncmp(cof_buf_str(&answer), want, strlen(want)) != 0)
		fail_msg("%s: %.40s", request_line, cof_buf_str(&answer));
}

static void serves_secret_bytes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) answer = {0};
	talk("GET /cdh/resource/default/secret/demo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	assert_true(answer.len > 12);
	assert_memory_equal(answer.data + answer.len - 12, "s3cret\0bytes", 12);
	assert_non_null(strstr(cof_buf_str(&answer), "application/octet-stream"));
}

static void serves_the_token(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) answer = {0};
	talk("GET /aa/token?token_type=kbs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	assert_non_null(strstr(cof_buf_str(&answer), "\r\n\r\n{\"token\":\"t\"}"));
	assert_status("GET /aa/token", "400");
	assert_status("GET /aa/token?token_type=coco_as", "400");
	assert_status("GET /aa/tokenx?token_type=kbs", "400");
}

static void says_only_the_class_of_a_failure(void **state)
{
	(void)state;
	assert_status("GET /cdh/resource/a/b/absent", "404");
	assert_status("GET /cdh/resource/a/b/down", "500");
	COF_AUTO(cof_buf) answer = {0};
	talk("GET /cdh/resource/a/b/denied HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	assert_non_null(strstr(cof_buf_str(&answer), "HTTP/1.1 403 "));
	assert_null(strstr(cof_buf_str(&answer), "PCR"));
}

static void refuses_other_paths_and_methods_unasked(void **state)
{
	(void)state;
	int before = calls;
	const char *const bad[] = {"GET /cdh/resource/a/b",    "GET /cdh/resource/a/b/c/d",
				   "GET /cdh/resource/a/../c", "GET /cdh/resource/a/b/c%2fd",
				   "GET /cdh/resource/a//c",   "GET /cdh/resource/a/b/.c"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_status(bad[i], "400");
	assert_status("GET /", "404");
	assert_status("GET /cdh", "404");
	assert_status("GET /etc/passwd", "404");
	const char *const methods[] = {"POST", "PUT", "DELETE", "HEAD", "OPTIONS"};
	for (size_t i = 0; i < COF_COUNT(methods); i++) {
		COF_AUTO(cof_buf) answer = {0};
		char text[256];
		(void)snprintf(
			text, sizeof text,
			"%s /cdh/resource/a/b/c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			methods[i]);
		talk(text, &answer);
		assert_null(strstr(cof_buf_str(&answer), " 200 "));
	}
	assert_int_equal(calls, before);
}

static void assert_post(const char *path, const char *body, const char *status)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) answer = {0};
	char want[64];
	(void)snprintf(want, sizeof want, "HTTP/1.1 %s ", status);
	assert_ok(cof_buf_printf(&text, &err,
				 "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
				 path, strlen(body), body));
	talk(cof_buf_str(&text), &answer);
	if (strncmp(cof_buf_str(&answer), want, strlen(want)) != 0)
		fail_msg("%s: %.40s", body, cof_buf_str(&answer));
}

#define EVENT(operation) "{\"domain\":\"d\",\"operation\":\"" operation "\",\"content\":\"c c\"}"

static void measures(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"{}",
		"rubbish",
		"[]",
		"{\"domain\":\"d\",\"operation\":\"o\"}",
		"{\"domain\":\"d\",\"operation\":\"o\",\"content\":7}",
		"{\"domain\":\"d\",\"operation\":\"o\",\"content\":\"\\u0000\"}",
		"{\"domain\":\"d\",\"domain\":\"e\",\"operation\":\"o\",\"content\":\"\"}",
		"{\"domain\":\"d\",\"operation\":\"o\",\"content\":\"\",\"register_index\":4}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_post("/aa/aael", bad[i], "400");
	assert_post("/aa/aael?x", EVENT("o"), "400");
	assert_post("/aa/aaelx", EVENT("o"), "400");
	assert_post("/aa/aael", EVENT("odd"), "400");
	assert_post("/aa/aael", EVENT("denied"), "403");
	assert_post("/aa/aael", EVENT("broken"), "500");
	assert_status("GET /aa/aael", "405");
	assert_string_equal(measured, "");
	assert_post("/aa/aael", EVENT("o"), "200");
	assert_string_equal(measured, "d|o|c c|-1");
}

/* A body where none belongs, and more than there may be. */
static void limits_bodies(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) answer = {0};
	static char big[9 << 10];
	int before = calls;
	talk("GET /cdh/resource/a/b/c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
	     &answer);
	assert_null(strstr(cof_buf_str(&answer), " 200 "));
	assert_int_equal(calls, before);
	memset(big, 'x', sizeof big - 1);
	assert_post("/aa/aael", big, "413");
}

static void limits_what_it_reads(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) answer = {0};
	assert_ok(cof_buf_add_str(&text, "GET /cdh/resource/a/b/c HTTP/1.1\r\nX: ", &err));
	for (int i = 0; i < 20000; i++)
		assert_ok(cof_buf_add_str(&text, "y", &err));
	assert_ok(cof_buf_add_str(&text, "\r\n\r\n", &err));
	int before = calls;
	talk(cof_buf_str(&text), &answer);
	assert_null(strstr(cof_buf_str(&answer), " 200 "));
	assert_int_equal(calls, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_secret_bytes),
		cmocka_unit_test(serves_the_token),
		cmocka_unit_test(says_only_the_class_of_a_failure),
		cmocka_unit_test(refuses_other_paths_and_methods_unasked),
		cmocka_unit_test(measures),
		cmocka_unit_test(limits_bodies),
		cmocka_unit_test(limits_what_it_reads),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
