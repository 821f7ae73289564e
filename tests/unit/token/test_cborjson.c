/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/refvalue/cbor_hex.h"

#include "attestation/refvalue/cborcheck.h"
#include "attestation/token/cborjson.h"

static void to_cbor(const char *json, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) v = json_loads(json, JSON_DECODE_ANY, NULL);
	cof_wr w = cof_wr_to(ret);
	assert_non_null(v);
	assert_ok(cof_cbor_put_json(&w, v, &err));
	assert_ok(cof_wr_done(&w, &err));
	assert_ok(cof_cbor_check_ordered(cof_buf_span(ret), &err));
}

static void every_type(void **state)
{
	(void)state;
	static const struct {
		const char *json, *hex;
	} cases[] = {
		{"null", "f6"},
		{"true", "f5"},
		{"false", "f4"},
		{"0", "00"},
		{"-1", "20"},
		{"24", "1818"},
		{"9223372036854775807", "1b7fffffffffffffff"},
		{"-9223372036854775808", "3b7fffffffffffffff"},
		{"\"\"", "60"},
		{"\"\\u00fc\"", "62c3bc"},
		{"[]", "80"},
		{"[1,[2]]", "82018102"},
		{"{}", "a0"},
		/* shorter names first, then by their bytes */
		{"{\"bb\":1,\"a\":2,\"c\":3,\"ba\":4}", "a4616102616303626261046262"
							"6201"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) got = {0};
		COF_AUTO(cof_buf) want = {0};
		to_cbor(cases[i].json, &got);
		hex_bytes(cases[i].hex, &want);
		assert_span_equal(cof_buf_span(&got), want.data, want.len);
	}
}

static void names_at_the_edges_of_a_head(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) o = json_object();
	COF_AUTO(cof_buf) b = {0};
	for (size_t len = 250; len > 0; len--) {
		char name[251] = "";
		memset(name, 'a', len);
		assert_int_equal(json_object_set_new(o, name, json_integer(1)), 0);
	}
	cof_wr w = cof_wr_to(&b);
	assert_ok(cof_cbor_put_json(&w, o, &err));
	assert_ok(cof_cbor_check_ordered(cof_buf_span(&b), &err));
}

static void t079_what_has_no_place(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	COF_AUTO_PTR(json_t) real = json_pack("[f]", 1.0);
	COF_AUTO_PTR(json_t) nul = json_stringn("a\0b", 3);
	json_t *deep = json_array();
	assert_fails(cof_cbor_put_json(&w, real, &err), "json-not-cbor");
	assert_fails(cof_cbor_put_json(&w, nul, &err), "json-not-cbor");
	for (int i = 1; i < COF_JSON_DEPTH_MAX; i++) {
		assert_ok(cof_cbor_put_json(&w, deep, &err));
		deep = json_pack("[o]", deep);
	}
	json_t *deeper = json_pack("[O]", deep);
	assert_ok(cof_cbor_put_json(&w, deep, &err));
	assert_fails(cof_cbor_put_json(&w, deeper, &err), "json-not-cbor");
	json_decref(deeper);
	json_decref(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type),
		cmocka_unit_test(names_at_the_edges_of_a_head),
		cmocka_unit_test(t079_what_has_no_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
