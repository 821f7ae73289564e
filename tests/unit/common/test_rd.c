/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/rd.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static cof_rd over(size_t n)
{
	return cof_rd_of(cof_span_of(bytes, n));
}

static void reads_both_orders(void **state)
{
	(void)state;
	cof_rd r = over(8);
	assert_int_equal(cof_rd_u64le(&r), 0x0807060504030201u);
	r = over(8);
	assert_int_equal(cof_rd_u64be(&r), 0x0102030405060708u);
	r = over(7);
	assert_int_equal(cof_rd_u8(&r), 1);
	assert_int_equal(cof_rd_u16be(&r), 0x0203);
	assert_int_equal(cof_rd_u32le(&r), 0x07060504);
	assert_true(cof_rd_end(&r));
	r = over(6);
	assert_int_equal(cof_rd_u16le(&r), 0x0201);
	assert_int_equal(cof_rd_u32be(&r), 0x03040506);
}

static void finds_bytes(void **state)
{
	(void)state;
	cof_rd r = over(4), none = over(0);
	assert_int_equal(cof_rd_find(&r, 1), 0);
	assert_int_equal(cof_rd_find(&r, 4), 3);
	assert_int_equal(cof_rd_find(&r, 5), 4);
	assert_int_equal(r.left, 4);
	assert_int_equal(cof_rd_find(&none, 1), 0);
	cof_rd_fail(&r);
	assert_int_equal(cof_rd_find(&r, 1), 0);
}

static void stays_failed(void **state)
{
	(void)state;
	cof_rd r = over(3);
	assert_int_equal(cof_rd_u32le(&r), 0);
	assert_false(cof_rd_ok(&r));
	assert_int_equal(cof_rd_u8(&r), 0);
	assert_int_equal(cof_rd_rest(&r).len, 0);
	assert_false(cof_rd_end(&r));
}

static void refuses_leftovers(void **state)
{
	(void)state;
	cof_rd r = over(2);
	(void)cof_rd_u8(&r);
	assert_true(cof_rd_ok(&r));
	assert_false(cof_rd_end(&r));
}

static void survives_huge_lengths(void **state)
{
	(void)state;
	cof_rd r = over(10);
	assert_int_equal(cof_rd_bytes(&r, SIZE_MAX).len, 0);
	assert_false(cof_rd_ok(&r));
	r = over(10);
	cof_rd_skip(&r, 11);
	assert_false(cof_rd_ok(&r));
	const uint8_t lying[] = {0xff, 0xff, 0xff, 0xff, 1};
	r = cof_rd_of(cof_span_of(lying, sizeof lying));
	assert_int_equal(cof_rd_span_u32be(&r).len, 0);
	assert_false(cof_rd_ok(&r));
}

static void reads_from_the_end(void **state)
{
	(void)state;
	cof_rd r = over(10);
	assert_span_equal(cof_rd_tail(&r, 2), bytes + 8, 2);
	assert_span_equal(cof_rd_tail(&r, 1), bytes + 7, 1);
	assert_span_equal(cof_rd_rest(&r), bytes, 7);
	assert_true(cof_rd_end(&r));
	assert_int_equal(cof_rd_tail(&r, 1).len, 0);
	assert_false(cof_rd_ok(&r));
}

static void sub_reader_is_bounded(void **state)
{
	(void)state;
	cof_rd r = over(10);
	cof_rd sub = cof_rd_sub(&r, 4);
	assert_int_equal(cof_rd_u32be(&sub), 0x01020304);
	assert_int_equal(cof_rd_u8(&sub), 0);
	assert_false(cof_rd_ok(&sub));
	assert_true(cof_rd_ok(&r));
	cof_rd none = cof_rd_sub(&r, 7);
	assert_false(cof_rd_ok(&none));
	assert_false(cof_rd_ok(&r));
}

static void copy_zero_fills_after_failure(void **state)
{
	(void)state;
	uint8_t out[4] = {9, 9, 9, 9};
	cof_rd r = over(3);
	cof_rd_copy(&r, out, 4);
	const uint8_t zeros[4] = {0};
	assert_memory_equal(out, zeros, 4);
	r = over(3);
	cof_rd_copy(&r, out, 3);
	assert_memory_equal(out, bytes, 3);
}

static void reads_prefixed_spans(void **state)
{
	(void)state;
	const uint8_t in[] = {0, 2, 'a', 'b', 0, 0, 0, 1, 'c'};
	cof_rd r = cof_rd_of(cof_span_of(in, sizeof in));
	assert_span_equal(cof_rd_span_u16be(&r), "ab", 2);
	assert_span_equal(cof_rd_span_u32be(&r), "c", 1);
	assert_true(cof_rd_end(&r));
}

static void zeros_are_taken_or_told(void **state)
{
	static const uint8_t mixed[] = {0, 0, 1, 0};
	cof_rd r = cof_rd_of(cof_span_of(mixed, sizeof mixed));
	(void)state;
	assert_true(cof_rd_zeros(&r, 2));
	assert_true(cof_rd_zeros(&r, 0));
	assert_false(cof_rd_zeros(&r, 2));
	assert_true(cof_rd_end(&r));
	assert_false(cof_rd_zeros(&r, SIZE_MAX));
	assert_false(cof_rd_ok(&r));
	assert_false(cof_rd_zeros(&r, 0));
}

static void accepts_empty_input(void **state)
{
	(void)state;
	cof_rd r = cof_rd_of((cof_span){0});
	assert_true(cof_rd_end(&r));
	assert_int_equal(cof_rd_bytes(&r, 0).len, 0);
	assert_true(cof_rd_end(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_orders),	 cmocka_unit_test(finds_bytes),
		cmocka_unit_test(stays_failed),		 cmocka_unit_test(refuses_leftovers),
		cmocka_unit_test(survives_huge_lengths), cmocka_unit_test(reads_from_the_end),
		cmocka_unit_test(sub_reader_is_bounded), cmocka_unit_test(copy_zero_fills_after_failure),
		cmocka_unit_test(reads_prefixed_spans),	 cmocka_unit_test(zeros_are_taken_or_told),
		cmocka_unit_test(accepts_empty_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
