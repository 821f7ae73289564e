/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/launch_vectors.h"
#include "tests/unit/sev/make_idblock.h"

static void every_field_has_its_place(void **state)
{
	(void)state;
	cof_idblock b, back;
	uint8_t bytes[COF_IDBLOCK_LEN];
	make_idblock(&b);
	cof_idblock_bytes(&b, bytes);
	assert_memory_equal(bytes, b.measurement, 48);
	assert_memory_equal(bytes + 0x30, b.family_id, 16);
	assert_memory_equal(bytes + 0x40, b.image_id, 16);
	assert_memory_equal(bytes + 0x50, "\1\0\0\0", 4);
	assert_memory_equal(bytes + 0x54, "\x04\x03\x02\x01", 4);
	assert_memory_equal(bytes + 0x58, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	assert_ok(cof_idblock_parse(cof_span_of(bytes, sizeof bytes), &back, &err));
	assert_memory_equal(&back, &b, sizeof b);
}

static void every_truncation_and_every_addition(void **state)
{
	(void)state;
	cof_idblock b, untouched = {.guest_svn = 77};
	uint8_t bytes[COF_IDBLOCK_LEN + 1] = {0};
	make_idblock(&b);
	cof_idblock_bytes(&b, bytes);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, bytes, n);
		if (n != COF_IDBLOCK_LEN)
			assert_fails(cof_idblock_parse(cof_span_of(exact, n), &untouched, &err), "idblock-malformed");
	}
	assert_int_equal(untouched.guest_svn, 77);
}

static void other_versions(void **state)
{
	(void)state;
	cof_idblock b;
	uint8_t bytes[COF_IDBLOCK_LEN];
	static const uint8_t versions[][4] = {{0}, {2}, {0xff}, {1, 1}, {1, 0, 0, 1}, {1, 0, 0, 0x80}};
	make_idblock(&b);
	cof_idblock_bytes(&b, bytes);
	for (size_t i = 0; i < COF_COUNT(versions); i++) {
		memcpy(bytes + 0x50, versions[i], 4);
		assert_fails(cof_idblock_parse(cof_span_of(bytes, sizeof bytes), &b, &err), "idblock-malformed");
	}
}

static void every_bit_is_read(void **state)
{
	(void)state;
	cof_idblock b, other;
	uint8_t bytes[COF_IDBLOCK_LEN];
	make_idblock(&b);
	cof_idblock_bytes(&b, bytes);
	for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
		cof_err ignored;
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		int rc = cof_idblock_parse(cof_span_of(bytes, sizeof bytes), &other, &ignored);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (rc == 0)
			assert_memory_not_equal(&other, &b, sizeof b);
		assert_int_equal(rc == 0, bit / 8 < 0x50 || bit / 8 >= 0x54); /* the version is not a matter of taste */
	}
}

static void published_blocks(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("idblock.json");
	json_t *v;
	size_t i, done = 0;
	json_array_foreach (json_object_get(j, "id_blocks"), i, v) {
		cof_idblock b = {.guest_svn = (uint32_t)json_integer_value(json_object_get(v, "guest_svn")),
				 .policy = (uint64_t)json_integer_value(json_object_get(v, "policy"))};
		cof_idblock back;
		uint8_t bytes[COF_IDBLOCK_LEN];
		assert_ok(cof_unhex(jstr(v, "launch_digest"), b.measurement, sizeof b.measurement, &err));
		assert_ok(cof_unhex(jstr(v, "family_id"), b.family_id, sizeof b.family_id, &err));
		assert_ok(cof_unhex(jstr(v, "image_id"), b.image_id, sizeof b.image_id, &err));
		cof_idblock_bytes(&b, bytes);
		assert_hex(bytes, sizeof bytes, jstr(v, "expect"));
		assert_ok(cof_idblock_parse(cof_span_of(bytes, sizeof bytes), &back, &err));
		assert_memory_equal(&back, &b, sizeof b);
		done++;
	}
	assert_true(done >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_its_place),
		cmocka_unit_test(every_truncation_and_every_addition),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(every_bit_is_read),
		cmocka_unit_test(published_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
