/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdvf.h"

#include "common/digest.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/tdx/make_tdvf.h"

enum { USUAL = COF_COUNT(tdvf_usual) };

/* --- hostile --- */

static void assert_refused(cof_span image, const char *reason)
{
	cof_tdvf t = {.n = 77};
	assert_fails(cof_tdvf_parse(image, &t, &err), reason);
	assert_int_equal(t.n, 77);
}

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_tdvf(&b, tdvf_usual, USUAL);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_tdvf t;
		cof_err err = {0};
		memcpy(exact, b.data, n);
		assert_true(cof_tdvf_parse((cof_span){exact, n}, &t, &err) < 0);
		assert_true(cof_err_is(&err, "tdvf-missing") || cof_err_is(&err, "firmware-malformed"));
	}
}

/* A flip in the descriptor is refused, or shows in what was read. */
static void every_bit_of_the_descriptor_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tdvf whole = {0};
	make_tdvf(&b, tdvf_usual, USUAL);
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &whole, &err));
	for (size_t bit = 8 * TDVF_DESCRIPTOR_AT; bit < 8 * (TDVF_RECORDS_AT + 32 * USUAL); bit++) {
		cof_tdvf t = {0};
		cof_err err = {0};
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int rc = cof_tdvf_parse(cof_buf_span(&b), &t, &err);
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit < 8 * TDVF_RECORDS_AT || rc < 0)
			assert_true(rc < 0 && cof_err_is(&err, "firmware-malformed"));
		else
			assert_memory_not_equal(&t, &whole, sizeof t);
	}
}

static void hostile_counts(void **state)
{
	(void)state;
	static const uint32_t counts[] = {0, 1, 3, 5, 64, 65, 0x08000000, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(counts); i++) {
		for (size_t with_length = 0; with_length < 2; with_length++) {
			COF_AUTO(cof_buf) b = {0};
			make_tdvf(&b, tdvf_usual, USUAL);
			uint32_t length = 16 + 32 * counts[i];
			for (size_t k = 0; k < 4; k++) {
				b.data[TDVF_DESCRIPTOR_AT + 12 + k] = (uint8_t)(counts[i] >> (8 * k));
				if (with_length == 1)
					b.data[TDVF_DESCRIPTOR_AT + 4 + k] = (uint8_t)(length >> (8 * k));
			}
			/* three of the four sections are a list of their own, and it is a good one */
			if (counts[i] != 3 || with_length == 0)
				assert_refused(cof_buf_span(&b), "firmware-malformed");
		}
	}
}

static void hostile_distances(void **state)
{
	(void)state;
	static const uint32_t distances[] = {0, 1, 15, 16, 143, 0x3000, 0x7fffffff, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(distances); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_tdvf(&b, tdvf_usual, USUAL);
		size_t at = b.len - 32 - 18 - 22;
		for (size_t k = 0; k < 4; k++)
			b.data[at + k] = (uint8_t)(distances[i] >> (8 * k));
		assert_refused(cof_buf_span(&b), "firmware-malformed");
	}
}

typedef struct change {
	size_t section;
	cof_tdvf_section to;
} change;

