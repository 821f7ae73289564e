/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as the host sends them, through the gate to a container that is there. */
#include "tests/unit/agent/box.h"

static void signal_call(box *b, const char *id, const char *exec, uint32_t number, int code, const char *text)
{
	Grpc__SignalProcessRequest m = GRPC__SIGNAL_PROCESS_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	m.signal = number;
	box_call(b, "SignalProcess", &m.base, code, text);
}

static void start_call(box *b, const char *id, int code, const char *text)
{
	Grpc__StartContainerRequest m = GRPC__START_CONTAINER_REQUEST__INIT;
	m.container_id = TEXT(id);
	box_call(b, "StartContainer", &m.base, code, text);
}

static void remove_call(box *b, const char *id, int code, const char *text)
{
	Grpc__RemoveContainerRequest m = GRPC__REMOVE_CONTAINER_REQUEST__INIT;
	m.container_id = TEXT(id);
	box_call(b, "RemoveContainer", &m.base, code, text);
}

static void wait_call(box *b, const char *id, const char *exec, int code, const char *text)
{
	Grpc__WaitProcessRequest m = GRPC__WAIT_PROCESS_REQUEST__INIT;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	box_call(b, "WaitProcess", &m.base, code, text);
}

static void exec_call(box *b, const char *id, const char *exec, const char *program, int code, const char *text)
{
	Grpc__ExecProcessRequest m = GRPC__EXEC_PROCESS_REQUEST__INIT;
	Grpc__Process p = GRPC__PROCESS__INIT;
	char *args[] = {TEXT(program)};
	p.args = args;
	p.n_args = 1;
	m.container_id = TEXT(id);
	m.exec_id = TEXT(exec);
	m.process = &p;
	box_call(b, "ExecProcess", &m.base, code, text);
}

static void t052_ids_of_nobody(void **state)
{
	static const char *const ids[] = {"c2", "C1", "c1x"};
	box b;
	(void)state;
	box_running(&b);
	for (size_t i = 0; i < COF_COUNT(ids); i++) {
		Grpc__StatsContainerRequest stats = GRPC__STATS_CONTAINER_REQUEST__INIT;
		stats.container_id = TEXT(ids[i]);
		start_call(&b, ids[i], COF_RPC_INVALID_ARGUMENT, "no-such-container");
		remove_call(&b, ids[i], COF_RPC_INVALID_ARGUMENT, "no-such-container");
		wait_call(&b, ids[i], "", COF_RPC_INVALID_ARGUMENT, "no-such-container");
		signal_call(&b, ids[i], "", SIGKILL, COF_RPC_INVALID_ARGUMENT, "no-such-container");
		exec_call(&b, ids[i], "e1", "/bin/ok", COF_RPC_INVALID_ARGUMENT, "no-such-container");
		box_call(&b, "StatsContainer", &stats.base, COF_RPC_INVALID_ARGUMENT, "no-such-container");
	}
	wait_call(&b, "c1", "e9", COF_RPC_NOT_FOUND, "no-such-process");
	signal_call(&b, "c1", "e9", SIGKILL, COF_RPC_NOT_FOUND, "no-such-process");
	/* None of it touched the one that is there. */
	assert_int_equal(b.a.container->life, COF_LIFE_RUNNING);
	assert_int_equal(kill(b.a.container->init->pid, 0), 0);
	box_release(&b);
}

static void t052_ids_that_are_paths(void **state)
{
	static const char *const ids[] = {"", "..", "../c1", "c1/..", "c1\n", "/c1", "-c1", ".c1"};
	box b;
	(void)state;
	box_running(&b);
	for (size_t i = 0; i < COF_COUNT(ids); i++) {
		start_call(&b, ids[i], COF_RPC_INVALID_ARGUMENT, "bad-id");
		remove_call(&b, ids[i], COF_RPC_INVALID_ARGUMENT, "bad-id");
		exec_call(&b, "c1", ids[i], "/bin/ok", COF_RPC_INVALID_ARGUMENT, "bad-id");
	}
	assert_int_equal(b.a.container->n_execs, 0);
	box_release(&b);
}

