/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/build.h"

#include "tests/unit/launch_vectors.h"
#include "tests/unit/test.h"

static const char code_2025[] = "624e06de18b4fa535e90db7160d00d3d07d206422b89999bf1e27d920264e4e0";

static void find(const char *hex, cof_firmware_build *ret)
{
	uint8_t sha[COF_SHA256_LEN];
	assert_ok(cof_unhex(hex, sha, sizeof sha, &err));
	assert_ok(cof_firmware_build_find(sha, ret, &err));
}

/* T-15: a firmware that nobody looked at is not predicted by guess. */
static void t015_an_unknown_build_is_a_refusal(void **state)
{
	(void)state;
	uint8_t sha[COF_SHA256_LEN];
	cof_firmware_build b;
	assert_ok(cof_unhex(code_2025, sha, sizeof sha, &err));
	for (size_t bit = 0; bit < sizeof sha * 8; bit++) {
		sha[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_fails(cof_firmware_build_find(sha, &b, &err), "firmware-unknown");
		sha[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	sha[0] ^= 1;
	cof_err why = {0};
	assert_int_equal(cof_firmware_build_find(sha, &b, &why), -COF_E_POLICY);
}

static void boot_options_are_what_the_firmware_writes(void **state)
{
	(void)state;
	static const char ui_app[] = "09010000"
				     "2c00"
				     "55006900410070007000"
				     "0000"
				     "04071400c9bdb87cebf8344faaea3ee4af6516a1"
				     "0406140021aa2c461476034583"
				     "6e8ab6f4662331"
				     "7fff0400";
	cof_firmware_build b;
	find(code_2025, &b);
	assert_string_equal(b.version, "2025.02-8+deb13u1");
	assert_int_equal(b.timer_word, 0x6e50);
	assert_int_equal(b.secure_boot, -1);
	assert_int_equal(b.n_options, 1);
	assert_hex(b.options[0].data, b.options[0].len, ui_app);
	find("7e34e3b83224968bb0714c0ebc88f75c5c37b4cc892c902e511ccc7a7c107f94", &b);
	assert_int_equal(b.n_options, 2);
	assert_int_equal(b.options[1].number, 1);
	assert_true(b.measures_smbios && b.initrd_first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t015_an_unknown_build_is_a_refusal),
		cmocka_unit_test(boot_options_are_what_the_firmware_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
