/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields: complete, and without two of one name. */
#include "tests/unit/test.h"

#include "attestation/refvalue/rim.h"

static void every_field_is_described(void **state)
{
	(void)state;
	for (cof_rim_field f = 0; f < COF_RIM_FIELDS; f++) {
		const cof_rim_field_info *i = cof_rim_field_of(f);
		assert_true(i->name != NULL && i->len > 0 && i->len <= COF_RIM_VALUE_MAX);
		assert_int_equal(i->form == COF_RIM_NUMBER, i->bits != 0);
		if (i->form == COF_RIM_NUMBER || i->form == COF_RIM_TCB)
			assert_int_equal(i->len, 8);
	}
}

static void names_are_unique_in_a_tee(void **state)
{
	(void)state;
	for (cof_rim_tee t = 0; t < COF_RIM_TEES; t++) {
		for (cof_rim_field f = cof_rim_field_first(t); f < cof_rim_field_end(t); f++) {
			for (cof_rim_field g = cof_rim_field_first(t); g < f; g++)
				assert_string_not_equal(cof_rim_field_of(f)->name, cof_rim_field_of(g)->name);
		}
	}
}

static void names_of_a_service_are_unique(void **state)
{
	(void)state;
	for (cof_rim_field f = 0; f < COF_RIM_FIELDS; f++) {
		for (cof_rim_field g = 0; g < f; g++) {
			const char *a = cof_rim_field_of(f)->rvps, *b = cof_rim_field_of(g)->rvps;
			if (a != NULL && b != NULL)
				assert_string_not_equal(a, b);
		}
	}
}

static void fields_of_a_tee(void **state)
{
	(void)state;
	assert_int_equal(cof_rim_field_end(COF_RIM_SNP), cof_rim_field_first(COF_RIM_TDX));
	assert_int_equal(cof_rim_field_end(COF_RIM_TDX), COF_RIM_FIELDS);
	static const cof_rim_tee none[] = {COF_RIM_TPM, COF_RIM_SEV, COF_RIM_SEVES};
	for (size_t i = 0; i < COF_COUNT(none); i++) {
		assert_true(cof_rim_field_first(none[i]) >= cof_rim_field_end(none[i]));
		assert_int_equal(cof_rim_field_launch(none[i]), COF_RIM_FIELDS);
	}
	assert_int_equal(cof_rim_field_launch(COF_RIM_SNP), COF_RIM_MEASUREMENT);
	assert_int_equal(cof_rim_field_launch(COF_RIM_TDX), COF_RIM_MRTD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_described),
		cmocka_unit_test(names_are_unique_in_a_tee),
		cmocka_unit_test(names_of_a_service_are_unique),
		cmocka_unit_test(fields_of_a_tee),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
