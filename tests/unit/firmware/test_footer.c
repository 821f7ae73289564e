/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/footer.h"

#include "tests/unit/firmware/make_footer.h"
#include "tests/unit/launch_vectors.h"

static const uint8_t own_guid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static const footer_record three[] = {
	{cof_guid_sev_es_reset, {0x0080b004}, 1},
	{cof_guid_sev_hashes, {0x810c00, 0x400}, 2},
	{own_guid, {0}, 0},
};

static void assert_refused(const cof_buf *b)
{
	cof_footer f = {.n = 77};
	assert_fails(cof_footer_parse(cof_buf_span(b), &f, &err), "firmware-malformed");
	assert_int_equal(f.n, 77);
}

static void reads_records_backwards(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_footer f;
	cof_span data;
	make_image(&b, 4096);
	put_footer(&b, three, COF_COUNT(three));
	assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
	assert_true(f.present);
	assert_int_equal(f.n, 3);
	assert_memory_equal(f.entries[0].guid, cof_guid_sev_es_reset, 16);
	assert_memory_equal(f.entries[2].guid, own_guid, 16);
	assert_int_equal(f.entries[2].data.len, 0);
	assert_true(cof_footer_find(&f, cof_guid_sev_es_reset, &data));
	assert_span_equal(data, "\x04\xb0\x80\x00", 4);
	assert_true(cof_footer_find(&f, cof_guid_sev_hashes, &data));
	assert_span_equal(data, "\x00\x0c\x81\x00\x00\x04\x00\x00", 8);
	assert_false(cof_footer_find(&f, cof_guid_sev_secret, &data));
}

static void an_image_without_a_table_is_no_error(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_footer f = {.present = true, .n = 7};
	assert_ok(cof_footer_parse((cof_span){0}, &f, &err));
	assert_false(f.present);
	assert_int_equal(f.n, 0);
	make_image(&b, 4096);
	f.present = true;
	assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
	assert_false(f.present);
	put_footer(&b, three, COF_COUNT(three));
	b.data[b.len - 0x30] ^= 1;
	assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
	assert_false(f.present);
}

static void a_table_of_its_footer_alone(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_footer f;
	make_image(&b, 18 + 0x20);
	put_footer(&b, NULL, 0);
	assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
	assert_true(f.present);
	assert_int_equal(f.n, 0);
}

/* Cut at the front, where the table's records lie; each image is a heap block of exactly that size. */
static void t035_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 256);
	size_t len = put_footer(&b, three, COF_COUNT(three));
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_footer f;
		memcpy(exact, b.data + b.len - n, n);
		if (n < 0x30 || n >= len + 0x20) {
			assert_ok(cof_footer_parse((cof_span){exact, n}, &f, &err));
			assert_int_equal(f.present, n >= 0x30);
		} else {
			assert_fails(cof_footer_parse((cof_span){exact, n}, &f, &err), "firmware-malformed");
		}
	}
}

static void assert_inside(cof_span all, cof_span part)
{
	assert_true(part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len));
}

/* Whatever a flipped bit makes of the table, its records lie inside the image and have different GUIDs. */
static void every_bit_flip(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 160);
	put_footer(&b, three, COF_COUNT(three));
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		cof_footer f = {0};
		cof_err ignored = {0};
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		int rc = cof_footer_parse(cof_buf_span(&b), &f, &ignored);
		for (size_t i = 0; rc == 0 && i < f.n; i++) {
			assert_inside(cof_buf_span(&b), f.entries[i].data);
			for (size_t k = 0; k < i; k++)
				assert_memory_not_equal(f.entries[i].guid, f.entries[k].guid, 16);
		}
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void lengths_that_lie(void **state)
{
	(void)state;
	static const uint16_t table[] = {0, 1, 17, 19, 35, 0xfff0, 0xffff};
	static const uint16_t record[] = {0, 1, 17, 23, 200, 0xffff};
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 256);
	size_t len = put_footer(&b, three, COF_COUNT(three));
	for (size_t i = 0; i < COF_COUNT(table); i++) {
		poke(&b, b.len - 0x32, 2, table[i]);
		assert_refused(&b);
	}
	poke(&b, b.len - 0x32, 2, len);
	for (size_t i = 0; i < COF_COUNT(record); i++) {
		poke(&b, b.len - 0x32 - 18, 2, record[i]);
		assert_refused(&b);
	}
}

static void two_records_of_one_guid(void **state)
{
	(void)state;
	static const footer_record twice[] = {
		{cof_guid_sev_es_reset, {1}, 1}, {own_guid, {2}, 1}, {cof_guid_sev_es_reset, {1}, 1}};
	static const footer_record footers[] = {{guid_of_footer, {1}, 1}};
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 4096);
	put_footer(&b, twice, COF_COUNT(twice));
	assert_refused(&b);
	put_footer(&b, footers, COF_COUNT(footers));
	assert_refused(&b);
}

