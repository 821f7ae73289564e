/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/tdx_signed.h"

#define ZEROS "00000000000000000000000000000000"
#define SIG "\"" ZEROS ZEROS ZEROS "000000000000000000000000000000ff\""

static void assert_text(const char *in, const char *text)
{
	cof_tdx_signed s;
	assert_ok(cof_tdx_signed_parse(cof_span_str(in), "tcbInfo", &s, &err));
	assert_span_equal(s.text, text, strlen(text));
	assert_int_equal(s.signature[63], 0xff);
}

static void the_text_as_it_came(void **state)
{
	(void)state;
	assert_text("{\"tcbInfo\":{},\"signature\":" SIG "}", "{}");
	assert_text(" {\n\"tcbInfo\" : { \"a\" : [ {} , 1 ] } ,\t\"signature\":" SIG " } \r\n",
		    "{ \"a\" : [ {} , 1 ] }");
	assert_text("{\"signature\":" SIG ",\"tcbInfo\":{\"a\":\"}\\\"{\"}}", "{\"a\":\"}\\\"{\"}");
	assert_text("{\"tcbInfo\":{\"a\":\"\\\\\"},\"signature\":" SIG "}", "{\"a\":\"\\\\\"}");
}

static const char *const refused[] = {
	"",
	"{}",
	"[]",
	"{\"tcbInfo\":{}}",
	"{\"signature\":" SIG "}",
	"{\"tcbInfo\":{},\"tcbInfo\":{}}",
	"{\"signature\":" SIG ",\"signature\":" SIG "}",
	"{\"tcbInfo\":{},\"signature\":" SIG ",\"tcbInfo\":{}}",
	"{\"tcbInfo\":{},\"signature\":" SIG ",}",
	"{\"tcbInfo\":{},\"signature\":" SIG "}x",
	"{\"tcbInfo\":[],\"signature\":" SIG "}",
	"{\"tcbInfo\":\"{}\",\"signature\":" SIG "}",
	"{\"tcbInfo\":{\"a\":\"},\"signature\":" SIG "}",
	"{\"tcbInfo\":{}},\"signature\":" SIG "}",
	"{\"tcbInfo\":{{},\"signature\":" SIG "}",
	"{\"tcbinfo\":{},\"signature\":" SIG "}",
	"{\"\\u0074cbInfo\":{},\"signature\":" SIG "}",
	"{\"enclaveIdentity\":{},\"signature\":" SIG "}",
	"{\"tcbInfo\":{},\"x\":" SIG "}",
	"{\"tcbInfo\":{},\"signature\":\"00\"}",
	"{\"tcbInfo\":{},\"signature\":" ZEROS "}",
	"{\"tcbInfo\":{},\"signature\":\"" ZEROS ZEROS ZEROS ZEROS "0\"}",
	"{\"tcbInfo\":{},\"signature\":\"" ZEROS ZEROS ZEROS "0000000000000000000000000000000g\"}",
	"{\"tcbInfo\":{},,\"signature\":" SIG "}",
	"{\"tcbInfo\":{} \"signature\":" SIG "}",
	"{tcbInfo:{},\"signature\":" SIG "}",
};

static void refused_forms(void **state)
{
	(void)state;
	cof_tdx_signed s;
	for (size_t i = 0; i < COF_COUNT(refused); i++) {
		cof_err err = {0};
		if (cof_tdx_signed_parse(cof_span_str(refused[i]), "tcbInfo", &s, &err) == 0)
			fail_msg("accepted: %s", refused[i]);
		assert_string_equal(err.reason, "signed-json-malformed");
	}
	static const char nul[] = "{\"tcbInfo\":{},\"signature\":" SIG "}";
	assert_fails(cof_tdx_signed_parse(cof_span_of(nul, sizeof nul), "tcbInfo", &s, &err), "signed-json-malformed");
}

static void every_truncation(void **state)
{
	(void)state;
	static const char in[] = "{\"tcbInfo\":{\"a\":\"\\\"\"},\"signature\":" SIG "}";
	cof_tdx_signed s;
	for (size_t len = 0; len < sizeof in - 1; len++)
		assert_fails(cof_tdx_signed_parse(cof_span_of(in, len), "tcbInfo", &s, &err), "signed-json-malformed");
	assert_ok(cof_tdx_signed_parse(cof_span_of(in, sizeof in - 1), "tcbInfo", &s, &err));
	COF_AUTO(cof_buf) large = {0};
	assert_ok(cof_buf_reserve(&large, COF_TDX_SIGNED_MAX + 1, &err));
	memset(large.data, ' ', COF_TDX_SIGNED_MAX + 1);
	memcpy(large.data, in, sizeof in - 1);
	assert_ok(cof_tdx_signed_parse(cof_span_of(large.data, COF_TDX_SIGNED_MAX), "tcbInfo", &s, &err));
	assert_fails(cof_tdx_signed_parse(cof_span_of(large.data, COF_TDX_SIGNED_MAX + 1), "tcbInfo", &s, &err),
		     "signed-json-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_text_as_it_came), cmocka_unit_test(refused_forms),
					   cmocka_unit_test(every_truncation)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
