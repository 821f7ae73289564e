/* SPDX-License-Identifier: Apache-2.0 */
/* Containers from an image of a real registry, in the real program: what they do, and what happens when parts die. */
#include <dirent.h>

#include "tests/unit/agent/registry.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static registry reg;
static guest g;
static char reference[256];
static bool with_broker; /* initdata names a key broker, which does not answer */

static void must(int code)
{
	if (code != 0)
		fail_msg("code %d '%s'", code, g.last.message);
}

/* rules: the policy's members behind "containers". */
static void begin(const char *command, registry_fault fault, const char *rules)
{
	char name[64], hosts[] = "127.0.0.1 registry.coffer.test";
	COF_AUTO(cof_buf) toml = {0};
	Coffer__V1__SetHostsRequest m = COFFER__V1__SET_HOSTS_REQUEST__INIT;
	char *lines[] = {hosts};
	registry_start(&reg, command, fault);
	(void)snprintf(name, sizeof name, "registry.coffer.test:%u/demo", reg.port);
	(void)snprintf(reference, sizeof reference, "%s@%s", name, reg.manifest_digest);
	assert_ok(cof_buf_printf(&toml, &err,
				 "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"cdh.toml\" = '''\n[image]\n"
				 "extra_root_certificates = [\"\"\"\n%s\"\"\"]\n'''\n\"policy.json\" = '''{\"format\":"
				 "\"coffer-policy/1\",\"containers\":[{\"image\":\"%s\",\"digest\":\"%s\"}],%s}'''\n",
				 cof_buf_str(&reg.ca), name, reg.manifest_digest, rules));
	if (with_broker)
		assert_ok(cof_buf_printf(&toml, &err,
					 "\"aa.toml\" = '''\n[token_configs.kbs]\nurl = \"https://kbs.coffer.test:1\"\n"
					 "cert = \"\"\"\n%s\"\"\"\n'''\n",
					 cof_buf_str(&reg.ca)));
	guest_start(&g, cof_buf_str(&toml));
	m.hosts = lines;
	m.n_hosts = 1;
	must(guest_call(&g, g.ctl, GUEST_SERVICE, "SetHosts", &m.base));
	must(guest_sandbox(&g));
}

static int tear_down(void **state)
{
	(void)state;
	with_broker = false;
	if (g.base != NULL)
		guest_stop(&g);
	registry_stop(&reg);
	return 0;
}

static void finish(void)
{
	guest_stop(&g);
	registry_stop(&reg);
}

static const char all[] =
	"\"stdout\":true,\"stderr\":true,\"stdin\":true,\"signals\":[9,15],\"exec\":[[\"/bin/echo\",\"x\"]]";

static int create(const char *id)
{
	guest_create c;
	guest_create_init(&c, id, reference);
	return guest_agent(&g, "CreateContainer", &c.m.base);
}

static int start(const char *id)
{
	Grpc__StartContainerRequest m = GRPC__START_CONTAINER_REQUEST__INIT;
	m.container_id = TEXT(id);
	return guest_agent(&g, "StartContainer", &m.base);
}

static int stop(const char *id)
{
	Grpc__RemoveContainerRequest m = GRPC__REMOVE_CONTAINER_REQUEST__INIT;
	m.container_id = TEXT(id);
	return guest_agent(&g, "RemoveContainer", &m.base);
}

static int wait_for(const char *id, const char *exec)
{
	Grpc__WaitProcessRequest m = GRPC__WAIT_PROCESS_REQUEST__INIT;
	ProtobufCMessage *any = NULL;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	must(guest_agent(&g, "WaitProcess", &m.base));
	assert_ok(cof_pb_unpack(&grpc__wait_process_response__descriptor, cof_buf_span(&g.last.payload), COF_PB_MAX,
				&any, &err));
	int status = cof_pb_as(Grpc__WaitProcessResponse, any)->status;
	cof_pb_free(any);
	return status;
}

