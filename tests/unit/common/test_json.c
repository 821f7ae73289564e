/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/json.h"

static json_t *parse(const char *text)
{
	json_t *v = NULL;
	assert_ok(cof_json_parse(cof_span_str(text), &v, &err));
	return v;
}

static void refuses_what_is_not_one_plain_document(void **state)
{
	(void)state;
	const char *const bad[] = {"",
				   "{",
				   "{}x",
				   "{}{}",
				   "{\"a\":1,\"a\":2}",
				   "{'a':1}",
				   "nul",
				   "[1,]",
				   "\xff",
				   "{\"a\":\"\xc0\x80\"}",
				   "{\"a\":\"\\u0000\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		json_t *v = NULL;
		assert_fails(cof_json_parse(cof_span_str(bad[i]), &v, &err), "json-malformed");
		assert_null(v);
	}
}

static void limits_depth(void **state)
{
	(void)state;
	char deep[200];
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	json_t *v = NULL;
	assert_fails(cof_json_parse(cof_span_of(deep, 200), &v, &err), "json-malformed");
	COF_AUTO_PTR(json_t) fine = NULL;
	assert_ok(cof_json_parse(cof_span_of(deep + 100 - COF_JSON_DEPTH_MAX, 2 * COF_JSON_DEPTH_MAX), &fine, &err));
	COF_AUTO_PTR(json_t) quoted = parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]");
	assert_int_equal(json_array_size(quoted), 1);
}

static void getters_fail_closed(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) v = parse("{\"s\":\"x\",\"i\":5,\"b\":true,\"o\":{},\"a\":[],\"n\":null}");
	const char *s = NULL;
	json_int_t i = 0;
	bool b = false;
	json_t *sub = NULL;
	assert_ok(cof_json_str(v, "s", &s, &err));
	assert_string_equal(s, "x");
	assert_ok(cof_json_int(v, "i", 5, 5, &i, &err));
	assert_ok(cof_json_bool(v, "b", &b, &err));
	assert_true(b);
	assert_ok(cof_json_obj(v, "o", &sub, &err));
	assert_ok(cof_json_arr(v, "a", &sub, &err));
	assert_fails(cof_json_str(v, "absent", &s, &err), "json-missing");
	assert_fails(cof_json_str(v, "i", &s, &err), "json-type");
	assert_fails(cof_json_str(v, "n", &s, &err), "json-type");
	assert_fails(cof_json_int(v, "s", 0, 9, &i, &err), "json-type");
	assert_fails(cof_json_int(v, "i", 6, 9, &i, &err), "json-range");
	assert_fails(cof_json_int(v, "i", 0, 4, &i, &err), "json-range");
	assert_fails(cof_json_bool(v, "i", &b, &err), "json-type");
	assert_fails(cof_json_obj(v, "a", &sub, &err), "json-type");
	assert_fails(cof_json_arr(v, "o", &sub, &err), "json-type");
	assert_fails(cof_json_str(NULL, "s", &s, &err), "json-missing");
}

static void optional_strings(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) v = parse("{\"s\":\"x\",\"n\":null}");
	const char *s = "before";
	assert_ok(cof_json_opt_str(v, "absent", &s, &err));
	assert_null(s);
	assert_ok(cof_json_opt_str(v, "s", &s, &err));
	assert_string_equal(s, "x");
	assert_fails(cof_json_opt_str(v, "n", &s, &err), "json-type");
}

static void decodes_base64_members(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) v = parse("{\"good\":\"AQI=\",\"bad\":\"AQI\"}");
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_json_b64(v, "good", &out, &err));
	assert_span_equal(cof_buf_span(&out), "\1\2", 2);
	assert_fails(cof_json_b64(v, "bad", &out, &err), "bad-base64");
}

static void refuses_unknown_members(void **state)
{
	(void)state;
	const char *const known[] = {"a", "b", NULL};
	COF_AUTO_PTR(json_t) fine = parse("{\"a\":1}");
	COF_AUTO_PTR(json_t) more = parse("{\"a\":1,\"c\":2}");
	COF_AUTO_PTR(json_t) list = parse("[]");
	assert_ok(cof_json_only(fine, known, &err));
	assert_fails(cof_json_only(more, known, &err), "json-unknown-key");
	assert_fails(cof_json_only(list, known, &err), "json-type");
}

static void canonical_form(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t)
	v = parse("{ \"b\": [true, null, 3], \"a\": {\"z\": \"\\u00e9\\n\\u0001/\", \"y\": \"\"} }");
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_json_canonical(v, &out, &err));
	/* RFC 8785 3.2.2.2: short escapes, lower-case \u00xx, other characters as they are */
	assert_string_equal(cof_buf_str(&out),
			    "{\"a\":{\"y\":\"\",\"z\":\"\xc3\xa9\\n\\u0001/\"},\"b\":[true,null,3]}");
}

static void canonical_form_refuses_what_may_be_spelt_otherwise(void **state)
{
	(void)state;
	const char *const bad[] = {"[1.5]", "[9007199254740992]", "{\"\xc3\xa9\":1}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) v = parse(bad[i]);
		COF_AUTO(cof_buf) out = {0};
		assert_fails(cof_json_canonical(v, &out, &err), "json-not-canonical");
	}
}

static void dumps(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) v = parse("{}");
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_json_set_str(v, "b", "x", &err));
	assert_ok(cof_json_set_str(v, "a", NULL, &err));
	assert_ok(cof_json_set_hex(v, "h", cof_span_of("\x0f\xa0", 2), &err));
	assert_string_equal(json_string_value(json_object_get(v, "h")), "0fa0");
	assert_int_equal(json_object_del(v, "h"), 0);
	static const uint8_t longer[129] = {0xff};
	assert_ok(cof_json_set_hex(v, "h", cof_span_of(longer, sizeof longer), &err));
	assert_int_equal(json_string_length(json_object_get(v, "h")), 2 * sizeof longer);
	assert_memory_equal(json_string_value(json_object_get(v, "h")), "ff00", 4);
	assert_int_equal(json_object_del(v, "h"), 0);
	assert_ok(cof_json_dump(v, &out, &err));
	assert_string_equal(cof_buf_str(&out), "{\"b\":\"x\",\"a\":null}");
	COF_AUTO(cof_buf) pretty = {0};
	assert_ok(cof_json_dump_pretty(v, &pretty, &err));
	assert_string_equal(cof_buf_str(&pretty), "{\n  \"b\": \"x\",\n  \"a\": null\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_plain_document),
		cmocka_unit_test(limits_depth),
		cmocka_unit_test(getters_fail_closed),
		cmocka_unit_test(optional_strings),
		cmocka_unit_test(decodes_base64_members),
		cmocka_unit_test(refuses_unknown_members),
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(dumps),
		cmocka_unit_test(canonical_form_refuses_what_may_be_spelt_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
