/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reply.h"

#include "tests/unit/agent/rig.h"

typedef struct pair {
	cof_class cls;
	const char *reason;
	int code;
} pair;

/* What runtimes branch on. */
static const pair pairs[] = {
	{COF_E_POLICY, "policy-denied", COF_RPC_PERMISSION_DENIED},
	{COF_E_USAGE, "no-such-container", COF_RPC_INVALID_ARGUMENT},
	{COF_E_USAGE, "no-such-process", COF_RPC_NOT_FOUND},
	{COF_E_USAGE, "no-such-method", COF_RPC_UNIMPLEMENTED},
	{COF_E_USAGE, "not-offered", COF_RPC_UNIMPLEMENTED},
	{COF_E_USAGE, "bad-state", COF_RPC_FAILED_PRECONDITION},
	{COF_E_UNAVAILABLE, "no-terminal", COF_RPC_UNAVAILABLE},
	{COF_E_UNAVAILABLE, "too-many-calls", COF_RPC_RESOURCE_EXHAUSTED},
	{COF_E_INTERNAL, "keeper-died", COF_RPC_INTERNAL},
};

static void errors_have_codes(void **state)
{
	rig r;
	rig_reply reply = {0};
	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < COF_COUNT(pairs); i++) {
		cof_err err = {0};
		char want[64];
		assert_true(cof_err_set(&err, pairs[i].cls, pairs[i].reason, "why %zu", i) < 0);
		(void)snprintf(want, sizeof want, "%s: why %zu", pairs[i].reason, i);
		cof_reply_err(rig_call(&r, &reply), &err);
		rig_turn(&r, &reply.n, 1);
		assert_string_equal(reply.message, want);
		rig_expect(&r, &reply, pairs[i].code, want);
	}
	rig_release(&r);
}

/* An error never has the code of a success, whatever its class. */
static void no_error_is_ok(void **state)
{
	rig r;
	rig_reply reply = {0};
	(void)state;
	rig_init(&r);
	for (int cls = COF_E_USAGE; cls <= COF_E_INTERNAL; cls++) {
		cof_err err = {0};
		assert_true(cof_err_set(&err, (cof_class)cls, "some-reason", "x") < 0);
		cof_reply_err(rig_call(&r, &reply), &err);
		rig_turn(&r, &reply.n, 1);
		assert_int_not_equal(reply.code, COF_RPC_OK);
		rig_expect(&r, &reply, reply.code, "some-reason");
	}
	rig_release(&r);
}

/* The longest reason and text there can be arrive whole. */
static void longest_error(void **state)
{
	rig r;
	rig_reply reply = {0};
	cof_err err = {.cls = COF_E_IO};
	(void)state;
	rig_init(&r);
	memset(err.reason, 'r', sizeof err.reason - 1);
	memset(err.text, 't', sizeof err.text - 1);
	cof_reply_err(rig_call(&r, &reply), &err);
	rig_turn(&r, &reply.n, 1);
	assert_int_equal(strlen(reply.message), sizeof err.reason - 1 + 2 + sizeof err.text - 1);
	rig_expect(&r, &reply, reply.code, "rrr: ttt");
	rig_release(&r);
}

static void messages(void **state)
{
	rig r;
	rig_reply reply = {0};
	Grpc__WaitProcessResponse m = GRPC__WAIT_PROCESS_RESPONSE__INIT;
	(void)state;
	rig_init(&r);
	cof_reply(rig_call(&r, &reply), NULL);
	rig_turn(&r, &reply.n, 1);
	assert_int_equal(reply.payload.len, 0);
	rig_expect(&r, &reply, COF_RPC_OK, "");
	m.status = 137;
	cof_reply(rig_call(&r, &reply), &m.base);
	rig_turn(&r, &reply.n, 1);
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__wait_process_response__descriptor, cof_buf_span(&reply.payload), COF_PB_MAX,
				&any, &err));
	assert_int_equal(cof_pb_as(Grpc__WaitProcessResponse, any)->status, 137);
	rig_expect(&r, &reply, COF_RPC_OK, "");
	rig_release(&r);
}

/* The host hangs up while it is owed answers: each is dropped, none breaks anything. */
static void t085_nobody_is_there_any_more(void **state)
{
	rig r;
	rig_reply reply[4] = {0};
	cof_err why = {0};
	(void)state;
	rig_init(&r);
	for (int i = 0; i < 4; i++)
		(void)rig_call(&r, &reply[i]);
	cof_ttrpc_free(r.client);
	r.client = NULL;
	rig_settle(&r);
	assert_true(cof_err_set(&why, COF_E_IO, "x", "y") < 0);
	cof_reply(r.calls[0], NULL);
	cof_reply_err(r.calls[1], &why);
	cof_ttrpc_free(r.server);
	r.server = NULL;
	cof_reply(r.calls[2], NULL);
	cof_reply_err(r.calls[3], &why);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(reply[i].n, 1); /* from the client's own end, as a failure */
		assert_int_not_equal(reply[i].code, COF_RPC_OK);
		cof_buf_release(&reply[i].payload);
	}
	rig_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_have_codes),
		cmocka_unit_test(no_error_is_ok),
		cmocka_unit_test(longest_error),
		cmocka_unit_test(messages),
		cmocka_unit_test(t085_nobody_is_there_any_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