/* Everything that a stream gives until its end. */
static void read_all(const char *id, const char *exec, const char *method, cof_buf *to)
{
	Grpc__ReadStreamRequest m = GRPC__READ_STREAM_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	m.len = 65536;
	for (;;) {
		ProtobufCMessage *any = NULL;
		must(guest_call(&g, g.io, AGENT_SERVICE, method, &m.base));
		assert_ok(cof_pb_unpack(&grpc__read_stream_response__descriptor, cof_buf_span(&g.last.payload),
					COF_PB_MAX, &any, &err));
		const Grpc__ReadStreamResponse *r = cof_pb_as(Grpc__ReadStreamResponse, any);
		size_t n = r->data.len;
		assert_ok(cof_buf_add(to, r->data.data, n, &err));
		cof_pb_free(any);
		if (n == 0)
			return;
	}
}

static int signal_to(const char *id, uint32_t number)
{
	Grpc__SignalProcessRequest m = GRPC__SIGNAL_PROCESS_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.signal = number;
	return guest_agent(&g, "SignalProcess", &m.base);
}

/* No layer, rootfs, bundle or half of one is left in the guest's own mount namespace. */
static void assert_nothing_left(void)
{
	char path[160], proc[256];
	static const char *const below[] = {"run/coffer", "run/kata-containers"};
	for (size_t i = 0; i < COF_COUNT(below); i++) {
		guest_path(&g, below[i], path);
		(void)snprintf(proc, sizeof proc, "/proc/%d/root%s", (int)g.agent.pid, path);
		DIR *d = opendir(proc);
		assert_non_null(d);
		for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
			if (e->d_name[0] != '.')
				fail_msg("%s is left in %s", e->d_name, below[i]);
		(void)closedir(d);
	}
}

static void life_of_a_container(void **state)
{
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(cof_buf) err_text = {0};
	(void)state;
	begin("[\"/bin/sh\",\"-c\",\"/bin/id; /bin/cat /etc/secret /etc/hosts; echo $FROM; echo oops >&2; exit 7\"]",
	      REGISTRY_OK, all);
	must(create("c1"));
	must(start("c1"));
	read_all("c1", "", "ReadStdout", &out);
	read_all("c1", "c1", "ReadStderr", &err_text);
	assert_int_equal(wait_for("c1", ""), 7);
	assert_int_equal(wait_for("c1", ""), 7); /* an answer lost with a connection can be asked for again */
	assert_non_null(strstr(cof_buf_str(&out), "uid=0"));
	assert_non_null(strstr(cof_buf_str(&out), "only in the layer"));
	assert_non_null(strstr(cof_buf_str(&out), "registry.coffer.test"));
	assert_non_null(strstr(cof_buf_str(&out), "image"));
	assert_string_equal(cof_buf_str(&err_text), "oops\n");
	must(stop("c1"));
	assert_nothing_left();
	finish();
}

static void life_stdin_exec_and_signals(void **state)
{
	Grpc__WriteStreamRequest w = GRPC__WRITE_STREAM_REQUEST__INIT;
	Grpc__ExecProcessRequest e = GRPC__EXEC_PROCESS_REQUEST__INIT;
	Grpc__Process p = GRPC__PROCESS__INIT;
	char *argv[] = {TEXT("/bin/echo"), TEXT("x")};
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(cof_buf) from_exec = {0};
	(void)state;
	begin("[\"/bin/cat\"]", REGISTRY_OK, all);
	must(create("c1"));
	guest_refused(&g, create("c1"), COF_RPC_FAILED_PRECONDITION, "bad-state"); /* T-51: id reuse */
	must(start("c1"));
	guest_refused(&g, start("c1"), COF_RPC_FAILED_PRECONDITION, "bad-state");
	p.args = argv;
	p.n_args = 2;
	e.container_id = TEXT("c1");
	e.exec_id = TEXT("e1");
	e.process = &p;
	must(guest_agent(&g, "ExecProcess", &e.base));
	read_all("c1", "e1", "ReadStdout", &from_exec);
	assert_string_equal(cof_buf_str(&from_exec), "x\n");
	assert_int_equal(wait_for("c1", "e1"), 0);
	argv[1] = TEXT("y");
	guest_refused(&g, guest_agent(&g, "ExecProcess", &e.base), COF_RPC_PERMISSION_DENIED, "policy-denied");
	w.container_id = TEXT("c1");
	w.data = (ProtobufCBinaryData){.data = (uint8_t *)TEXT("fed\n"), .len = 4};
	must(guest_call(&g, g.io, AGENT_SERVICE, "WriteStdin", &w.base));
	w.data.len = 0;
	must(guest_call(&g, g.io, AGENT_SERVICE, "WriteStdin", &w.base));
	read_all("c1", "", "ReadStdout", &out);
	assert_string_equal(cof_buf_str(&out), "fed\n");
	assert_int_equal(wait_for("c1", ""), 0);
	finish();
}

