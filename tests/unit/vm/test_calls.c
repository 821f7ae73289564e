/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/pb.h"
#include "common/ttrpc.h"
#include "runtime/vm/calls.h"

static ProtobufCMessage *unpacked(const ProtobufCMessageDescriptor *type, const cof_buf *b)
{
	ProtobufCMessage *m = NULL;
	assert_ok(cof_pb_unpack(type, cof_buf_span(b), COF_PB_MAX, &m, &err));
	return m;
}

static void t009_the_container_is_an_image_and_nothing_else(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_call_create_container("c1", "r.test/demo@sha256:00", &b, &err));
	COF_AUTO_PTR(ProtobufCMessage) any = unpacked(&grpc__create_container_request__descriptor, &b);
	const Grpc__CreateContainerRequest *m = cof_pb_as(Grpc__CreateContainerRequest, any);
	assert_string_equal(m->container_id, "c1");
	assert_int_equal(m->n_storages, 1);
	assert_string_equal(m->storages[0]->driver, "image_guest_pull");
	assert_string_equal(m->storages[0]->source, "r.test/demo@sha256:00");
	assert_string_equal(m->storages[0]->mount_point, "/run/kata-containers/c1/rootfs");
	assert_string_equal(m->oci->root->path, "/run/kata-containers/c1/rootfs");
	assert_int_equal(m->oci->process->n_args, 0);
	assert_int_equal(m->oci->process->n_env, 0);
	assert_int_equal(m->oci->n_mounts, 0);
	assert_int_equal(m->n_devices, 0);
	assert_null(m->oci->hooks);
}

static void network_is_the_user_mode_one(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) i = {0};
	COF_AUTO(cof_buf) r = {0};
	assert_ok(cof_call_interface(&i, &err));
	COF_AUTO_PTR(ProtobufCMessage) any = unpacked(&grpc__update_interface_request__descriptor, &i);
	const Types__Interface *link = cof_pb_as(Grpc__UpdateInterfaceRequest, any)->interface;
	assert_string_equal(link->ipaddresses[0]->address, "10.0.2.15");
	assert_string_equal(link->hwaddr, "52:54:00:c0:ff:e0");
	assert_ok(cof_call_routes(&r, &err));
	COF_AUTO_PTR(ProtobufCMessage) routes = unpacked(&grpc__update_routes_request__descriptor, &r);
	assert_string_equal(cof_pb_as(Grpc__UpdateRoutesRequest, routes)->routes->routes[0]->gateway, "10.0.2.2");
}

static void hosts_are_all_there(void **state)
{
	(void)state;
	static const char *const hosts[] = {"10.0.2.2 a", "10.0.2.2 b", NULL};
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_call_set_hosts(hosts, &b, &err));
	COF_AUTO_PTR(ProtobufCMessage) any = unpacked(&coffer__v1__set_hosts_request__descriptor, &b);
	assert_int_equal(cof_pb_as(Coffer__V1__SetHostsRequest, any)->n_hosts, 2);
}

static int wait_of(const char *bytes, size_t len, int *status, cof_err *err)
{
	return cof_answer_wait(cof_span_of(bytes, len), status, err);
}

static void t087_exit_codes_are_bytes(void **state)
{
	(void)state;
	int status = -1;
	assert_ok(wait_of("", 0, &status, &err));
	assert_int_equal(status, 0);
	assert_ok(wait_of("\x08\xff\x01", 3, &status, &err));
	assert_int_equal(status, 255);
	assert_fails(wait_of("\x08\x80\x02", 3, &status, &err), "agent-answer-malformed");
	assert_fails(wait_of("\x08", 1, &status, &err), "agent-answer-malformed");
	assert_fails(wait_of("\xff\xff\xff", 3, &status, &err), "agent-answer-malformed");
	assert_int_equal(status, 255);
}

static void t087_read_answers_have_the_size_asked_for(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_answer_read(cof_span_of("\x0a\x03xyz", 5), 3, &out, &err));
	assert_string_equal(cof_buf_str(&out), "xyz");
	assert_fails(cof_answer_read(cof_span_of("\x0a\x03xyz", 5), 2, &out, &err), "agent-answer-malformed");
	assert_fails(cof_answer_read(cof_span_of("\x0a\x04xyz", 5), 9, &out, &err), "agent-answer-malformed");
	assert_int_equal(out.len, 3);
}

static void error_of(int code, const char *message, cof_class cls, const char *reason)
{
	cof_err e = {0};
	assert_true(cof_answer_error(code, message, &e) < 0);
	assert_int_equal(e.cls, cls);
	assert_string_equal(e.reason, reason);
}

static void reasons_are_words_and_classes_follow_codes(void **state)
{
	(void)state;
	error_of(COF_RPC_PERMISSION_DENIED, "policy-denied: no", COF_E_POLICY, "policy-denied");
	error_of(COF_RPC_INVALID_ARGUMENT, "layer-digest-mismatch: x", COF_E_MALFORMED, "layer-digest-mismatch");
	error_of(COF_RPC_UNAVAILABLE, "http-unreachable: x", COF_E_UNAVAILABLE, "http-unreachable");
	error_of(COF_RPC_INTERNAL, "No such word: x", COF_E_IO, "agent-error");
	error_of(COF_RPC_INTERNAL, "", COF_E_IO, "agent-error");
	error_of(COF_RPC_INTERNAL, NULL, COF_E_IO, "agent-error");
	error_of(COF_RPC_INTERNAL, ": x", COF_E_IO, "agent-error");
	error_of(COF_RPC_INTERNAL, "word:x", COF_E_IO, "agent-error");
	error_of(COF_RPC_DEADLINE_EXCEEDED, "no answer in time", COF_E_UNAVAILABLE, "agent-silent");
	error_of(-77, "a-word: x", COF_E_IO, "a-word");
	error_of(COF_RPC_INTERNAL, "a-word-that-is-much-too-long-to-be-any-reason-of-ours-at-all: x", COF_E_IO,
		 "agent-error");
}

static void t086_messages_are_printable(void **state)
{
	(void)state;
	cof_err e = {0};
	assert_true(cof_answer_error(COF_RPC_INTERNAL, "word: \x1b[2J\x07", &e) < 0);
	for (const char *c = e.text; *c != 0; c++)
		assert_true(*c >= 0x20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t009_the_container_is_an_image_and_nothing_else),
		cmocka_unit_test(network_is_the_user_mode_one),
		cmocka_unit_test(hosts_are_all_there),
		cmocka_unit_test(t087_exit_codes_are_bytes),
		cmocka_unit_test(t087_read_answers_have_the_size_asked_for),
		cmocka_unit_test(reasons_are_words_and_classes_follow_codes),
		cmocka_unit_test(t086_messages_are_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