/* One section replaced by a bad one. */
static void hostile_sections(void **state)
{
	(void)state;
	static const change bad[] = {
		/* outside the image, also by overflow */
		{0, {TDVF_DATA_LEN + 0x200, 0x1000, 0xffffe000, 0x2000, 0, 1}},
		{0, {0xffffffff, 1, 0xffffe000, 0x2000, 0, 1}},
		{0, {0xffffffff, 0xffffffff, 0xffffe000, 1ull << 32, 0, 1}},
		{0, {0x1000, 0xffffffff, 0, 1ull << 32, 0, 1}},
		/* more bytes than memory; none; not in pages; around the end of the address space */
		{0, {0x1000, 0x2001, 0xffffe000, 0x2000, 0, 1}},
		{0, {0x1000, 0x1800, 0xffffe000, 0, 0, 1}},
		{0, {0x1000, 0x1800, 0xffffe001, 0x2000, 0, 1}},
		{0, {0x1000, 0x1800, 0xffffe000, 0x2001, 0, 1}},
		{0, {0x1000, 0x1800, 0xfffffffffffff000, 0x2000, 0, 1}},
		{2, {0, 0, 0x1000, 0xfffffffffffff000, 3, 0}},
		{2, {0, 0, 1ull << 52, 0x1000, 3, 0}},
		{2, {0, 0, (1ull << 52) - 0x1000, 0x2000, 3, 0}},
		/* code and variables are bytes, memory is none */
		{0, {0x1000, 0, 0xffffe000, 0x2000, 0, 1}},
		{1, {0, 0, 0xffffd000, 0x1000, 1, 0}},
		{2, {0, 1, 0x810000, 0x2000, 3, 0}},
		{3, {0, 1, 0x809000, 0x2000, 2, 0}},
		{2, {0, 0, 0x810000, 0, 3, 0}},
		{3, {0, 0, 0x809000, 0, 2, 0}},
		/* types of td-shim, and none at all */
		{2, {0, 0, 0x810000, 0x2000, 4, 0}},
		{2, {0x2f00, 1, 0x810000, 0x2000, 5, 0}},
		{2, {0x2f00, 1, 0x810000, 0x2000, 6, 0}},
		{2, {0x2f00, 1, 0, 0, 7, 0}},
		{2, {0x2f00, 1, 0x810000, 0x2000, 8, 0}},
		{2, {0, 0, 0x810000, 0x2000, 9, 0}},
		{2, {0, 0, 0x810000, 0x2000, 0xffffffff, 0}},
		/* attributes that are not known, or cannot be */
		{2, {0, 0, 0x810000, 0x2000, 3, 4}},
		{2, {0, 0, 0x810000, 0x2000, 3, 0x80000000}},
		{2, {0, 0, 0x810000, 0x2000, 3, 3}},
		{3, {0, 0, 0x809000, 0x2000, 2, 1}}, /* measures what the VMM wrote */
		/* overlaps in memory, also by one page, and in the image */
		{2, {0, 0, 0x809000, 0x1000, 3, 0}},
		{2, {0, 0, 0x808000, 0x2000, 3, 0}},
		{2, {0, 0, 0x80a000, 0x1000, 3, 0}},
		{2, {0, 0, 0x800000, 0x20000, 3, 0}},
		{1, {0, 0x1001, 0xffffb000, 0x2000, 1, 0}},
		{1, {0x2800, 1, 0xffffd000, 0x1000, 1, 0}},
		/* two places for the hand-off blocks; more memory than a firmware needs */
		{2, {0, 0, 0x810000, 0x2000, 2, 0}},
		{2, {0, 0, 0x810000, COF_TDVF_MEMORY_MAX, 3, 0}},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf_section s[USUAL];
		cof_tdvf t;
		cof_err err = {0};
		memcpy(s, tdvf_usual, sizeof s);
		s[bad[i].section] = bad[i].to;
		make_tdvf(&b, s, USUAL);
		if (cof_tdvf_parse(cof_buf_span(&b), &t, &err) == 0)
			fail_msg("bad section %zu passes", i);
		assert_true(cof_err_is(&err, "firmware-malformed"));
	}
}

/* T-017: a firmware whose code does not enter MRTD would make every code equal. */
static void t017_code_that_is_not_measured(void **state)
{
	(void)state;
	static const uint32_t attributes[] = {0, COF_TDVF_AUG, COF_TDVF_AUG | COF_TDVF_EXTEND};
	for (size_t i = 0; i < COF_COUNT(attributes); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf_section s[USUAL];
		memcpy(s, tdvf_usual, sizeof s);
		s[0].attributes = attributes[i];
		make_tdvf(&b, s, USUAL);
		assert_refused(cof_buf_span(&b), "firmware-malformed");
	}
	COF_AUTO(cof_buf) b = {0};
	make_tdvf(&b, tdvf_usual + 1, USUAL - 1);
	assert_refused(cof_buf_span(&b), "firmware-malformed");
}

static void other_firmware_is_not_broken(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	uint8_t zeros[64] = {0};
	assert_refused((cof_span){0}, "tdvf-missing");
	assert_refused(cof_span_of(zeros, sizeof zeros), "tdvf-missing");
	make_tdvf(&b, tdvf_usual, USUAL);
	b.data[b.len - 32 - 18 - 16] ^= 1; /* the table has another record than TDX's */
	assert_refused(cof_buf_span(&b), "tdvf-missing");
}

