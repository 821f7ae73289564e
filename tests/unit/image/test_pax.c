/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/pax.h"

#include <stdio.h>

#include "tests/unit/test.h"

static int parse(const char *text, cof_pax *ret, cof_err *err)
{
	return cof_pax_parse(cof_span_str(text), ret, err);
}

static void t033_records_that_are_none(void **state)
{
	(void)state;
	const char *const bad[] = {
		"0 a=b\n",
		"6 a=b",
		"5 a=b\n",
		"7 a=b\n",
		"99 a=b\n",
		"06 a=b\n",
		" 6 a=b\n",
		"-6 a=b\n",
		"6a=b\n",
		"6 a b\n",
		"6 =ab\n",
		"6 a=b\n7",
		"6 a=b\n\n",
		"9223372036854775807 a=b\n",
		"99999999999999999999 a=b\n",
		"3 \n",
		"+6 a=b\n",
		"6 a=bx",
		"12 path=a/b\n11 path=c\n", /* the second one is a digit off */
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_pax) p = {0};
		cof_err err = {0};
		if (parse(bad[i], &p, &err) >= 0)
			fail_msg("'%s' was accepted", bad[i]);
		assert_string_equal(err.reason, "tar-pax");
	}
}

static void t033_values(void **state)
{
	(void)state;
	const char *const bad[] = {
		"9 size=a\n",
		"11 size=-1\n",
		"8 size=\n",
		"28 size=9223372036854775808\n",
		"18 uid=4294967295\n",
		"9 mtime=\n",
		"12 mtime=1x\n",
		"14 mtime=1.2x\n",
		"8 path=\n",
		"9 gid=1 \n",
		"9 path=a\n9 path=b\n",
		"9 size=1\n9 size=1\n",
		"13 linkpath=\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_pax) p = {0};
		cof_err err = {0};
		if (parse(bad[i], &p, &err) >= 0)
			fail_msg("'%s' was accepted", bad[i]);
	}
	COF_AUTO(cof_pax) nul = {0};
	assert_fails(cof_pax_parse(cof_span_of("12 path=a\0b\n", 12), &nul, &err), "tar-pax");
}

static void reads(void **state)
{
	(void)state;
	COF_AUTO(cof_pax) p = {0};
	assert_ok(parse("12 path=a=b\n13 size=1234\n15 mtime=-1.25\n9 gid=10\n15 comment=any\n"
			"26 SCHILY.xattr.user.a=xy\n14 foo.bar=xy\n",
			&p, &err));
	assert_string_equal(p.path, "a=b");
	assert_true(p.has_size && p.size == 1234);
	assert_true(p.has_gid && p.gid == 10 && !p.has_uid);
	assert_int_equal(p.mtime, -2);
	assert_int_equal(p.mtime_ns, 750000000);
	assert_int_equal(p.n_xattrs, 1);
	assert_string_equal(p.xattrs[0].name, "user.a");
	assert_span_equal(p.xattrs[0].value, "xy", 2);
}

static void t033_global_headers(void **state)
{
	(void)state;
	assert_ok(cof_pax_check_global(cof_span_str("15 comment=any\n"), &err));
	assert_ok(cof_pax_check_global(cof_span_str(""), &err));
	const char *const bad[] = {"9 path=a\n",   "9 size=1\n",      "9 uid=10\n",
				   "11 mtime=1\n", "14 linkpath=a\n", "26 SCHILY.xattr.user.a=xy\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_pax_check_global(cof_span_str(bad[i]), &err), "tar-global");
	assert_fails(cof_pax_check_global(cof_span_str("nonsense"), &err), "tar-pax");
}

static void t035_number_of_attributes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	for (int n = 1; n <= COF_PAX_XATTRS_MAX + 1; n++) {
		COF_AUTO(cof_pax) p = {0};
		assert_ok(cof_buf_printf(&text, &err, "26 SCHILY.xattr.user.a%02d=\n", n % 100));
		if (n <= COF_PAX_XATTRS_MAX)
			assert_ok(parse(cof_buf_str(&text), &p, &err));
		else
			assert_fails(parse(cof_buf_str(&text), &p, &err), "tar-pax");
	}
}

static void put_record(cof_buf *to, const char *key, const char *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, n = rest + 1;
	while (n != rest + (size_t)snprintf(NULL, 0, "%zu", n))
		n = rest + (size_t)snprintf(NULL, 0, "%zu", n);
	assert_ok(cof_buf_printf(to, &err, "%zu %s=", n, key));
	assert_ok(cof_buf_add(to, value, len, &err));
	assert_ok(cof_buf_add_str(to, "\n", &err));
}

static void attributes_in_both_spellings(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_pax) p = {0};
	put_record(&text, "SCHILY.xattr.user.a", "\0\1\2\3", 4);
	put_record(&text, "LIBARCHIVE.xattr.user.a", "AAECAw", 6); /* the same */
	put_record(&text, "LIBARCHIVE.xattr.user.%25%3d%20b", "eHg", 3);
	put_record(&text, "LIBARCHIVE.xattr.user.empty", "", 0);
	put_record(&text, "SCHILY.acl.access", "user::rw-,group::r--,other::r--", 31);
	put_record(&text, "SCHILY.acl.default", "nonsense", 8);
	assert_ok(cof_pax_parse(cof_buf_span(&text), &p, &err));
	assert_int_equal(p.n_xattrs, 3);
	assert_string_equal(p.xattrs[0].name, "user.a");
	assert_span_equal(p.xattrs[0].value, "\0\1\2\3", 4);
	assert_string_equal(p.xattrs[1].name, "user.%= b");
	assert_span_equal(p.xattrs[1].value, "xx", 2);
	assert_int_equal(p.xattrs[2].value.len, 0);
}

