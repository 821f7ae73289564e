/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/metadata.h"

#include "tests/unit/sev/make_sev.h"
#include "tests/unit/sev/sev_vectors.h"

static void assert_image_fails(const cof_buf *b, const char *reason)
{
	cof_sev_metadata m = {.n = 77};
	assert_fails(cof_sev_metadata_parse(cof_buf_span(b), &m, &err), reason);
	assert_int_equal(m.n, 77);
}

static void reads_what_a_launch_needs(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_sev_metadata m;
	make_sev_image(&b, &usual_image);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
	assert_int_equal(m.image_size, 4 * 4096);
	assert_int_equal(m.reset_eip, 0x0080b004);
	assert_int_equal(m.hash_table_gpa, 0x810c00);
	assert_int_equal(m.hash_table_size, 0x400);
	assert_false(m.is_svsm);
	assert_int_equal(m.n, 7);
	assert_memory_equal(m.sections, usual_sections, sizeof usual_sections);
	assert_ptr_equal(cof_sev_hashes_section(&m), &m.sections[6]);
}

static void an_svsm_names_its_entry(void **state)
{
	(void)state;
	static const uint32_t entries[] = {0, 0x2000, 0x3fff};
	sev_image image = {.pages = 4, .sections = usual_sections, .n = 3, .is_svsm = true};
	for (size_t i = 0; i < COF_COUNT(entries); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_sev_metadata m;
		image.svsm_entry = entries[i];
		make_sev_image(&b, &image);
		assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
		assert_true(m.is_svsm);
		assert_int_equal(m.svsm_entry, entries[i]);
	}
	COF_AUTO(cof_buf) b = {0};
	image.svsm_entry = 0x4000;
	make_sev_image(&b, &image);
	assert_image_fails(&b, "firmware-malformed");
}

/* Plain SEV launches those; so they are no error. */
static void images_that_say_less(void **state)
{
	(void)state;
	static const sev_image images[] = {
		{.pages = 1},
		{.pages = 2, .reset_eip = 0x0080b004},
		{.pages = 2, .hash_gpa = 0x810c00},
		{.pages = 2, .sections = usual_sections, .n = 3},
	};
	COF_AUTO(cof_buf) bare = {0};
	cof_sev_metadata m;
	make_image(&bare, 4096);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&bare), &m, &err));
	assert_int_equal(m.n, 0);
	for (size_t i = 0; i < COF_COUNT(images); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_sev_image(&b, &images[i]);
		assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
		assert_int_equal(m.n, images[i].n);
		assert_int_equal(m.reset_eip, images[i].reset_eip);
		assert_int_equal(m.hash_table_gpa, images[i].hash_gpa);
		assert_null(cof_sev_hashes_section(&m));
	}
}

static void t035_sizes_of_the_image(void **state)
{
	(void)state;
	static const size_t odd[] = {0, 1, 4095, 4097, 8191};
	COF_AUTO(cof_buf) b = {0};
	cof_sev_metadata m;
	make_image(&b, 8192);
	for (size_t i = 0; i < COF_COUNT(odd); i++) {
		b.len = odd[i];
		assert_image_fails(&b, "firmware-malformed");
	}
	COF_AUTO_FREE uint8_t *large = calloc(1, COF_FIRMWARE_MAX + 4096);
	assert_non_null(large);
	assert_ok(cof_sev_metadata_parse((cof_span){large, COF_FIRMWARE_MAX}, &m, &err));
	assert_int_equal(m.image_size, COF_FIRMWARE_MAX);
	assert_fails(cof_sev_metadata_parse((cof_span){large, COF_FIRMWARE_MAX + 4096}, &m, &err),
		     "firmware-too-large");
}

/* The image's front cut off in whole pages and at every byte around the descriptor. */
static void t035_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_sev_image(&b, &usual_image);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_sev_metadata m;
		memcpy(exact, b.data + b.len - n, n);
		if (n > 0 && n % 4096 == 0)
			assert_ok(cof_sev_metadata_parse((cof_span){exact, n}, &m, &err));
		else
			assert_fails(cof_sev_metadata_parse((cof_span){exact, n}, &m, &err), "firmware-malformed");
	}
}

