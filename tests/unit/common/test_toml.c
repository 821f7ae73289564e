/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/toml.h"

static void is(const char *toml, const char *json)
{
	COF_AUTO_PTR(json_t) got = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_toml_parse(cof_span_str(toml), &got, &err));
	assert_ok(cof_json_canonical(got, &text, &err));
	assert_string_equal(cof_buf_str(&text), json);
}

static void bad(const char *toml)
{
	json_t *got = NULL;
	cof_err err = {0};
	if (cof_toml_parse(cof_span_str(toml), &got, &err) >= 0)
		fail_msg("accepted: %s", toml);
	if (!cof_err_is(&err, "toml-malformed"))
		fail_msg("%s: %s: %s", toml, err.reason, err.text);
	assert_null(got);
}

/* What one reader takes as the first and another as the last must not exist. */
static void t018_refuses_every_second_definition(void **state)
{
	(void)state;
	const char *const twice[] = {
		"a=1\na=2",	     "a=1\n\"a\"=2",	  "a=1\n'\\u0061'=1\na=2",
		"[a]\n[a]",	     "[a]\n[\"a\"]",	  "a=1\n[a]",
		"[a]\nb=1\n[a.b]",   "[a.b]\n[a]\nb=1",	  "a.b=1\n[a]",
		"a.b=1\na=2",	     "a=2\na.b=1",	  "a={}\n[a.b]",
		"a={b=1}\na.c=2",    "a={b=1,b=2}",	  "a={b.c=1,b=2}",
		"a=[{}]\n[[a]]",     "a=[]\n[[a]]",	  "[[a]]\n[a]",
		"[a]\n[[a]]",	     "[a.b]\n[a]\nb.c=1", "[[a]]\nb=1\nb=2",
		"[a]\nb.c=1\n[a.b]",
	};
	for (size_t i = 0; i < COF_COUNT(twice); i++)
		bad(twice[i]);
}

static void refuses_broken_lines(void **state)
{
	(void)state;
	const char *const broken[] = {
		"a",
		"a=",
		"=1",
		"a 1",
		"a=1 b=2",
		"a=1,",
		"[a",
		"[]",
		"[a]b=1",
		"[[a]",
		"[[a]]]",
		"[a.]",
		"[.a]",
		"a..b=1",
		"a.=1",
		"\"a=1",
		"a=[1",
		"a=[1 2]",
		"a=[,1]",
		"a=[1,,2]",
		"a={b=1",
		"a={,}",
		"a={b=1,}",
		"a={b=1\n}",
		"a={b}",
		"a=}",
		"a=]",
		"a=\n1",
		"a=tru",
		"a=True",
		"a=1.5",
		"a=1e3",
		"a=inf",
		"a=nan",
		"a=0x10",
		"a=01",
		"a=1_",
		"a=_1",
		"a=1__2",
		"a=+-1",
		"a=--1",
		"a=1979-05-27",
		"a=07:32:00",
		"a=9999999999999999999",
		"# \x01\n",
		"a=\"x",
		"a='x",
		"a=\"\"\"x",
		"a='''x''",
		"a=\"\\q\"",
		"a=\"\\u12\"",
		"a=\"\\ud800\"",
		"a=\"\\U00110000\"",
		"a=\"\\u0000\"",
		"\r",
		"a=1\r",
	};
	for (size_t i = 0; i < COF_COUNT(broken); i++)
		bad(broken[i]);
}

static void refuses_bytes_that_are_no_text(void **state)
{
	(void)state;
	bad("a=\"\xff\"");
	bad("a='\xc0\x80'");
	bad("\"\xff\"=1");
	bad("a=\"\x01\"");
	bad("a=\"\x7f\"");
	bad("a='''\x08'''");
	json_t *got = NULL;
	assert_fails(cof_toml_parse(cof_span_of("a=\"x\0y\"", 7), &got, &err), "toml-malformed");
	assert_fails(cof_toml_parse(cof_span_of("a=1\n\0", 5), &got, &err), "toml-malformed");
	assert_fails(cof_toml_parse(cof_span_of("#\0", 2), &got, &err), "toml-malformed");
	assert_fails(cof_toml_parse(cof_span_of("a=1\0", 4), &got, &err), "toml-malformed");
}

static void names_the_line(void **state)
{
	(void)state;
	json_t *got = NULL;
	cof_err err = {0};
	assert_true(cof_toml_parse(cof_span_str("a=1\n# c\nb='''\n\n'''\nc=?\n"), &got, &err) < 0);
	assert_non_null(strstr(err.text, "line 6"));
}

static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, head, &err));
	for (size_t i = 0; i < n; i++)
		assert_ok(cof_buf_add_str(&b, part, &err));
	assert_ok(cof_buf_add_str(&b, tail, &err));
	return strdup(cof_buf_str(&b));
}

