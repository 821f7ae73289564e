/* SPDX-License-Identifier: Apache-2.0 */
/* examples: RFC 8949, appendix A */
#include "tests/unit/refvalue/cbor_hex.h"

#include "attestation/refvalue/cborwr.h"

static void integers(void **state)
{
	(void)state;
	static const struct {
		int64_t v;
		const char *hex;
	} cases[] = {{0, "00"},
		     {23, "17"},
		     {24, "1818"},
		     {255, "18ff"},
		     {256, "190100"},
		     {65535, "19ffff"},
		     {65536, "1a00010000"},
		     {4294967295, "1affffffff"},
		     {4294967296, "1b0000000100000000"},
		     {INT64_MAX, "1b7fffffffffffffff"},
		     {-1, "20"},
		     {-24, "37"},
		     {-25, "3818"},
		     {-83, "3852"},
		     {-257, "390100"},
		     {INT64_MIN, "3b7fffffffffffffff"}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_wr w = cof_wr_to(&b);
		int64_t back = 0;
		cof_cbor_put_int(&w, cases[i].v);
		assert_ok(cof_wr_done(&w, &err));
		assert_hex_equal(cof_buf_span(&b), cases[i].hex);
		COF_AUTO_PTR(cof_cbor) v = hex_item(cases[i].hex);
		assert_true(cof_cbor_int(v, &back) && back == cases[i].v);
	}
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_cbor_put_uint(&w, UINT64_MAX);
	assert_ok(cof_wr_done(&w, &err));
	assert_hex_equal(cof_buf_span(&b), "1bffffffffffffffff");
}

static void the_rest(void **state)
{
	(void)state;
	static const uint8_t four[] = {1, 2, 3, 4};
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_cbor_put_array(&w, 6);
	cof_cbor_put_bytes(&w, cof_span_of(four, sizeof four));
	cof_cbor_put_bytes(&w, (cof_span){0});
	cof_cbor_put_text(&w, "IETF");
	cof_cbor_put_map(&w, 1);
	cof_cbor_put_uint(&w, 1);
	cof_cbor_put_null(&w);
	cof_cbor_put_tag(&w, 501);
	cof_cbor_put_map(&w, 0);
	cof_cbor_put_tag(&w, 18);
	cof_cbor_put_array(&w, 0);
	assert_ok(cof_wr_done(&w, &err));
	assert_hex_equal(cof_buf_span(&b), "864401020304406449455446a101f6d901f5a0d280");
	assert_ok(cof_cbor_check_ordered(cof_buf_span(&b), &err));
}

static void heads_grow_with_their_length(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 23, 24, 255, 256, 65535, 65536};
	uint8_t *zeros = calloc(1, 65536);
	assert_non_null(zeros);
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_wr w = cof_wr_to(&b);
		cof_cbor_put_bytes(&w, cof_span_of(zeros, sizes[i]));
		assert_ok(cof_wr_done(&w, &err));
		assert_ok(cof_cbor_check_ordered(cof_buf_span(&b), &err));
	}
	free(zeros);
}

static void a_full_buffer_is_said_at_the_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = cof_buf_capped(4);
	cof_wr w = cof_wr_to(&b);
	cof_cbor_put_text(&w, "too long");
	assert_fails(cof_wr_done(&w, &err), "write-too-large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(the_rest),
		cmocka_unit_test(heads_grow_with_their_length),
		cmocka_unit_test(a_full_buffer_is_said_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
