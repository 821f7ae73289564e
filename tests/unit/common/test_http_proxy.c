/* SPDX-License-Identifier: Apache-2.0 */
/* Calls through a proxy: it sees where we go, and nothing else. */
#include "tests/unit/common/http_rig.h"

#define CREDENTIAL "Authorization: Basic c2VjcmV0"

/* Tunnels every connection to one port, or answers as it is told. */
typedef struct proxy {
	int fd;
	int port, to;
	const char *answer; /* NULL: tunnel */
	pthread_t thread;
	atomic_int stop, connections;
	char seen[4096]; /* the last request */
	char url[64];
} proxy;

static void pump(proxy *p, int a, int b)
{
	struct pollfd fds[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
	char chunk[4096];
	while (atomic_load(&p->stop) == 0) {
		if (poll(fds, 2, 20) <= 0)
			continue;
		int from = fds[0].revents != 0 ? 0 : 1;
		ssize_t n = read(fds[from].fd, chunk, sizeof chunk);
		if (n <= 0 || write(fds[1 - from].fd, chunk, (size_t)n) != n)
			return;
	}
}

static void proxy_one(proxy *p, int client)
{
	static const char yes[] = "HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n";
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)p->to), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	size_t have = 0;
	memset(p->seen, 0, sizeof p->seen);
	while (strstr(p->seen, "\r\n\r\n") == NULL && have + 1 < sizeof p->seen) {
		ssize_t n = read(client, p->seen + have, sizeof p->seen - 1 - have);
		if (n <= 0)
			return;
		have += (size_t)n;
	}
	if (p->answer != NULL) {
		(void)!write(client, p->answer, strlen(p->answer));
		return;
	}
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(server, (const struct sockaddr *)&at, sizeof at) == 0 &&
	    write(client, yes, strlen(yes)) == (ssize_t)strlen(yes))
		pump(p, client, server);
	(void)close(server);
}

static void *proxy_thread(void *arg)
{
	proxy *p = arg;
	while (atomic_load(&p->stop) == 0) {
		struct pollfd f = {.fd = p->fd, .events = POLLIN};
		int client = poll(&f, 1, 20) > 0 ? accept4(p->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (client < 0)
			continue;
		atomic_fetch_add(&p->connections, 1);
		proxy_one(p, client);
		(void)close(client);
	}
	return NULL;
}

static void proxy_open(proxy *p, int to, const char *answer)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	*p = (proxy){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .to = to, .answer = answer};
	assert_int_equal(bind(p->fd, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(p->fd, 4), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&at, &len), 0);
	p->port = ntohs(at.sin_port);
	(void)snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", p->port);
	assert_int_equal(pthread_create(&p->thread, NULL, proxy_thread, p), 0);
}

static void proxy_close(proxy *p)
{
	atomic_store(&p->stop, 1);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->fd);
}

static int get_as(const rig *r, cof_http_resp *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_http) h = NULL;
	int code = cof_http_new(&h, &r->opts, err);
	const cof_http_req req = {.method = "GET", .url = r->url, .credential = CREDENTIAL, .max_body = 1000};
	return code < 0 ? code : cof_http_do(h, &req, ret, err);
}

static void t040_a_proxy_hears_no_credential(void **state)
{
	(void)state;
	rig r;
	proxy p;
	char line[160];
	COF_AUTO(cof_http_resp) resp = {0};
	rig_open(&r, "DNS:" NAME, fine, 1);
	proxy_open(&p, r.peer.port, NULL);
	r.opts.proxy = p.url;
	r.opts.outward = true; /* the proxy's own address is its owner's business, and so is where it leads */
	assert_ok(get_as(&r, &resp, &err));
	assert_string_equal(cof_buf_str(&resp.body), "ok");
	assert_null(cof_http_header(&resp, "X-Proxy"));
	(void)snprintf(line, sizeof line, "CONNECT " NAME ":%d HTTP/1.1\r\n", r.peer.port);
	assert_memory_equal(p.seen, line, strlen(line));
	assert_null(strcasestr(p.seen, "authorization"));
	assert_null(strstr(p.seen, "/x"));
	assert_non_null(strstr(r.peer.log[0], CREDENTIAL));
	proxy_close(&p);
	tls_close(&r.peer);
}

static void hosts_without_proxy(void **state)
{
	(void)state;
	rig r;
	proxy p;
	COF_AUTO(cof_http_resp) resp = {0};
	const char *const others[] = {"other.test", "192.0.2.0/24", NULL}, *const ours[] = {"coffer.test", NULL};
	rig_open(&r, "DNS:" NAME, fine, 1);
	proxy_open(&p, r.peer.port, NULL);
	r.opts.proxy = p.url;
	r.opts.no_proxy = ours;
	assert_ok(get_as(&r, &resp, &err));
	assert_int_equal(atomic_load(&p.connections), 0);
	r.opts.no_proxy = others;
	cof_http_resp_release(&resp);
	assert_ok(get_as(&r, &resp, &err));
	assert_int_equal(atomic_load(&p.connections), 1);
	proxy_close(&p);
	tls_close(&r.peer);
}

static void t041_a_proxy_is_not_asked_for_this_machine(void **state)
{
	(void)state;
	static const char *const urls[] = {"https://localhost:1/", "https://127.0.0.1/", "https://[::1]/",
					   "https://0x7f000001/", "https://169.254.169.254/"};
	for (size_t i = 0; i < COF_COUNT(urls); i++) {
		rig r;
		proxy p;
		cof_http_resp resp = {0};
		rig_open(&r, "DNS:localhost", fine, 1);
		proxy_open(&p, r.peer.port, NULL);
		r.opts.proxy = p.url;
		r.opts.outward = true;
		(void)snprintf(r.url, sizeof r.url, "%s", urls[i]);
		assert_fails(get_as(&r, &resp, &err), "http-inward");
		assert_int_equal(atomic_load(&p.connections), 0);
		proxy_close(&p);
		tls_close(&r.peer);
	}
}

static void proxies_that_refuse_or_lie(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *reason;
	} cases[] = {
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "http-proxy-refused"},
		{"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
		 "http-proxy-refused"},
		{"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", "http-cut"},
		{"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "http-unreachable"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		rig r;
		proxy p;
		cof_http_resp resp = {0};
		rig_open(&r, "DNS:" NAME, fine, 1);
		proxy_open(&p, r.peer.port, cases[i].answer);
		r.opts.proxy = p.url;
		assert_fails(get_as(&r, &resp, &err), cases[i].reason);
		assert_int_equal(atomic_load(&r.peer.requests), 0);
		proxy_close(&p);
		tls_close(&r.peer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t040_a_proxy_hears_no_credential),
		cmocka_unit_test(hosts_without_proxy),
		cmocka_unit_test(t041_a_proxy_is_not_asked_for_this_machine),
		cmocka_unit_test(proxies_that_refuse_or_lie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
