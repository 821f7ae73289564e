/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>

static void sets_class_reason_and_text(void **state)
{
	(void)state;
	cof_err err = {0};
	assert_int_equal(cof_err_set(&err, COF_E_POLICY, "no-way", "field %d", 7), -COF_E_POLICY);
	assert_int_equal(err.cls, COF_E_POLICY);
	assert_string_equal(err.reason, "no-way");
	assert_string_equal(err.text, "field 7");
	assert_true(cof_err_is(&err, "no-way"));
	assert_false(cof_err_is(&err, "no"));
}

static void accepts_no_error_object(void **state)
{
	(void)state;
	assert_int_equal(cof_err_set(NULL, COF_E_IO, "x", "y"), -COF_E_IO);
	assert_int_equal(cof_err_sys(NULL, "x", "y"), -COF_E_IO);
	assert_true(cof_err_wrap(NULL, "x") < 0);
}

/* A registry's or host's bytes in an error text must not steer a terminal or forge a log line. */
static void makes_hostile_text_printable(void **state)
{
	(void)state;
	cof_err err = {0};
	assert_true(cof_err_set(&err, COF_E_MALFORMED, "bad\nword", "a\x1b[2Jb\r\nlevel=info\x7f") < 0);
	assert_string_equal(err.text, "a?[2Jb??level=info?");
	assert_string_equal(err.reason, "bad?word");
}

static void cuts_long_text(void **state)
{
	(void)state;
	char big[2000];
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	cof_err err = {0};
	assert_true(cof_err_set(&err, COF_E_IO, big, "%s", big) < 0);
	assert_int_equal(strlen(err.text), COF_ERR_TEXT_MAX - 1);
	assert_int_equal(strlen(err.reason), COF_ERR_REASON_MAX - 1);
	assert_int_equal(cof_err_wrap(&err, "%s", big), -COF_E_IO);
	assert_int_equal(strlen(err.text), COF_ERR_TEXT_MAX - 1);
}

static void records_errno(void **state)
{
	(void)state;
	cof_err err = {0};
	errno = ENOENT;
	assert_int_equal(cof_err_sys(&err, "open-failed", "%s", "/x"), -COF_E_IO);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text, "/x: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void wraps_with_context(void **state)
{
	(void)state;
	cof_err err = {0};
	assert_true(cof_err_set(&err, COF_E_CRYPTO, "mac", "inner") < 0);
	assert_int_equal(cof_err_wrap(&err, "layer %d", 2), -COF_E_CRYPTO);
	assert_string_equal(err.text, "layer 2: inner");
	assert_string_equal(err.reason, "mac");
}

static void names_every_class(void **state)
{
	(void)state;
	assert_string_equal(cof_class_name(COF_OK), "ok");
	assert_string_equal(cof_class_name(COF_E_UNAVAILABLE), "unavailable");
	assert_string_equal(cof_class_name((cof_class)99), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_class_reason_and_text),
		cmocka_unit_test(accepts_no_error_object),
		cmocka_unit_test(makes_hostile_text_printable),
		cmocka_unit_test(cuts_long_text),
		cmocka_unit_test(records_errno),
		cmocka_unit_test(wraps_with_context),
		cmocka_unit_test(names_every_class),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