static void t013_what_the_policy_keeps(void **state)
{
	box b;
	(void)state;
	box_running(&b);
	signal_call(&b, "c1", "", SIGUSR1, COF_RPC_PERMISSION_DENIED, "policy-denied");
	signal_call(&b, "c1", "", 0, COF_RPC_PERMISSION_DENIED, "policy-denied");
	signal_call(&b, "c1", "", UINT32_MAX, COF_RPC_PERMISSION_DENIED, "policy-denied");
	exec_call(&b, "c1", "e1", "/bin/sh", COF_RPC_PERMISSION_DENIED, "policy-denied");
	assert_int_equal(b.a.container->n_execs, 0);
	assert_false(b.a.container->init->exited);
	box_release(&b);
}

/* T-9: the image that the container would be made of must be the policy's. */
static void t009_create_what_no_policy_names(void **state)
{
	box b;
	Grpc__CreateContainerRequest m = GRPC__CREATE_CONTAINER_REQUEST__INIT;
	(void)state;
	box_init(&b);
	m.container_id = TEXT("c1");
	box_call(&b, "CreateContainer", &m.base, COF_RPC_PERMISSION_DENIED, "policy-denied");
	assert_null(b.a.container);
	box_assert_empty(&b);
	box_release(&b);
}

static void kill_means_all(void **state)
{
	box b;
	(void)state;
	box_running(&b);
	exec_call(&b, "c1", "e1", "/bin/ok", COF_RPC_OK, "");
	signal_call(&b, "c1", "e1", SIGKILL, COF_RPC_OK, "");
	wait_call(&b, "c1", "e1", COF_RPC_OK, "");
	assert_false(b.a.container->init->exited);
	signal_call(&b, "c1", "c1", SIGKILL, COF_RPC_OK, "");
	wait_call(&b, "c1", "", COF_RPC_OK, "");
	assert_int_equal(b.a.container->init->status, 128 + SIGKILL);
	signal_call(&b, "c1", "", SIGKILL, COF_RPC_OK, ""); /* gone already */
	remove_call(&b, "c1", COF_RPC_OK, "");
	box_assert_empty(&b);
	box_release(&b);
}

static void no_terminal(void **state)
{
	box b;
	Grpc__TtyWinResizeRequest m = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;
	(void)state;
	box_running(&b);
	m.container_id = TEXT("c1");
	box_call(&b, "TtyWinResize", &m.base, COF_RPC_UNAVAILABLE, "no-terminal");
	m.exec_id = TEXT("e9");
	box_call(&b, "TtyWinResize", &m.base, COF_RPC_NOT_FOUND, "no-such-process");
	box_release(&b);
}

static void stats_of_a_folder(void **state)
{
	box b;
	char cgroups[160], group[64];
	Grpc__StatsContainerRequest m = GRPC__STATS_CONTAINER_REQUEST__INIT;
	(void)state;
	box_running(&b);
	m.container_id = TEXT("c1");
	box_call(&b, "StatsContainer", &m.base, COF_RPC_INTERNAL, "no-cgroup");
	rig_path(&b.r, "cg", cgroups);
	b.a.places.cgroups = cgroups;
	assert_int_equal(mkdir(cgroups, 0700), 0);
	rig_path(&b.r, "cg/coffer", cgroups);
	assert_int_equal(mkdir(cgroups, 0700), 0);
	(void)snprintf(group, sizeof group, "cg/coffer/c1.%d", (int)getpid());
	rig_path(&b.r, group, cgroups);
	assert_int_equal(mkdir(cgroups, 0700), 0);
	(void)snprintf(group, sizeof group, "cg/coffer/c1.%d/pids.current", (int)getpid());
	rig_put(&b.r, group, "3\n");
	rig_path(&b.r, "cg", cgroups);
	box_call(&b, "StatsContainer", &m.base, COF_RPC_OK, "");
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t052_ids_of_nobody),
		cmocka_unit_test(t052_ids_that_are_paths),
		cmocka_unit_test(t013_what_the_policy_keeps),
		cmocka_unit_test(t009_create_what_no_policy_names),
		cmocka_unit_test(kill_means_all),
		cmocka_unit_test(no_terminal),
		cmocka_unit_test(stats_of_a_folder),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
