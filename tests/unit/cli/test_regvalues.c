/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/regvalues.h"

#include <stdio.h>

#include "tests/unit/test.h"

#define ONES20 "0101010101010101010101010101010101010101"
#define ONES32 "0101010101010101010101010101010101010101010101010101010101010101"
#define BIG32 "ABababABabababababababababababababababababababababababababababAB"

static void parse(const char *text, cof_reg_values *ret)
{
	assert_ok(cof_reg_values_parse(cof_span_str(text), ret, &err));
}

static void assert_refused(const char *text)
{
	cof_reg_values v = {.has = {77}};
	assert_fails(cof_reg_values_parse(cof_span_str(text), &v, &err), "pcrs-malformed");
	assert_int_equal(v.has[0], 77);
}

static void what_is_no_json_of_registers(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{",
		"{}x",
		"{\"sha256\":[]}",
		"{\"sha256\":{\"0\":1}}",
		"{\"sha256\":{\"0\":\"\"}}",
		"{\"sha256\":{\"0\":\"" ONES20 "\"}}",
		"{\"sha256\":{\"0\":\"0x" ONES32 "\"}}",
		"{\"sha256\":{\"0\":\"zz01010101010101010101010101010101010101010101010101010101010101\"}}",
		"{\"sha256\":{\"24\":\"" ONES32 "\"}}",
		"{\"sha256\":{\"00\":\"" ONES32 "\"}}",
		"{\"sha256\":{\"-1\":\"" ONES32 "\"}}",
		"{\"sha256\":{\"\":\"" ONES32 "\"}}",
		"{\"sha256\":{\"0 \":\"" ONES32 "\"}}",
		"{\"md5\":{}}",
		"{\"sha256\":{},\"sha256\":{}}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_refused(bad[i]);
}

static void what_no_tool_prints(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"x",
		"md5:\n",
		":\n",
		"sha256 :\n",
		"0 : 0x" ONES32 "\n", /* of which bank? */
		"sha256:\n0 : " ONES32 "\n",
		"sha256:\n0 : 0x" ONES20 "\n",
		"sha256:\n0 : 0x" ONES32 " \n",
		"sha256:\n0 : 0x" ONES32 "\r\n",
		"sha256:\n24: 0x" ONES32 "\n",
		"sha256:\n007 : 0x" ONES32 "\n",
		"sha256:\n0 x: 0x" ONES32 "\n",
		"sha256:\n : 0x" ONES32 "\n",
		"sha256:\n0 : 0x" ONES32 "\n0 : 0x" ONES32 "\n",
		"sha256:\n0 : 0x" ONES32 "\nsha256:\n0 : 0x" ONES32 "\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_refused(bad[i]);
	cof_reg_values v;
	assert_fails(cof_reg_values_parse(cof_span_of("sha256:\0\n", 9), &v, &err), "pcrs-malformed");
}

static void limits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "sha256:\n", &err));
	while (b.len <= COF_REG_VALUES_FILE_MAX)
		assert_ok(cof_buf_add_str(&b, "\n", &err));
	cof_reg_values v;
	assert_fails(cof_reg_values_parse(cof_buf_span(&b), &v, &err), "pcrs-malformed");
	b.len--;
	b.data[b.len] = '\0';
	assert_ok(cof_reg_values_parse(cof_buf_span(&b), &v, &err));
	memset(b.data + 8, ' ', 256); /* a line of more than 255 */
	assert_fails(cof_reg_values_parse(cof_buf_span(&b), &v, &err), "pcrs-malformed");
}

static void json(void **state)
{
	(void)state;
	cof_reg_values v;
	parse("{\"sha1\":{\"9\":\"" ONES20 "\"},\n \"sha256\":{\"0\":\"" ONES32 "\",\"23\":\"" BIG32 "\"}}", &v);
	assert_int_equal(v.has[COF_SHA1], 1u << 9);
	assert_int_equal(v.has[COF_SHA256], 1u | 1u << 23);
	assert_int_equal(v.has[COF_SHA384], 0);
	assert_int_equal(v.at[COF_SHA256][23].alg, COF_SHA256);
	assert_int_equal(v.at[COF_SHA256][23].bytes[0], 0xab);
	assert_int_equal(v.at[COF_SHA1][9].bytes[19], 1);
	parse("  {}", &v);
	assert_int_equal(v.has[COF_SHA256], 0);
}

static void what_tpm2_pcrread_prints(void **state)
{
	(void)state;
	cof_reg_values v;
	parse("  sha1:\n    0 : 0x" ONES20 "\n    10: 0x" ONES20 "\n  sha256:\n    9 : 0x" BIG32 "\n  sha384:\n"
	      "  sm3_256:\n    1 : 0x" ONES32,
	      &v);
	assert_int_equal(v.has[COF_SHA1], 1u | 1u << 10);
	assert_int_equal(v.has[COF_SHA256], 1u << 9);
	assert_int_equal(v.has[COF_SHA384], 0);
	assert_int_equal(v.has[COF_SM3], 1u << 1);
	assert_int_equal(v.at[COF_SHA256][9].bytes[31], 0xab);
	parse("", &v);
	assert_int_equal(v.has[COF_SHA1], 0);
}

/* A file that was cut off anywhere never gives a value that was not in it. */
static void every_truncation(void **state)
{
	(void)state;
	static const char text[] = "  sha256:\n    3 : 0x" ONES32 "\n    4 : 0x" ONES32 "\n";
	for (size_t n = 0; n + 1 < sizeof text; n++) {
		COF_AUTO_FREE char *exact = strndup(text, n);
		cof_reg_values v = {0};
		cof_err ignored = {0};
		if (cof_reg_values_parse(cof_span_str(exact), &v, &ignored) < 0)
			continue;
		assert_int_equal(v.has[COF_SHA256] & ~(1u << 3 | 1u << 4), 0);
		for (uint32_t i = 3; i <= 4; i++) {
			if (cof_reg_in(v.has[COF_SHA256], i))
				assert_int_equal(v.at[COF_SHA256][i].bytes[31], 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_json_of_registers),
		cmocka_unit_test(what_no_tool_prints),
		cmocka_unit_test(limits),
		cmocka_unit_test(json),
		cmocka_unit_test(what_tpm2_pcrread_prints),
		cmocka_unit_test(every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
