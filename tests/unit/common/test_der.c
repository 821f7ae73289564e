/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <time.h>

#include "common/der.h"

#define OVER(text) cof_rd_of(cof_span_of(text, sizeof(text) - 1))
#define SPAN(text) cof_span_of(text, sizeof(text) - 1)

/* ---- lengths and tags ---- */

static const struct {
	const char *bytes;
	size_t len;
} refused[] = {
#define R(text)                                                                                                        \
	{                                                                                                              \
		text, sizeof(text) - 1                                                                                 \
	}
	R(""),		      /* nothing */
	R("\x04"),	      /* no length */
	R("\x04\x02z"),	      /* cut */
	R("\x04\x80z\0\0"),   /* indefinite */
	R("\x04\x81\x01z"),   /* a long form of a short length */
	R("\x04\x81\x7fz"),   /* likewise */
	R("\x04\x82\0\x01z"), /* a leading zero */
	R("\x04\x83\0\x80\0"),
	R("\x04\x84\0\0\0\x01z"), /* more bytes than any length here has */
	R("\x04\xffz"),
	R("\x1f\x01\x01z"), /* a tag of two bytes */
	R("\x05\x00"),	    /* another tag */
};

static void refused_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(refused); i++) {
		cof_rd r = cof_rd_of(cof_span_of(refused[i].bytes, refused[i].len)), whole = r;
		assert_int_equal(cof_der_take(&r, COF_DER_OCTET_STRING).len, 0);
		assert_false(cof_rd_ok(&r));
		assert_int_equal(cof_der_whole(&whole, COF_DER_OCTET_STRING).len, 0);
		assert_false(cof_rd_ok(&whole));
	}
}

static void elements(void **state)
{
	(void)state;
	static uint8_t large[4 + 300] = {0x04, 0x82, 0x01, 0x2c};
	uint8_t tag = 0;
	cof_rd r = OVER("\x30\x05\x04\x03"
			"abc\x05\x00"),
	       copy = r;
	assert_true(cof_der_is(&r, COF_DER_SEQUENCE));
	assert_false(cof_der_is(&r, COF_DER_SET));
	cof_rd inner = cof_der_enter(&r, COF_DER_SEQUENCE);
	assert_span_equal(cof_der_take(&inner, COF_DER_OCTET_STRING), "abc", 3);
	assert_true(cof_rd_end(&inner));
	assert_int_equal(cof_der_any(&r, &tag).len, 0);
	assert_int_equal(tag, COF_DER_NULL);
	assert_true(cof_rd_end(&r));
	assert_false(cof_der_is(&r, COF_DER_NULL));
	assert_int_equal(cof_der_whole(&copy, COF_DER_SEQUENCE).len, 7);
	assert_int_equal(copy.left, 2);
	r = cof_rd_of(cof_span_of(large, sizeof large));
	assert_int_equal(cof_der_take(&r, COF_DER_OCTET_STRING).len, 300);
	assert_true(cof_rd_end(&r));
}

/* ---- contents ---- */

static void numbers(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		bool ok;
		uint64_t want;
	} list[] = {
		{"\x02\x01\x00", 3, true, 0},
		{"\x02\x01\x7f", 3, true, 127},
		{"\x02\x02\x00\x80", 4, true, 128},
		{"\x02\x08\x7f\xff\xff\xff\xff\xff\xff\xff", 10, true, INT64_MAX},
		{"\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 11, true, UINT64_MAX},
		{"\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00", 11, false, 0},
		{"\x02\x00", 2, false, 0},
		{"\x02\x01\x80", 3, false, 0},
		{"\x02\x02\x00\x7f", 4, false, 0},
		{"\x02\x02\xff\xff", 4, false, 0},
		{"\x04\x01\x01", 3, false, 0},
	};
	for (size_t i = 0; i < COF_COUNT(list); i++) {
		cof_rd r = cof_rd_of(cof_span_of(list[i].bytes, list[i].len));
		assert_true(cof_der_u64(&r, COF_DER_INTEGER) == list[i].want);
		assert_int_equal(cof_rd_ok(&r), list[i].ok);
	}
	assert_span_equal(cof_der_magnitude(SPAN("\x00\x80")), "\x80", 1);
	assert_span_equal(cof_der_magnitude(SPAN("\x00")), "\x00", 1);
	assert_span_equal(cof_der_magnitude(SPAN("\x01\x00")), "\x01\x00", 2);
}

