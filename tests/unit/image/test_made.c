/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/made.h"

#include <stdio.h>

#include "tests/unit/test.h"

static void remembers_exactly(void **state)
{
	(void)state;
	COF_AUTO(cof_made) m = {0};
	char name[32];
	assert_false(cof_made_has(&m, "", "a"));
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		assert_ok(cof_made_add(&m, "dir", name, &err));
		assert_ok(cof_made_add(&m, "dir", name, &err));
	}
	assert_int_equal(m.n, 5000);
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		assert_int_equal(cof_made_has(&m, "dir", name), i < 5000);
		assert_false(cof_made_has(&m, "other", name));
	}
}

static void the_root_is_a_directory_like_others(void **state)
{
	(void)state;
	COF_AUTO(cof_made) m = {0};
	assert_ok(cof_made_add(&m, "", "a", &err));
	assert_true(cof_made_has(&m, "", "a"));
	assert_false(cof_made_has(&m, "a", ""));
	assert_false(cof_made_has(&m, "", "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_exactly),
		cmocka_unit_test(the_root_is_a_directory_like_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
