/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real coffer-agent as a process-level guest, for tests: its own folder, a software TPM, a registry if the test
 * wants one, and a client for each of its sockets. Everything ends with guest_stop.
 */
#pragma once

#include "tests/unit/test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "agent/proto.h"
#include "agent/service.h"
#include "common/file.h"
#include "common/initdata.h"
#include "common/proc.h"
#include "common/ttrpc.h"

#define AGENT_SERVICE "grpc.AgentService"
#define HEALTH_SERVICE "grpc.Health"
#define GUEST_SERVICE "coffer.v1.Guest"

typedef struct guest_reply {
	bool done;
	int code;
	char message[512];
	cof_buf payload;
} guest_reply;

typedef struct guest {
	char dir[64];
	cof_proc tpm, agent;
	struct event_base *base;
	cof_ttrpc *ctl, *io;
	bool ctl_closed, io_closed, ctl_ready, io_ready;
	guest_reply last;
} guest;

__attribute__((unused)) static void guest_path(const guest *g, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", g->dir, name);
}

/* Turns the loop until *flag, at most ms. */
__attribute__((unused)) static bool guest_turn(guest *g, const bool *flag, int ms)
{
	struct timespec a, b;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	while (!*flag) {
		const struct timeval step = {.tv_usec = 20000};
		(void)event_base_loopexit(g->base, &step);
		(void)event_base_dispatch(g->base);
		(void)clock_gettime(CLOCK_MONOTONIC, &b);
		if ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 > ms)
			return *flag;
	}
	return true;
}

static void guest_on_reply(void *arg, int code, const char *message, cof_span payload)
{
	guest_reply *r = arg;
	r->done = true;
	r->code = code;
	(void)snprintf(r->message, sizeof r->message, "%s", message == NULL ? "" : message);
	r->payload.len = 0;
	assert_int_equal(cof_buf_add(&r->payload, payload.data, payload.len, NULL), 0);
}

__attribute__((unused)) static void guest_send(cof_ttrpc *c, const char *service, const char *method,
					       const ProtobufCMessage *m, guest_reply *r)
{
	COF_AUTO(cof_buf) body = {0};
	if (m != NULL)
		assert_int_equal(cof_pb_pack(m, &body, NULL), 0);
	r->done = false;
	assert_int_equal(cof_ttrpc_send(c, service, method, cof_buf_span(&body), 0, guest_on_reply, r, NULL), 0);
}

/* A call and its answer; the code. */
__attribute__((unused)) static int guest_call(guest *g, cof_ttrpc *c, const char *service, const char *method,
					      const ProtobufCMessage *m)
{
	guest_send(c, service, method, m, &g->last);
	if (!guest_turn(g, &g->last.done, 30000))
		fail_msg("%s was not answered", method);
	return g->last.code;
}

__attribute__((unused)) static int guest_agent(guest *g, const char *method, const ProtobufCMessage *m)
{
	return guest_call(g, g->ctl, AGENT_SERVICE, method, m);
}

__attribute__((unused)) static void guest_refused(guest *g, int code, int want, const char *text)
{
	if (code != want || strstr(g->last.message, text) == NULL)
		fail_msg("code %d '%s', wanted %d '%s'", code, g->last.message, want, text);
}

/* --- parts --- */

static void guest_ctl_closed(void *arg, const cof_err *why)
{
	(void)why;
	((guest *)arg)->ctl_closed = true;
}

static void guest_io_closed(void *arg, const cof_err *why)
{
	(void)why;
	((guest *)arg)->io_closed = true;
}

static void guest_ctl_ready(void *arg)
{
	((guest *)arg)->ctl_ready = true;
}

static void guest_io_ready(void *arg)
{
	((guest *)arg)->io_ready = true;
}

