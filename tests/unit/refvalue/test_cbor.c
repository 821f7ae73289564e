/* SPDX-License-Identifier: Apache-2.0 */
/* Getters take what is of their type and nothing else; absence is false, never a default. */
#include "tests/unit/refvalue/cbor_hex.h"

/* One item of each kind: 1, -2, h'aa', "b", [], {}, 501(0), false, null */
#define KINDS "89012141aa616280a0d901f500f4f6"
enum { K_UINT, K_NEGATIVE, K_BYTES, K_TEXT, K_ARRAY, K_MAP, K_TAG, K_FALSE, K_NULL, KIND_COUNT };

static void t079_types_do_not_stand_in_for_each_other(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_cbor) all = hex_item(KINDS);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const cof_cbor *v = cof_cbor_at(all, i);
		uint64_t u = 77;
		int64_t n = 77;
		cof_span s = {0};
		size_t count = 77;
		bool b = true;
		assert_int_equal(cof_cbor_uint(v, UINT64_MAX, &u), i == K_UINT);
		assert_int_equal(cof_cbor_int(v, &n), i == K_UINT || i == K_NEGATIVE);
		assert_int_equal(cof_cbor_bytes(v, &s), i == K_BYTES);
		assert_int_equal(cof_cbor_text(v, &s), i == K_TEXT);
		assert_int_equal(cof_cbor_array(v, &count), i == K_ARRAY);
		assert_int_equal(cof_cbor_map(v, &count), i == K_MAP);
		assert_int_equal(cof_cbor_untag(v, 501) != NULL, i == K_TAG);
		assert_int_equal(cof_cbor_is_null(v), i == K_NULL);
		assert_int_equal(cof_cbor_bool(v, &b), i == K_FALSE);
		assert_int_equal(cof_cbor_only(v, NULL, 0), i == K_MAP);
		assert_null(cof_cbor_untag(v, 500));
		assert_null(cof_cbor_get(v, 0));
		assert_null(cof_cbor_at(v, 0));
		assert_null(cof_cbor_key(v, 0));
		assert_null(cof_cbor_value(v, 0));
		if (i != K_UINT)
			assert_int_equal(u, 77); /* outputs are left alone */
	}
}

/* Half, single and double are nobody's value: not a number, not null, not a bool. */
static void t079_floats_are_of_no_type(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) in = {0};
	COF_AUTO_PTR(cof_cbor) all = NULL;
	hex_bytes("83f93c00fa3f800000fb3ff0000000000000", &in);
	assert_fails(cof_cbor_load(cof_buf_span(&in), &all, &err), "cbor-malformed");
	assert_ok(cof_cbor_load_floats(cof_buf_span(&in), &all, &err));
	for (size_t i = 0; i < 3; i++) {
		const cof_cbor *v = cof_cbor_at(all, i);
		uint64_t u;
		int64_t n;
		cof_span s;
		size_t count;
		bool b;
		assert_non_null(v);
		assert_false(cof_cbor_uint(v, UINT64_MAX, &u) || cof_cbor_int(v, &n) || cof_cbor_bool(v, &b));
		assert_false(cof_cbor_bytes(v, &s) || cof_cbor_text(v, &s) || cof_cbor_is_null(v));
		assert_false(cof_cbor_array(v, &count) || cof_cbor_map(v, &count));
	}
}

static void t079_absence_is_no_value(void **state)
{
	(void)state;
	uint64_t u;
	int64_t n;
	size_t count;
	cof_span s;
	assert_false(cof_cbor_uint(NULL, UINT64_MAX, &u));
	assert_false(cof_cbor_int(NULL, &n));
	assert_false(cof_cbor_bytes(NULL, &s));
	assert_false(cof_cbor_text(NULL, &s));
	assert_false(cof_cbor_array(NULL, &count));
	assert_false(cof_cbor_map(NULL, &count));
	assert_false(cof_cbor_is_null(NULL));
	assert_false(cof_cbor_only(NULL, NULL, 0));
	assert_null(cof_cbor_untag(NULL, 1));
	assert_null(cof_cbor_get(NULL, 1));
	assert_null(cof_cbor_at(NULL, 0));
	cof_cbor_free(NULL);
}

static void t079_integers_end_where_they_do_not_fit(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_cbor)
	all = hex_item("861b7fffffffffffffff1b80000000000000003b7fffffffffffffff3b8000000000000000"
		       "1bffffffffffffffff3bffffffffffffffff");
	int64_t n = 0;
	uint64_t u = 0;
	assert_true(cof_cbor_int(cof_cbor_at(all, 0), &n) && n == INT64_MAX);
	assert_false(cof_cbor_int(cof_cbor_at(all, 1), &n));
	assert_true(cof_cbor_int(cof_cbor_at(all, 2), &n) && n == INT64_MIN);
	assert_false(cof_cbor_int(cof_cbor_at(all, 3), &n));
	assert_false(cof_cbor_int(cof_cbor_at(all, 4), &n));
	assert_false(cof_cbor_int(cof_cbor_at(all, 5), &n));
	assert_true(cof_cbor_uint(cof_cbor_at(all, 4), UINT64_MAX, &u) && u == UINT64_MAX);
	assert_false(cof_cbor_uint(cof_cbor_at(all, 4), UINT64_MAX - 1, &u));
	assert_false(cof_cbor_uint(cof_cbor_at(all, 3), UINT64_MAX, &u));
}

static void maps(void **state)
{
	(void)state;
	static const int64_t some[] = {0, 1, -83};
	uint64_t u = 0;
	size_t n = 0;
	COF_AUTO_PTR(cof_cbor) m = hex_item("a3000a010b38520c");
	assert_true(cof_cbor_map(m, &n) && n == 3);
	assert_true(cof_cbor_uint(cof_cbor_get(m, -83), 99, &u) && u == 12);
	assert_true(cof_cbor_uint(cof_cbor_get(m, 0), 99, &u) && u == 10);
	assert_null(cof_cbor_get(m, 83));
	assert_null(cof_cbor_get(m, 2));
	assert_null(cof_cbor_key(m, 3));
	assert_true(cof_cbor_only(m, some, 3));
	assert_false(cof_cbor_only(m, some, 2));
	COF_AUTO_PTR(cof_cbor) texts = hex_item("a20000613001");
	assert_false(cof_cbor_only(texts, some, 3));
}

/* The walk comes first, whatever libcbor would say; what libcbor cannot read is refused by name. */
static void t079_loading_is_checked(void **state)
{
	(void)state;
	static const char *const texts[] = {"a200000001", "9fff", "1817", "9a08000000", "0000",
					    "",		  "c600", "d200", "81d200",	"81d400"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO_PTR(cof_cbor) v = NULL;
		cof_err err = {0};
		hex_bytes(texts[i], &b);
		/* newer libraries read tags 6 to 20: their readers have no use for them */
		if (cof_cbor_load(cof_buf_span(&b), &v, &err) == 0 && i < 6)
			fail_msg("%s was read", texts[i]);
		if (v == NULL)
			assert_true(cof_err_is(&err, "cbor-malformed"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_types_do_not_stand_in_for_each_other),
		cmocka_unit_test(t079_floats_are_of_no_type),
		cmocka_unit_test(t079_absence_is_no_value),
		cmocka_unit_test(t079_integers_end_where_they_do_not_fit),
		cmocka_unit_test(t079_loading_is_checked),
		cmocka_unit_test(maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
