/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdx.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/tdx/make_tdvf.h"

enum { USUAL = COF_COUNT(tdvf_usual) };

static void mrtd(const cof_buf *b, cof_mrtd_order order, uint8_t ret[COF_TDX_DIGEST_LEN])
{
	cof_tdvf t = {0};
	assert_ok(cof_tdvf_parse(cof_buf_span(b), &t, &err));
	assert_ok(cof_tdx_mrtd(cof_buf_span(b), &t, order, ret, &err));
}

static void metadata_of_another_image(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tdvf t = {0};
	uint8_t d[COF_TDX_DIGEST_LEN] = {7};
	make_tdvf(&b, tdvf_usual, USUAL);
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
	assert_fails(cof_tdx_mrtd((cof_span){b.data, 0x2800}, &t, COF_MRTD_PAGE, d, &err), "firmware-malformed");
	assert_fails(cof_tdx_mrtd((cof_span){0}, &t, COF_MRTD_SECTION, d, &err), "firmware-malformed");
	assert_int_equal(d[0], 7);
}

/* Computed apart from this code, from the rules alone. */
static void values_by_hand(void **state)
{
	(void)state;
	static const struct {
		uint32_t attributes; /* of the temporary memory */
		cof_mrtd_order order;
		const char *want;
	} cases[] = {
		{0, COF_MRTD_PAGE,
		 "0228434dd48a58a40b26010bf0fb723b429b37f39d23cfb6c191c7c7b9d1ac19"
		 "18a0792a1f73be591380c5f7b0e080b9"},
		{0, COF_MRTD_SECTION,
		 "f33e6b835635a1ccb520c45cacfef09019185b67a492477f23da5dcba7c0089a"
		 "2eec8980728a9b3ed5cf16aa23ba96ca"},
		{COF_TDVF_AUG, COF_MRTD_PAGE,
		 "69d8074679db0fd3d86a126d0f93fbea0f0c28a2b5fa92ff687db09ec59d5125"
		 "561be91b90c3e88df9f5bb62d8257653"},
		{COF_TDVF_EXTEND, COF_MRTD_PAGE,
		 "51dee6edf1ed3940de104b6f6912e3478c8fb86abb7fd451c6675ee7008bc7e7"
		 "b65d23cb3ece850e30fa60cd24a986e4"},
		{COF_TDVF_EXTEND, COF_MRTD_SECTION,
		 "e0d3210905f27d09eb147b02ea7bf07743bad203417daac587f1b50b740a09ab"
		 "067370a5b77d3a61a837854ff8864a4b"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf_section s[USUAL];
		uint8_t d[COF_TDX_DIGEST_LEN];
		memcpy(s, tdvf_usual, sizeof s);
		s[2].attributes = cases[i].attributes;
		make_tdvf(&b, s, USUAL);
		mrtd(&b, cases[i].order, d);
		assert_hex(d, sizeof d, cases[i].want);
	}
}

/* T-017: every byte of code counts, the last one of an unfilled page too; variables and what is not loaded do not. */
static void t017_all_code_and_nothing_else(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	uint8_t base[COF_TDX_DIGEST_LEN], d[COF_TDX_DIGEST_LEN];
	make_tdvf(&b, tdvf_usual, USUAL);
	mrtd(&b, COF_MRTD_PAGE, base);
	for (size_t at = 0; at < TDVF_DATA_LEN; at += 0x40) {
		bool code = at >= 0x1000 && at < 0x1000 + 0x1801;
		b.data[at] ^= 1;
		mrtd(&b, COF_MRTD_PAGE, d);
		b.data[at] ^= 1;
		assert_int_equal(memcmp(d, base, sizeof d) != 0, code);
	}
	b.data[0x2800] ^= 1;
	mrtd(&b, COF_MRTD_PAGE, d);
	assert_memory_not_equal(d, base, sizeof d);
}

/* Where a section goes counts, and in which order the sections stand. */
static void addresses_and_order_count(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) moved = {0};
	COF_AUTO(cof_buf) turned = {0};
	COF_AUTO(cof_buf) b = {0};
	uint8_t base[COF_TDX_DIGEST_LEN], d[COF_TDX_DIGEST_LEN];
	cof_tdvf_section s[USUAL];
	memcpy(s, tdvf_usual, sizeof s);
	make_tdvf(&b, s, USUAL);
	mrtd(&b, COF_MRTD_PAGE, base);
	s[3].memory_address += 0x1000;
	make_tdvf(&moved, s, USUAL);
	mrtd(&moved, COF_MRTD_PAGE, d);
	assert_memory_not_equal(d, base, sizeof d);
	s[3] = tdvf_usual[2];
	s[2] = tdvf_usual[3];
	make_tdvf(&turned, s, USUAL);
	mrtd(&turned, COF_MRTD_PAGE, d);
	assert_memory_not_equal(d, base, sizeof d);
}

/* What has no pages leaves no trace. */
static void td_info_is_not_measured(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) with = {0};
	COF_AUTO(cof_buf) without = {0};
	uint8_t base[COF_TDX_DIGEST_LEN], d[COF_TDX_DIGEST_LEN];
	cof_tdvf_section s[USUAL + 1];
	memcpy(s, tdvf_usual, sizeof tdvf_usual);
	s[USUAL] = (cof_tdvf_section){0x1000, 0x40, 0, 0, COF_TDVF_TD_INFO, 0};
	make_shim(&without, s, USUAL);
	make_shim(&with, s, USUAL + 1);
	mrtd(&without, COF_MRTD_PAGE, base);
	mrtd(&with, COF_MRTD_PAGE, d);
	assert_memory_equal(d, base, sizeof d);
}

static void real_firmware(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *all = json_object_get(j, "firmware"), *v;
	const char *name;
	assert_true(json_object_size(all) > 0);
	json_object_foreach (all, name, v) {
		COF_AUTO(cof_buf) b = {0};
		uint8_t d[COF_TDX_DIGEST_LEN];
		vector_read_xz(jstr(v, "file"), &b);
		mrtd(&b, COF_MRTD_PAGE, d);
		assert_hex(d, sizeof d, jstr(v, "mrtd_page_by_page"));
		mrtd(&b, COF_MRTD_SECTION, d);
		assert_hex(d, sizeof d, jstr(v, "mrtd_section_two_pass"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_of_another_image),	  cmocka_unit_test(values_by_hand),
		cmocka_unit_test(t017_all_code_and_nothing_else), cmocka_unit_test(addresses_and_order_count),
		cmocka_unit_test(td_info_is_not_measured),	  cmocka_unit_test(real_firmware),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
