/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/sev_packet.h"
#include "attestation/verify/sev_table.h"
#include "common/wr.h"
#include "tests/unit/firmware/make_footer.h"

static cof_sev_table table, back;

static void reset(void)
{
	table = (cof_sev_table){.n = 2};
	assert_ok(cof_sev_entry_guid("disk-passphrase", table.entries[0].guid, &err));
	assert_ok(cof_sev_entry_guid("kbc", table.entries[1].guid, &err));
	table.entries[0].data = cof_span_str("passphrase");
	table.entries[1].data = cof_span_str("{}");
}

static void names(void **state)
{
	(void)state;
	uint8_t a[16], b[16];
	assert_ok(cof_sev_entry_guid("disk-passphrase", a, &err));
	assert_ok(cof_sev_entry_guid("736869E5-84f0-4973-92ec-06879ce3da0b", b, &err));
	assert_memory_equal(a, b, 16);
	assert_memory_equal(a, "\xe5\x69\x68\x73\xf0\x84\x73\x49\x92\xec", 10);
	assert_fails(cof_sev_entry_guid("passphrase", a, &err), "guid-malformed");
	assert_fails(cof_sev_entry_guid("", a, &err), "guid-malformed");
}

static void wrong_entries(void **state)
{
	(void)state;
	static const uint8_t large[COF_SEV_SECRET_MAX + 1];
	COF_AUTO(cof_secret) out = {0};
	table.n = 0;
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	reset();
	memset(table.entries[1].guid, 0, 16);
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	reset();
	memcpy(table.entries[1].guid, table.entries[0].guid, 16);
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	reset();
	table.entries[0].data.len = 0;
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	table.entries[0].data = cof_span_of(large, sizeof large);
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	table.entries[0].data.len = COF_SEV_SECRET_MAX - 20 - 20 - 22 + 1;
	assert_fails(cof_sev_table_make(&table, &out, &err), "sev-table");
	table.entries[0].data.len--;
	assert_ok(cof_sev_table_make(&table, &out, &err));
	assert_int_equal(out.len, COF_SEV_SECRET_MAX);
}

static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_secret) out = {0};
	reset();
	assert_ok(cof_sev_table_make(&table, &out, &err));
	assert_int_equal(out.len, 80);
	assert_int_equal(out.data[16], 20 + 30 + 22);
	assert_ok(cof_sev_table_parse(cof_secret_span(&out), &back, &err));
	assert_int_equal(back.n, 2);
	assert_memory_equal(back.entries[1].guid, table.entries[1].guid, 16);
	assert_span_equal(back.entries[0].data, "passphrase", 10);
	assert_span_equal(back.entries[1].data, "{}", 2);
	/* Without its padding it is the same table. */
	assert_ok(cof_sev_table_parse(cof_span_of(out.data, 72), &back, &err));
}

/* Lengths of the table and of entries that lie. */
static void lengths(void **state)
{
	(void)state;
	static const uint32_t bad[] = {0, 19, 20, 21, 71, 73, 80, 81, 0x7fffffff, 0xffffffff};
	static const uint32_t bad_entry[] = {0, 1, 19, 20, 29, 31, 52, 53, 0x7fffffff, 0xffffffff};
	COF_AUTO(cof_secret) out = {0};
	reset();
	assert_ok(cof_sev_table_make(&table, &out, &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_put_le(out.data + 16, 4, bad[i]);
		assert_fails(cof_sev_table_parse(cof_secret_span(&out), &back, &err), "sev-table");
	}
	cof_put_le(out.data + 16, 4, 72);
	for (size_t i = 0; i < COF_COUNT(bad_entry); i++) {
		if (bad_entry[i] == 52)
			continue; /* one entry that swallows the other */
		cof_put_le(out.data + 36, 4, bad_entry[i]);
		assert_fails(cof_sev_table_parse(cof_secret_span(&out), &back, &err), "sev-table");
	}
	cof_put_le(out.data + 36, 4, 30);
	out.data[79] = 1;
	assert_fails(cof_sev_table_parse(cof_secret_span(&out), &back, &err), "sev-table");
	out.data[79] = 0;
	for (size_t len = 0; len < 72; len++)
		assert_fails(cof_sev_table_parse(cof_span_of(out.data, len), &back, &err), "sev-table");
	out.data[0] ^= 1;
	assert_fails(cof_sev_table_parse(cof_secret_span(&out), &back, &err), "sev-table");
}

static void too_many(void **state)
{
	(void)state;
	enum { N = COF_SEV_TABLE_ENTRIES_MAX + 1 };
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_secret) out = {0};
	cof_wr w = cof_wr_to(&b);
	reset();
	assert_ok(cof_sev_table_make(&table, &out, &err));
	for (unsigned n = N - 1; n <= N; n++) {
		b.len = 0;
		cof_wr_bytes(&w, cof_span_of(out.data, 16));
		cof_wr_u32le(&w, 20 + n * 21);
		for (unsigned i = 0; i < n; i++) {
			cof_wr_u32le(&w, i + 1);
			cof_wr_zeros(&w, 12);
			cof_wr_u32le(&w, 21);
			cof_wr_u8(&w, 7);
		}
		if (n == N)
			assert_fails(cof_sev_table_parse(cof_buf_span(&b), &back, &err), "sev-table");
		else
			assert_ok(cof_sev_table_parse(cof_buf_span(&b), &back, &err));
	}
}

static void room_in_the_firmware(void **state)
{
	(void)state;
	const footer_record area = {cof_guid_sev_secret, {0x810000, 0xc00}, 2};
	const footer_record half = {cof_guid_sev_secret, {0xc00}, 1}, other = {cof_guid_sev_hashes, {0, 0xc00}, 2};
	const footer_record *const bad[] = {&half, &other};
	COF_AUTO(cof_buf) image = {0};
	make_image(&image, 4096);
	assert_fails(cof_sev_secret_fits(cof_buf_span(&image), 16, &err), "sev-secret-room");
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		(void)put_footer(&image, bad[i], 1);
		assert_fails(cof_sev_secret_fits(cof_buf_span(&image), 16, &err), "sev-secret-room");
	}
	(void)put_footer(&image, &area, 1);
	assert_ok(cof_sev_secret_fits(cof_buf_span(&image), 16, &err));
	assert_ok(cof_sev_secret_fits(cof_buf_span(&image), 0xc00, &err));
	assert_fails(cof_sev_secret_fits(cof_buf_span(&image), 0xc10, &err), "sev-secret-room");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names),	     cmocka_unit_test(wrong_entries),
					   cmocka_unit_test(there_and_back), cmocka_unit_test(lengths),
					   cmocka_unit_test(too_many),	     cmocka_unit_test(room_in_the_firmware)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
