/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/hex.h"
#include "common/json.h"
#include "firmware/tpm/build.h"
#include "tests/unit/test.h"

static const char good[] =
	"{\"format\":\"coffer-firmware-calibration/1\","
	"\"code_sha256\":\"624e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0\",\"version\":\"v1\","
	"\"timer_word\":28240,\"secure_boot\":-1,\"measures_acpi\":true,\"measures_smbios\":false,"
	"\"initrd_first\":false,\"plain_kernel\":true,\"boot_options\":[{\"number\":0,\"data\":\"0011\"}]}";

static json_t *good_json(void)
{
	json_t *j = NULL;
	assert_ok(cof_json_parse(cof_span_str(good), &j, &err));
	return j;
}

static void assert_refused(const json_t *j)
{
	cof_firmware_build b = {.n_options = 77};
	assert_fails(cof_firmware_build_parse(j, &b, &err), "calibration-malformed");
	assert_int_equal(b.n_options, 77);
}

/* T-17: no member may be left out, so that no measured thing is forgotten by omission. */
static void t017_every_member_is_needed(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) all = good_json();
	const char *key;
	json_t *v;
	json_object_foreach (all, key, v) {
		COF_AUTO_PTR(json_t) j = json_deep_copy(all);
		assert_int_equal(json_object_del(j, key), 0);
		assert_refused(j);
		json_object_set_new(j, key, json_null());
		assert_refused(j);
	}
}

static void values_out_of_range(void **state)
{
	(void)state;
	static const char *const bad[][2] = {
		{"format", "\"coffer-firmware-calibration/2\""},
		{"code_sha256", "\"624e\""},
		{"code_sha256", "\"zz4e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0\""},
		{"version", "\"0123456789012345678901234567890123456789012345678901234567890123\""},
		{"version", "\"\\u00e9\""},
		{"version", "\"\\n\""},
		{"timer_word", "-1"},
		{"timer_word", "4294967296"},
		{"secure_boot", "2"},
		{"secure_boot", "true"},
		{"measures_acpi", "1"},
		{"boot_options", "{}"},
		{"boot_options", "[1]"},
		{"boot_options", "[{\"number\":65536,\"data\":\"00\"}]"},
		{"boot_options", "[{\"number\":0,\"data\":\"\"}]"},
		{"boot_options", "[{\"number\":0,\"data\":\"0\"}]"},
		{"boot_options", "[{\"number\":0,\"data\":\"0g\"}]"},
		{"boot_options", "[{\"number\":0,\"data\":\"00\",\"more\":1}]"},
		{"surplus", "1"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) j = good_json();
		json_t *v = json_loads(bad[i][1], JSON_DECODE_ANY, NULL);
		assert_non_null(v);
		assert_int_equal(json_object_set_new(j, bad[i][0], v), 0);
		assert_refused(j);
	}
	COF_AUTO_PTR(json_t) list = json_array();
	assert_refused(list);
}

static void too_many_or_too_long_options(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = good_json();
	char hex[2 * COF_BOOT_OPTION_MAX + 3];
	json_t *list = json_object_get(j, "boot_options");
	memset(hex, '0', sizeof hex - 1);
	hex[sizeof hex - 1] = '\0';
	json_object_set_new(json_array_get(list, 0), "data", json_string(hex));
	assert_refused(j);
	hex[sizeof hex - 3] = '\0';
	json_object_set_new(json_array_get(list, 0), "data", json_string(hex));
	cof_firmware_build b;
	assert_ok(cof_firmware_build_parse(j, &b, &err));
	assert_int_equal(b.options[0].len, COF_BOOT_OPTION_MAX);
	for (int i = 0; i < COF_BUILD_OPTIONS_MAX; i++)
		json_array_append(list, json_array_get(list, 0));
	assert_refused(j);
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = good_json();
	COF_AUTO_PTR(json_t) back = NULL;
	cof_firmware_build b;
	assert_ok(cof_firmware_build_parse(j, &b, &err));
	assert_int_equal(b.timer_word, 0x6e50);
	assert_true(b.takes_plain_kernel && b.measures_acpi && !b.measures_smbios && !b.initrd_first);
	assert_int_equal(b.options[0].len, 2);
	assert_int_equal(b.options[0].data[1], 0x11);
	assert_ok(cof_firmware_build_json(&b, &back, &err));
	assert_true(json_equal(j, back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_every_member_is_needed),
		cmocka_unit_test(values_out_of_range),
		cmocka_unit_test(too_many_or_too_long_options),
		cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
