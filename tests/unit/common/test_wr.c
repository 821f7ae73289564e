/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/wr.h"

static void writes_both_orders(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u8(&w, 1);
	cof_wr_u16le(&w, 0x0302);
	cof_wr_u16be(&w, 0x0405);
	cof_wr_u32le(&w, 0x09080706);
	cof_wr_u32be(&w, 0x0a0b0c0d);
	cof_wr_u64le(&w, 0x1514131211100f0e);
	cof_wr_u64be(&w, 0x161718191a1b1c1d);
	cof_wr_zeros(&w, 2);
	assert_ok(cof_wr_done(&w, &err));
	assert_int_equal(b.len, 31);
	for (size_t i = 0; i < 29; i++)
		assert_int_equal(b.data[i], i + 1);
	assert_int_equal(b.data[29] | b.data[30], 0);
}

static void fills_nested_prefixes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	size_t outer = cof_wr_begin_u32be(&w);
	size_t inner = cof_wr_begin_u16be(&w);
	cof_wr_bytes(&w, cof_span_str("abc"));
	cof_wr_end_u16be(&w, inner);
	cof_wr_span_u16be(&w, cof_span_str("d"));
	cof_wr_span_u32be(&w, cof_span_str(""));
	cof_wr_end_u32be(&w, outer);
	assert_ok(cof_wr_done(&w, &err));
	assert_span_equal(cof_buf_span(&b), "\0\0\0\x0c\0\3abc\0\1d\0\0\0\0", 16);
}

static void is_sticky_at_its_cap(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = cof_buf_capped(3);
	cof_wr w = cof_wr_to(&b);
	cof_wr_u16be(&w, 1);
	cof_wr_u16be(&w, 1);
	cof_wr_u8(&w, 1); /* would fit, but must not follow a hole */
	assert_fails(cof_wr_done(&w, &err), "write-too-large");
	assert_int_equal(b.len, 2);
}

static void refuses_lengths_beyond_their_prefix(void **state)
{
	(void)state;
	static uint8_t big[UINT16_MAX + 1];
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_span_u16be(&w, cof_span_of(big, sizeof big));
	assert_fails(cof_wr_done(&w, &err), "write-too-large");

	COF_AUTO(cof_buf) c = {0};
	cof_wr v = cof_wr_to(&c);
	size_t mark = cof_wr_begin_u16be(&v);
	cof_wr_bytes(&v, cof_span_of(big, sizeof big));
	cof_wr_end_u16be(&v, mark);
	assert_fails(cof_wr_done(&v, &err), "write-too-large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_both_orders),
		cmocka_unit_test(fills_nested_prefixes),
		cmocka_unit_test(is_sticky_at_its_cap),
		cmocka_unit_test(refuses_lengths_beyond_their_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
