/* SPDX-License-Identifier: Apache-2.0 */
/* What may be demanded of which field. */
#include "tests/unit/test.h"

#include "attestation/refvalue/rim.h"

static const uint8_t bytes[2 * COF_RIM_VALUE_MAX] = {1, 2, 3, 4, 5, 6, 7, 8, [64] = 0xff, [65] = 0xff};

static int demand(cof_rim_tee tee, cof_rim_field f, cof_rim_op op, size_t len, cof_err *why)
{
	COF_AUTO(cof_rim_entry) e = {.tee = tee};
	int rc = cof_rim_demand(&e, f, op, cof_span_of(bytes, len), why);
	assert_int_equal(e.tee == COF_RIM_SNP || e.tee == COF_RIM_TDX ? e.launch.n : 0, rc == 0);
	return rc;
}

static void t077_fields_are_their_tee_s(void **state)
{
	(void)state;
	assert_ok(demand(COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_IS, 48, &err));
	assert_ok(demand(COF_RIM_TDX, COF_RIM_MRTD, COF_RIM_IS, 48, &err));
	assert_fails(demand(COF_RIM_TDX, COF_RIM_MEASUREMENT, COF_RIM_IS, 48, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_MRTD, COF_RIM_IS, 48, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_TPM, COF_RIM_MRTD, COF_RIM_IS, 48, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SEV, COF_RIM_MEASUREMENT, COF_RIM_IS, 48, &err), "rim-malformed");
}

static void t077_lengths_are_the_field_s(void **state)
{
	(void)state;
	static const size_t bad[] = {0, 1, 47, 49, 95};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(demand(COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_IS, bad[i], &err), "rim-malformed");
	assert_ok(demand(COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_IS, 96, &err)); /* one of two */
	assert_ok(demand(COF_RIM_SNP, COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 8, &err));
	assert_fails(demand(COF_RIM_SNP, COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 16, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_VMPL, COF_RIM_RANGE, 8, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_POLICY, COF_RIM_MASKED, 8, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_POLICY, COF_RIM_MASKED, 24, &err), "rim-malformed");
}

/* A digest under a mask would be another guest's, a minimum of one means nothing. */
static void t077_forms_are_the_field_s(void **state)
{
	(void)state;
	assert_fails(demand(COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_MASKED, 96, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_MEASUREMENT, COF_RIM_AT_LEAST, 48, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_CHIP_ID, COF_RIM_MASKED, 128, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_POLICY, COF_RIM_AT_LEAST, 8, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_REPORTED_TCB, COF_RIM_RANGE, 16, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_REPORTED_TCB, COF_RIM_MASKED, 16, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_SNP, COF_RIM_CURRENT_VERSION, COF_RIM_AT_LEAST, 3, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_TDX, COF_RIM_MRTD, COF_RIM_MASKED, 96, &err), "rim-malformed");
	assert_fails(demand(COF_RIM_TDX, COF_RIM_TEE_TCB_SVN, COF_RIM_RANGE, 32, &err), "rim-malformed");
}

static void t077_masks_say_something(void **state)
{
	(void)state;
	static const uint8_t empty[16] = {1}, beside[16] = {[0] = 2, [8] = 1}, fine[16] = {[0] = 2, [8] = 3};
	COF_AUTO(cof_rim_entry) e = {0};
	assert_fails(cof_rim_demand(&e, COF_RIM_POLICY, COF_RIM_MASKED, cof_span_of(empty, 16), &err), "rim-malformed");
	assert_fails(cof_rim_demand(&e, COF_RIM_POLICY, COF_RIM_MASKED, cof_span_of(empty + 1, 15), &err),
		     "rim-malformed");
	assert_fails(cof_rim_demand(&e, COF_RIM_POLICY, COF_RIM_MASKED, cof_span_of(beside, 16), &err),
		     "rim-malformed");
	assert_ok(cof_rim_demand(&e, COF_RIM_POLICY, COF_RIM_MASKED, cof_span_of(fine, 16), &err));
}

