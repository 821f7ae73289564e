/* SPDX-License-Identifier: Apache-2.0 */
/* Sandbox, names and progress: what the host may say once, and what it may never say. */
#include "tests/unit/agent/box.h"

static void sandbox(box *b, const char *hostname, char **dns, size_t n, int code, const char *text)
{
	Grpc__CreateSandboxRequest m = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	m.sandbox_id = TEXT("box1");
	m.hostname = TEXT(hostname);
	m.dns = dns;
	m.n_dns = n;
	box_call(b, "CreateSandbox", &m.base, code, text);
}

static void t051_one_sandbox(void **state)
{
	box b;
	(void)state;
	box_init(&b);
	b.a.sandbox = false;
	sandbox(&b, "first", NULL, 0, COF_RPC_OK, "");
	assert_string_equal(b.a.hostname, "first");
	sandbox(&b, "second", NULL, 0, COF_RPC_FAILED_PRECONDITION, "bad-state");
	assert_string_equal(b.a.hostname, "first");
	box_release(&b);
}

/* T-55: lines of resolv.conf that would hide another line, or fill memory, make no sandbox. */
static void t055_dns_lines(void **state)
{
	static const char *const bad[] = {"a\nnameserver 6.6.6.6", "a\rb", "\x1b[2J", "\x7f", "n\xc3\xa4m", "\t"};
	static char longest[5000];
	char *one[] = {NULL};
	box b;
	(void)state;
	box_init(&b);
	b.a.sandbox = false;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		one[0] = TEXT(bad[i]);
		sandbox(&b, "guest", one, 1, COF_RPC_PERMISSION_DENIED, "dns: not a line");
		assert_false(b.a.sandbox);
		assert_int_equal(b.a.dns.len, 0);
	}
	memset(longest, 'n', sizeof longest - 1);
	one[0] = longest;
	sandbox(&b, "guest", one, 1, COF_RPC_INVALID_ARGUMENT, "too");
	assert_false(b.a.sandbox);
	one[0] = TEXT("nameserver 10.0.2.3");
	sandbox(&b, "guest", one, 1, COF_RPC_OK, "");
	assert_non_null(strstr(cof_buf_str(&b.a.dns), "nameserver 10.0.2.3\n"));
	box_release(&b);
}

static void hosts(box *b, const char *line, int code, const char *text)
{
	Coffer__V1__SetHostsRequest m = COFFER__V1__SET_HOSTS_REQUEST__INIT;
	char *lines[] = {TEXT("10.0.2.2 registry.test"), TEXT(line)};
	m.hosts = lines;
	m.n_hosts = 2;
	box_call(b, "SetHosts", &m.base, code, text);
}

/* All lines or none, and none any more once there is a container that was made with them. */
static void t055_hosts(void **state)
{
	box b;
	(void)state;
	box_init(&b);
	hosts(&b, "10.0.2.2 kbs.test", COF_RPC_OK, "");
	assert_int_equal(b.a.hosts.n, 2);
	hosts(&b, "not.an.address kbs.test", COF_RPC_INVALID_ARGUMENT, "bad-hosts");
	assert_int_equal(b.a.hosts.n, 2);
	assert_string_equal(b.a.hosts.at[1].name, "kbs.test");
	box_release(&b);
	box_created(&b);
	hosts(&b, "10.0.2.2 kbs.test", COF_RPC_FAILED_PRECONDITION, "bad-state");
	assert_int_equal(b.a.hosts.n, 0);
	box_release(&b);
}

static void t051_nothing_behind_the_end(void **state)
{
	static const char *const methods[] = {"StartContainer", "GetGuestDetails", "SetHosts"};
	box b;
	(void)state;
	box_init(&b);
	box_call(&b, "DestroySandbox", NULL, COF_RPC_OK, "");
	for (size_t i = 0; i < COF_COUNT(methods); i++)
		box_call(&b, methods[i], NULL, COF_RPC_FAILED_PRECONDITION, "the sandbox is being destroyed");
	box_call(&b, "DestroySandbox", NULL, COF_RPC_OK, ""); /* an answer may have been lost */
	assert_true(event_pending(b.a.end, EV_TIMEOUT, NULL));
	box_release(&b);
}

static void t094_the_end_takes_the_container(void **state)
{
	box b;
	(void)state;
	box_running(&b);
	box_call(&b, "DestroySandbox", NULL, COF_RPC_OK, "");
	box_call(&b, "DestroySandbox", NULL, COF_RPC_OK, "");
	box_wait_end(&b);
	box_assert_empty(&b);
	box_release(&b);
}

