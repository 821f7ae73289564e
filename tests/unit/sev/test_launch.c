/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of launch refuses. */
#include "tests/unit/sev/make_launch.h"

enum { SEV = 1, SEVES = 2, SNP = 4, ALL = 7 };

static int sev_upto(const cof_sev_launch *in, unsigned vcpus, cof_err *err)
{
	COF_AUTO_FREE uint8_t(*each)[COF_SHA256_LEN] = calloc(COF_SEV_VCPUS_MAX, sizeof *each);
	int rc = cof_seves_measure_upto(in, vcpus, each, err);
	if (rc < 0)
		assert_int_equal(each[0][0] | each[0][31], 0);
	return rc;
}

static int snp_upto(const cof_sev_launch *in, unsigned vcpus, cof_err *err)
{
	COF_AUTO_FREE uint8_t(*each)[COF_SNP_DIGEST_LEN] = calloc(COF_SEV_VCPUS_MAX, sizeof *each);
	int rc = cof_snp_measure_upto(in, vcpus, each, err);
	if (rc < 0)
		assert_int_equal(each[0][0] | each[0][47], 0);
	return rc;
}

/* Refused by these kinds, measured by the others; nothing is written by a refusal. */
static void assert_kinds(const cof_sev_launch *in, unsigned vcpus, int refused, const char *reason)
{
	static const uint8_t zero[COF_SNP_DIGEST_LEN];
	for (int kind = SEV; kind <= SNP; kind *= 2) {
		uint8_t d[COF_SNP_DIGEST_LEN] = {0};
		cof_err err = {0};
		int rc = kind == SEV	 ? cof_sev_measure(in, d, &err)
			 : kind == SEVES ? cof_seves_measure(in, vcpus, d, &err)
					 : cof_snp_measure(in, vcpus, d, &err);
		if ((kind & refused) == 0) {
			assert_int_equal(rc, 0);
			assert_memory_not_equal(d, zero, COF_SHA256_LEN);
			continue;
		}
		assert_true(rc < 0);
		assert_string_equal(err.reason, reason);
		assert_memory_equal(d, zero, sizeof d);
	}
	if ((refused & SEVES) != 0)
		assert_fails(sev_upto(in, vcpus, &err), reason);
	if ((refused & SNP) != 0)
		assert_fails(snp_upto(in, vcpus, &err), reason);
}

static void numbers_of_cpus(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	assert_kinds(&r.in, 1, 0, NULL);
	assert_kinds(&r.in, COF_SEV_VCPUS_MAX, 0, NULL);
	assert_kinds(&r.in, 0, SEVES | SNP, "vcpus-out-of-range");
	assert_kinds(&r.in, COF_SEV_VCPUS_MAX + 1, SEVES | SNP, "vcpus-out-of-range");
	assert_kinds(&r.in, UINT32_MAX, SEVES | SNP, "vcpus-out-of-range");
}

static void further_cpus_need_an_address(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	sev_image image = usual_image;
	image.reset_eip = 0;
	rig_make(&r, &image);
	assert_kinds(&r.in, 1, 0, NULL);
	assert_kinds(&r.in, 2, SEVES | SNP, "reset-address-missing");
}

/* T-15: a digest without the kernel's hash would be that of a machine which boots any kernel. */
static void t015_hashes_are_never_left_out_in_silence(void **state)
{
	(void)state;
	COF_AUTO(rig) none = {0};
	COF_AUTO(rig) area = {0};
	COF_AUTO(rig) section = {0};
	sev_image image = usual_image;
	image.hash_gpa = 0;
	image.n--;
	rig_make(&none, &image);
	assert_kinds(&none.in, 1, ALL, "kernel-hashes-unsupported");
	image.hash_gpa = 0x810c00; /* as in builds before 2024: enough for SEV and SEV-ES */
	rig_make(&area, &image);
	assert_kinds(&area.in, 1, SNP, "kernel-hashes-unsupported");
	image = usual_image;
	image.hash_gpa = 0;
	rig_make(&section, &image);
	assert_kinds(&section.in, 1, ALL, "kernel-hashes-unsupported");
	none.in.hashes = area.in.hashes = section.in.hashes = NULL;
	assert_kinds(&none.in, 1, 0, NULL);
	assert_kinds(&area.in, 1, 0, NULL);
	assert_kinds(&section.in, 1, 0, NULL);
}