static void flags_and_bits(void **state)
{
	(void)state;
	cof_rd r = OVER("\x01\x01\xff\x01\x01\x00\x03\x03\x00"
			"ab\x03\x02\x01\x02");
	assert_true(cof_der_bool(&r));
	assert_false(cof_der_bool(&r));
	assert_true(cof_rd_ok(&r));
	assert_span_equal(cof_der_bits(&r), "ab", 2);
	assert_int_equal(cof_der_bits(&r).len, 0);
	assert_false(cof_rd_ok(&r));
	r = OVER("\x01\x01\x01");
	assert_false(cof_der_bool(&r));
	assert_false(cof_rd_ok(&r));
	r = OVER("\x03\x00");
	assert_int_equal(cof_der_bits(&r).len, 0);
	assert_false(cof_rd_ok(&r));
}

static bool read_time(const char *text, int64_t *ret)
{
	uint8_t b[40] = {strlen(text) == 13 ? COF_DER_UTC_TIME : COF_DER_GENERALIZED_TIME, (uint8_t)strlen(text)};
	memcpy(b + 2, text, strlen(text));
	cof_rd r = cof_rd_of(cof_span_of(b, 2 + strlen(text)));
	*ret = cof_der_time(&r);
	return cof_rd_end(&r);
}

static void times(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"700101000000",
		"7001010000000",
		"19700101000000",
		"19700101000000+",
		"701301000000Z",
		"700100000000Z",
		"700230000000Z",
		"700101240000Z",
		"700101006000Z",
		"700101000060Z",
		"19000229000000Z",
		"20230229000000Z",
		"20240431000000Z",
		"00000101000000Z",
		"20240100000000Z",
		"7001010000 0Z",
		"19700101000000.0",
		"197001010000000Z",
		"1970-101000000Z",
	};
	int64_t t = 1;
	assert_true(read_time("700101000000Z", &t));
	assert_true(t == 0);
	assert_true(read_time("491231235959Z", &t));
	assert_true(t == 2524607999);
	assert_true(read_time("500101000000Z", &t));
	assert_true(t == -631152000);
	assert_true(read_time("20491231235959Z", &t));
	assert_true(t == 2524607999);
	assert_true(read_time("20240229000000Z", &t));
	assert_true(read_time("19000228000000Z", &t));
	for (int64_t want = -62135596800; want <= 253402300799; want += 86400 * 11 + 12345) {
		char text[32];
		struct tm tm = {0};
		assert_non_null(gmtime_r(&want, &tm));
		(void)snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
			       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (!read_time(text, &t) || t != want)
			fail_msg("%s is not %lld", text, (long long)t);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		if (read_time(bad[i], &t))
			fail_msg("read: %s", bad[i]);
	}
}

/* ---- all the way down ---- */

static void strict(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		bool ok;
	} list[] = {
		{"\x30\x00", 2, true},
		{"\x30\x05\x30\x03\x02\x01\x05", 7, true},
		{"\x30\x03\x04\x01\xff", 5, true},
		{"", 0, false},
		{"\x30\x00\x00", 3, false},
		{"\x30\x80\x00\x00", 4, false},
		{"\x30\x04\x30\x03\x02\x01", 6, false},
		{"\x30\x04\x02\x02\x00\x05", 6, false},
		{"\x30\x02\x02\x00", 4, false},
		{"\x30\x03\x01\x01\x01", 5, false},
		{"\x30\x03\x05\x01\x00", 5, false},
		{"\x30\x04\x03\x02\x01\x01", 6, false},
		{"\x30\x04\x03\x02\x01\x02", 6, true},
		{"\x30\x03\x03\x01\x01", 5, false},
		{"\x30\x04\x03\x02\x08\x00", 6, false},
		{"\x30\x06\xa0\x04\x0a\x02\xff\x80", 8, false},
		{"\x30\x04\x30\x02\x30\x01", 6, false},
	};
	for (size_t i = 0; i < COF_COUNT(list); i++)
		assert_int_equal(cof_der_is_strict(cof_span_of(list[i].bytes, list[i].len)), list[i].ok);
}

static void nesting(void **state)
{
	(void)state;
	uint8_t deep[2 * (COF_DER_DEPTH_MAX + 1)];
	for (size_t n = 1; n <= COF_DER_DEPTH_MAX + 1; n++) {
		for (size_t i = 0; i < n; i++) {
			deep[2 * i] = COF_DER_SEQUENCE;
			deep[2 * i + 1] = (uint8_t)(2 * (n - 1 - i));
		}
		assert_int_equal(cof_der_is_strict(cof_span_of(deep, 2 * n)), n < COF_DER_DEPTH_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_elements), cmocka_unit_test(elements), cmocka_unit_test(numbers),
		cmocka_unit_test(flags_and_bits),   cmocka_unit_test(times),	cmocka_unit_test(strict),
		cmocka_unit_test(nesting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