/* --- good ones --- */

static void sections_as_written(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tdvf t = {0};
	make_tdvf(&b, tdvf_usual, USUAL);
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.n, USUAL);
	assert_memory_equal(t.sections, tdvf_usual, sizeof tdvf_usual);
	cof_span code = cof_tdvf_data(cof_buf_span(&b), &t.sections[0]);
	assert_ptr_equal(code.data, b.data + 0x1000);
	assert_int_equal(code.len, 0x1801);
	assert_int_equal(cof_tdvf_data(cof_buf_span(&b), &t.sections[2]).len, 0);
	assert_int_equal(cof_tdvf_data((cof_span){b.data, 0x2000}, &t.sections[0]).len, 0); /* not of that image */
}

static void as_many_as_fit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) more = {0};
	cof_tdvf_section s[COF_TDVF_SECTIONS_MAX + 1];
	cof_tdvf t = {0};
	for (size_t i = 0; i < COF_COUNT(s); i++)
		s[i] = (cof_tdvf_section){0, 0, 0x100000 + 0x1000 * i, 0x1000, COF_TDVF_TEMP_MEM, COF_TDVF_EXTEND};
	s[5] = tdvf_usual[0];
	make_tdvf(&b, s, COF_TDVF_SECTIONS_MAX);
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.n, COF_TDVF_SECTIONS_MAX);
	make_tdvf(&more, s, COF_TDVF_SECTIONS_MAX + 1);
	assert_refused(cof_buf_span(&more), "firmware-malformed");
}

static const cof_tdvf_section shim[] = {
	{0x1000, 0x1801, 0xffffe000, 0x2000, COF_TDVF_BFV, COF_TDVF_EXTEND},
	{0, 0, 0x809000, 0x2000, COF_TDVF_TD_HOB, 0},
	{0, 0, 0x810000, 0x2000, COF_TDVF_PERM_MEM, 0},
	{0, 0x800, 0x1000000, 0x1000, COF_TDVF_PAYLOAD, COF_TDVF_EXTEND},
	{0, 0, 0x1001000, 0x1000, COF_TDVF_PAYLOAD_PARAM, 0},
	{0x2000, 0x40, 0, 0, COF_TDVF_TD_INFO, 0}, /* a part of the code */
	{0, 0, 1ull << 32, 1ull << 40, COF_TDVF_TEMP_MEM, COF_TDVF_AUG},
};

static void td_shim_without_a_table(void **state)
{
	(void)state;
	static const uint8_t other_order[] = {0xe9, 0xea, 0xf9, 0xf3, 0x16, 0x8e, 0x44, 0xd5};
	COF_AUTO(cof_buf) b = {0};
	cof_tdvf t = {0};
	make_shim(&b, shim, COF_COUNT(shim));
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.n, COF_COUNT(shim));
	assert_memory_equal(t.sections, shim, sizeof shim);
	memcpy(b.data + TDVF_DATA_LEN, other_order, sizeof other_order);
	assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
}

static void hostile_pointers_of_td_shim(void **state)
{
	(void)state;
	static const uint32_t pointers[] = {
		0, 1, 15, 16, TDVF_DESCRIPTOR_AT - 1, TDVF_DESCRIPTOR_AT + 1, 0x7fffffff, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(pointers); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_shim(&b, shim, COF_COUNT(shim));
		for (size_t k = 0; k < 4; k++)
			b.data[b.len - 32 + k] = (uint8_t)(pointers[i] >> (8 * k));
		assert_refused(cof_buf_span(&b), "tdvf-missing");
	}
	COF_AUTO(cof_buf) b = {0};
	make_shim(&b, shim, COF_COUNT(shim));
	b.data[TDVF_DESCRIPTOR_AT] ^= 1;
	assert_refused(cof_buf_span(&b), "firmware-malformed");
}

