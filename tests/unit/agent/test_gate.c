/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/ask.h"

static cof_policy *open_policy(const char *text)
{
	cof_policy *p = NULL;
	assert_ok(cof_policy_parse(cof_span_str(text), &p, &err));
	return p;
}

static const char generous[] = "{\"format\":\"coffer-policy/1\",\"containers\":[],\"exec\":[[\"/bin/ok\",\"x\"]],"
			       "\"signals\":[15],\"stdin\":true,\"stdout\":true,\"stderr\":true}";
static const char closed[] = "{\"format\":\"coffer-policy/1\",\"containers\":[]}";

#define DENIED(rule, p, m)                                                                                             \
	do {                                                                                                           \
		cof_gate_in in_ = {p, &(m).base};                                                                      \
		assert_fails(rule(&in_, &err), "policy-denied");                                                       \
	} while (0)
#define ALLOWED(rule, p, m)                                                                                            \
	do {                                                                                                           \
		cof_gate_in in_ = {p, &(m).base};                                                                      \
		assert_ok(rule(&in_, &err));                                                                           \
	} while (0)

static void t011_gate_create_sandbox(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = open_policy(closed);
	Grpc__CreateSandboxRequest good = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	Grpc__Storage storage = GRPC__STORAGE__INIT;
	Grpc__Storage *storages[] = {&storage};
	Grpc__KernelModule module = GRPC__KERNEL_MODULE__INIT;
	Grpc__KernelModule *modules[] = {&module};
	char *dns[9] = {0};
	good.sandbox_id = TEXT("box");
	good.hostname = TEXT("host1");
	ALLOWED(cof_gate_create_sandbox, p, good);
	Grpc__CreateSandboxRequest m = good;
	m.storages = storages;
	m.n_storages = 1;
	DENIED(cof_gate_create_sandbox, p, m);
	m = good;
	m.kernel_modules = modules;
	m.n_kernel_modules = 1;
	DENIED(cof_gate_create_sandbox, p, m);
	m = good;
	m.guest_hook_path = TEXT("/usr/share/oci/hooks");
	DENIED(cof_gate_create_sandbox, p, m);
	m = good;
	m.sandbox_pidns = 1;
	DENIED(cof_gate_create_sandbox, p, m);
	m = good;
	m.dns = dns;
	m.n_dns = 9;
	DENIED(cof_gate_create_sandbox, p, m);
	m = good;
	m.sandbox_id = TEXT("../x");
	cof_gate_in in = {p, &m.base};
	assert_fails(cof_gate_create_sandbox(&in, &err), "bad-id");
	m = good;
	m.hostname = TEXT("a\nb");
	assert_fails(cof_gate_create_sandbox(&in, &err), "bad-id");
}

static void t013_gate_streams_follow_the_policy(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) yes = open_policy(generous);
	COF_AUTO_PTR(cof_policy) no = open_policy(closed);
	Grpc__ReadStreamRequest r = GRPC__READ_STREAM_REQUEST__INIT;
	Grpc__WriteStreamRequest w = GRPC__WRITE_STREAM_REQUEST__INIT;
	Grpc__CloseStdinRequest c = GRPC__CLOSE_STDIN_REQUEST__INIT;
	r.container_id = w.container_id = c.container_id = TEXT("c1");
	ALLOWED(cof_gate_read_stdout, yes, r);
	ALLOWED(cof_gate_read_stderr, yes, r);
	ALLOWED(cof_gate_write_stdin, yes, w);
	ALLOWED(cof_gate_close_stdin, yes, c);
	DENIED(cof_gate_read_stdout, no, r);
	DENIED(cof_gate_read_stderr, no, r);
	DENIED(cof_gate_write_stdin, no, w);
	DENIED(cof_gate_close_stdin, no, c);
	no->stdout_ok = true;
	ALLOWED(cof_gate_read_stdout, no, r);
	DENIED(cof_gate_read_stderr, no, r);
}

static void t013_gate_exec(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) yes = open_policy(generous);
	COF_AUTO_PTR(cof_policy) no = open_policy(closed);
	Grpc__ExecProcessRequest m = GRPC__EXEC_PROCESS_REQUEST__INIT;
	Grpc__Process p = GRPC__PROCESS__INIT;
	Grpc__User user = GRPC__USER__INIT;
	char *argv[] = {TEXT("/bin/ok"), TEXT("x"), TEXT("y")};
	char *env[] = {TEXT("LD_PRELOAD=/x")};
	m.container_id = TEXT("c1");
	m.exec_id = TEXT("e1");
	DENIED(cof_gate_exec, yes, m);
	m.process = &p;
	DENIED(cof_gate_exec, yes, m);
	p.args = argv;
	p.n_args = 2;
	ALLOWED(cof_gate_exec, yes, m);
	DENIED(cof_gate_exec, no, m);
	p.n_args = 1;
	DENIED(cof_gate_exec, yes, m);
	p.n_args = 3;
	DENIED(cof_gate_exec, yes, m);
	p.n_args = 2;
	p.terminal = 1;
	DENIED(cof_gate_exec, yes, m);
	p.terminal = 0;
	p.env = env;
	p.n_env = 1;
	DENIED(cof_gate_exec, yes, m);
	p.n_env = 0;
	p.cwd = TEXT("/etc");
	DENIED(cof_gate_exec, yes, m);
	p.cwd = TEXT("/");
	p.user = &user;
	ALLOWED(cof_gate_exec, yes, m);
	user.uid = 1;
	DENIED(cof_gate_exec, yes, m);
	user.uid = 0;
	user.username = TEXT("root");
	DENIED(cof_gate_exec, yes, m);
	p.user = NULL;
	m.stdout_port = 1;
	DENIED(cof_gate_exec, yes, m);
	m.stdout_port = 0;
	cof_gate_in in = {yes, &m.base};
	m.exec_id = TEXT("");
	assert_fails(cof_gate_exec(&in, &err), "bad-id");
	m.exec_id = TEXT("c1");
	assert_fails(cof_gate_exec(&in, &err), "bad-id");
	m.exec_id = TEXT("../e");
	assert_fails(cof_gate_exec(&in, &err), "bad-id");
}