/* Whatever a flipped bit makes of the image, it is refused or gives metadata that holds its own rules. */
static void every_bit_flip(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	sev_image one = usual_image;
	one.pages = 1;
	make_sev_image(&b, &one);
	for (size_t bit = (b.len - DESCRIPTOR) * 8; bit < b.len * 8; bit++) {
		cof_sev_metadata m = {0};
		cof_err ignored = {0};
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (cof_sev_metadata_parse(cof_buf_span(&b), &m, &ignored) == 0) {
			assert_ok(cof_sev_metadata_check(&m, &err));
			assert_true(m.n <= COF_SEV_SECTIONS_MAX);
		}
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void descriptors_that_lie(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint32_t value;
	} cases[] = {
		{0, 0},
		{0, 0x56455342},
		{D_LEN, 0},
		{D_LEN, 16 + 12 * 6},
		{D_LEN, 16 + 12 * 8},
		{D_LEN, UINT32_MAX},
		{D_VERSION, 0},
		{D_VERSION, 2},
		{D_COUNT, 0},
		{D_COUNT, 6},
		{D_COUNT, 8},
		{D_COUNT, 65},
		{D_COUNT, 0x55555556},
		{D_COUNT, UINT32_MAX},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_sev_image(&b, &usual_image);
		poke(&b, b.len - DESCRIPTOR + cases[i].at, 4, cases[i].value);
		assert_image_fails(&b, "firmware-malformed");
	}
}

/* A count whose product with a section's length is that of one section again. */
static void a_count_that_overflows(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_sev_image(&b, &usual_image);
	poke(&b, b.len - DESCRIPTOR + D_COUNT, 4, 0x40000000);
	poke(&b, b.len - DESCRIPTOR + D_LEN, 4, 16);
	assert_image_fails(&b, "firmware-malformed");
}

/* The footer says how far before the end the descriptor lies. */
static void distances_that_point_elsewhere(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_sev_image(&b, &usual_image);
	size_t at = b.len - 0x32 - 22 - 26 - 22; /* the data of the third record */
	const uint32_t distances[] = {
		0, 1, 15, 0x20, 0x32, DESCRIPTOR - 1, DESCRIPTOR + 1, 4 * 4096, 4 * 4096 + 1, 0x80000000, UINT32_MAX};
	for (size_t i = 0; i < COF_COUNT(distances); i++) {
		poke(&b, at, 4, distances[i]);
		assert_image_fails(&b, "firmware-malformed");
	}
	poke(&b, at, 4, DESCRIPTOR);
	cof_sev_metadata m;
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
}

/* A descriptor over the footer table itself: its sections would be the table's own bytes. */
static void a_descriptor_in_the_footer(void **state)
{
	(void)state;
	static const uint8_t guid[16] = {9};
	const footer_record records[] = {
		{cof_guid_sev_metadata, {0x32 + 22 + 26}, 1},
		{guid, {0x56455341, 52}, 2}, /* "ASEV", and what follows is this record's length and GUID */
	};
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 4096);
	put_footer(&b, records, 2);
	assert_image_fails(&b, "firmware-malformed");
}

static void records_of_another_length(void **state)
{
	(void)state;
	static const footer_record records[] = {
		{cof_guid_sev_es_reset, {0}, 0},      {cof_guid_sev_es_reset, {0, 0}, 2}, {cof_guid_sev_hashes, {0}, 0},
		{cof_guid_sev_hashes, {0x810c00}, 1}, {cof_guid_sev_metadata, {0}, 0},	  {cof_guid_svsm_info, {0}, 0},
		{cof_guid_svsm_info, {0, 0}, 2},
	};
	for (size_t i = 0; i < COF_COUNT(records); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_image(&b, 4096);
		put_footer(&b, &records[i], 1);
		assert_image_fails(&b, "firmware-malformed");
	}
}

/* Two records of one kind: hypervisors would take one or the other. */
static void two_descriptors(void **state)
{
	(void)state;
	static const footer_record records[] = {{cof_guid_sev_metadata, {DESCRIPTOR}, 1},
						{cof_guid_sev_metadata, {DESCRIPTOR}, 1}};
	COF_AUTO(cof_buf) b = {0};
	make_image(&b, 4096);
	put_descriptor(&b, usual_sections, 2);
	put_footer(&b, records, 2);
	assert_image_fails(&b, "firmware-malformed");
}

static void assert_sections(const cof_sev_section *sections, size_t n, bool good)
{
	const sev_image image = {.pages = 4, .sections = sections, .n = n, .reset_eip = 1, .hash_gpa = 0x810c00};
	COF_AUTO(cof_buf) b = {0};
	cof_sev_metadata m;
	make_sev_image(&b, &image);
	if (good)
		assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
	else
		assert_image_fails(&b, "firmware-malformed");
}

