/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile hosts against the real program: everything that needs no image. */
#include "tests/unit/agent/guest.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REF "registry.coffer.test:1/demo@" DIGEST
#define TOML "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n"
#define POLICY                                                                                                         \
	"\"policy.json\" = '''{\"format\":\"coffer-policy/1\",\"containers\":[{\"image\":"                             \
	"\"registry.coffer.test:1/demo\",\"digest\":\"" DIGEST "\"}],\"stdout\":true}'''\n"

static guest g;

static int open_guest(void **state)
{
	(void)state;
	guest_start(&g, TOML POLICY);
	return 0;
}

static int close_guest(void **state)
{
	(void)state;
	guest_stop(&g);
	return 0;
}

static int create(const char *id, const char *reference)
{
	guest_create c;
	guest_create_init(&c, id, reference);
	return guest_agent(&g, "CreateContainer", &c.m.base);
}

static void health(void **state)
{
	ProtobufCMessage *m = NULL;
	(void)state;
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	assert_ok(cof_pb_unpack(&grpc__health_check_response__descriptor, cof_buf_span(&g.last.payload), COF_PB_MAX, &m,
				&err));
	assert_int_equal(cof_pb_as(Grpc__HealthCheckResponse, m)->status, 1);
	cof_pb_free(m);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Version", NULL), 0);
	assert_int_equal(guest_agent(&g, "GetGuestDetails", NULL), 0);
}

static void t051_calls_before_the_sandbox(void **state)
{
	Grpc__StartContainerRequest start = GRPC__START_CONTAINER_REQUEST__INIT;
	Grpc__WaitProcessRequest wait = GRPC__WAIT_PROCESS_REQUEST__INIT;
	(void)state;
	start.container_id = wait.container_id = TEXT("c1");
	guest_refused(&g, create("c1", REF), COF_RPC_FAILED_PRECONDITION, "bad-state");
	guest_refused(&g, guest_agent(&g, "StartContainer", &start.base), COF_RPC_INVALID_ARGUMENT,
		      "no-such-container");
	guest_refused(&g, guest_agent(&g, "WaitProcess", &wait.base), COF_RPC_INVALID_ARGUMENT, "no-such-container");
}

static void t051_second_sandbox(void **state)
{
	(void)state;
	assert_int_equal(guest_sandbox(&g), 0);
	guest_refused(&g, guest_sandbox(&g), COF_RPC_FAILED_PRECONDITION, "bad-state");
}

static void t008_unknown_and_ungranted_methods(void **state)
{
	static const char *const never[] = {
		"CopyFile",	    "SetPolicy",   "AddSwap",	      "ReseedRandomDev",
		"SetGuestDateTime", "SetIPTables", "AddARPNeighbors", "UpdateEphemeralMounts"};
	(void)state;
	guest_refused(&g, guest_agent(&g, "Exec", NULL), COF_RPC_UNIMPLEMENTED, "no-such-method");
	guest_refused(&g, guest_call(&g, g.ctl, "x.Y", "Check", NULL), COF_RPC_UNIMPLEMENTED, "no-such-method");
	guest_refused(&g, guest_agent(&g, "GetMetrics", NULL), COF_RPC_UNIMPLEMENTED, "not-offered");
	for (size_t i = 0; i < COF_COUNT(never); i++)
		guest_refused(&g, guest_agent(&g, never[i], NULL), COF_RPC_PERMISSION_DENIED, "policy-denied");
}

