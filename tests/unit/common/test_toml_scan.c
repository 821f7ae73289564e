/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/toml_scan.h"

static cof_toml_scan scan(const char *text)
{
	return (cof_toml_scan){cof_rd_of(cof_span_str(text)), 1};
}

static void ends_are_never_characters(void **state)
{
	(void)state;
	cof_toml_scan s = scan("");
	assert_int_equal(cof_toml_peek(&s), COF_TOML_END);
	assert_false(cof_toml_take(&s, (char)COF_TOML_END));
	assert_false(cof_toml_take(&s, '\0'));
	assert_false(cof_toml_take_text(&s, "x"));
	assert_true(cof_toml_take_text(&s, ""));
	cof_toml_scan high = scan("\xff");
	assert_true(cof_toml_take(&high, '\xff'));
}

static void a_cut_string_fails_at_every_length(void **state)
{
	(void)state;
	const char *const whole[] = {"\"a\\u0041b\"", "'abc'", "\"\"\"a\\\n b\"\"\"", "'''a\n'b'''"};
	for (size_t i = 0; i < COF_COUNT(whole); i++) {
		for (size_t n = 1; n < strlen(whole[i]); n++) {
			cof_toml_scan s = {cof_rd_of(cof_span_of(whole[i], n)), 1};
			COF_AUTO(cof_buf) b = {0};
			cof_err err = {0};
			int r = cof_toml_string(&s, true, &b, &err);
			/* "" and '' are strings of their own at the start of longer quotes */
			if (n != 2)
				assert_true(r < 0);
		}
		cof_toml_scan s = scan(whole[i]);
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_toml_string(&s, true, &b, &err));
		assert_int_equal(cof_toml_peek(&s), COF_TOML_END);
	}
}

static void multi_line_only_where_allowed(void **state)
{
	(void)state;
	cof_toml_scan s = scan("'''x'''");
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_toml_string(&s, false, &b, &err));
	assert_int_equal(b.len, 0);
	assert_int_equal(cof_toml_peek(&s), '\'');
}

static void encodes_every_width_of_utf8(void **state)
{
	(void)state;
	cof_toml_scan s = scan("\"\\u007e\\u00e9\\u20ac\\U0001f512\"");
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_toml_string(&s, false, &b, &err));
	assert_string_equal(cof_buf_str(&b), "~\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x92");
}

static void a_value_ends_where_it_should(void **state)
{
	(void)state;
	const char *const bad[] = {
		"", "-", "+", "1x", "1-", "1.", "1:", "tru", "0b1", "00", "-00", "1_", "12345678901234567890"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_toml_scan s = scan(bad[i]);
		json_t *v = NULL;
		assert_fails(cof_toml_scalar(&s, &v, &err), "toml-malformed");
		assert_null(v);
	}
	cof_toml_scan s = scan("999999999999999999,");
	COF_AUTO_PTR(json_t) v = NULL;
	assert_ok(cof_toml_scalar(&s, &v, &err));
	assert_true(json_integer_value(v) == 999999999999999999);
}

static void space_counts_lines(void **state)
{
	(void)state;
	cof_toml_scan s = scan(" \t# c\n\r\n\n x");
	assert_ok(cof_toml_space(&s, &err));
	assert_int_equal(s.line, 4);
	assert_fails(cof_toml_line_end(&s, &err), "toml-malformed");
	cof_toml_scan cr = scan("\rx");
	assert_fails(cof_toml_space(&cr, &err), "toml-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_never_characters),	 cmocka_unit_test(a_cut_string_fails_at_every_length),
		cmocka_unit_test(multi_line_only_where_allowed), cmocka_unit_test(encodes_every_width_of_utf8),
		cmocka_unit_test(a_value_ends_where_it_should),	 cmocka_unit_test(space_counts_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
