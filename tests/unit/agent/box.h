/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init's state with a sandbox and, for whoever wants it, a container, on a tmpfs of its own. The runtime is this test
 * in another role, because the real one fails too seldom: the file "how" in its folder says what goes wrong.
 */
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "agent/container.h"
#include "agent/dispatch.h"
#include "agent/service.h"
#include "tests/unit/agent/pull_peers.h"

typedef struct box {
	rig r;
	cof_agent a;
	bool io; /* calls come in on the io port */
	int ended;
	cof_policy_container allowed;
	char exe[512], bundles[160], run[160];
} box;

/* --- the runtime --- */

/* A container's first process, or another of it: ends with its input, or by a signal. */
static void box_leave_process(const char *pid_file)
{
	char byte = 0;
	pid_t pid = fork();
	if (pid == 0) {
		(void)setsid();
		while (read(STDIN_FILENO, &byte, 1) == 1)
			(void)!write(byte == 'e' ? STDERR_FILENO : STDOUT_FILENO, &byte, 1);
		_exit(5);
	}
	FILE *f = fopen(pid_file, "we");
	if (f == NULL || fprintf(f, "%d", (int)pid) < 0 || fclose(f) != 0)
		_exit(1);
}

/* argv: exe --root R --cgroup-manager cgroupfs --log L COMMAND … ID */
__attribute__((noreturn)) static void box_play(int argc, char **argv)
{
	char path[256], how[64] = "";
	const char *command = argv[7], *pid_file = NULL;
	(void)snprintf(path, sizeof path, "%s/how", argv[2]);
	FILE *f = fopen(path, "re");
	if (f != NULL && fgets(how, sizeof how, f) == NULL)
		how[0] = '\0';
	for (int i = 8; i + 1 < argc; i++)
		if (strcmp(argv[i], "--pid-file") == 0)
			pid_file = argv[i + 1];
	if (strcmp(how, command) == 0) {
		FILE *log = fopen(argv[6], "we");
		(void)fputs("boom\n", log);
		(void)fclose(log);
		_exit(1);
	}
	if (pid_file != NULL && strcmp(how, "no pid") == 0)
		_exit(0);
	if (pid_file != NULL && strcmp(how, "pid 1") == 0) {
		FILE *pid = fopen(pid_file, "we");
		(void)fputs("1", pid);
		(void)fclose(pid);
		_exit(0);
	}
	if (pid_file != NULL)
		box_leave_process(pid_file);
	_exit(strcmp(how, "late") == 0 ? 1 : 0);
}

/* Returns in the test itself only. */
__attribute__((unused)) static void box_main(int argc, char **argv)
{
	if (argc > 8 && strcmp(argv[1], "--root") == 0)
		box_play(argc, argv);
	pull_play(argc, argv);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

__attribute__((unused)) static int box_group(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNS) < 0 ? -1 : mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* --- this side --- */

static void box_serve(void *arg, cof_ttrpc_call *call, const char *method, cof_span payload)
{
	static const char *const services[] = {"grpc.AgentService", "grpc.Health", "coffer.v1.Guest"};
	box *b = arg;
	size_t i = 0;
	if (strcmp(method, "x") == 0) {
		b->r.calls[b->r.n_calls++] = call;
		return;
	}
	while (i + 1 < COF_COUNT(services) && cof_dispatch_find(services[i], method) == NULL)
		i++;
	cof_dispatch(&b->a, b->io, call, services[i], method, payload);
}

static void box_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	((box *)arg)->ended++;
}

static const char box_policy[] = "{\"format\":\"coffer-policy/1\",\"containers\":[],\"exec\":[[\"/bin/ok\"]],"
				 "\"signals\":[9,15],\"stdin\":true,\"stdout\":true,\"stderr\":true}";

