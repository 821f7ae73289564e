/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/register.h"

#include "tests/unit/test.h"

static const cof_hash banks[] = {COF_SHA1, COF_SHA256, COF_SHA384, COF_SHA512, COF_SM3};

static bool all(const cof_digest *d, uint8_t value)
{
	for (size_t i = 0; i < cof_hash_len(d->alg); i++) {
		if (d->bytes[i] != value)
			return false;
	}
	return true;
}

static void t017_start_values_of_a_tpm(void **state)
{
	(void)state;
	for (size_t b = 0; b < COF_COUNT(banks); b++) {
		for (uint32_t i = 0; i < COF_PCRS; i++) {
			cof_digest d;
			cof_reg_start(COF_LOG_TPM, banks[b], i, 0, &d);
			assert_int_equal(d.alg, banks[b]);
			assert_true(all(&d, i >= 17 && i <= 22 ? 0xff : 0));
		}
		cof_digest zero, one;
		cof_reg_start(COF_LOG_TPM, banks[b], 0, 3, &zero);
		cof_reg_start(COF_LOG_TPM, banks[b], 1, 3, &one);
		assert_int_equal(zero.bytes[cof_hash_len(banks[b]) - 1], 3);
		assert_int_equal(zero.bytes[0], 0);
		assert_true(all(&one, 0));
	}
}

static void start_values_of_tdx_are_zero(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < COF_REGS_MAX; i++) {
		cof_digest d;
		cof_reg_start(COF_LOG_CCEL, COF_SHA384, i, 4, &d);
		assert_true(all(&d, 0));
	}
}

static void which_registers_there_are(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(cof_reg_is_extended(COF_LOG_TPM, i), i < 24);
		assert_int_equal(cof_reg_is_extended(COF_LOG_CCEL, i), i >= 1 && i <= 4);
	}
	assert_false(cof_reg_is_extended(COF_LOG_TPM, UINT32_MAX));
	assert_false(cof_reg_is_extended(COF_LOG_CCEL, UINT32_MAX));
}

static void sets_of_registers(void **state)
{
	(void)state;
	assert_true(cof_reg_in(0x201, 0));
	assert_true(cof_reg_in(0x201, 9));
	assert_false(cof_reg_in(0x201, 1));
	assert_false(cof_reg_in(UINT32_MAX, COF_REGS_MAX)); /* no register, and arrays end here */
	assert_false(cof_reg_in(UINT32_MAX, 32));
	assert_false(cof_reg_in(UINT32_MAX, UINT32_MAX));
}

static void names(void **state)
{
	(void)state;
	char name[COF_REG_NAME_MAX];
	cof_reg_name(COF_LOG_TPM, 0, name);
	assert_string_equal(name, "PCR 0");
	cof_reg_name(COF_LOG_TPM, 23, name);
	assert_string_equal(name, "PCR 23");
	cof_reg_name(COF_LOG_CCEL, 0, name);
	assert_string_equal(name, "MRTD");
	cof_reg_name(COF_LOG_CCEL, 1, name);
	assert_string_equal(name, "RTMR0");
	cof_reg_name(COF_LOG_CCEL, 4, name);
	assert_string_equal(name, "RTMR3");
}

static void extending_is_hashing(void **state)
{
	(void)state;
	for (size_t b = 0; b < COF_COUNT(banks); b++) {
		cof_digest reg, event, want;
		cof_err why = {0};
		uint8_t both[2 * COF_DIGEST_MAX] = {0};
		size_t n = cof_hash_len(banks[b]);
		cof_reg_start(COF_LOG_TPM, banks[b], 4, 0, &reg);
		if (cof_digest_of(banks[b], cof_span_str("event"), &event, &why) < 0) {
			assert_string_equal(why.reason, "digest-unavailable");
			continue;
		}
		memcpy(both + n, event.bytes, n);
		assert_ok(cof_digest_of(banks[b], cof_span_of(both, 2 * n), &want, &err));
		assert_ok(cof_reg_extend(&reg, &event, &err));
		assert_true(cof_digest_equal(&reg, &want));
	}
}

static void banks_do_not_mix(void **state)
{
	(void)state;
	cof_digest reg, event;
	cof_reg_start(COF_LOG_TPM, COF_SHA256, 4, 0, &reg);
	assert_ok(cof_digest_of(COF_SHA1, cof_span_str("event"), &event, &err));
	assert_fails(cof_reg_extend(&reg, &event, &err), "digest-bank");
	assert_true(all(&reg, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_start_values_of_a_tpm),
		cmocka_unit_test(start_values_of_tdx_are_zero),
		cmocka_unit_test(which_registers_there_are),
		cmocka_unit_test(sets_of_registers),
		cmocka_unit_test(names),
		cmocka_unit_test(extending_is_hashing),
		cmocka_unit_test(banks_do_not_mix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