static void numbers(void **state)
{
	(void)state;
	COF_AUTO(cof_rim_entry) e = {0};
	assert_fails(cof_rim_demand_number(&e, COF_RIM_CPUID_FAMILY, COF_RIM_IS, 256, 0, &err), "rim-malformed");
	assert_fails(cof_rim_demand_number(&e, COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 1, 256, &err), "rim-malformed");
	assert_fails(cof_rim_demand_number(&e, COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 2, 1, &err), "rim-malformed");
	assert_ok(cof_rim_demand_number(&e, COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 1, 255, &err));
	assert_ok(cof_rim_demand_number(&e, COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, UINT32_MAX, 0, &err));
	assert_fails(cof_rim_demand_number(&e, COF_RIM_GUEST_SVN, COF_RIM_IS, 1, 0, &err), "rim-malformed"); /* twice */
	assert_int_equal(cof_rim_value_number(cof_rim_cond_on(&e, COF_RIM_CPUID_FAMILY), 1), 255);
	assert_null(cof_rim_cond_on(&e, COF_RIM_VMPL));
	assert_null(cof_rim_cond_on(&e, COF_RIM_MRTD));
}

static void texts(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		bool fine;
	} texts[] = {{"Azure", 5, true}, {"", 0, false}, {"a\0b", 3, false}, {"a\n", 2, false}, {"\xc3\xbc", 2, false}};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		uint8_t padded[COF_RIM_VALUE_MAX] = {0};
		COF_AUTO(cof_rim_entry) e = {0};
		memcpy(padded, texts[i].text, texts[i].len);
		int rc = cof_rim_demand(&e, COF_RIM_CSP_ID, COF_RIM_IS, cof_span_of(padded, sizeof padded), NULL);
		assert_int_equal(rc == 0, texts[i].fine);
	}
	uint8_t full[COF_RIM_VALUE_MAX];
	COF_AUTO(cof_rim_entry) e = {0};
	memset(full, 'a', sizeof full);
	assert_fails(cof_rim_demand(&e, COF_RIM_CSP_ID, COF_RIM_IS, cof_span_of(full, sizeof full), &err),
		     "rim-malformed");
}

static void t079_lists_end(void **state)
{
	(void)state;
	COF_AUTO(cof_rim_entry) e = {0};
	COF_AUTO(cof_buf) many = {0};
	for (size_t i = 0; i <= COF_RIM_VALUES_MAX; i++)
		assert_ok(cof_buf_add(&many, bytes, 48, &err));
	assert_fails(cof_rim_demand(&e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_buf_span(&many), &err), "rim-malformed");
	many.len -= 48;
	assert_ok(cof_rim_demand(&e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_buf_span(&many), &err));
	assert_int_equal(cof_rim_cond_on(&e, COF_RIM_MEASUREMENT)->n, COF_RIM_VALUES_MAX);
}

static void t007_open_entries(void **state)
{
	(void)state;
	COF_AUTO(cof_rim_entry) e = {0};
	COF_AUTO(cof_rim_entry) sev = {.tee = COF_RIM_SEV};
	assert_true(cof_rim_entry_is_open(&e));
	assert_ok(cof_rim_demand(&e, COF_RIM_HOST_DATA, COF_RIM_IS, cof_span_of(bytes, 32), &err));
	assert_true(cof_rim_entry_is_open(&e));
	assert_ok(cof_rim_demand(&e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_span_of(bytes, 48), &err));
	assert_false(cof_rim_entry_is_open(&e));
	assert_false(cof_rim_entry_is_open(&sev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_fields_are_their_tee_s),
		cmocka_unit_test(t077_lengths_are_the_field_s),
		cmocka_unit_test(t077_forms_are_the_field_s),
		cmocka_unit_test(t077_masks_say_something),
		cmocka_unit_test(t007_open_entries),
		cmocka_unit_test(t079_lists_end),
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
