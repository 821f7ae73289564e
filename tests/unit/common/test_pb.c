/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/pb.h"
#include "health.pb-c.h"

static int unpack(const ProtobufCMessageDescriptor *type, cof_span in, cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) m = NULL;
	return cof_pb_unpack(type, in, COF_PB_MAX, &m, err);
}

static void packed_create(cof_buf *ret)
{
	Grpc__CreateContainerRequest m = GRPC__CREATE_CONTAINER_REQUEST__INIT;
	Grpc__Storage s = GRPC__STORAGE__INIT, *storages[] = {&s};
	Grpc__Spec spec = GRPC__SPEC__INIT;
	Grpc__Process p = GRPC__PROCESS__INIT;
	char id[] = "c1", driver[] = "image_guest_pull", source[] = "registry/x@sha256:00", arg[] = "/hello",
	     *args[] = {arg};
	m.container_id = id;
	s.driver = driver;
	s.source = source;
	m.storages = storages;
	m.n_storages = 1;
	p.args = args;
	p.n_args = 1;
	spec.process = &p;
	m.oci = &spec;
	assert_ok(cof_pb_pack(&m.base, ret, &err));
}

static void t047_refuses_every_cut_or_survives_it(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) whole = {0};
	packed_create(&whole);
	for (size_t n = 0; n < whole.len; n++) {
		cof_err err = {0};
		if (unpack(&grpc__create_container_request__descriptor, cof_span_of(whole.data, n), &err) < 0)
			assert_string_equal(err.reason, "pb-malformed");
	}
}

static void t047_survives_every_flipped_bit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) whole = {0};
	packed_create(&whole);
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		cof_err err = {0};
		whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int r = unpack(&grpc__create_container_request__descriptor, cof_buf_span(&whole), &err);
		assert_true(r == 0 || err.cls == COF_E_MALFORMED);
		whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* Two bytes on the wire become a structure of more than a hundred: the budget ends it. */
static void t047_small_bytes_cannot_grow_without_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) many = {0};
	for (int i = 0; i < 200000; i++)
		assert_ok(cof_buf_add(&many, "\x2a\x00", 2, &err)); /* CreateContainerRequest.storages, empty */
	cof_err err = {0};
	assert_true(unpack(&grpc__create_container_request__descriptor, cof_buf_span(&many), &err) < 0);
	assert_string_equal(err.reason, "pb-too-large");
}

static void t047_limits_the_input(void **state)
{
	(void)state;
	static const uint8_t zeros[64];
	ProtobufCMessage *m = NULL;
	assert_fails(cof_pb_unpack(&grpc__empty__descriptor, cof_span_of(zeros, 64), 63, &m, &err), "pb-too-large");
	assert_null(m);
}

static void t047_refuses_strings_that_lie(void **state)
{
	(void)state;
	const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x0a\xff\xff\xff\xff\x0f", 6}, /* length 4 GiB - 1 */
		{"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11},
		{"\x0a", 1},
		{"\x0b", 1}, /* a group */
		{"\x00\x00", 2},
		{"\xff\xff\xff\xff\xff\xff", 6},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(
			unpack(&grpc__start_container_request__descriptor, cof_span_of(bad[i].bytes, bad[i].len), &err),
			"pb-malformed");
}

static void t047_unknown_members_are_skipped(void **state)
{
	(void)state;
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__start_container_request__descriptor,
				cof_span_of("\x0a\x02"
					    "c1\xa2\x06\x01x",
					    8),
				COF_PB_MAX, &any, &err));
	assert_string_equal(cof_pb_as(Grpc__StartContainerRequest, any)->container_id, "c1");
}

/* Peers' numbers: the traps are ReseedRandomDev (2) and FSGroup (2, 3). */
static void field_numbers_are_the_protocols(void **state)
{
	(void)state;
	const struct {
		const ProtobufCMessageDescriptor *type;
		const char *field;
		unsigned number;
	} fields[] = {
		{&grpc__reseed_random_dev_request__descriptor, "data", 2},
		{&grpc__fsgroup__descriptor, "group_id", 2},
		{&grpc__fsgroup__descriptor, "group_change_policy", 3},
		{&grpc__create_container_request__descriptor, "OCI", 6},
		{&grpc__create_container_request__descriptor, "stderr_port", 11},
		{&grpc__spec__descriptor, "Annotations", 7},
		{&grpc__linux__descriptor, "IntelRdt", 13},
		{&grpc__process__descriptor, "SelinuxLabel", 12},
		{&grpc__copy_file_request__descriptor, "data", 8},
		{&types__interface__descriptor, "raw_flags", 8},
		{&grpc__create_sandbox_request__descriptor, "kernel_modules", 7},
		{&grpc__write_stream_request__descriptor, "data", 3},
		{&coffer__v1__watch_response__descriptor, "json", 2},
	};
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(fields[i].type, fields[i].field);
		assert_non_null(f);
		assert_int_equal(f->id, fields[i].number);
	}
	assert_int_equal(grpc__agent_service__descriptor.n_methods, 42);
	assert_string_equal(grpc__agent_service__descriptor.name, "grpc.AgentService");
	assert_string_equal(grpc__health__descriptor.name, "grpc.Health");
	assert_string_equal(coffer__v1__guest__descriptor.name, "coffer.v1.Guest");
}

static void an_optional_of_zero_is_not_an_absent_one(void **state)
{
	(void)state;
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	assert_ok(cof_pb_unpack(&grpc__mem_agent_memcg_config__descriptor, cof_span_of("\x18\x00", 2), COF_PB_MAX, &any,
				&err));
	const Grpc__MemAgentMemcgConfig *m = cof_pb_as(Grpc__MemAgentMemcgConfig, any);
	assert_int_equal(m->has_swappiness_max_case, GRPC__MEM_AGENT_MEMCG_CONFIG__HAS_SWAPPINESS_MAX_SWAPPINESS_MAX);
	assert_int_equal(m->has_swap_case, 0);
}

static void an_empty_message_packs_to_nothing(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	Grpc__Empty m = GRPC__EMPTY__INIT;
	assert_ok(cof_pb_pack(&m.base, &out, &err));
	assert_int_equal(out.len, 0);
	assert_ok(unpack(&grpc__empty__descriptor, (cof_span){0}, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t047_refuses_every_cut_or_survives_it),
		cmocka_unit_test(t047_survives_every_flipped_bit),
		cmocka_unit_test(t047_small_bytes_cannot_grow_without_end),
		cmocka_unit_test(t047_limits_the_input),
		cmocka_unit_test(t047_refuses_strings_that_lie),
		cmocka_unit_test(t047_unknown_members_are_skipped),
		cmocka_unit_test(field_numbers_are_the_protocols),
		cmocka_unit_test(an_optional_of_zero_is_not_an_absent_one),
		cmocka_unit_test(an_empty_message_packs_to_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
