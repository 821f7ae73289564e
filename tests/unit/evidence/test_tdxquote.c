/* SPDX-License-Identifier: Apache-2.0 */
/* Where a quote ends, and what it was made over. */
#include "attestation/evidence/tdxquote.h"

#include "tests/unit/verify/soft_tdx.h"
#include "tests/unit/verify/vectors.h"

static soft_tdx keys;

static int make_keys(void **state)
{
	(void)state;
	soft_keys(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_drop(&keys);
	return 0;
}

static void make(cof_buf *ret)
{
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	assert_ok(cof_buf_add(ret, t.quote.data, t.quote.len, &err));
	soft_drop(&t);
}

static void t079_cut_anywhere(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tdxquote q;
	make(&b);
	for (size_t n = 0; n < b.len; n++)
		assert_fails(cof_tdxquote_parse(cof_span_of(b.data, n), &q, &err), "quote-malformed");
	assert_ok(cof_tdxquote_parse(cof_buf_span(&b), &q, &err));
	assert_int_equal(q.quote.len, b.len);
}

static void zeros_behind_it_and_nothing_else(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tdxquote q;
	make(&b);
	const size_t len = b.len;
	assert_ok(cof_buf_reserve(&b, 3000, &err));
	memset(b.data + b.len, 0, 3000);
	b.len += 3000;
	assert_ok(cof_tdxquote_parse(cof_buf_span(&b), &q, &err));
	assert_int_equal(q.quote.len, len);
	assert_memory_equal(q.report_data.data, b.data + AT_REPORT_DATA, 64);
	b.data[b.len - 1] = 1;
	assert_fails(cof_tdxquote_parse(cof_buf_span(&b), &q, &err), "quote-malformed");
}

static void other_quotes(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {{0, 3},  {0, 6},	 {1, 1}, {4, 0}, {4, 0x80}, {7, 1}, {AT_SIG_LEN + 3, 0xff},
		     {50, 0}, /* a body shorter than any */
		     {52, 1}, {53, 0xff}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdxquote q;
		make(&b);
		b.data[cases[i].at] = cases[i].value;
		assert_fails(cof_tdxquote_parse(cof_buf_span(&b), &q, &err), "quote-malformed");
	}
}

/* Version 4 has no descriptor of its body. */
static void version_4(void **state)
{
	(void)state;
	uint8_t b[48 + 584 + 4 + 10] = {4, 0, 2, 0, 0x81};
	cof_tdxquote q;
	b[48 + 520] = 8;
	b[48 + 584] = 10;
	assert_ok(cof_tdxquote_parse(cof_span_of(b, sizeof b), &q, &err));
	assert_int_equal(q.quote.len, sizeof b);
	assert_int_equal(q.report_data.data[0], 8);
	b[48 + 584] = 11;
	assert_fails(cof_tdxquote_parse(cof_span_of(b, sizeof b), &q, &err), "quote-malformed");
}

static void bodies_of_any_size_that_holds_one(void **state)
{
	(void)state;
	static uint8_t b[48 + 6 + 4097 + 4] = {5, 0, 2, 0, 0x81};
	static const uint32_t bad[] = {0, 520, 583, 4097, UINT32_MAX}, good[] = {584, 648, 4096};
	cof_tdxquote q;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_put_le(b + 50, 4, bad[i]);
		size_t n = bad[i] > 4097 ? sizeof b : 48 + 6 + bad[i] + 4;
		assert_fails(cof_tdxquote_parse(cof_span_of(b, n), &q, &err), "quote-malformed");
	}
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		cof_put_le(b + 50, 4, good[i]);
		assert_ok(cof_tdxquote_parse(cof_span_of(b, 48 + 6 + good[i] + 4), &q, &err));
		assert_ptr_equal(q.report_data.data, b + 54 + 520);
	}
}

static void genuine_ones(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, n = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO(cof_buf) in = {0};
		cof_tdxquote q;
		if (strcmp(jstr(v, "kind"), "tdx-quote") != 0 ||
		    strcmp(jstr(json_object_get(v, "expect"), "verdict"), "valid") != 0)
			continue;
		vector_file(v, "quote", &in);
		assert_ok(cof_tdxquote_parse(cof_buf_span(&in), &q, &err));
		n++;
	}
	assert_true(n >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_cut_anywhere),
		cmocka_unit_test(zeros_behind_it_and_nothing_else),
		cmocka_unit_test(other_quotes),
		cmocka_unit_test(version_4),
		cmocka_unit_test(bodies_of_any_size_that_holds_one),
		cmocka_unit_test(genuine_ones),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
