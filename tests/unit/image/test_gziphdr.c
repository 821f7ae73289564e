/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/gziphdr.h"
#include "tests/unit/test.h"

static int parse(const void *bytes, size_t len, size_t step, size_t *ret_left, cof_err *err)
{
	cof_gziphdr h = {0};
	bool done = false;
	const uint8_t *at = bytes;
	for (size_t have = 0; have < len && !done; have += step) {
		size_t n = len - have < step ? len - have : step;
		cof_span in = {at + have, n};
		int r = cof_gziphdr_add(&h, &in, &done, err);
		if (r < 0)
			return r;
		if (done)
			*ret_left = in.len + (len - have - n);
	}
	return done ? 1 : 0;
}

#define FIXED(flags) "\x1f\x8b\x08" flags "\0\0\0\0\0\xff"

static void reads(void **state)
{
	(void)state;
	const struct {
		const char *bytes;
		size_t len, left;
	} cases[] = {
		{FIXED("\x00") "D", 11, 1},
		{FIXED("\x08") "name\0D", 16, 1},
		{FIXED("\x04") "\x02\0xyD", 15, 1},
		{FIXED("\x04") "\0\0D", 13, 1},
		{FIXED("\x10") "\0DD", 13, 2},
		{FIXED("\x02") "ccD", 13, 1},
		{FIXED("\x1f") "\x01\0x"
			       "n\0"
			       "c\0"
			       "ccD",
		 20, 1},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		for (size_t step = 1; step <= cases[i].len; step++) {
			size_t left = 99;
			assert_int_equal(parse(cases[i].bytes, cases[i].len, step, &left, NULL), 1);
			assert_int_equal(left, cases[i].left);
		}
		for (size_t n = 0; n + cases[i].left < cases[i].len; n++) {
			size_t left;
			assert_int_equal(parse(cases[i].bytes, n, 3, &left, NULL), 0);
		}
	}
}

static void t033_reserved_and_wrong(void **state)
{
	(void)state;
	const char *const bad[] = {"\x1f\x8c\x08\0",   "\x1e\x8b\x08\0",   "\x1f\x8b\x07\0",
				   "\x1f\x8b\x08\x20", "\x1f\x8b\x08\x80", "\x1f\x8b\x08\xff"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		size_t left;
		assert_fails(parse(bad[i], 4, 1, &left, &err), "layer-inflate");
		assert_fails(parse(bad[i], 4, 4, &left, &err), "layer-inflate");
	}
}

static void t035_names_without_end(void **state)
{
	(void)state;
	size_t left, len = 10 + COF_GZIP_TEXT_MAX + 1;
	COF_AUTO_FREE uint8_t *bytes = malloc(len);
	assert_non_null(bytes);
	memset(bytes, 'n', len);
	memcpy(bytes, FIXED("\x08"), 10);
	assert_fails(parse(bytes, len, 4096, &left, &err), "layer-inflate");
	bytes[len - 2] = 0;
	assert_int_equal(parse(bytes, len, 4096, &left, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t033_reserved_and_wrong),
		cmocka_unit_test(t035_names_without_end),
		cmocka_unit_test(reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