/* T-35: a section can only be where a guest's low memory may be, and each page is there once. */
static void t035_places_of_sections(void **state)
{
	(void)state;
	static const struct {
		cof_sev_section s[2];
		bool good;
	} cases[] = {
		{{{0x1000, 0x1000, 1}, {0x2000, 0x1000, 1}}, true},
		{{{0x2000, 0x1000, 1}, {0x1000, 0x1000, 1}}, true},
		{{{0, 0, 4}, {0, 0, 1}}, true}, /* builds without SEV have these */
		{{{0x1000, 0x3000, 1}, {0x2000, 0, 1}}, true},
		{{{0x1000, 0x1000, 1}, {0x1000, 0x1000, 1}}, false},
		{{{0x1000, 0x2000, 1}, {0x2000, 0x1000, 2}}, false},
		{{{0x2000, 0x1000, 2}, {0x1000, 0x2000, 1}}, false},
		{{{0x1000, 0x4000, 1}, {0x2000, 0x1000, 4}}, false},
		{{{0x1001, 0x1000, 1}, {0, 0, 1}}, false},
		{{{0x1000, 0x1001, 1}, {0, 0, 1}}, false},
		{{{0x1000, 0xfff, 1}, {0, 0, 1}}, false},
		{{{0x1fff, 0, 1}, {0, 0, 1}}, false},
		{{{0xffffb000, 0x1000, 1}, {0, 0, 1}}, true},  /* ends where the image begins */
		{{{0xffffb000, 0x2000, 1}, {0, 0, 1}}, false}, /* and reaches into it */
		{{{0xffffc000, 0x1000, 1}, {0, 0, 1}}, false},
		{{{0xfffff000, 0x1000, 1}, {0, 0, 1}}, false},
		{{{0xfffff000, 0x2000, 1}, {0, 0, 1}}, false},
		{{{0xfffff000, 0xfffff000, 1}, {0, 0, 1}}, false},
		{{{0, 64 << 20, 1}, {0, 0, 1}}, true},
		{{{0, (64 << 20) + 0x1000, 1}, {0, 0, 1}}, false},
		{{{0, 64 << 20, 1}, {0x20000000, 0x1000, 1}}, false}, /* too much together */
		{{{0x1000, 0x2000, 2}, {0, 0, 1}}, false},
		{{{0x1000, 0x2000, 3}, {0, 0, 1}}, false},
		{{{0x810000, 0x2000, 0x10}, {0, 0, 1}}, false},
		{{{0x810000, 0x1000, 0x10}, {0x820000, 0x1000, 0x10}}, false},
		{{{0x820000, 0x1000, 0x10}, {0x810000, 0x1000, 0x10}}, false},
		{{{0x810000, 0x1000, 0x10}, {0, 0, 0x10}}, true},
		{{{0x1000, 0x1000, 0x77}, {0, 0, 1}}, true}, /* refused when it is to be measured */
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_sections(cases[i].s, 2, cases[i].good);
}

static void t035_as_many_sections_as_fit(void **state)
{
	(void)state;
	cof_sev_section many[COF_SEV_SECTIONS_MAX + 1];
	for (size_t i = 0; i < COF_COUNT(many); i++)
		many[i] = (cof_sev_section){(uint32_t)(0x100000 + i * 0x1000), 0x1000, COF_SEV_SEC_MEM};
	assert_sections(many, COF_SEV_SECTIONS_MAX, true);
	assert_sections(many, COF_SEV_SECTIONS_MAX + 1, false);
}

/* Where a table would be written and where it is measured must be one place. */
static void t015_the_hash_area_lies_in_its_section(void **state)
{
	(void)state;
	static const struct {
		uint32_t gpa, size;
		bool good;
	} cases[] = {
		{0x810000, 0x1000, true},      {0x810000, 176, true},	   {0x810f50, 176, true},
		{0x810000, 175, false},	       {0x810000, 0, false},	   {0x80f000, 0x400, false},
		{0x80ff00, 0x200, false},      {0x810f51, 176, false},	   {0x810c00, 0x401, false},
		{0x811000, 0x400, false},      {0xffffff00, 0x400, false}, {0xffffff00, UINT32_MAX, false},
		{0x810c00, UINT32_MAX, false}, {1, UINT32_MAX, false},	   {0, 0x400, true},
	};
	COF_AUTO(cof_buf) b = {0};
	make_sev_image(&b, &usual_image);
	size_t at = b.len - 0x32 - 22 - 26; /* the data of the second record */
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_sev_metadata m;
		poke(&b, at, 4, cases[i].gpa);
		poke(&b, at + 4, 4, cases[i].size);
		if (cases[i].good)
			assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
		else
			assert_image_fails(&b, "firmware-malformed");
	}
}

