/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/http.h"

static void expect_header(const char *block, const char *name, const char *want)
{
	COF_AUTO(cof_http_resp) r = {0};
	assert_ok(cof_buf_add_str(&r.headers, block, &err));
	COF_AUTO_FREE char *got = cof_http_header(&r, name);
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static void finds_whole_names_only(void **state)
{
	(void)state;
	const char *const block = "HTTP/1.1 200 OK\r\nX-Location: bad\r\nLocation-X: bad\r\nlocation : bad\r\n"
				  "LOCATION:\t good value \r\nLocation: second\r\n\r\n";
	expect_header(block, "Location", "good value");
	expect_header(block, "Locatio", NULL);
	expect_header(block, "HTTP/1.1 200 OK", NULL);
	expect_header(block, "", NULL);
}

static void survives_broken_blocks(void **state)
{
	(void)state;
	const char *const blocks[] = {"",	   "\r\n",	  "\n\n\n",	   "Location",
				      "Location:", "Location:\r", "Location: \t ", ":"};
	for (size_t i = 0; i < COF_COUNT(blocks); i++) {
		COF_AUTO(cof_http_resp) r = {0};
		assert_ok(cof_buf_add_str(&r.headers, blocks[i], &err));
		COF_AUTO_FREE char *got = cof_http_header(&r, "Location");
		if (got != NULL)
			assert_string_equal(got, "");
	}
	const cof_http_resp none = {0};
	assert_null(cof_http_header(&none, "X"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_whole_names_only),
		cmocka_unit_test(survives_broken_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
