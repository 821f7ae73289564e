/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of init in a child of this test, whose keeper is this test in another role: one that is dead before it has
 * said a word, or that says no. A guest without a measured policy serves its reason and nothing else.
 */
#include "agent/agent.h"

#include <sys/prctl.h>

#include "agent/keeper.h"
#include "agent/run.h"
#include "tests/unit/agent/guest.h"

#define POLICY "{\"format\":\"coffer-policy/1\",\"containers\":[]}"
#define DISK "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n\"policy.json\" = '''" POLICY "'''\n"

static guest g;

/* The keeper: as initdata's second line has it. */
static int play_keeper(void)
{
	COF_AUTO(cof_msg) m = {0};
	if (cof_chan_recv(COF_HELPER_CHAN, &m, NULL) < 0 || strstr(cof_buf_str(&m.body), "keeper dies") != NULL)
		return 1;
	if (strstr(cof_buf_str(&m.body), "keeper refuses") != NULL)
		(void)!cof_chan_send(COF_HELPER_CHAN, COF_KEEPER_ERR,
				     cof_span_str("{\"class\":5,\"reason\":\"pcr-not-zero\",\"text\":\"PCR 8\"}"), NULL,
				     0, NULL);
	else
		(void)!cof_chan_send(COF_HELPER_CHAN, COF_KEEPER_OK, cof_span_str("{}"), NULL, 0, NULL);
	return cof_chan_recv(COF_HELPER_CHAN, &m, NULL) < 0 ? 0 : 1;
}

/* Runs init in a child; exit code 0 for an end without a reason, 1 with `reason`, 2 with another. */
static void run(const char *toml, const cof_err *refused, const char *reason)
{
	char disk[160];
	if (g.base == NULL)
		guest_init(&g);
	guest_write_disk(&g, toml);
	guest_path(&g, "initdata", disk);
	pid_t pid = fork();
	if (pid == 0) {
		cof_err err = {0};
		const cof_run_opts o = {.folder = g.dir,
					.tcti = "none",
					.eventlog = disk,
					.initdata_disk = disk,
					.crun = "/nonexistent/crun",
					.cgroups = "/nonexistent",
					.rest_port = -1,
					.refused = refused};
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		int r = cof_agent_run(&o, &err);
		_exit(r == 0 ? 0 : reason != NULL && cof_err_is(&err, reason) ? 1 : 2);
	}
	g.agent.pid = pid;
}

/* The child's exit code, behind a signal if there is one. */
static int ends(int sig)
{
	int status = 0;
	if (sig != 0)
		assert_int_equal(kill(g.agent.pid, sig), 0);
	assert_int_equal(waitpid(g.agent.pid, &status, 0), g.agent.pid);
	g.agent = COF_PROC_NONE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Nothing is left to tell: a guest that was told to end does it at once. */
static void hang_up(void)
{
	assert_int_equal(guest_agent(&g, "DestroySandbox", NULL), 0);
	cof_ttrpc_free(g.ctl);
	g.ctl = NULL;
}

static int check(void)
{
	ProtobufCMessage *any = NULL;
	assert_int_equal(guest_call(&g, g.ctl, HEALTH_SERVICE, "Check", NULL), 0);
	assert_ok(cof_pb_unpack(&grpc__health_check_response__descriptor, cof_buf_span(&g.last.payload), COF_PB_MAX,
				&any, &err));
	int status = (int)cof_pb_as(Grpc__HealthCheckResponse, any)->status;
	cof_pb_free(any);
	return status;
}

static void assert_serves_only(const char *toml, const cof_err *refused, const char *reason)
{
	run(toml, refused, reason);
	guest_connect(&g);
	assert_int_equal(check(), GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
	int code = guest_sandbox(&g);
	assert_int_not_equal(code, 0);
	guest_refused(&g, code, code, reason);
	hang_up();
	assert_int_equal(ends(0), 1);
	guest_stop(&g);
}

static void t002_without_initdata(void **state)
{
	(void)state;
	assert_serves_only(NULL, NULL, "initdata-missing");
}

static void t002_without_a_policy(void **state)
{
	(void)state;
	assert_serves_only("version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n", NULL, "policy-missing");
}

/* T-3: a digest that could not be registered is a guest that serves nothing. */
static void t003_the_digest_is_not_registered(void **state)
{
	(void)state;
	assert_serves_only(DISK "# keeper refuses\n", NULL, "pcr-not-zero");
}

static void t059_the_keeper_dies_at_once(void **state)
{
	(void)state;
	assert_serves_only(DISK "# keeper dies\n", NULL, "keeper-died");
}

static void t025_boot_found_no_tpm(void **state)
{
	cof_err none = {0};
	(void)state;
	assert_true(cof_err_set(&none, COF_E_IO, "device-missing", "the TPM") < 0);
	assert_serves_only(DISK, &none, "device-missing");
}

static void serves_and_ends(void **state)
{
	(void)state;
	run(DISK, NULL, NULL);
	guest_connect(&g);
	assert_int_equal(check(), GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
	assert_int_equal(guest_sandbox(&g), 0);
	/* The keeper is there, but initdata names no broker: nothing is attested, nothing decrypted. */
	hang_up();
	assert_int_equal(ends(0), 0);
	guest_stop(&g);
}

static void no_place_for_a_port(void **state)
{
	char path[160];
	(void)state;
	guest_init(&g);
	guest_path(&g, "ctl.sock", path);
	assert_int_equal(mkdir(path, 0700), 0);
	guest_path(&g, "ctl.sock/full", path);
	assert_int_equal(mkdir(path, 0700), 0);
	run(DISK, NULL, "listen-failed");
	assert_int_equal(ends(0), 1);
	guest_stop(&g);
}

/* The keeper is no way to keys unless initdata names a broker. */
static void t065_no_broker_of_nobody(void **state)
{
	cof_agent a = {0};
	(void)state;
	a.trust = (cof_trust *)(void *)&a;
	assert_null(cof_agent_broker(&a));
	a.owner.aa_toml = "x";
	assert_ptr_equal(cof_agent_broker(&a), a.trust);
}

static int tear_down(void **state)
{
	(void)state;
	if (g.agent.pid > 0)
		(void)ends(SIGKILL);
	if (g.base != NULL)
		guest_stop(&g);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(t002_without_initdata, tear_down),
		cmocka_unit_test_teardown(t002_without_a_policy, tear_down),
		cmocka_unit_test_teardown(t003_the_digest_is_not_registered, tear_down),
		cmocka_unit_test_teardown(t059_the_keeper_dies_at_once, tear_down),
		cmocka_unit_test_teardown(t025_boot_found_no_tpm, tear_down),
		cmocka_unit_test_teardown(serves_and_ends, tear_down),
		cmocka_unit_test_teardown(no_place_for_a_port, tear_down),
		cmocka_unit_test_teardown(t065_no_broker_of_nobody, tear_down),
	};
	g.agent = COF_PROC_NONE;
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		_exit(play_keeper());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
