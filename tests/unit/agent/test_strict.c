/* SPDX-License-Identifier: Apache-2.0 */
/* The requests here are made of bytes, since no generated type can hold a field that it does not know. */
#include "agent/strict.h"

#include "tests/unit/test.h"

enum { UNKNOWN = 9000 };

/* spec: protobuf encoding, wire type 2: a field's bytes with their length before them */
static void put_varint(cof_buf *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		assert_ok(cof_buf_add(b, &(uint8_t){(uint8_t)(v | 128)}, 1, &err));
	assert_ok(cof_buf_add(b, &(uint8_t){(uint8_t)v}, 1, &err));
}

static void put_field(cof_buf *b, unsigned id, const cof_buf *inner)
{
	put_varint(b, (uint64_t)id << 3 | 2);
	put_varint(b, inner->len);
	assert_ok(cof_buf_add(b, inner->data, inner->len, &err));
}

static void put_number(cof_buf *b, unsigned id, uint64_t v)
{
	put_varint(b, (uint64_t)id << 3);
	put_varint(b, v);
}

static unsigned id_of(const ProtobufCMessageDescriptor *d, const char *name)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, name);
	if (f == NULL)
		fail_msg("%s has no %s", d->short_name, name);
	return f->id;
}

/* Wraps *b into the field `name` of d. */
static void wrap(cof_buf *b, const ProtobufCMessageDescriptor *d, const char *name)
{
	cof_buf outer = {0};
	put_field(&outer, id_of(d, name), b);
	cof_buf_release(b);
	*b = outer;
}

static int check(const ProtobufCMessageDescriptor *d, const cof_buf *b, cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	int r = cof_pb_unpack(d, cof_buf_span(b), COF_PB_MAX, &any, err);
	return r < 0 ? r : cof_strict_check(any, err);
}

/* One field too many in each of the requests' types, alone. */
static void t047_unknown_field_at_the_top(void **state)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&grpc__create_container_request__descriptor, &grpc__start_container_request__descriptor,
		&grpc__exec_process_request__descriptor,     &grpc__signal_process_request__descriptor,
		&grpc__create_sandbox_request__descriptor,   &grpc__update_interface_request__descriptor,
		&grpc__update_routes_request__descriptor,    &grpc__read_stream_request__descriptor,
		&grpc__destroy_sandbox_request__descriptor,  &coffer__v1__set_hosts_request__descriptor,
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(check(types[i], &b, &err));
		put_number(&b, UNKNOWN, 1);
		assert_fails(check(types[i], &b, &err), "unknown-field");
	}
}

typedef struct step {
	const ProtobufCMessageDescriptor *type;
	const char *field;
} step;

/* The same, further and further inside: through single members, lists and maps. */
static void t047_unknown_field_inside(void **state)
{
	static const step paths[][5] = {
		{{&grpc__create_container_request__descriptor, "OCI"}},
		{{&grpc__create_container_request__descriptor, "storages"}},
		{{&grpc__create_container_request__descriptor, "OCI"}, {&grpc__spec__descriptor, "Process"}},
		{{&grpc__create_container_request__descriptor, "OCI"}, {&grpc__spec__descriptor, "Mounts"}},
		{{&grpc__create_container_request__descriptor, "OCI"}, {&grpc__spec__descriptor, "Annotations"}},
		{{&grpc__create_container_request__descriptor, "OCI"},
		 {&grpc__spec__descriptor, "Process"},
		 {&grpc__process__descriptor, "User"}},
		{{&grpc__create_container_request__descriptor, "OCI"},
		 {&grpc__spec__descriptor, "Linux_"},
		 {&grpc__linux__descriptor, "Resources"},
		 {&grpc__linux_resources__descriptor, "Memory"}},
		{{&grpc__create_container_request__descriptor, "OCI"},
		 {&grpc__spec__descriptor, "Hooks"},
		 {&grpc__hooks__descriptor, "Prestart"}},
		{{&grpc__update_routes_request__descriptor, "routes"}, {&grpc__routes__descriptor, "Routes"}},
		{{&grpc__exec_process_request__descriptor, "process"}, {&grpc__process__descriptor, "User"}},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(paths); i++) {
		COF_AUTO(cof_buf) good = {0};
		COF_AUTO(cof_buf) bad = {0};
		size_t n = 0;
		while (n < COF_COUNT(paths[i]) && paths[i][n].type != NULL)
			n++;
		put_number(&bad, UNKNOWN, 1);
		for (size_t k = n; k-- > 0;) {
			wrap(&good, paths[i][k].type, paths[i][k].field);
			wrap(&bad, paths[i][k].type, paths[i][k].field);
		}
		assert_ok(check(paths[i][0].type, &good, &err));
		assert_fails(check(paths[i][0].type, &bad, &err), "unknown-field");
	}
}

/* It may hide behind good ones: the last of a list counts like the first. */
static void t047_unknown_field_in_a_list(void **state)
{
	const unsigned storages = id_of(&grpc__create_container_request__descriptor, "storages");
	(void)state;
	for (int at = 0; at < 3; at++) {
		COF_AUTO(cof_buf) all = {0};
		for (int i = 0; i < 3; i++) {
			COF_AUTO(cof_buf) one = {0};
			if (i == at)
				put_number(&one, UNKNOWN, 1);
			put_field(&all, storages, &one);
		}
		assert_fails(check(&grpc__create_container_request__descriptor, &all, &err), "unknown-field");
	}
}

/* A known number with another wire type is not the known field. */
static void t047_known_field_of_another_kind(void **state)
{
	COF_AUTO(cof_buf) b = {0};
	cof_err err = {0};
	(void)state;
	put_number(&b, id_of(&grpc__start_container_request__descriptor, "container_id"), 1);
	assert_true(check(&grpc__start_container_request__descriptor, &b, &err) < 0);
}

static void text_names_the_field(void **state)
{
	COF_AUTO(cof_buf) b = {0};
	cof_err err = {0};
	(void)state;
	put_number(&b, UNKNOWN, 1);
	assert_true(check(&grpc__signal_process_request__descriptor, &b, &err) < 0);
	assert_int_equal(err.cls, COF_E_MALFORMED);
	assert_non_null(strstr(err.text, "9000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t047_unknown_field_at_the_top), cmocka_unit_test(t047_unknown_field_inside),
		cmocka_unit_test(t047_unknown_field_in_a_list),	 cmocka_unit_test(t047_known_field_of_another_kind),
		cmocka_unit_test(text_names_the_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