static void t009_other_image(void **state)
{
	(void)state;
	guest_refused(&g, create("c1", "registry.coffer.test:1/demo:latest"), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	guest_refused(&g, create("c1", "registry.coffer.test:1/other@" DIGEST), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	guest_refused(&g, create("c1", ""), COF_RPC_PERMISSION_DENIED, "policy-denied");
}

static void t052_hostile_ids(void **state)
{
	(void)state;
	guest_refused(&g, create("../x", REF), COF_RPC_INVALID_ARGUMENT, "bad-id");
	guest_refused(&g, create("a/b", REF), COF_RPC_INVALID_ARGUMENT, "bad-id");
	guest_refused(&g, create("", REF), COF_RPC_INVALID_ARGUMENT, "bad-id");
}

static void t056_host_env_and_mounts(void **state)
{
	guest_create c;
	char *env[] = {TEXT("LD_PRELOAD=/evil.so")};
	Grpc__Mount mount = GRPC__MOUNT__INIT;
	Grpc__Mount *mounts[] = {&mount};
	Grpc__Hook hook = GRPC__HOOK__INIT;
	Grpc__Hook *list[] = {&hook};
	Grpc__Hooks hooks = GRPC__HOOKS__INIT;
	(void)state;
	guest_create_init(&c, "c1", REF);
	c.process.env = env;
	c.process.n_env = 1;
	guest_refused(&g, guest_agent(&g, "CreateContainer", &c.m.base), COF_RPC_PERMISSION_DENIED, "OCI.Process.Env");
	guest_create_init(&c, "c1", REF);
	mount.destination = TEXT("/etc");
	mount.type = TEXT("bind");
	mount.source = TEXT("/");
	c.spec.mounts = mounts;
	c.spec.n_mounts = 1;
	guest_refused(&g, guest_agent(&g, "CreateContainer", &c.m.base), COF_RPC_PERMISSION_DENIED, "OCI.Mounts");
	guest_create_init(&c, "c1", REF);
	hooks.prestart = list;
	hooks.n_prestart = 1;
	c.spec.hooks = &hooks;
	guest_refused(&g, guest_agent(&g, "CreateContainer", &c.m.base), COF_RPC_PERMISSION_DENIED, "OCI.Hooks");
}

static void t013_exec_and_stdin_without_policy(void **state)
{
	Grpc__ExecProcessRequest exec = GRPC__EXEC_PROCESS_REQUEST__INIT;
	Grpc__Process p = GRPC__PROCESS__INIT;
	Grpc__WriteStreamRequest w = GRPC__WRITE_STREAM_REQUEST__INIT;
	Grpc__SignalProcessRequest s = GRPC__SIGNAL_PROCESS_REQUEST__INIT;
	char *argv[] = {TEXT("/bin/sh")};
	(void)state;
	p.args = argv;
	p.n_args = 1;
	exec.container_id = w.container_id = s.container_id = TEXT("c1");
	exec.exec_id = TEXT("e1");
	exec.process = &p;
	s.signal = 9;
	guest_refused(&g, guest_agent(&g, "ExecProcess", &exec.base), COF_RPC_PERMISSION_DENIED, "policy-denied");
	guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, "WriteStdin", &w.base), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	guest_refused(&g, guest_agent(&g, "SignalProcess", &s.base), COF_RPC_PERMISSION_DENIED, "policy-denied");
}

static void t048_io_port_serves_streams_only(void **state)
{
	static const char *const control[] = {"CreateSandbox", "CreateContainer", "DestroySandbox",
					      "SignalProcess", "WaitProcess",	  "CloseStdin"};
	Grpc__ReadStreamRequest r = GRPC__READ_STREAM_REQUEST__INIT;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(control); i++)
		guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, control[i], NULL), COF_RPC_PERMISSION_DENIED,
			      "policy-denied");
	guest_refused(&g, guest_call(&g, g.io, HEALTH_SERVICE, "Check", NULL), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	r.container_id = TEXT("c1");
	r.len = 10;
	guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, "ReadStdout", &r.base), COF_RPC_INVALID_ARGUMENT,
		      "no-such-container");
	guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, "ReadStderr", &r.base), COF_RPC_PERMISSION_DENIED,
		      "stderr");
}

static void t055_hosts_table(void **state)
{
	char *good[] = {TEXT("127.0.0.1 registry.coffer.test")};
	char *bad[] = {TEXT("127.0.0.1 registry.coffer.test"), TEXT("10.0.0.1 localhost")};
	Coffer__V1__SetHostsRequest m = COFFER__V1__SET_HOSTS_REQUEST__INIT;
	(void)state;
	m.hosts = good;
	m.n_hosts = 1;
	assert_int_equal(guest_call(&g, g.ctl, GUEST_SERVICE, "SetHosts", &m.base), 0);
	m.hosts = bad;
	m.n_hosts = 2;
	guest_refused(&g, guest_call(&g, g.ctl, GUEST_SERVICE, "SetHosts", &m.base), COF_RPC_INVALID_ARGUMENT,
		      "bad-hosts");
}

