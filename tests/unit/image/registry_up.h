/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real docker-registry over HTTPS on loopback, and a relay before it that cuts connections after a given number of
 * bytes. The program comes from the environment (COFFER_REGISTRY); tests skip themselves without one.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/proc.h"
#include "image-decrypt/registry.h"
#include "tests/unit/test.h"

#define REGISTRY_NAME "registry.test"

typedef struct registry_up {
	char dir[64];
	unsigned port;
	cof_proc proc;
	cof_buf ca;
	pid_t relay;
	unsigned relay_port;
	char resolve[2][64];
	const char *resolves[3];
} registry_up;

static inline int listen_any(unsigned *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 16) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static inline int dial(unsigned port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static inline void run_tool(const char *const *argv)
{
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	const cof_proc_opts opts = {.argv = argv, .search_path = true};
	assert_ok(cof_proc_spawn(&opts, &p, &err));
	assert_ok(cof_proc_wait(&p, 30000, &status, &err));
	assert_int_equal(status, 0);
}

static inline void make_cert(const registry_up *u)
{
	char key[96], cert[96];
	(void)snprintf(key, sizeof key, "%s/key.pem", u->dir);
	(void)snprintf(cert, sizeof cert, "%s/cert.pem", u->dir);
	const char *const argv[] = {"openssl",
				    "req",
				    "-x509",
				    "-newkey",
				    "ec",
				    "-pkeyopt",
				    "ec_paramgen_curve:P-256",
				    "-nodes",
				    "-keyout",
				    key,
				    "-out",
				    cert,
				    "-days",
				    "2",
				    "-subj",
				    "/CN=" REGISTRY_NAME,
				    "-addext",
				    "subjectAltName=DNS:" REGISTRY_NAME,
				    NULL};
	run_tool(argv);
}

static inline void write_config(const registry_up *u)
{
	COF_AUTO(cof_buf) text = {0};
	char path[96];
	assert_ok(cof_buf_printf(&text, &err,
				 "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\n"
				 "http:\n  addr: 127.0.0.1:%u\n  tls: {certificate: %s/cert.pem, key: %s/key.pem}\n",
				 u->dir, u->port, u->dir, u->dir));
	(void)snprintf(path, sizeof path, "%s/config.yml", u->dir);
	assert_ok(cof_file_write(path, cof_buf_span(&text), 0600, &err));
}

/* Pumps both ways; limit bytes towards the client, then it hangs up. */
static inline void relay_one(int client, unsigned port, long limit)
{
	char chunk[4096];
	int server = dial(port);
	struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
	while (server >= 0 && limit > 0 && poll(fds, 2, -1) > 0) {
		int from = fds[0].revents != 0 ? 0 : 1;
		ssize_t n = read(fds[from].fd, chunk, sizeof chunk);
		if (n <= 0 || cof_fd_write_all(fds[1 - from].fd, cof_span_of(chunk, (size_t)n), NULL) < 0)
			break;
		limit -= from == 1 ? n : 0;
	}
	(void)close(client);
	if (server >= 0)
		(void)close(server);
}

/* Every connection is cut after limit bytes. */
static inline void relay_start(registry_up *u, long limit)
{
	int fd = listen_any(&u->relay_port);
	u->relay = fork();
	if (u->relay == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		for (int c; (c = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
			relay_one(c, u->port, limit);
		_exit(0);
	}
	(void)close(fd);
	(void)snprintf(u->resolve[1], sizeof u->resolve[1], REGISTRY_NAME ":%u:127.0.0.1", u->relay_port);
	u->resolves[1] = u->resolve[1];
}

static inline void relay_stop(registry_up *u)
{
	if (u->relay > 0) {
		(void)kill(u->relay, SIGKILL);
		(void)waitpid(u->relay, NULL, 0);
	}
	u->relay = 0;
}

/* False: there is no registry to run. */
static inline bool registry_start(registry_up *u)
{
	const char *exe = getenv("COFFER_REGISTRY");
	if (exe == NULL)
		exe = "build/debian/docker-registry/usr/bin/docker-registry"; /* where `make setup` puts it */
	char path[96];
	*u = (registry_up){.dir = "/tmp/cof-registry-XXXXXX", .proc = COF_PROC_NONE};
	if (access(exe, X_OK) < 0) {
		(void)fprintf(stderr, "no docker-registry (COFFER_REGISTRY): skipped\n");
		return false;
	}
	assert_non_null(mkdtemp(u->dir));
	int held = listen_any(&u->port);
	(void)close(held);
	make_cert(u);
	write_config(u);
	(void)snprintf(path, sizeof path, "%s/cert.pem", u->dir);
	assert_ok(cof_file_read(path, 1 << 20, &u->ca, &err));
	(void)snprintf(path, sizeof path, "%s/config.yml", u->dir);
	const char *const argv[] = {exe, "serve", path, NULL};
	const cof_proc_opts opts = {.argv = argv};
	assert_ok(cof_proc_spawn(&opts, &u->proc, &err));
	int fd = -1;
	for (int i = 0; i < 200 && fd < 0; i++) {
		fd = dial(u->port);
		if (fd < 0)
			(void)usleep(50000);
	}
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(u->resolve[0], sizeof u->resolve[0], REGISTRY_NAME ":%u:127.0.0.1", u->port);
	u->resolves[0] = u->resolve[0];
	return true;
}

static inline void registry_stop(registry_up *u)
{
	relay_stop(u);
	cof_proc_stop(&u->proc, SIGTERM, 2000);
	cof_buf_release(&u->ca);
	assert_ok(cof_rm_tree(u->dir, &err));
}

static inline void registry_ref(unsigned port, const char *rest, cof_ref *ret)
{
	char text[128];
	(void)snprintf(text, sizeof text, REGISTRY_NAME ":%u/%s", port, rest);
	assert_ok(cof_ref_parse(text, ret, &err));
}