static void a_section_for_hashes_without_a_size_takes_none(void **state)
{
	(void)state;
	cof_sev_section sections[COF_COUNT(usual_sections)];
	COF_AUTO(rig) r = {0};
	sev_image image = usual_image;
	memcpy(sections, usual_sections, sizeof sections);
	sections[6].size = 0;
	image.sections = sections;
	rig_make(&r, &image);
	assert_kinds(&r.in, 1, SNP, "kernel-hashes-unsupported");
}

static void metadata_is_checked_again(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	r.meta.sections[0].gpa++;
	assert_kinds(&r.in, 1, ALL, "firmware-malformed");
	r.meta.sections[0].gpa--;
	r.meta.hash_table_gpa = 0x811000; /* outside the page that is measured */
	assert_kinds(&r.in, 1, ALL, "firmware-malformed");
	r.meta.hash_table_gpa = 0x810fff;
	assert_kinds(&r.in, 1, ALL, "firmware-malformed");
	r.meta.hash_table_gpa = 0x810c00;
	r.meta.n = COF_SEV_SECTIONS_MAX + 1;
	assert_kinds(&r.in, 1, ALL, "firmware-malformed");
}

static void the_image_is_needed_whole(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	r.in.firmware.len = 0;
	assert_kinds(&r.in, 1, ALL, "firmware-image-needed");
	r.in.firmware.len = 4096;
	assert_kinds(&r.in, 1, ALL, "metadata-mismatch");
	r.in.firmware.len = r.image.len - 1;
	r.meta.image_size = 0;
	assert_kinds(&r.in, 1, ALL, "firmware-malformed");
}

static void images_have_a_largest_size(void **state)
{
	(void)state;
	COF_AUTO_FREE uint8_t *large = calloc(1, COF_FIRMWARE_MAX + 4096);
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	uint8_t d[COF_SNP_DIGEST_LEN];
	assert_non_null(large);
	r.in.firmware = (cof_span){large, COF_FIRMWARE_MAX + 4096};
	assert_fails(cof_sev_measure(&r.in, d, &err), "firmware-too-large");
	assert_fails(cof_snp_ovmf_hash(r.in.firmware, d, &err), "firmware-too-large");
}

/* Only SNP measures sections, and it must know what hypervisors make of them. */
static void sections_of_unknown_type(void **state)
{
	(void)state;
	static const uint32_t types[] = {0, 5, 0xf, 0x11, UINT32_MAX};
	cof_sev_section sections[COF_COUNT(usual_sections)];
	sev_image image = usual_image;
	memcpy(sections, usual_sections, sizeof sections);
	image.sections = sections;
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(rig) r = {0};
		sections[4].type = types[i];
		rig_make(&r, &image);
		assert_kinds(&r.in, 1, SNP, "section-type-unknown");
	}
}

static void an_image_without_sections_is_for_sev_alone(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	const sev_image image = {.pages = 2, .reset_eip = 0x0080b004};
	rig_make(&r, &image);
	r.in.hashes = NULL;
	assert_kinds(&r.in, 2, SNP, "sev-metadata-missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_cpus),
		cmocka_unit_test(further_cpus_need_an_address),
		cmocka_unit_test(t015_hashes_are_never_left_out_in_silence),
		cmocka_unit_test(a_section_for_hashes_without_a_size_takes_none),
		cmocka_unit_test(metadata_is_checked_again),
		cmocka_unit_test(the_image_is_needed_whole),
		cmocka_unit_test(images_have_a_largest_size),
		cmocka_unit_test(sections_of_unknown_type),
		cmocka_unit_test(an_image_without_sections_is_for_sev_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