/* Without a section the area counts for SEV and SEV-ES; it must still be one. */
static void a_hash_area_without_a_section(void **state)
{
	(void)state;
	static const struct {
		uint32_t gpa, size;
		bool good;
	} cases[] = {
		{0x810c00, 0x400, true},     {0x810c00, 175, false},	    {0xfffff000, 0x1000, true},
		{0xfffff000, 0x1001, false}, {0x810c00, UINT32_MAX, false}, {UINT32_MAX, UINT32_MAX, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_sev_metadata m = {.hash_table_gpa = cases[i].gpa, .hash_table_size = cases[i].size};
		if (cases[i].good)
			assert_ok(cof_sev_metadata_check(&m, &err));
		else
			assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
	}
}

/* What comes without an image is checked as hard. */
static void metadata_from_elsewhere(void **state)
{
	(void)state;
	cof_sev_metadata m = {.hash_table_gpa = 0x810c00, .hash_table_size = 0x400};
	assert_ok(cof_sev_metadata_check(&m, &err));
	m.n = COF_SEV_SECTIONS_MAX + 1;
	assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
	m.n = SIZE_MAX;
	assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
	m.n = 0;
	m.image_size = 4095;
	assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
	m.image_size = COF_FIRMWARE_MAX + 4096ull;
	assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
	m.image_size = UINT64_MAX - 4095;
	assert_fails(cof_sev_metadata_check(&m, &err), "firmware-malformed");
}

static void names_of_sections(void **state)
{
	(void)state;
	assert_string_equal(cof_sev_section_name(COF_SEV_SEC_MEM), "sec-mem");
	assert_string_equal(cof_sev_section_name(COF_SEV_SECRETS), "secrets");
	assert_string_equal(cof_sev_section_name(COF_SEV_CPUID), "cpuid");
	assert_string_equal(cof_sev_section_name(COF_SEV_SVSM_CAA), "svsm-caa");
	assert_string_equal(cof_sev_section_name(COF_SEV_KERNEL_HASHES), "kernel-hashes");
	assert_string_equal(cof_sev_section_name(0), "unknown");
	assert_string_equal(cof_sev_section_name(UINT32_MAX), "unknown");
}

static void assert_like_vector(const json_t *root, const char *name)
{
	const json_t *f = json_object_get(json_object_get(root, "firmware"), name);
	COF_AUTO(cof_buf) b = {0};
	cof_sev_metadata m, want = {0};
	vector_image(root, name, &b);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&b), &m, &err));
	take_sections(json_object_get(f, "sev_sections"), &want);
	assert_int_equal(m.n, want.n);
	assert_memory_equal(m.sections, want.sections, want.n * sizeof want.sections[0]);
	if (strcmp(name, "svsm") == 0) {
		assert_true(m.is_svsm);
		assert_int_equal(m.svsm_entry, jint(f, "svsm_info_offset"));
		return;
	}
	assert_int_equal(m.reset_eip, jint(f, "reset_eip"));
	assert_int_equal(m.hash_table_gpa, jint(f, "hash_table_gpa"));
	assert_false(m.is_svsm);
}

static void every_firmware_of_the_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	const char *name;
	json_t *f;
	size_t count = 0;
	json_object_foreach (json_object_get(root, "firmware"), name, f) {
		assert_like_vector(root, name);
		count++;
	}
	assert_true(count >= 7);
}

/* One build without SEV metadata, one for TDX whose sections have no size. */
static void real_images_for_other_machines(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) old = {0};
	COF_AUTO(cof_buf) tdx = {0};
	cof_sev_metadata m;
	vector_read_xz("fixtures/ovmf-2022.11-code4m.fd.xz", &old);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&old), &m, &err));
	assert_int_equal(m.n, 0);
	assert_int_equal(m.reset_eip, 0x00808004);
	vector_read_xz("fixtures/ovmf-2026.08-inteltdx.fd.xz", &tdx);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&tdx), &m, &err));
	assert_int_equal(m.n, 6);
	assert_int_equal(m.sections[4].size, 0);
	assert_int_equal(m.sections[5].size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_launch_needs),
		cmocka_unit_test(an_svsm_names_its_entry),
		cmocka_unit_test(images_that_say_less),
		cmocka_unit_test(t035_sizes_of_the_image),
		cmocka_unit_test(t035_every_truncation),
		cmocka_unit_test(every_bit_flip),
		cmocka_unit_test(descriptors_that_lie),
		cmocka_unit_test(a_count_that_overflows),
		cmocka_unit_test(distances_that_point_elsewhere),
		cmocka_unit_test(a_descriptor_in_the_footer),
		cmocka_unit_test(records_of_another_length),
		cmocka_unit_test(two_descriptors),
		cmocka_unit_test(t035_places_of_sections),
		cmocka_unit_test(t035_as_many_sections_as_fit),
		cmocka_unit_test(t015_the_hash_area_lies_in_its_section),
		cmocka_unit_test(a_hash_area_without_a_section),
		cmocka_unit_test(metadata_from_elsewhere),
		cmocka_unit_test(names_of_sections),
		cmocka_unit_test(every_firmware_of_the_vectors),
		cmocka_unit_test(real_images_for_other_machines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