/* Raw bytes on the control socket: its connection may end, the agent serves the next one. */
static void t046_broken_frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} frames[] = {
		{"\x00\x40\x00\x01\x00\x00\x00\x01\x01\x00", 10},     /* too large */
		{"\xff\xff\xff\xff\x00\x00\x00\x01\x01\x00", 10},     /* far too large */
		{"\x00\x00\x00\x04\x00\x00\x00\x02\x01\x00zzzz", 14}, /* even stream */
		{"\x00\x00\x00\x04\x00\x00\x00\x00\x01\x00zzzz", 14}, /* stream 0 */
		{"\x00\x00\x00\x04\x00\x00\x00\x01\x02\x00zzzz", 14}, /* an answer to nothing */
		{"\x00\x00\x00\x04\x00\x00\x00\x01\x63\x00zzzz", 14}, /* unknown type */
		{"\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00", 10},     /* empty request */
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(frames); i++) {
		cof_ttrpc_free(g.ctl);
		g.ctl = NULL;
		int fd = guest_socket(&g, "ctl.sock");
		const char hello[COF_HELLO_LEN] = COF_HELLO_MAGIC "0123456789abcdef";
		assert_int_equal(write(fd, hello, sizeof hello), COF_HELLO_LEN);
		assert_int_equal(write(fd, frames[i].bytes, frames[i].len), frames[i].len);
		(void)close(fd);
		guest_connect(&g);
		assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	}
}

