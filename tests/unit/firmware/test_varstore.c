/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ovmf.h"
#include "tests/unit/firmware/make_vars.h"
#include "tests/unit/launch_vectors.h"

enum { ROOM = 40 };

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_vars(&b, ROOM);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		bool empty = false;
		memcpy(exact, b.data, n);
		assert_fails(cof_varstore_is_empty((cof_span){exact, n}, &empty, &err), "vars-malformed");
		assert_false(empty);
	}
}

/* T-15: one changed bit in the place of the variables, and the store does not count as empty. */
static void t015_every_bit_of_the_variables_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_vars(&b, ROOM);
	for (size_t bit = VARS_AT * 8; bit < b.len * 8; bit++) {
		bool empty = true;
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_ok(cof_varstore_is_empty(cof_buf_span(&b), &empty, &err));
		assert_false(empty);
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void headers_that_are_not_ovmfs(void **state)
{
	(void)state;
	static const size_t at[] = {40,
				    48,
				    VARS_STORE_AT,
				    VARS_STORE_AT + 15,
				    VARS_STORE_AT + 16,
				    VARS_STORE_AT + 19,
				    VARS_STORE_AT + 20,
				    VARS_STORE_AT + 21};
	for (size_t i = 0; i < COF_COUNT(at); i++) {
		COF_AUTO(cof_buf) b = {0};
		bool empty = false;
		put_vars(&b, ROOM);
		b.data[at[i]] ^= 0x80;
		assert_fails(cof_varstore_is_empty(cof_buf_span(&b), &empty, &err), "vars-malformed");
	}
}

static void the_stock_store_is_empty(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	bool empty = false;
	vector_read_xz("fixtures/ovmf-2025.02.fd.xz", &b);
	assert_ok(cof_varstore_is_empty((cof_span){b.data, 0x84000}, &empty, &err));
	assert_true(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(t015_every_bit_of_the_variables_counts),
		cmocka_unit_test(headers_that_are_not_ovmfs),
		cmocka_unit_test(the_stock_store_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