static void life_signals(void **state)
{
	(void)state;
	begin("[\"/bin/sleep\",\"1000\"]", REGISTRY_OK, all);
	must(create("c1"));
	must(start("c1"));
	guest_refused(&g, signal_to("c1", 10), COF_RPC_PERMISSION_DENIED, "policy-denied");
	must(signal_to("c1", SIGTERM)); /* the first of its namespace has no handler: SIGKILL */
	assert_int_equal(wait_for("c1", ""), 128 + SIGKILL);
	must(signal_to("c1", SIGTERM)); /* gone already is no error */
	must(stop("c1"));
	must(create("c1")); /* after removal the id is free again */
	must(start("c1"));
	must(stop("c1")); /* a running one is ended by removal */
	assert_nothing_left();
	finish();
}

/* 4 MiB through the pipe, byte for byte, in answers that fit the port. */
static void t086_output_is_complete(void **state)
{
	COF_AUTO(cof_buf) out = {0};
	(void)state;
	begin("[\"/bin/sh\",\"-c\",\"i=0; while [ $i -lt 65536 ]; do echo "
	      "0123456789012345678901234567890123456789012345678901234567890123456789; i=$((i+1)); done\"]",
	      REGISTRY_OK, all);
	must(create("c1"));
	must(start("c1"));
	read_all("c1", "", "ReadStdout", &out);
	assert_int_equal(out.len, 65536 * 71);
	assert_int_equal(wait_for("c1", ""), 0);
	finish();
}

/* --- faults of the registry --- */

static void refused_by_registry_fault(registry_fault fault, const char *reason)
{
	begin("[\"/bin/sh\"]", fault, all);
	int code = create("c1");
	assert_int_not_equal(code, 0);
	guest_refused(&g, code, code, reason);
	assert_nothing_left();
	guest_refused(&g, start("c1"), COF_RPC_INVALID_ARGUMENT, "no-such-container");
	finish();
}

static void t036_tampered_layer(void **state)
{
	(void)state;
	refused_by_registry_fault(REGISTRY_FLIP, "layer-digest-mismatch");
}

static void t036_cut_layer(void **state)
{
	(void)state;
	refused_by_registry_fault(REGISTRY_CUT, "layer-");
}

/* --- deaths --- */

/* The pid of the agent's child in this role, when it is there. */
static pid_t child_with(const char *role)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;
	for (struct dirent *e = readdir(d); e != NULL && found == 0; e = readdir(d)) {
		char path[64], line[256] = "";
		int ppid = 0;
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		(void)snprintf(path, sizeof path, "/proc/%.20s/stat", e->d_name);
		FILE *f = fopen(path, "re");
		if (f == NULL || fgets(line, sizeof line, f) == NULL || strrchr(line, ')') == NULL ||
		    sscanf(strrchr(line, ')'), ") %*c %d", &ppid) != 1)
			ppid = 0;
		if (f != NULL)
			(void)fclose(f);
		if (ppid != g.agent.pid)
			continue;
		(void)snprintf(path, sizeof path, "/proc/%.20s/cmdline", e->d_name);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, line, sizeof line - 1);
		(void)close(fd);
		for (ssize_t i = 0; i < n; i++)
			if (line[i] == '\0')
				line[i] = ' ';
		line[n > 0 ? n : 0] = '\0';
		if (strstr(line, role) != NULL)
			found = (pid_t)strtol(e->d_name, NULL, 10);
	}
	(void)closedir(d);
	return found;
}

static void killed(const char *role, const char *reason)
{
	guest_create c;
	pid_t pid = 0;
	begin("[\"/bin/sh\"]", REGISTRY_STALL, all);
	guest_create_init(&c, "c1", reference);
	guest_send(g.ctl, AGENT_SERVICE, "CreateContainer", &c.m.base, &g.last);
	for (int i = 0; i < 500 && pid == 0; i++) {
		bool never = false;
		(void)guest_turn(&g, &never, 20);
		pid = child_with(role);
	}
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(guest_turn(&g, &g.last.done, 10000));
	guest_refused(&g, g.last.code, g.last.code, reason);
	assert_nothing_left();
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	finish();
}