/* A second client is not let in beside the first; it waits until that has gone. */
static void t048_one_client_at_a_time(void **state)
{
	char byte = 0;
	(void)state;
	int second = guest_socket(&g, "ctl.sock");
	const char hello[COF_HELLO_LEN] = COF_HELLO_MAGIC "0123456789abcdef";
	const struct timeval wait = {.tv_usec = 200000};
	assert_int_equal(setsockopt(second, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
	assert_int_equal(write(second, hello, sizeof hello), COF_HELLO_LEN);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	assert_int_equal(recv(second, &byte, 1, 0), -1);
	(void)close(second);
	guest_connect(&g);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
}

/* A thousand waits that never end do not keep the agent from answering. */
static void t049_open_waits_do_not_starve(void **state)
{
	Coffer__V1__WatchRequest m = COFFER__V1__WATCH_REQUEST__INIT;
	static guest_reply replies[100];
	(void)state;
	m.seq = UINT64_MAX;
	for (size_t i = 0; i < COF_COUNT(replies); i++)
		guest_send(g.ctl, GUEST_SERVICE, "Watch", &m.base, &replies[i]);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	guest_connect(&g);
	for (size_t i = 0; i < COF_COUNT(replies); i++)
		cof_buf_release(&replies[i].payload);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
}

/* --- vsock: another way in to the same dispatcher and gate --- */

static void t048_vsock_takes_the_same_gate(void **state)
{
	static char much[1 << 20];
	Grpc__ReadStreamRequest r = GRPC__READ_STREAM_REQUEST__INIT;
	Grpc__SetPolicyRequest policy = GRPC__SET_POLICY_REQUEST__INIT;
	(void)state;
	guest_connect_vsock(&g);
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	assert_int_equal(guest_agent(&g, "GetGuestDetails", NULL), 0);
	guest_refused(&g, create("c1", "registry.coffer.test:1/other@" DIGEST), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	/* A frame that no port would take is taken, and refused for what it asks. */
	memset(much, 'x', sizeof much - 1);
	policy.policy = much;
	guest_refused(&g, guest_agent(&g, "SetPolicy", &policy.base), COF_RPC_PERMISSION_DENIED, "policy-denied");
	/* One controls; the other is for streams. */
	guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, "DestroySandbox", NULL), COF_RPC_PERMISSION_DENIED,
		      "policy-denied");
	r.container_id = TEXT("c1");
	r.len = 10;
	guest_refused(&g, guest_call(&g, g.io, AGENT_SERVICE, "ReadStdout", &r.base), COF_RPC_INVALID_ARGUMENT,
		      "no-such-container");
	guest_refused(&g, guest_agent(&g, "ReadStderr", &r.base), COF_RPC_PERMISSION_DENIED, "stderr");
	guest_connect(&g);
}

/* --- guests that must refuse everything, and say why --- */

static void refuses(const char *toml, const char *reason)
{
	guest r = {0};
	guest_start(&r, toml);
	assert_int_equal(guest_call(&r, r.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	assert_int_equal(r.last.payload.data[1], 2); /* NOT_SERVING */
	int code = guest_sandbox(&r);
	assert_int_not_equal(code, 0);
	guest_refused(&r, code, code, reason);
	guest_create c;
	guest_create_init(&c, "c1", REF);
	code = guest_agent(&r, "CreateContainer", &c.m.base);
	guest_refused(&r, code, code, reason);
	assert_int_equal(guest_call(&r, r.ctl, GUEST_SERVICE, "Watch", NULL), 0);
	assert_non_null(strstr(cof_buf_str(&r.last.payload), reason));
	guest_stop(&r);
}

static void t002_refusing_guests(void **state)
{
	(void)state;
	refuses(NULL, "initdata-missing");
	refuses(TOML "\"policy.rego\" = 'package x'\n", "policy-unsupported");
	refuses(TOML "\"aa.toml\" = ''\n", "policy-missing");
	refuses(TOML "\"policy.json\" = '{}'\n", "policy-malformed");
	refuses("nonsense", "initdata-malformed");
}

/* One connection for everything, as Kata's runtime has it; the guest ends with it, and not later. */
static void t051_destroy_over_vsock(void **state)
{
	guest r = {0};
	int status = -1;
	(void)state;
	guest_start(&r, TOML POLICY);
	guest_connect_vsock(&r);
	assert_int_equal(guest_sandbox(&r), 0);
	cof_ttrpc_free(cof_steal(&r.io));
	assert_int_equal(guest_agent(&r, "DestroySandbox", NULL), 0);
	cof_ttrpc_free(cof_steal(&r.ctl));
	assert_ok(cof_proc_wait(&r.agent, 5000, &status, &err));
	assert_int_equal(status, 0);
	guest_stop(&r);
}

static void t051_destroy_ends_the_guest(void **state)
{
	guest r = {0};
	int status = -1;
	(void)state;
	guest_start(&r, TOML POLICY);
	assert_int_equal(guest_sandbox(&r), 0);
	assert_int_equal(guest_agent(&r, "DestroySandbox", NULL), 0);
	guest_refused(&r, guest_sandbox(&r), COF_RPC_FAILED_PRECONDITION, "bad-state");
	assert_ok(cof_proc_wait(&r.agent, 5000, &status, &err));
	assert_int_equal(status, 0);
	guest_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health),
		cmocka_unit_test(t051_calls_before_the_sandbox),
		cmocka_unit_test(t051_second_sandbox),
		cmocka_unit_test(t008_unknown_and_ungranted_methods),
		cmocka_unit_test(t009_other_image),
		cmocka_unit_test(t052_hostile_ids),
		cmocka_unit_test(t056_host_env_and_mounts),
		cmocka_unit_test(t013_exec_and_stdin_without_policy),
		cmocka_unit_test(t048_io_port_serves_streams_only),
		cmocka_unit_test(t055_hosts_table),
		cmocka_unit_test(t046_broken_frames),
		cmocka_unit_test(t048_one_client_at_a_time),
		cmocka_unit_test(t049_open_waits_do_not_starve),
		cmocka_unit_test(t048_vsock_takes_the_same_gate),
		cmocka_unit_test(t002_refusing_guests),
		cmocka_unit_test(t051_destroy_over_vsock),
		cmocka_unit_test(t051_destroy_ends_the_guest),
	};
	return cmocka_run_group_tests(tests, open_guest, close_guest);
}