__attribute__((unused)) static void box_init(box *b)
{
	*b = (box){0};
	rig_init(&b->r);
	assert_int_equal(mount("box", b->r.dir, "tmpfs", 0, ""), 0);
	rig_path(&b->r, "bundles", b->bundles);
	rig_path(&b->r, "run", b->run);
	assert_int_equal(mkdir(b->bundles, 0700) + mkdir(b->run, 0700), 0);
	ssize_t n = readlink("/proc/self/exe", b->exe, sizeof b->exe - 1);
	assert_true(n > 0);
	b->a = (cof_agent){.base = b->r.base,
			   .children = b->r.children,
			   .places = {.bundles = b->bundles, .run = b->run, .store = b->run, .cgroups = "/nonexistent"},
			   .helper = rig_helper(&b->r),
			   .crun = {b->exe, b->run, b->r.base, b->r.children},
			   .sandbox = true,
			   .end = event_new(b->r.base, -1, 0, box_end, b)};
	assert_ok(cof_watch_new(&b->a.watch, b->r.base, &err));
	assert_ok(cof_policy_parse(cof_span_str(box_policy), &b->a.owner.policy, &err));
	b->a.owner.cdh.registry_ca = TEXT("");
	b->allowed = (cof_policy_container){.image = TEXT("runs"), .digest = TEXT(PIN)};
	b->r.serve = box_serve;
	b->r.arg = b;
}

__attribute__((unused)) static void box_release(box *b)
{
	if (b->a.container != NULL)
		cof_container_free(b->a.container);
	cof_watch_free(b->a.watch);
	cof_policy_free(b->a.owner.policy);
	cof_hosts_release(&b->a.hosts);
	cof_buf_release(&b->a.dns);
	event_free(b->a.end);
	assert_int_equal(umount2(b->r.dir, MNT_DETACH), 0);
	rig_release(&b->r);
}

/* What the runtime gets wrong from now on: a command's name, "no pid", "pid 1", or "late" for a failure behind all it
 * had to do. */
__attribute__((unused)) static void box_how(const box *b, const char *how)
{
	rig_put(&b->r, "run/how", how);
}

__attribute__((unused)) static void box_create(box *b, const char *id, const char *image, rig_reply *reply)
{
	char reference[256];
	(void)snprintf(reference, sizeof reference, "%s@" PIN, image);
	const cof_container_ask ask = {.id = id, .reference = reference, .allowed = &b->allowed};
	cof_container_create(&b->a, &ask, rig_call(&b->r, reply));
}

__attribute__((unused)) static void box_created(box *b)
{
	rig_reply reply = {0};
	box_init(b);
	box_create(b, "c1", "runs", &reply);
	rig_expect(&b->r, &reply, COF_RPC_OK, "");
	assert_int_equal(b->a.container->life, COF_LIFE_CREATED);
}

__attribute__((unused)) static void box_running(box *b)
{
	rig_reply reply = {0};
	box_created(b);
	cof_container_start(b->a.container, rig_call(&b->r, &reply));
	rig_expect(&b->r, &reply, COF_RPC_OK, "");
	assert_int_equal(b->a.container->life, COF_LIFE_RUNNING);
}

/* Sends m to the dispatcher; the answer must be this. */
__attribute__((unused)) static void box_call(box *b, const char *method, const ProtobufCMessage *m, int code,
					     const char *text)
{
	rig_reply reply = {0};
	rig_send(&b->r, method, m, &reply);
	rig_expect(&b->r, &reply, code, text);
}

/* The container goes, and then the guest is about to end. */
__attribute__((unused)) static void box_wait_end(box *b)
{
	int64_t until = rig_now() + RIG_MS;
	while (b->a.container != NULL && rig_now() < until) {
		const struct timeval step = {.tv_usec = 5000};
		(void)event_base_loopexit(b->r.base, &step);
		(void)event_base_loop(b->r.base, EVLOOP_ONCE);
	}
	assert_null(b->a.container);
	assert_true(event_pending(b->a.end, EV_TIMEOUT, NULL));
}

/* No bundle, layer, root, spec, log or pid of any container is left. */
__attribute__((unused)) static void box_assert_empty(box *b)
{
	char how[160];
	rig_path(&b->r, "run/how", how);
	(void)unlink(how);
	assert_null(b->a.container);
	assert_int_equal(rig_count(b->bundles), 2);
	assert_int_equal(rig_count(b->run), 2);
}