__attribute__((unused)) static int guest_socket(const guest *g, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	(void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s/%s", g->dir, name);
	for (int i = 0; i < 1000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
			return fd;
		(void)close(fd);
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	fail_msg("%s does not answer", name);
	return -1;
}

static void guest_connect_to(guest *g, const char *ctl, const char *io, cof_hello hello, size_t frame_max)
{
	cof_ttrpc_opts o = {
		.hello = hello, .frame_max = frame_max, .ready = guest_ctl_ready, .closed = guest_ctl_closed, .arg = g};
	if (g->ctl != NULL)
		cof_ttrpc_free(g->ctl);
	if (g->io != NULL)
		cof_ttrpc_free(g->io);
	g->ctl_closed = g->io_closed = g->ctl_ready = g->io_ready = false;
	assert_int_equal(cof_ttrpc_new(&g->ctl, g->base, guest_socket(g, ctl), &o, NULL), 0);
	o.ready = guest_io_ready;
	o.closed = guest_io_closed;
	assert_int_equal(cof_ttrpc_new(&g->io, g->base, guest_socket(g, io), &o, NULL), 0);
	assert_true(guest_turn(g, &g->ctl_ready, 20000) && guest_turn(g, &g->io_ready, 20000));
}

__attribute__((unused)) static void guest_connect(guest *g)
{
	guest_connect_to(g, "ctl.sock", "io.sock", COF_HELLO_SEND, COF_TTRPC_SERIAL_CHUNK);
}

/* As on a machine with vsock: two plain connections to one port. */
__attribute__((unused)) static void guest_connect_vsock(guest *g)
{
	guest_connect_to(g, "vsock.sock", "vsock.sock", COF_HELLO_NONE, 0);
}

__attribute__((unused)) static void guest_start_tpm(guest *g)
{
	char state[192], ctrl[224], server[224], path[160];
	(void)snprintf(state, sizeof state, "dir=%s", g->dir);
	(void)snprintf(server, sizeof server, "type=unixio,path=%s/tpm.sock", g->dir);
	(void)snprintf(ctrl, sizeof ctrl, "type=unixio,path=%s/tpm.sock.ctrl", g->dir);
	const char *const argv[] = {"swtpm",
				    "socket",
				    "--tpm2",
				    "--tpmstate",
				    state,
				    "--server",
				    server,
				    "--ctrl",
				    ctrl,
				    "--flags",
				    "startup-clear,not-need-init",
				    NULL};
	cof_proc_opts o = {.argv = argv, .search_path = true};
	assert_int_equal(cof_proc_spawn(&o, &g->tpm, NULL), 0);
	guest_path(g, "tpm.sock", path);
	for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* The agent's binary lies beside the tests' in the build folder. */
__attribute__((unused)) static void guest_binary(char out[512])
{
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	assert_true(n > 0);
	self[n] = '\0';
	char *tests = strstr(self, "/tests/unit/");
	assert_non_null(tests);
	*tests = '\0';
	(void)snprintf(out, 512, "%s/bin/coffer-agent", self);
}

__attribute__((unused)) static void guest_spawn(guest *g)
{
	char binary[512], script[2048];
	guest_binary(binary);
	/* A hybrid host's second tree confuses crun; the agent's own namespace is made inside this one. */
	(void)snprintf(script, sizeof script,
		       "umount /sys/fs/cgroup/unified 2>/dev/null; exec '%s' --process-guest %s --tcti "
		       "swtpm:path=%s/tpm.sock --eventlog %s/eventlog --initdata-disk %s/initdata --rest-port -1 "
		       "2>>%s/agent.log",
		       binary, g->dir, g->dir, g->dir, g->dir, g->dir);
	const char *const argv[] = {"unshare", "-m", "--propagation", "private", "sh", "-c", script, NULL};
	const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "ASAN_OPTIONS=detect_leaks=0", NULL};
	cof_proc_opts o = {.argv = argv, .env = env, .search_path = true};
	assert_int_equal(cof_proc_spawn(&o, &g->agent, NULL), 0);
}

/* toml NULL: an empty disk. */
__attribute__((unused)) static void guest_write_disk(guest *g, const char *toml)
{
	char path[160];
	COF_AUTO(cof_buf) disk = {0};
	guest_path(g, "initdata", path);
	if (toml != NULL)
		assert_int_equal(cof_initdata_pack(cof_span_str(toml), &disk, NULL), 0);
	assert_int_equal(cof_file_write(path, cof_buf_span(&disk), 0600, NULL), 0);
	guest_path(g, "eventlog", path);
	assert_int_equal(cof_file_write(path, cof_span_str(""), 0600, NULL), 0);
}

__attribute__((unused)) static void guest_init(guest *g)
{
	*g = (guest){.tpm = COF_PROC_NONE, .agent = COF_PROC_NONE};
	(void)snprintf(g->dir, sizeof g->dir, "/tmp/coffer-guest-XXXXXX");
	assert_non_null(mkdtemp(g->dir));
	g->base = event_base_new();
	(void)signal(SIGPIPE, SIG_IGN);
}

__attribute__((unused)) static void guest_start(guest *g, const char *toml)
{
	if (g->base == NULL)
		guest_init(g);
	guest_write_disk(g, toml);
	guest_start_tpm(g);
	guest_spawn(g);
	guest_connect(g);
}

__attribute__((unused)) static void guest_stop(guest *g)
{
	if (g->ctl != NULL)
		cof_ttrpc_free(g->ctl);
	if (g->io != NULL)
		cof_ttrpc_free(g->io);
	cof_proc_stop(&g->agent, SIGTERM, 5000);
	cof_proc_stop(&g->tpm, SIGTERM, 2000);
	if (g->base != NULL)
		event_base_free(g->base);
	cof_buf_release(&g->last.payload);
	if (getenv("KEEP_GUEST") == NULL)
		(void)!cof_rm_tree(g->dir, NULL);
	*g = (guest){.tpm = COF_PROC_NONE, .agent = COF_PROC_NONE};
}

/* --- requests --- */

__attribute__((unused)) static int guest_sandbox(guest *g)
{
	Grpc__CreateSandboxRequest m = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	m.sandbox_id = (char *)(uintptr_t) "box1";
	m.hostname = (char *)(uintptr_t) "guest1";
	return guest_agent(g, "CreateSandbox", &m.base);
}

/* A request to run reference as id, the plainest that the protocol has. */
typedef struct guest_create {
	Grpc__CreateContainerRequest m;
	Grpc__Storage storage;
	Grpc__Storage *storages[1];
	Grpc__Spec spec;
	Grpc__Process process;
	char mount[200];
	char *options[1];
} guest_create;

__attribute__((unused)) static void guest_create_init(guest_create *c, const char *id, const char *reference)
{
	*c = (guest_create){0};
	grpc__create_container_request__init(&c->m);
	grpc__storage__init(&c->storage);
	grpc__spec__init(&c->spec);
	grpc__process__init(&c->process);
	(void)snprintf(c->mount, sizeof c->mount, "/run/kata-containers/%s/rootfs", id);
	c->options[0] = (char *)(uintptr_t) "image_guest_pull={\"metadata\":{}}";
	c->storage.driver = (char *)(uintptr_t) "image_guest_pull";
	c->storage.driver_options = c->options;
	c->storage.n_driver_options = 1;
	c->storage.fstype = (char *)(uintptr_t) "overlay";
	c->storage.source = (char *)(uintptr_t)reference;
	c->storage.mount_point = c->mount;
	c->storages[0] = &c->storage;
	c->spec.process = &c->process;
	c->m.container_id = (char *)(uintptr_t)id;
	c->m.exec_id = (char *)(uintptr_t)id;
	c->m.storages = c->storages;
	c->m.n_storages = 1;
	c->m.oci = &c->spec;
}