static void gate_signal(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = open_policy(generous);
	Grpc__SignalProcessRequest m = GRPC__SIGNAL_PROCESS_REQUEST__INIT;
	m.container_id = TEXT("c1");
	m.signal = 15;
	ALLOWED(cof_gate_signal, p, m);
	static const uint32_t others[] = {0, 1, 9, 14, 16, 64, 65, 79, 128, UINT32_MAX};
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		m.signal = others[i];
		DENIED(cof_gate_signal, p, m);
	}
	m.signal = 15;
	m.exec_id = TEXT("a/b");
	cof_gate_in in = {p, &m.base};
	assert_fails(cof_gate_signal(&in, &err), "bad-id");
}

/* The same hostile ids in every request that has one. */
static void t052_gate_every_rule_checks_ids(void **state)
{
	static const char *const bad[] = {"", "..", "../../etc", "a/b", "x", "a\n", "/"};
	(void)state;
	COF_AUTO_PTR(cof_policy) p = open_policy(generous);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		Grpc__StartContainerRequest start = GRPC__START_CONTAINER_REQUEST__INIT;
		Grpc__RemoveContainerRequest rm = GRPC__REMOVE_CONTAINER_REQUEST__INIT;
		Grpc__StatsContainerRequest stats = GRPC__STATS_CONTAINER_REQUEST__INIT;
		Grpc__WaitProcessRequest wait = GRPC__WAIT_PROCESS_REQUEST__INIT;
		Grpc__ReadStreamRequest rd = GRPC__READ_STREAM_REQUEST__INIT;
		Grpc__WriteStreamRequest wr = GRPC__WRITE_STREAM_REQUEST__INIT;
		Grpc__CloseStdinRequest cl = GRPC__CLOSE_STDIN_REQUEST__INIT;
		Grpc__TtyWinResizeRequest tty = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;
		start.container_id = rm.container_id = stats.container_id = wait.container_id = rd.container_id =
			wr.container_id = cl.container_id = tty.container_id = TEXT(bad[i]);
		const struct {
			cof_gate_rule rule;
			const ProtobufCMessage *m;
		} all[] = {{cof_gate_start_container, &start.base},
			   {cof_gate_remove_container, &rm.base},
			   {cof_gate_stats, &stats.base},
			   {cof_gate_wait, &wait.base},
			   {cof_gate_read_stdout, &rd.base},
			   {cof_gate_read_stderr, &rd.base},
			   {cof_gate_write_stdin, &wr.base},
			   {cof_gate_close_stdin, &cl.base},
			   {cof_gate_resize, &tty.base}};
		for (size_t k = 0; k < COF_COUNT(all); k++) {
			cof_gate_in in = {p, all[k].m};
			assert_fails(all[k].rule(&in, &err), "bad-id");
		}
	}
}

static void gate_never_names_the_request(void **state)
{
	(void)state;
	Grpc__CopyFileRequest m = GRPC__COPY_FILE_REQUEST__INIT;
	cof_gate_in in = {NULL, &m.base};
	cof_err why = {0};
	assert_true(cof_gate_never(&in, &why) < 0);
	assert_non_null(strstr(why.text, "CopyFileRequest"));
	assert_ok(cof_gate_always(&in, &err));
}

static void gate_hosts(void **state)
{
	(void)state;
	Coffer__V1__SetHostsRequest m = COFFER__V1__SET_HOSTS_REQUEST__INIT;
	char *lines[] = {TEXT("10.0.2.2 registry.test")};
	char *bad[] = {TEXT("10.0.2.2 localhost")};
	m.hosts = lines;
	m.n_hosts = 1;
	ALLOWED(cof_gate_hosts, NULL, m);
	m.hosts = bad;
	cof_gate_in in = {NULL, &m.base};
	assert_fails(cof_gate_hosts(&in, &err), "bad-hosts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t011_gate_create_sandbox),
		cmocka_unit_test(t013_gate_streams_follow_the_policy),
		cmocka_unit_test(t013_gate_exec),
		cmocka_unit_test(t052_gate_every_rule_checks_ids),
		cmocka_unit_test(gate_signal),
		cmocka_unit_test(gate_never_names_the_request),
		cmocka_unit_test(gate_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
