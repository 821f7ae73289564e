/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "attestation/verify/check.h"

static cof_checks *fresh(void)
{
	cof_checks *c = calloc(1, sizeof *c);
	assert_non_null(c);
	return c;
}

static void every_stage_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < COF_STAGES; i++) {
		assert_true(strlen(cof_stage_name((cof_stage)i)) > 0);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(cof_stage_name((cof_stage)i), cof_stage_name((cof_stage)k));
	}
	assert_string_equal(cof_stage_name(COF_STAGES), "unknown");
	assert_string_equal(cof_stage_name((cof_stage)4711), "unknown");
}

static void nothing_checked_is_not_passed(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	assert_false(cof_checks_passed(c));
	assert_true(cof_check_that(c, COF_STAGE_PARSE, "a", true));
	assert_true(cof_checks_passed(c));
	assert_false(cof_check_that(c, COF_STAGE_PARSE, "b", false));
	assert_false(cof_check_that(c, COF_STAGE_TCB, "c", false));
	assert_true(cof_check_that(c, COF_STAGE_PARSE, "d", true));
	assert_false(cof_checks_passed(c));
	assert_int_equal(c->n, 4);
	assert_int_equal(c->failed, 2);
	assert_int_equal(c->first, 1);
	free(c);
}

static void a_full_list_fails_as_a_whole(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	for (int i = 0; i < COF_CHECKS_MAX; i++)
		assert_true(cof_check_that(c, COF_STAGE_PARSE, "a", true));
	assert_true(cof_checks_passed(c));
	assert_false(cof_check_that(c, COF_STAGE_PARSE, "b", true));
	assert_false(cof_checks_passed(c));
	assert_int_equal(c->n, COF_CHECKS_MAX);
	assert_string_equal(c->list[c->first].name, "too-many-checks");
	for (int i = 0; i < 1000; i++)
		assert_false(cof_check_equal(c, COF_STAGE_PARSE, "b", 1, 1));
	assert_int_equal(c->n, COF_CHECKS_MAX);
	assert_false(cof_checks_passed(c));
	free(c);
}

/* The first that failed stays the first, even when the list overflows behind it. */
static void the_first_failure_stays(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	assert_false(cof_check_that(c, COF_STAGE_TCB, "first", false));
	for (int i = 0; i < 2 * COF_CHECKS_MAX; i++)
		(void)cof_check_that(c, COF_STAGE_PARSE, "a", true);
	assert_int_equal(c->first, 0);
	assert_string_equal(c->list[0].name, "first");
	free(c);
}

static void texts_are_cut_and_printable(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	char text[400], want[COF_CHECK_TEXT_MAX];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memset(want, 'x', sizeof want - 1);
	want[sizeof want - 1] = '\0';
	assert_true(cof_check_text(c, COF_STAGE_PARSE, text, true, text, "\x1b[31m\n\xff\x7f ok"));
	assert_string_equal(c->list[0].expected, want);
	assert_string_equal(c->list[0].found, "?[31m??? ok");
	assert_int_equal(strlen(c->list[0].name), COF_CHECK_NAME_MAX - 1);
	assert_false(cof_check_text(c, COF_STAGE_PARSE, "n", false, NULL, NULL));
	assert_string_equal(c->list[1].expected, "");
	assert_string_equal(c->list[1].found, "");
	free(c);
}

static void bytes_are_equal_in_length_too(void **state)
{
	(void)state;
	static const uint8_t a[200] = {1, 2, 3};
	cof_checks *c = fresh();
	assert_true(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 3), cof_span_of(a, 3)));
	assert_string_equal(c->list[0].expected, "010203");
	assert_false(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 3), cof_span_of(a, 2)));
	assert_string_equal(c->list[1].found, "0102");
	assert_false(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 3), (cof_span){0}));
	assert_string_equal(c->list[2].found, "");
	assert_false(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 3), cof_span_of(a + 1, 3)));
	/* long ones are compared whole and shown in part */
	assert_true(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 200), cof_span_of(a, 200)));
	size_t n = strlen(c->list[4].found);
	assert_true(n < COF_CHECK_TEXT_MAX && n > 96);
	assert_string_equal(c->list[4].found + n - 3, "...");
	assert_false(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 200), cof_span_of(a, 199)));
	/* a SHA-384 digest is shown whole */
	assert_true(cof_check_bytes(c, COF_STAGE_PCR, "n", cof_span_of(a, 48), cof_span_of(a, 48)));
	assert_int_equal(strlen(c->list[6].found), 96);
	free(c);
}

