/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/enrolled.h"

static void t025_only_whole_names_of_the_list(void **state)
{
	(void)state;
	uint8_t list[96] = {0}, name[35] = {0x00, 0x0b, 1};
	list[64] = 1;
	assert_true(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 96)));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 64)));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 95)));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list + 33, 63)));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), (cof_span){0}));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 33), cof_span_of(list, 96)));
	assert_false(cof_name_is_enrolled(cof_span_of(name, 35), cof_span_of(list, 96)));
	assert_false(cof_name_is_enrolled((cof_span){0}, cof_span_of(list, 96)));
	name[1] = 0x0c; /* a name of another hash */
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 96)));
	name[1] = 0x0b;
	name[33] = 1;
	assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 96)));
}

/* An entry that straddles two others must not match. */
static void t025_no_match_across_entries(void **state)
{
	(void)state;
	uint8_t list[64], name[34] = {0x00, 0x0b};
	for (size_t i = 0; i < sizeof list; i++)
		list[i] = (uint8_t)i;
	for (size_t at = 1; at < 32; at++) {
		memcpy(name + 2, list + at, 32);
		assert_false(cof_name_is_enrolled(cof_span_of(name, 34), cof_span_of(list, 64)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(t025_only_whole_names_of_the_list),
					   cmocka_unit_test(t025_no_match_across_entries)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
