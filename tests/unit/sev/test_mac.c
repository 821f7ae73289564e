/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/sev.h"

#include "tests/unit/sev/sev_vectors.h"

static const uint8_t tik[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static cof_sev_mac_in example(void)
{
	cof_sev_mac_in in = {.api_major = 1, .api_minor = 55, .build = 21, .policy = 0x01020305};
	memset(in.digest, 0xd1, sizeof in.digest);
	memset(in.mnonce, 0x40, sizeof in.mnonce);
	in.tik = cof_span_of(tik, sizeof tik);
	return in;
}

/* The message written out byte by byte. */
static void the_message(void **state)
{
	(void)state;
	const cof_sev_mac_in in = example();
	uint8_t message[56] = {4, 1, 55, 21, 5, 3, 2, 1}, want[32], mac[32];
	memset(message + 8, 0xd1, 32);
	memset(message + 40, 0x40, 16);
	assert_ok(cof_hmac_sha256(in.tik, cof_span_of(message, sizeof message), want, &err));
	assert_ok(cof_sev_mac(&in, mac, &err));
	assert_memory_equal(mac, want, sizeof want);
}

static void every_field_counts(void **state)
{
	(void)state;
	uint8_t base[32], mac[32], other[16];
	cof_sev_mac_in in = example();
	assert_ok(cof_sev_mac(&in, base, &err));
	uint8_t *const fields[] = {&in.api_major,  &in.api_minor,  &in.build,	  (uint8_t *)&in.policy,
				   &in.digest[31], &in.mnonce[15], &in.mnonce[0], &other[15]};
	memcpy(other, tik, sizeof other);
	in.tik = cof_span_of(other, sizeof other);
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		*fields[i] ^= 1;
		assert_ok(cof_sev_mac(&in, mac, &err));
		assert_memory_not_equal(mac, base, sizeof base);
		*fields[i] ^= 1;
	}
	assert_ok(cof_sev_mac(&in, mac, &err));
	assert_memory_equal(mac, base, sizeof base);
}

static void keys_of_another_size(void **state)
{
	(void)state;
	static const uint8_t long_key[32];
	static const size_t sizes[] = {0, 1, 15, 17, 32};
	cof_sev_mac_in in = example();
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		uint8_t mac[32] = {7};
		in.tik = cof_span_of(long_key, sizes[i]);
		assert_fails(cof_sev_mac(&in, mac, &err), "tik-size");
		assert_int_equal(mac[0], 7);
	}
}

static void every_mac_of_the_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	const json_t *list = json_object_get(root, "launch_measure_mac");
	size_t i;
	json_t *j;
	assert_true(json_array_size(list) >= 3);
	json_array_foreach (list, i, j) {
		uint8_t key[16], mac[32];
		cof_sev_mac_in in = {.api_major = (uint8_t)jint(j, "api_major"),
				     .api_minor = (uint8_t)jint(j, "api_minor"),
				     .build = (uint8_t)jint(j, "build"),
				     .policy = (uint32_t)jint(j, "policy"),
				     .tik = cof_span_of(key, sizeof key)};
		assert_ok(cof_unhex(jstr(j, "launch_digest"), in.digest, sizeof in.digest, &err));
		assert_ok(cof_unhex(jstr(j, "mnonce"), in.mnonce, sizeof in.mnonce, &err));
		assert_ok(cof_unhex(jstr(j, "tik"), key, sizeof key, &err));
		assert_ok(cof_sev_mac(&in, mac, &err));
		assert_hex(mac, sizeof mac, jstr(j, "expect"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message),
		cmocka_unit_test(every_field_counts),
		cmocka_unit_test(keys_of_another_size),
		cmocka_unit_test(every_mac_of_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