static void t033_attributes_of_two_minds(void **state)
{
	(void)state;
	const struct {
		const char *a, *va, *b, *vb;
	} bad[] = {
		{"SCHILY.xattr.user.a", "x", "SCHILY.xattr.user.a", "y"},
		{"SCHILY.xattr.user.a", "x", "LIBARCHIVE.xattr.user.a", "eHg"},
		{"LIBARCHIVE.xattr.user.%61", "eA", "SCHILY.xattr.user.a", "y"},
		{"LIBARCHIVE.xattr.user.a", "e", "comment", ""},
		{"LIBARCHIVE.xattr.user.a", "e.g.", "comment", ""},
		{"LIBARCHIVE.xattr.user.%6", "eA", "comment", ""},
		{"LIBARCHIVE.xattr.user.%zz", "eA", "comment", ""},
		{"LIBARCHIVE.xattr.user.%00", "eA", "comment", ""},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_pax) p = {0};
		put_record(&text, bad[i].a, bad[i].va, strlen(bad[i].va));
		put_record(&text, bad[i].b, bad[i].vb, strlen(bad[i].vb));
		assert_fails(cof_pax_parse(cof_buf_span(&text), &p, &err), "tar-pax");
	}
}

static void t035_sparse_maps(void **state)
{
	(void)state;
	const char *const bad[] = {
		"24 GNU.sparse.map=0,5,4\n29 GNU.sparse.realsize=99999\n",
		"26 GNU.sparse.map=0,5,4,1\n29 GNU.sparse.realsize=99999\n",
		"26 GNU.sparse.map=9,5,0,1\n29 GNU.sparse.realsize=99999\n",
		"24 GNU.sparse.map=a,b,c\n29 GNU.sparse.realsize=99999\n",
		"26 GNU.sparse.map=0,5,9,1\n",
		"27 GNU.sparse.numbytes=123\n",
		"24 GNU.sparse.offset=11\n24 GNU.sparse.offset=12\n",
		"22 GNU.sparse.major=2\n",
		"22 GNU.sparse.other=2\n",
		"32 GNU.sparse.numblocks=9999999\n",
		"24 GNU.sparse.numblocks=3\n26 GNU.sparse.map=0,5,9,1\n25 GNU.sparse.realsize=9\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_pax) p = {0};
		if (parse(bad[i], &p, NULL) >= 0)
			fail_msg("'%s' was accepted", bad[i]);
	}
	COF_AUTO(cof_pax) p = {0};
	assert_ok(parse("31 GNU.sparse.map=0,512,1000,1\n28 GNU.sparse.realsize=1000\n", &p, &err));
	assert_int_equal(p.map.n, 2);
	assert_fails(cof_sparse_check(&p.map, 513, &err), "tar-sparse"); /* behind the end */
	p.map.real_size = 1001;
	assert_ok(cof_sparse_check(&p.map, 513, &err));
	assert_fails(cof_sparse_check(&p.map, 514, &err), "tar-sparse");
}

/* Where GNU tar and others make different files of the same bytes. */
static void t033_sparse_maps_of_two_readings(void **state)
{
	(void)state;
	COF_AUTO(cof_sparse) open_end = {.real_size = 1000};
	assert_ok(cof_sparse_add(&open_end, 0, 512, &err));
	assert_fails(cof_sparse_check(&open_end, 512, &err), "tar-sparse");
	assert_ok(cof_sparse_add(&open_end, 1000, 0, &err));
	assert_ok(cof_sparse_check(&open_end, 512, &err));
	COF_AUTO(cof_sparse) within = {.real_size = 1000};
	assert_ok(cof_sparse_add(&within, 0, 5, &err));
	assert_ok(cof_sparse_add(&within, 999, 1, &err));
	assert_fails(cof_sparse_check(&within, 6, &err), "tar-sparse");
	const cof_sparse hole = {.real_size = 1};
	assert_fails(cof_sparse_check(&hole, 0, &err), "tar-sparse");
}

static void t035_sparse_limits(void **state)
{
	(void)state;
	COF_AUTO(cof_sparse) s = {0};
	assert_fails(cof_sparse_add(&s, (uint64_t)INT64_MAX + 1, 0, &err), "tar-sparse");
	assert_fails(cof_sparse_add(&s, INT64_MAX, 1, &err), "tar-sparse");
	for (uint64_t i = 0; i < COF_SPARSE_MAX; i++)
		assert_ok(cof_sparse_add(&s, 2 * i, 1, &err));
	assert_fails(cof_sparse_add(&s, 1 << 20, 1, &err), "tar-sparse");
}

static void decimals(void **state)
{
	(void)state;
	uint64_t v = 0;
	assert_true(cof_pax_decimal(cof_span_str("9223372036854775807"), &v));
	assert_true(v == INT64_MAX);
	const char *const bad[] = {"", "9223372036854775808", "-1", "+1", " 1", "1 ", "0x1", "00000000000000000001"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_false(cof_pax_decimal(cof_span_str(bad[i]), &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t033_records_that_are_none),
		cmocka_unit_test(t033_values),
		cmocka_unit_test(reads),
		cmocka_unit_test(t033_global_headers),
		cmocka_unit_test(t035_number_of_attributes),
		cmocka_unit_test(attributes_in_both_spellings),
		cmocka_unit_test(t033_attributes_of_two_minds),
		cmocka_unit_test(t035_sparse_maps),
		cmocka_unit_test(t033_sparse_maps_of_two_readings),
		cmocka_unit_test(t035_sparse_limits),
		cmocka_unit_test(decimals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
