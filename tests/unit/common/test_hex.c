/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/hex.h"

static void hex_round_trip(void **state)
{
	(void)state;
	char out[9];
	cof_hex(cof_span_of("\x00\xff\x10\xab", 4), out);
	assert_string_equal(out, "00ff10ab");
	uint8_t back[4];
	assert_ok(cof_unhex("00FF10ab", back, 4, &err));
	assert_memory_equal(back, "\x00\xff\x10\xab", 4);
	COF_AUTO_FREE char *dup = cof_hex_dup(cof_span_of("\x01", 1));
	assert_string_equal(dup, "01");
}

static void hex_refuses_other_lengths_and_digits(void **state)
{
	(void)state;
	uint8_t out[2];
	const char *const bad[] = {"", "00", "000", "00000", "0g00", "0x00", " 000", "00 0"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_unhex(bad[i], out, 2, &err), "bad-hex");
}

static void base64_round_trip(void **state)
{
	(void)state;
	uint8_t all[256];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)(255 - i);
	for (size_t n = 0; n < sizeof all; n++) {
		COF_AUTO_FREE char *std = cof_b64_dup(cof_span_of(all, n));
		COF_AUTO_FREE char *url = cof_b64url_dup(cof_span_of(all, n));
		COF_AUTO(cof_buf) a = {0};
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_unb64(cof_span_str(std), &a, &err));
		assert_ok(cof_unb64url(cof_span_str(url), &b, &err));
		assert_span_equal(cof_buf_span(&a), all, n);
		assert_span_equal(cof_buf_span(&b), all, n);
		assert_null(strpbrk(url, "+/="));
	}
}

static void base64_is_strict(void **state)
{
	(void)state;
	const char *const bad[] = {"A",	   "AA",       "AAA",  "AA=",  "A===",	 "====", "AB==",
				   "AAB=", "AA==AAAA", "AA A", "AA-_", "AAAA\n", "=AAA", "AA=A"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) out = {0};
		assert_fails(cof_unb64(cof_span_str(bad[i]), &out, &err), "bad-base64");
	}
	const char *const bad_url[] = {"A", "AA==", "AB", "AAB", "AA+/", "AA A"};
	for (size_t i = 0; i < COF_COUNT(bad_url); i++) {
		COF_AUTO(cof_buf) out = {0};
		assert_fails(cof_unb64url(cof_span_str(bad_url[i]), &out, &err), "bad-base64");
	}
}

static void base64_known_answers(void **state)
{
	(void)state;
	COF_AUTO_FREE char *s = cof_b64_dup(cof_span_str("foobar"));
	assert_string_equal(s, "Zm9vYmFy"); /* RFC 4648 section 10 */
	COF_AUTO_FREE char *u = cof_b64url_dup(cof_span_of("\xfb\xff", 2));
	assert_string_equal(u, "-_8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_round_trip),	cmocka_unit_test(hex_refuses_other_lengths_and_digits),
		cmocka_unit_test(base64_round_trip),	cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(base64_known_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