static void limits_depth_and_size(void **state)
{
	(void)state;
	COF_AUTO_FREE char *fine = repeated("a=", "[", COF_TOML_DEPTH_MAX - 1, "");
	COF_AUTO_FREE char *closed = repeated(fine, "]", COF_TOML_DEPTH_MAX - 1, "");
	json_t *got = NULL;
	assert_ok(cof_toml_parse(cof_span_str(closed), &got, &err));
	json_decref(got);
	got = NULL;
	COF_AUTO_FREE char *deep = repeated("a=", "[", 100000, "");
	bad(deep);
	COF_AUTO_FREE char *tables = repeated("a=", "{a=", 100000, "1");
	bad(tables);
	COF_AUTO_FREE char *parts = repeated("a", ".a", 100, "=1");
	bad(parts);
	COF_AUTO_FREE char *headers = repeated("[a", ".a", 100, "]");
	bad(headers);
	COF_AUTO_FREE char *elements = repeated("", "[[a]]\n", 5000, "");
	bad(elements);
	COF_AUTO_FREE char *long_key = repeated("", "k", 4096, "=1");
	assert_fails(cof_toml_parse(cof_span_str(long_key), &got, &err), "too-large");
	COF_AUTO_FREE char *big = repeated("#", "x", COF_TOML_MAX, "");
	bad(big);
}

static void every_cut_is_an_error_or_a_shorter_document(void **state)
{
	(void)state;
	const char *const all =
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"aa.toml\" = '''\n[t]\nx=1\n'''\n"
		"[[c]]\np = [1, 'two', {three = true}]\n";
	is(all, "{\"algorithm\":\"sha256\",\"c\":[{\"p\":[1,\"two\",{\"three\":true}]}],\"data\":{\"aa.toml\":\"[t]\\n"
		"x=1\\n\"},\"version\":\"0.1.0\"}");
	for (size_t n = 0; n < strlen(all); n++) {
		json_t *got = NULL;
		cof_err err = {0};
		if (cof_toml_parse(cof_span_of(all, n), &got, &err) < 0)
			assert_string_equal(err.reason, "toml-malformed");
		json_decref(got);
	}
}

static void reads_keys_and_tables(void **state)
{
	(void)state;
	is("", "{}");
	is("# only\r\n\t \n", "{}");
	is("a=1\nb-1=2\n_c=3\n1=4", "{\"1\":4,\"_c\":3,\"a\":1,\"b-1\":2}");
	is("a.b.c=1\na.b.d=2\na.e=3", "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3}}");
	is("a . 'b c' . \"d\" = 1", "{\"a\":{\"b c\":{\"d\":1}}}");
	is("[a.b]\nc=1\n[a]\nd=2", "{\"a\":{\"b\":{\"c\":1},\"d\":2}}");
	is("[ a . b ] # x\nc=1", "{\"a\":{\"b\":{\"c\":1}}}");
	is("[f]\na.c=1\n[f.a.t]\nx=2", "{\"f\":{\"a\":{\"c\":1,\"t\":{\"x\":2}}}}");
	is("[[a]]\nx=1\n[[a]]\nx=2\n[a.b]\ny=3\n[[a.c]]\n", "{\"a\":[{\"x\":1},{\"b\":{\"y\":3},\"c\":[{}],\"x\":2}]}");
	is("''=1\n\"\\u0065\".x=2", "{\"\":1,\"e\":{\"x\":2}}");
}

static void reads_values(void **state)
{
	(void)state;
	is("a=true\nb=false\nc=-17\nd=+3\ne=1_000\nf=0",
	   "{\"a\":true,\"b\":false,\"c\":-17,\"d\":3,\"e\":1000,\"f\":0}");
	is("a=[]\nb=[ # c\n 1 , # d\n 2,\n]\nc=[[1],['x']]", "{\"a\":[],\"b\":[1,2],\"c\":[[1],[\"x\"]]}");
	is("a={}\nb={c=1, d.e='x'}", "{\"a\":{},\"b\":{\"c\":1,\"d\":{\"e\":\"x\"}}}");
}

static void reads_strings(void **state)
{
	(void)state;
	is("a='C:\\n'", "{\"a\":\"C:\\\\n\"}");
	is("a=\"\\t\\\"\\\\\\u0041\\U00000042\"", "{\"a\":\"\\t\\\"\\\\AB\"}");
	is("a=\"\"\"\nx\r\ny\"\"\"", "{\"a\":\"x\\r\\ny\"}");
	is("a=\"\"\"x\\\n   \n  y\"\"\"", "{\"a\":\"xy\"}");
	is("a=\"\"\"\"x\"\"\"\"\"", "{\"a\":\"\\\"x\\\"\\\"\"}");
	is("a='''''x'''''", "{\"a\":\"''x''\"}");
	is("a=''''''", "{\"a\":\"\"}");
	is("a=''\nb=\"\"", "{\"a\":\"\",\"b\":\"\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t018_refuses_every_second_definition),
		cmocka_unit_test(refuses_broken_lines),
		cmocka_unit_test(refuses_bytes_that_are_no_text),
		cmocka_unit_test(names_the_line),
		cmocka_unit_test(limits_depth_and_size),
		cmocka_unit_test(every_cut_is_an_error_or_a_shorter_document),
		cmocka_unit_test(reads_keys_and_tables),
		cmocka_unit_test(reads_values),
		cmocka_unit_test(reads_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
