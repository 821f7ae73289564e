/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tarhdr.h"
#include "tests/unit/image/mktar.h"

static bool number(const char *bytes, size_t n, int64_t *ret)
{
	return cof_tarhdr_number(cof_span_of(bytes, n), ret);
}

static void octal(void **state)
{
	(void)state;
	int64_t v = -1;
	assert_true(number("0000644\0", 8, &v) && v == 0644);
	assert_true(number("   644 \0", 8, &v) && v == 0644);
	assert_true(number("644     ", 8, &v) && v == 0644);
	assert_true(number("\0\0\0\0\0\0\0\0", 8, &v) && v == 0);
	assert_true(number("        ", 8, &v) && v == 0);
	assert_true(number("77777777777\0", 12, &v) && v == 077777777777);
	const char *const bad[] = {"0000648\0", "-000001\0", "0x00001\0", "1 1     ", "\0001\0\0\0\0\0\0", "+000001\0"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_false(number(bad[i], 8, &v));
}

static void base256(void **state)
{
	(void)state;
	int64_t v = 0;
	assert_true(number("\x80\0\0\0\0\0\0\0\0\0\x01\x00", 12, &v) && v == 256);
	assert_true(number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, &v) && v == -1);
	assert_true(number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, &v) && v == INT64_MAX);
	assert_false(number("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, &v));
	assert_false(number("\x80\0\0\x01\0\0\0\0\0\0\0\0", 12, &v));
	assert_false(number("\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 12, &v));
	assert_true(number("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, &v) && v == INT64_MIN);
	assert_false(number("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, &v));
}

static void parses(void **state)
{
	(void)state;
	uint8_t block[512];
	cof_tarhdr h;
	tar_header(block, &(tar_spec){.type = '0', .name = "n", .size = 77, .mode = 0107777, .uid = 5, .mtime = 6});
	assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
	assert_string_equal(h.name, "n");
	assert_int_equal(h.mode, 07777);
	assert_int_equal(h.size, 77);
	memcpy(block + 345, "prefix", 6);
	tar_checksum(block);
	assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
	assert_string_equal(h.prefix, "prefix");
}

/* GNU's header and the oldest have none there; Python would take it for one. */
static void t033_prefixes_where_none_is(void **state)
{
	(void)state;
	static const char *const magics[] = {"ustar  \0", "\0\0\0\0\0\0\0\0"};
	uint8_t block[512];
	cof_tarhdr h;
	for (size_t i = 0; i < COF_COUNT(magics); i++) {
		tar_header(block, &(tar_spec){.type = '0', .name = "n"});
		memcpy(block + 257, magics[i], 8);
		tar_checksum(block);
		assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
		assert_string_equal(h.prefix, "");
		memcpy(block + 345, "prefix", 6);
		tar_checksum(block);
		assert_fails(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err), "tar-malformed");
	}
}

static void refuses(void **state)
{
	(void)state;
	uint8_t block[512];
	cof_tarhdr h;
	tar_header(block, &(tar_spec){.type = '0', .name = "n"});
	assert_fails(cof_tarhdr_parse(cof_span_of(block, 511), &h, &err), "tar-checksum");
	for (size_t i = 0; i < 512; i++) {
		block[i] ^= 0x40;
		assert_true(cof_tarhdr_parse(cof_span_of(block, 512), &h, NULL) < 0);
		block[i] ^= 0x40;
	}
	const size_t fields[] = {100, 108, 116, 124};
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		memset(block + fields[i], 0xff, 8 + 4 * (i == 3)); /* -1 */
		tar_checksum(block);
		assert_fails(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err), "tar-number");
		tar_header(block, &(tar_spec){.type = '0', .name = "n"});
	}
}

static void full_names_have_no_nul(void **state)
{
	(void)state;
	uint8_t block[512];
	char name[101];
	cof_tarhdr h;
	memset(name, 'a', 100);
	name[100] = '\0';
	tar_header(block, &(tar_spec){.type = '2', .name = name, .link = name});
	assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
	assert_string_equal(h.name, name);
	assert_string_equal(h.link, name);
}

static void t033_neither_posix_nor_gnu(void **state)
{
	(void)state;
	uint8_t block[512];
	cof_tarhdr h;
	tar_header(block, &(tar_spec){.type = '0', .name = "n"});
	block[262] = '1';
	tar_checksum(block);
	assert_fails(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err), "tar-malformed");
}

static void devices(void **state)
{
	(void)state;
	uint8_t block[512];
	cof_tarhdr h;
	tar_header(block, &(tar_spec){.type = '4', .name = "d"});
	tar_octal(block + 329, 8, 0xfff);
	tar_octal(block + 337, 8, 0xfffff);
	tar_checksum(block);
	assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
	assert_int_equal(h.dev_major, 0xfff);
	assert_int_equal(h.dev_minor, 0xfffff);
	tar_octal(block + 329, 8, 0x1000);
	tar_checksum(block);
	assert_fails(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err), "tar-number");
	block[156] = '0'; /* of no meaning there */
	tar_checksum(block);
	assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
	assert_int_equal(h.dev_major, 0);
}

static void t033_prefix_of_star(void **state)
{
	(void)state;
	uint8_t block[512];
	cof_tarhdr h;
	for (size_t n = 130; n <= 131; n++) {
		tar_header(block, &(tar_spec){.type = '0', .name = "d"});
		memset(block + 345, 'p', n);
		memcpy(block + 508, "tar", 4);
		tar_checksum(block);
		if (n == 130)
			assert_ok(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err));
		else
			assert_fails(cof_tarhdr_parse(cof_span_of(block, 512), &h, &err), "tar-malformed");
	}
}

static void gnu_maps(void **state)
{
	(void)state;
	COF_AUTO(cof_sparse) s = {0};
	char pairs[96] = {0};
	memcpy(pairs,
	       "00000000001\0"
	       "00000000002\0"
	       "00000000010\0"
	       "00000000001\0",
	       48);
	assert_ok(cof_tarhdr_sparse(cof_span_of(pairs, 96), &s, &err));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.parts[1].offset, 8);
	assert_fails(cof_tarhdr_sparse(cof_span_of(pairs, 96), &s, &err), "tar-sparse"); /* out of order now */
	pairs[0] = 'x';
	assert_fails(cof_tarhdr_sparse(cof_span_of(pairs, 96), &s, &err), "tar-sparse");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octal),
		cmocka_unit_test(base256),
		cmocka_unit_test(refuses),
		cmocka_unit_test(parses),
		cmocka_unit_test(full_names_have_no_nul),
		cmocka_unit_test(t033_neither_posix_nor_gnu),
		cmocka_unit_test(devices),
		cmocka_unit_test(t033_prefix_of_star),
		cmocka_unit_test(t033_prefixes_where_none_is),
		cmocka_unit_test(gnu_maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
