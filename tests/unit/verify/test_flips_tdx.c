/* SPDX-License-Identifier: Apache-2.0 */
/* Every bit and every length of a quote, and of what stands beside it, as a host without a key can have it. */
#include "tests/unit/verify/judge_tdx.h"

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t whole = t.quote.len;
	/* Trailing zeros would be padding; this quote ends with a newline. */
	for (size_t len = 0; len < whole; len++) {
		const cof_role_file quote = {"quote", {t.quote.data, len}};
		COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", &quote, 1, NULL);
		assert_false(r->accepted);
		assert_int_equal(r->checks.list[r->checks.first].stage, COF_STAGE_PARSE);
	}
}

/* Every role in turn is cut at many places: never accepted. */
static void truncated_collateral(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	for (size_t i = 0; i < n; i++) {
		for (size_t cuts = 1; cuts < 20; cuts++) {
			cof_role_file f[SOFT_FILES_MAX];
			memcpy(f, files, sizeof f);
			f[i].bytes.len = f[i].bytes.len * cuts / 20;
			COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", f, n, NULL);
			assert_false(r->accepted);
		}
	}
}

static void flip(soft_tdx *t, size_t bit)
{
	const cof_role_file files[] = {{"quote", cof_buf_span(&t->quote)}, {"root", cof_buf_span(&t->root_der)}};
	t->quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	/* collateral would refuse no fewer */
	COF_AUTO_PTR(walk_verdict) r = judge_files("tdx-quote", files, 2, "{\"signatures_only\":true}");
	if (r->accepted)
		fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
	t->quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Behind the signatures as well as in front of them: no bit may change, and no byte of the chain. */
static void every_bit_of_a_quote(void **state)
{
	(void)state;
	const size_t step = unit_stride();
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t bit = 0; bit < (size_t)8 * AT_CHAIN; bit += step)
		flip(&t, bit);
	for (size_t at = AT_CHAIN; at < t.quote.len; at += step)
		flip(&t, 8 * at + at % 8);
	assert_accepted(&t, NULL);
}

static void one_byte_more(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	cof_role_file files[SOFT_FILES_MAX];
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	cof_buf *bufs[] = {&t.quote,	   &t.tcb_info,	    &t.qe_identity, &t.signing,
			   &t.pck_crl_der, &t.root_crl_der, &t.root_der};
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(files[i].bytes.data, bufs[i]->data);
		soft_add(bufs[i], "x");
		COF_AUTO_PTR(walk_verdict) r = judge(&t, NULL);
		assert_false(r->accepted);
		bufs[i]->len--;
	}
	assert_accepted(&t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(truncated_collateral),
		cmocka_unit_test(every_bit_of_a_quote),
		cmocka_unit_test(one_byte_more),
	};
	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