static void t035_as_many_records_as_fit(void **state)
{
	(void)state;
	uint8_t guids[COF_FOOTER_ENTRIES_MAX + 1][16];
	footer_record many[COF_FOOTER_ENTRIES_MAX + 1];
	COF_AUTO(cof_buf) b = {0};
	cof_footer f;
	make_image(&b, 4096);
	for (size_t i = 0; i < COF_COUNT(many); i++) {
		memset(guids[i], (int)i + 1, 16);
		many[i] = (footer_record){guids[i], {0}, 0};
	}
	put_footer(&b, many, COF_FOOTER_ENTRIES_MAX);
	assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
	assert_int_equal(f.n, COF_FOOTER_ENTRIES_MAX);
	put_footer(&b, many, COF_FOOTER_ENTRIES_MAX + 1);
	assert_refused(&b);
}

/* The texts are written as in the sources that define them, the bytes in our table. */
static void guids_and_their_names(void **state)
{
	(void)state;
	static const struct {
		const uint8_t *guid;
		const char *text, *name;
	} cases[] = {
		{cof_guid_sev_es_reset, "00f771de-1a7e-4fcb-890e-68c77e2fb44e", "sev-es-reset"},
		{cof_guid_sev_secret, "4c2eb361-7d9b-4cc3-8081-127c90d3d294", "sev-secret"},
		{cof_guid_sev_hashes, "7255371f-3a3b-4b04-927b-1da6efa8d454", "sev-hashes"},
		{cof_guid_sev_metadata, "dc886566-984a-4798-a75e-5585a7bf67cc", "sev-metadata"},
		{cof_guid_tdx_metadata, "e47a6535-984a-4798-865e-4685a7bf8ec2", "tdx-metadata"},
		{cof_guid_igvm_metadata, "784fa70e-3176-4677-8a20-04b68699e374", "igvm-metadata"},
		{cof_guid_svsm_info, "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd", "svsm-info"},
		{guid_of_footer, "96b582de-1fb2-45f7-baea-a366c55a082d", NULL},
		{own_guid, "04030201-0605-0807-090a-0b0c0d0e0f10", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		char text[COF_GUID_STR_MAX];
		cof_guid_str(cases[i].guid, text);
		assert_string_equal(text, cases[i].text);
		uint8_t read[COF_GUID_LEN];
		assert_ok(cof_guid_read(text, read, &err));
		assert_memory_equal(read, cases[i].guid, COF_GUID_LEN);
		const char *name = cof_footer_name(cases[i].guid);
		assert_int_equal(name == NULL, cases[i].name == NULL);
		if (name != NULL)
			assert_string_equal(name, cases[i].name);
	}
}

static void texts_that_are_no_guids(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"00f771de",
		"00f771de-1a7e-4fcb-890e-68c77e2fb44",
		"00f771de-1a7e-4fcb-890e-68c77e2fb44e0",
		"00f771de11a7e-4fcb-890e-68c77e2fb44e",
		"00f771de-1a7e-4fcb-890e068c77e2fb44e",
		"00f771de-1a7e-4fcb-890e-68c77e2fb44g",
		"00f771de-1a7e-4fcb-890e-68c77e2fb4-e",
		"{0f771de-1a7e-4fcb-890e-68c77e2fb44e",
		"00f771de1a7e4fcb890e68c77e2fb44e----",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		uint8_t guid[COF_GUID_LEN] = {7};
		assert_fails(cof_guid_read(bad[i], guid, &err), "guid-malformed");
		assert_int_equal(guid[0], 7);
	}
}

static void real_images(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		size_t n;
	} cases[] = {
		{"fixtures/ovmf-2022.11-code4m.fd.xz", 3},
		{"fixtures/ovmf-2025.02.fd.xz", 5},
		{"fixtures/ovmf-2026.08-amdsev.fd.xz", 6},
		{"fixtures/ovmf-2026.08-inteltdx.fd.xz", 6},
		{"fixtures/svsm.bin.xz", 4},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_footer f;
		vector_read_xz(cases[i].file, &b);
		assert_ok(cof_footer_parse(cof_buf_span(&b), &f, &err));
		assert_int_equal(f.n, cases[i].n);
		for (size_t k = 0; k < f.n; k++)
			assert_non_null(cof_footer_name(f.entries[k].guid));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_records_backwards),
		cmocka_unit_test(an_image_without_a_table_is_no_error),
		cmocka_unit_test(texts_that_are_no_guids),
		cmocka_unit_test(a_table_of_its_footer_alone),
		cmocka_unit_test(t035_every_truncation),
		cmocka_unit_test(every_bit_flip),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(two_records_of_one_guid),
		cmocka_unit_test(t035_as_many_records_as_fit),
		cmocka_unit_test(guids_and_their_names),
		cmocka_unit_test(real_images),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