static void t059_fetcher_dies(void **state)
{
	(void)state;
	killed("--role fetcher", "fetcher-died");
}

static void t059_unpacker_dies(void **state)
{
	(void)state;
	killed("--role unpacker", "unpacker-died");
}

/* The keeper may die at any time: what it alone could do is refused, the rest goes on. */
static void t059_keeper_dies(void **state)
{
	bool never = false;
	(void)state;
	with_broker = true;
	begin("[\"/bin/sh\"]", REGISTRY_OK, all);
	pid_t pid = child_with("--role keeper");
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)guest_turn(&g, &never, 100);
	int code = create("c1");
	guest_refused(&g, code, COF_RPC_INTERNAL, "keeper-died");
	assert_nothing_left();
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	finish();
}

static void t059_keeper_dies_while_attesting(void **state)
{
	guest_create c;
	bool never = false;
	(void)state;
	with_broker = true;
	begin("[\"/bin/sh\"]", REGISTRY_STALL, all);
	guest_create_init(&c, "c1", reference);
	guest_send(g.ctl, AGENT_SERVICE, "CreateContainer", &c.m.base, &g.last);
	(void)guest_turn(&g, &never, 100);
	assert_int_equal(kill(child_with("--role keeper"), SIGKILL), 0);
	assert_true(guest_turn(&g, &g.last.done, 10000));
	guest_refused(&g, g.last.code, g.last.code, g.last.message[0] == 'k' ? "keeper-died" : "kbs");
	assert_nothing_left();
	finish();
}

/* T-51: removal while the image is still on its way. */
static void t051_remove_while_pulling(void **state)
{
	guest_create c;
	bool never = false;
	guest_reply created = {0};
	(void)state;
	begin("[\"/bin/sh\"]", REGISTRY_STALL, all);
	guest_create_init(&c, "c1", reference);
	guest_send(g.ctl, AGENT_SERVICE, "CreateContainer", &c.m.base, &created);
	(void)guest_turn(&g, &never, 200);
	guest_refused(&g, start("c1"), COF_RPC_FAILED_PRECONDITION, "bad-state");
	must(stop("c1"));
	assert_true(guest_turn(&g, &created.done, 5000));
	assert_non_null(strstr(created.message, "cancelled"));
	assert_nothing_left();
	cof_buf_release(&created.payload);
	finish();
}

/* The host's connection breaks; the container and its output do not. */
static void t086_reconnect_keeps_output(void **state)
{
	COF_AUTO(cof_buf) out = {0};
	(void)state;
	begin("[\"/bin/sh\",\"-c\",\"echo before; /bin/cat; echo after\"]", REGISTRY_OK, all);
	must(create("c1"));
	must(start("c1"));
	guest_connect(&g);
	Grpc__CloseStdinRequest m = GRPC__CLOSE_STDIN_REQUEST__INIT;
	m.container_id = TEXT("c1");
	must(guest_agent(&g, "CloseStdin", &m.base));
	read_all("c1", "", "ReadStdout", &out);
	assert_string_equal(cof_buf_str(&out), "before\nafter\n");
	assert_int_equal(wait_for("c1", ""), 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(t036_tampered_layer, tear_down),
		cmocka_unit_test_teardown(t036_cut_layer, tear_down),
		cmocka_unit_test_teardown(t059_fetcher_dies, tear_down),
		cmocka_unit_test_teardown(t059_unpacker_dies, tear_down),
		cmocka_unit_test_teardown(t059_keeper_dies, tear_down),
		cmocka_unit_test_teardown(t059_keeper_dies_while_attesting, tear_down),
		cmocka_unit_test_teardown(t051_remove_while_pulling, tear_down),
		cmocka_unit_test_teardown(life_of_a_container, tear_down),
		cmocka_unit_test_teardown(life_stdin_exec_and_signals, tear_down),
		cmocka_unit_test_teardown(life_signals, tear_down),
		cmocka_unit_test_teardown(t086_output_is_complete, tear_down),
		cmocka_unit_test_teardown(t086_reconnect_keeps_output, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