static void hostile_sections_of_td_shim(void **state)
{
	(void)state;
	static const change bad[] = {
		{5, {0x2000, 0x40, 0x2000000, 0x1000, COF_TDVF_TD_INFO, 0}},
		{5, {0x2000, 0, 0, 0, COF_TDVF_TD_INFO, 0}},
		{5, {0x2000, 0x40, 0, 0, COF_TDVF_TD_INFO, COF_TDVF_EXTEND}},
		{5, {0x2000, 0x40, 0, 0, 9, 0}},
		{4, {0, 0, 0x1001000, 0x1000, COF_TDVF_PAYLOAD_PARAM, COF_TDVF_EXTEND}},
		{4, {0, 0, 0x1001000, 0x1000, COF_TDVF_PAYLOAD, 0}},
		{3, {0x1000, 0x800, 0x1000000, 0x1000, COF_TDVF_PAYLOAD, 0}},
		{2, {0, 1, 0x810000, 0x2000, COF_TDVF_PERM_MEM, 0}},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf_section s[COF_COUNT(shim)];
		memcpy(s, shim, sizeof s);
		s[bad[i].section] = bad[i].to;
		make_shim(&b, s, COF_COUNT(shim));
		assert_refused(cof_buf_span(&b), "firmware-malformed");
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(cof_tdvf_section_name(COF_TDVF_BFV), "bfv");
	assert_string_equal(cof_tdvf_section_name(COF_TDVF_TD_HOB), "td-hob");
	assert_string_equal(cof_tdvf_section_name(COF_TDVF_TD_PARAMS), "td-params");
	assert_string_equal(cof_tdvf_section_name(9), "unknown");
	assert_string_equal(cof_tdvf_section_name(0xffffffff), "unknown");
}

static void check_section(const json_t *v, const cof_tdvf_section *s)
{
	assert_int_equal(s->data_offset, json_integer_value(json_object_get(v, "data_offset")));
	assert_int_equal(s->raw_size, json_integer_value(json_object_get(v, "raw_size")));
	assert_int_equal(s->memory_address, json_integer_value(json_object_get(v, "memory_address")));
	assert_int_equal(s->memory_size, json_integer_value(json_object_get(v, "memory_size")));
	assert_int_equal(s->type, json_integer_value(json_object_get(v, "type")));
	assert_int_equal(s->attributes, json_integer_value(json_object_get(v, "attributes")));
}

/* What a section's bytes are: the variable store is measured apart. */
static void check_cfv(const json_t *v, cof_span image, const cof_tdvf *t)
{
	size_t done = 0;
	for (size_t i = 0; i < t->n; i++) {
		cof_digest d = {0};
		if (t->sections[i].type != COF_TDVF_CFV)
			continue;
		assert_ok(cof_digest_of(COF_SHA384, cof_tdvf_data(image, &t->sections[i]), &d, &err));
		assert_hex(d.bytes, COF_SHA384_LEN, jstr(v, "cfv_sha384"));
		done++;
	}
	assert_int_equal(done, 1);
}

static void real_firmware(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *all = json_object_get(j, "firmware"), *v, *s;
	const char *name;
	size_t i;
	assert_true(json_object_size(all) > 0);
	json_object_foreach (all, name, v) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf t = {0};
		vector_read_xz(jstr(v, "file"), &b);
		assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
		assert_int_equal(t.n, json_array_size(json_object_get(v, "tdvf_sections")));
		json_array_foreach (json_object_get(v, "tdvf_sections"), i, s)
			check_section(s, &t.sections[i]);
		check_cfv(v, cof_buf_span(&b), &t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_bit_of_the_descriptor_counts),
		cmocka_unit_test(hostile_counts),
		cmocka_unit_test(hostile_distances),
		cmocka_unit_test(hostile_sections),
		cmocka_unit_test(t017_code_that_is_not_measured),
		cmocka_unit_test(other_firmware_is_not_broken),
		cmocka_unit_test(hostile_pointers_of_td_shim),
		cmocka_unit_test(hostile_sections_of_td_shim),
		cmocka_unit_test(sections_as_written),
		cmocka_unit_test(as_many_as_fit),
		cmocka_unit_test(td_shim_without_a_table),
		cmocka_unit_test(names),
		cmocka_unit_test(real_firmware),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
