/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What init's own parts stand on, for tests: a loop, a reaper, a folder, and a host on the other end of a real
 * connection. The helper processes are this test's own program in another role, as hostile as the test wants them.
 */
#pragma once

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/helper.h"
#include "agent/proto.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/ttrpc.h"
#include "tests/unit/test.h"

enum { RIG_MS = 5000, RIG_CALLS = 64 };

#define TEXT(s) ((char *)(uintptr_t)(s))

typedef struct rig_reply {
	int n; /* answers */
	int code;
	char message[1024];
	cof_buf payload;
} rig_reply;

typedef struct rig {
	struct event_base *base;
	cof_children *children;
	cof_ttrpc *client, *server;
	char dir[64];
	/* Calls that were served and not answered yet, in order. */
	cof_ttrpc_call *calls[RIG_CALLS];
	int n_calls;
	/* What becomes of a call instead, when it is set. */
	void (*serve)(void *arg, cof_ttrpc_call *call, const char *method, cof_span payload);
	void *arg;
} rig;

static void rig_serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	rig *r = arg;
	(void)service;
	if (r->serve != NULL)
		r->serve(r->arg, call, method, payload);
	else
		r->calls[r->n_calls++] = call;
}

static void rig_closed(void *arg, const cof_err *why)
{
	(void)arg;
	(void)why;
}

static void rig_signal(void *arg, int signal)
{
	(void)arg;
	(void)signal;
}

static void rig_connect(rig *r)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	cof_ttrpc_opts o = {.closed = rig_closed, .arg = r};
	assert_ok(cof_ttrpc_new(&r->client, r->base, pair[0], &o, &err));
	o.serve = rig_serve;
	assert_ok(cof_ttrpc_new(&r->server, r->base, pair[1], &o, &err));
}

/* The host's connection ends, and another begins. */
__attribute__((unused)) static void rig_reconnect(rig *r)
{
	cof_ttrpc_free(r->client);
	cof_ttrpc_free(r->server);
	rig_connect(r);
}

__attribute__((unused)) static void rig_init(rig *r)
{
	*r = (rig){0};
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(r->dir, sizeof r->dir, "/tmp/coffer-rig-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->base = event_base_new();
	assert_ok(cof_children_new(&r->children, r->base, rig_signal, r, &err));
	rig_connect(r);
}

__attribute__((unused)) static void rig_release(rig *r)
{
	if (r->client != NULL)
		cof_ttrpc_free(r->client);
	if (r->server != NULL)
		cof_ttrpc_free(r->server);
	cof_children_free(r->children);
	event_base_free(r->base);
	assert_ok(cof_rm_tree(r->dir, &err));
}

__attribute__((unused)) static int64_t rig_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Turns the loop until *n is at least want. */
__attribute__((unused)) static void rig_turn(rig *r, const int *n, int want)
{
	int64_t until = rig_now() + RIG_MS;
	while (*n < want) {
		const struct timeval step = {.tv_usec = 20000};
		(void)event_base_loopexit(r->base, &step);
		(void)event_base_loop(r->base, EVLOOP_ONCE);
		if (rig_now() > until)
			fail_msg("only %d of %d came", *n, want);
	}
}

/* Whatever is due now happens. */
__attribute__((unused)) static void rig_settle(rig *r)
{
	for (int i = 0; i < 8; i++)
		(void)event_base_loop(r->base, EVLOOP_NONBLOCK);
}

/* Turns the loop until pid was reaped. */
__attribute__((unused)) static void rig_gone(rig *r, pid_t pid)
{
	int64_t until = rig_now() + RIG_MS;
	while (kill(pid, 0) == 0) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(r->base, &step);
		(void)event_base_loop(r->base, EVLOOP_ONCE);
		if (rig_now() > until)
			fail_msg("process %d is still there", (int)pid);
	}
}

static void rig_on_reply(void *arg, int code, const char *message, cof_span payload)
{
	rig_reply *r = arg;
	r->n++;
	r->code = code;
	(void)snprintf(r->message, sizeof r->message, "%s", message == NULL ? "" : message);
	cof_buf_release(&r->payload);
	assert_ok(cof_buf_add(&r->payload, payload.data, payload.len, &err));
}

__attribute__((unused)) static void rig_send(rig *r, const char *method, const ProtobufCMessage *m, rig_reply *reply)
{
	COF_AUTO(cof_buf) body = {0};
	if (m != NULL)
		assert_ok(cof_pb_pack(m, &body, &err));
	assert_ok(cof_ttrpc_send(r->client, "test", method, cof_buf_span(&body), 0, rig_on_reply, reply, &err));
}

/* A call that nobody has answered yet. */
__attribute__((unused)) static cof_ttrpc_call *rig_call(rig *r, rig_reply *reply)
{
	int before = r->n_calls;
	rig_send(r, "x", NULL, reply);
	rig_turn(r, &r->n_calls, before + 1);
	return r->calls[before];
}

__attribute__((unused)) static void rig_expect(rig *r, rig_reply *reply, int code, const char *text)
{
	rig_turn(r, &reply->n, 1);
	if (reply->n != 1 || reply->code != code || strstr(reply->message, text) == NULL)
		fail_msg("%d answers, code %d '%s', wanted %d '%s'", reply->n, reply->code, reply->message, code, text);
	reply->n = 0;
	cof_buf_release(&reply->payload);
}

__attribute__((unused)) static void rig_path(const rig *r, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", r->dir, name);
}

__attribute__((unused)) static void rig_put(const rig *r, const char *name, const char *text)
{
	char path[160];
	rig_path(r, name, path);
	assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

__attribute__((unused)) static bool rig_has(const rig *r, const char *name)
{
	char path[160];
	rig_path(r, name, path);
	return access(path, F_OK) == 0;
}

__attribute__((unused)) static int rig_count(const char *folder)
{
	DIR *d = opendir(folder);
	int n = 0;
	while (d != NULL && readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

/* Files in the rig's folder whose names begin so. */
__attribute__((unused)) static int rig_count_of(const rig *r, const char *prefix)
{
	DIR *d = opendir(r->dir);
	int n = 0;
	for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d))
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	(void)closedir(d);
	return n;
}

/* Descriptors of this process. */
__attribute__((unused)) static int rig_fds(void)
{
	return rig_count("/proc/self/fd");
}

__attribute__((unused)) static cof_helper_opts rig_helper(const rig *r)
{
	return (cof_helper_opts){.base = r->base, .children = r->children, .exe = "/proc/self/exe"};
}

/* The role of a process that was started as a helper; NULL in the test itself. */
__attribute__((unused)) static const char *rig_role(int argc, char **argv)
{
	return argc == 3 && strcmp(argv[1], "--role") == 0 ? argv[2] : NULL;
}
