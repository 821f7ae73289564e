/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_table.h"

#include "tests/unit/test.h"

#include "common/wr.h"

static const uint8_t vcek[16] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
				 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t crl[16] = {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d,
				0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea};
static const uint8_t stranger[16] = {0xec, 0xae, 0x0c, 0x0f};
static const uint8_t zero[16];

static void put(cof_buf *b, const uint8_t guid[16], uint32_t offset, uint32_t len)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_bytes(&w, cof_span_of(guid, 16));
	cof_wr_u32le(&w, offset);
	cof_wr_u32le(&w, len);
	assert_ok(cof_wr_done(&w, &err));
}

/* VCEK, a vendor's own, CRL, the end, and 8 bytes of data at 96. */
static void make(cof_buf *b)
{
	put(b, vcek, 96, 5);
	put(b, stranger, 96, 8);
	put(b, crl, 101, 3);
	put(b, zero, 0, 0);
	assert_ok(cof_buf_add(b, "certsCRL", 8, &err));
}

static void what_it_holds(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_snp_table t;
	make(&b);
	assert_ok(cof_snp_table_parse(cof_buf_span(&b), &t, &err));
	assert_span_equal(t.vcek, "certs", 5);
	assert_span_equal(t.crl, "CRL", 3);
	assert_int_equal(t.vlek.len + t.ask.len + t.ark.len, 0);
	assert_ok(cof_snp_table_parse((cof_span){0}, &t, &err));
	assert_int_equal(t.vcek.len, 0);
}

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_snp_table t;
	make(&b);
	for (size_t n = 1; n < b.len; n++)
		assert_fails(cof_snp_table_parse(cof_span_of(b.data, n), &t, &err), "certificate-table");
}

static void entries_that_lie(void **state)
{
	(void)state;
	static const uint32_t places[][2] = {
		{96, 9}, {104, 1},	   {105, 0},	       {0xffffffff, 2},
		{96, 0}, {97, 0xffffffff}, {0xfffffff0, 0x20}, {0x80000000, 0x80000000},
	};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_snp_table t;
		put(&b, vcek, places[i][0], places[i][1]);
		put(&b, zero, 0, 0);
		put(&b, zero, 0, 0);
		put(&b, zero, 0, 0);
		assert_ok(cof_buf_add(&b, "certsCRL", 8, &err));
		assert_fails(cof_snp_table_parse(cof_buf_span(&b), &t, &err), "certificate-table");
	}
}

static void an_entry_twice(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_snp_table t;
	put(&b, vcek, 72, 1);
	put(&b, vcek, 72, 1);
	put(&b, zero, 0, 0);
	assert_ok(cof_buf_add(&b, "c", 1, &err));
	assert_fails(cof_snp_table_parse(cof_buf_span(&b), &t, &err), "certificate-table");
}

/* Zero GUIDs with a place are no end, and no more entries are read than the cap allows. */
static void many_entries(void **state)
{
	(void)state;
	for (size_t n = COF_SNP_TABLE_ENTRIES_MAX; n <= COF_SNP_TABLE_ENTRIES_MAX + 1; n++) {
		COF_AUTO(cof_buf) b = {0};
		cof_snp_table t;
		for (size_t i = 0; i < n; i++)
			put(&b, zero, 0, 1);
		put(&b, zero, 0, 0);
		if (n == COF_SNP_TABLE_ENTRIES_MAX)
			assert_ok(cof_snp_table_parse(cof_buf_span(&b), &t, &err));
		else
			assert_fails(cof_snp_table_parse(cof_buf_span(&b), &t, &err), "certificate-table");
	}
	static const uint8_t large[COF_SNP_TABLE_MAX + 1];
	cof_snp_table t;
	assert_ok(cof_snp_table_parse(cof_span_of(large, COF_SNP_TABLE_MAX), &t, &err));
	assert_fails(cof_snp_table_parse(cof_span_of(large, sizeof large), &t, &err), "certificate-table");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_holds),    cmocka_unit_test(every_truncation),
		cmocka_unit_test(entries_that_lie), cmocka_unit_test(an_entry_twice),
		cmocka_unit_test(many_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