/* T-2: a guest that found no policy serves its reason, and nothing besides. */
static void t002_a_guest_that_refuses(void **state)
{
	static const char *const methods[] = {"CreateSandbox",	 "CreateContainer", "StartContainer", "SetHosts",
					      "UpdateInterface", "GetGuestDetails", "ExecProcess"};
	box b;
	rig_reply reply = {0};
	(void)state;
	box_init(&b);
	assert_true(cof_err_set(&b.a.refused, COF_E_POLICY, "policy-missing", "initdata has no policy.json") < 0);
	for (size_t i = 0; i < COF_COUNT(methods); i++)
		box_call(&b, methods[i], NULL, COF_RPC_PERMISSION_DENIED, "policy-missing: initdata has no");
	rig_send(&b.r, "Check", NULL, &reply);
	rig_turn(&b.r, &reply.n, 1);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__health_check_response__descriptor, cof_buf_span(&reply.payload), COF_PB_MAX,
				&any, &err));
	assert_int_equal(cof_pb_as(Grpc__HealthCheckResponse, any)->status,
			 GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	box_release(&b);
}

/* T-85: watchers have a limit, and a host that hangs up frees its places. */
static void t085_watchers(void **state)
{
	box b;
	Coffer__V1__WatchRequest m = COFFER__V1__WATCH_REQUEST__INIT;
	static rig_reply waits[COF_WATCHERS_MAX];
	rig_reply more = {0};
	(void)state;
	box_init(&b);
	m.seq = UINT64_MAX;
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		rig_send(&b.r, "Watch", &m.base, &waits[i]);
	rig_send(&b.r, "Watch", &m.base, &more);
	rig_expect(&b.r, &more, COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	cof_serve_closed(&b.a, true); /* another connection, on which nobody waits: no place becomes free */
	rig_send(&b.r, "Watch", &m.base, &more);
	rig_expect(&b.r, &more, COF_RPC_RESOURCE_EXHAUSTED, "too-many-calls");
	rig_reconnect(&b.r);
	cof_serve_closed(&b.a, true);
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		rig_expect(&b.r, &waits[i], COF_RPC_UNAVAILABLE, "closed");
	m.seq = 0;
	rig_send(&b.r, "Watch", &m.base, &more);
	cof_watch_phase(b.a.watch, COF_PHASE_PULL);
	rig_turn(&b.r, &more.n, 1);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&coffer__v1__watch_response__descriptor, cof_buf_span(&more.payload), COF_PB_MAX, &any,
				&err));
	assert_non_null(strstr(cof_pb_as(Coffer__V1__WatchResponse, any)->json, "\"phase\""));
	rig_expect(&b.r, &more, COF_RPC_OK, "");
	box_release(&b);
}

/* T-27, T-28, T-45: neither randomness nor time nor memory of the guest is the host's. */
static void refused_for_ever(const char *method)
{
	box b;
	rig_reply reply = {0};
	box_init(&b);
	rig_send(&b.r, method, NULL, &reply);
	rig_expect(&b.r, &reply, COF_RPC_PERMISSION_DENIED, "policy-denied");
	box_release(&b);
}

static void t027_no_randomness_of_the_host(void **state)
{
	(void)state;
	refused_for_ever("ReseedRandomDev");
}

static void t028_no_swap_and_no_memory_of_the_host(void **state)
{
	(void)state;
	refused_for_ever("AddSwap");
	refused_for_ever("AddSwapPath");
	refused_for_ever("MemHotplugByProbe");
}

static void t045_no_time_of_the_host(void **state)
{
	(void)state;
	refused_for_ever("SetGuestDateTime");
}

static void t058_no_files_of_the_host(void **state)
{
	(void)state;
	refused_for_ever("CopyFile");
	refused_for_ever("UpdateEphemeralMounts");
}

static void details(void **state)
{
	box b;
	rig_reply reply = {0};
	(void)state;
	box_init(&b);
	rig_send(&b.r, "GetGuestDetails", NULL, &reply);
	rig_turn(&b.r, &reply.n, 1);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__guest_details_response__descriptor, cof_buf_span(&reply.payload), COF_PB_MAX,
				&any, &err));
	const Grpc__AgentDetails *d = cof_pb_as(Grpc__GuestDetailsResponse, any)->agent_details;
	assert_int_equal(d->n_storage_handlers, 1);
	assert_string_equal(d->storage_handlers[0], "image_guest_pull");
	assert_false(d->init_daemon);
	rig_expect(&b.r, &reply, COF_RPC_OK, "");
	box_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t051_one_sandbox),
		cmocka_unit_test(t055_dns_lines),
		cmocka_unit_test(t055_hosts),
		cmocka_unit_test(t051_nothing_behind_the_end),
		cmocka_unit_test(t094_the_end_takes_the_container),
		cmocka_unit_test(t002_a_guest_that_refuses),
		cmocka_unit_test(t085_watchers),
		cmocka_unit_test(t027_no_randomness_of_the_host),
		cmocka_unit_test(t028_no_swap_and_no_memory_of_the_host),
		cmocka_unit_test(t045_no_time_of_the_host),
		cmocka_unit_test(t058_no_files_of_the_host),
		cmocka_unit_test(details),
	};
	box_main(argc, argv);
	return cmocka_run_group_tests(tests, box_group, NULL);
}
