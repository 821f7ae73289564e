/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

static void refuses_growth_beyond_its_cap(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = cof_buf_capped(4);
	assert_ok(cof_buf_add(&b, "abcd", 4, &err));
	assert_fails(cof_buf_add(&b, "e", 1, &err), "too-large");
	assert_int_equal(b.len, 4);
	assert_fails(cof_buf_reserve(&b, SIZE_MAX, &err), "too-large");
}

static void keeps_a_zero_behind_its_data(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_string_equal(cof_buf_str(&b), "");
	for (int i = 0; i < 300; i++) {
		assert_ok(cof_buf_add_str(&b, "x", &err));
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(strlen(cof_buf_str(&b)), 300);
	assert_ok(cof_buf_printf(&b, &err, "-%d", 5));
	assert_int_equal(b.len, 302);
}

static void forgets_what_it_wipes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "private", &err));
	cof_buf_wipe(&b);
	assert_int_equal(b.len, 0);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(b.data[i], 0);
}

static void copies_spans_as_strings(void **state)
{
	(void)state;
	COF_AUTO_FREE char *s = cof_span_dup_str(cof_span_str("abc"));
	assert_string_equal(s, "abc");
	assert_null(cof_span_dup_str(cof_span_of("a\0b", 3)));
	COF_AUTO_FREE char *empty = cof_span_dup_str((cof_span){0});
	assert_string_equal(empty, "");
}

static void steals_and_closes(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	int kept = -1;
	{
		COF_AUTO_FD int a = pair[0];
		COF_AUTO_FD int b = pair[1];
		kept = cof_steal_fd(&a);
		assert_int_equal(a, -EBADF);
		(void)b;
	}
	char c = 0;
	assert_int_equal(read(kept, &c, 1), 0); /* the writing end is closed */
	cof_fd_close(&kept);
	cof_fd_close(&kept);
	assert_int_equal(kept, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_growth_beyond_its_cap),
		cmocka_unit_test(keeps_a_zero_behind_its_data),
		cmocka_unit_test(forgets_what_it_wipes),
		cmocka_unit_test(copies_spans_as_strings),
		cmocka_unit_test(steals_and_closes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