static void numbers(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	assert_true(cof_check_equal(c, COF_STAGE_TCB, "n", UINT64_MAX, UINT64_MAX));
	assert_string_equal(c->list[0].found, "18446744073709551615");
	assert_false(cof_check_equal(c, COF_STAGE_TCB, "n", 0, UINT64_MAX));
	assert_true(cof_check_at_least(c, COF_STAGE_TCB, "n", 24, 24));
	assert_false(cof_check_at_least(c, COF_STAGE_TCB, "n", 24, 23));
	assert_string_equal(c->list[3].expected, "at least 24");
	assert_string_equal(c->list[3].found, "23");
	assert_true(cof_check_bits(c, COF_STAGE_TCB, "n", 0x5, 0x4));
	assert_false(cof_check_bits(c, COF_STAGE_TCB, "n", 0x5, 0x6));
	assert_string_equal(c->list[5].expected, "no bits but 0x5");
	assert_string_equal(c->list[5].found, "0x6");
	free(c);
}

static void dates(void **state)
{
	(void)state;
	static const struct {
		int64_t from, to, now;
		bool passed;
	} list[] = {{10, 20, 10, true},
		    {10, 20, 20, true},
		    {10, 20, 9, false},
		    {10, 20, 21, false},
		    {20, 10, 15, false},
		    {15, 15, 15, true},
		    {INT64_MIN, INT64_MAX, 0, true}};
	cof_checks *c = fresh();
	for (size_t i = 0; i < COF_COUNT(list); i++) {
		const cof_check_dates d = {list[i].from, list[i].to, list[i].now};
		assert_int_equal(cof_check_dated(c, COF_STAGE_CHAIN, "n", &d, NULL), list[i].passed);
		assert_true(c->list[i].dated && c->list[i].from == list[i].from && c->list[i].to == list[i].to);
	}
	assert_string_equal(c->list[0].expected, "1970-01-01T00:00:10Z to 1970-01-01T00:00:20Z");
	assert_string_equal(c->list[0].found, "1970-01-01T00:00:10Z");
	const cof_check_dates d = {1800000000, INT64_MAX, 0};
	assert_false(cof_check_dated(c, COF_STAGE_CHAIN, "n", &d, "not before"));
	assert_string_equal(c->list[c->n - 1].expected, "not before");
	assert_true(cof_check_that(c, COF_STAGE_CHAIN, "n", true));
	assert_false(c->list[c->n - 1].dated);
	free(c);
}

static void times_that_no_calendar_has(void **state)
{
	(void)state;
	char text[COF_TIME_TEXT_MAX];
	cof_time_text(1800000000, text);
	assert_string_equal(text, "2027-01-15T08:00:00Z");
	cof_time_text(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	cof_time_text(INT64_MAX, text);
	assert_string_equal(text, "9223372036854775807");
}

static void errors_become_failed_checks(void **state)
{
	(void)state;
	cof_checks *c = fresh();
	cof_err e = {0};
	(void)!cof_err_set(&e, COF_E_MALFORMED, "x-malformed", "%d too many", 3);
	assert_false(cof_check_error(c, COF_STAGE_QE, &e));
	assert_string_equal(c->list[0].name, "x-malformed");
	assert_string_equal(c->list[0].found, "3 too many");
	assert_int_equal(c->list[0].stage, COF_STAGE_QE);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stage_has_a_name_of_its_own),
		cmocka_unit_test(nothing_checked_is_not_passed),
		cmocka_unit_test(a_full_list_fails_as_a_whole),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(texts_are_cut_and_printable),
		cmocka_unit_test(bytes_are_equal_in_length_too),
		cmocka_unit_test(numbers),
		cmocka_unit_test(dates),
		cmocka_unit_test(times_that_no_calendar_has),
		cmocka_unit_test(errors_become_failed_checks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
