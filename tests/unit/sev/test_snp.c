/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sev/make_launch.h"
#include "tests/unit/sev/sev_vectors.h"

static void snp(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SNP_DIGEST_LEN])
{
	assert_ok(cof_snp_measure(in, vcpus, ret, &err));
}

static void assert_plain(const cof_sev_launch *in, unsigned vcpus)
{
	uint8_t d[COF_SNP_DIGEST_LEN], want[COF_SNP_DIGEST_LEN];
	snp(in, vcpus, d);
	plain_snp(in, vcpus, want);
	assert_memory_equal(d, want, sizeof want);
}

/* Values for the usual image, made with sev-snp-measure 0.0.13. */
static void as_another_tool_says(void **state)
{
	(void)state;
	static const struct {
		const char *vmm;
		unsigned vcpus;
		uint64_t features;
		bool hashes;
		const char *want;
	} cases[] = {
		{"qemu", 1, 1, false,
		 "4c00ffd6f033e5bd3b41f944aa9c4510dfbc7572971d9fb077a46af459ccdb218737ae70141721b1e64122d0eaf0b543"},
		{"qemu", 3, 1, true,
		 "b5cf2d0a38e6aca87c023440b369369c54028cd4bbd64315cb823534cc00060d0b630fcb0a7ed2b765d7e69f8e76ab1e"},
		{"qemu", 3, 0x21, true,
		 "74b8180b0fb24be1963764c43588ebd65186bef3ba103ed466f8362570e29d603888e8cc6d1c9e4675baabd5de5e851b"},
		{"ec2", 2, 1, true,
		 "126f25cc733e2c050b01f209b07c7a8daee945682d3e9aa65f917ee0daeeb5e4e86f51f0fbca91398cede641d84e6897"},
		{"gce", 2, 1, false,
		 "ed9ff0ec7c9a5504bcabd09578c8b23cd56baa9d7436ec11a6daaacb1753f1a14703ee9130093dcbeda113f6cb72209b"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(rig) r = {0};
		uint8_t d[COF_SNP_DIGEST_LEN];
		rig_usual(&r);
		r.in.vmm = vmm_named(cases[i].vmm);
		r.in.guest_features = cases[i].features;
		r.in.hashes = cases[i].hashes ? &r.hashes : NULL;
		snp(&r.in, cases[i].vcpus, d);
		assert_hex(d, sizeof d, cases[i].want);
	}
}

static void more_that_another_tool_says(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	COF_AUTO(rig) svsm = {0};
	uint8_t d[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	assert_ok(cof_snp_ovmf_hash(r.in.firmware, d, &err));
	assert_hex(d, sizeof d,
		   "1d257816bdd13ecbcd0f186c53a1365e29c29bf365f67a86875a214f8b848757c7c1f41bcc86d7bed2cb05128fbd7c08");
	rig_svsm(&svsm);
	snp(&svsm.in, 2, d);
	assert_hex(d, sizeof d,
		   "c5c8e78ff52ef4978a44dfa16cf8935d90de2e485622b033f857ae849a0d514f9117ec12687b4194aa61e169e8cc95b7");
}

static void every_profile_plainly_worked_out(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	for (const cof_vmm *v = cof_vmms; v->name != NULL; v++) {
		r.in.vmm = v;
		for (unsigned vcpus = 1; vcpus <= 3; vcpus++) {
			r.in.hashes = &r.hashes;
			assert_plain(&r.in, vcpus);
			r.in.hashes = NULL;
			assert_plain(&r.in, vcpus);
		}
	}
}

/* Where the table may begin in its page, first to last. */
static void places_of_the_hash_table(void **state)
{
	(void)state;
	static const uint32_t places[] = {0x810000, 0x810001, 0x810c00, 0x810f50};
	COF_AUTO(rig) r = {0};
	rig_usual(&r);
	r.meta.hash_table_size = COF_SEV_HASH_TABLE_LEN;
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		r.meta.hash_table_gpa = places[i];
		assert_plain(&r.in, 1);
	}
}

static void other_addresses_of_the_save_area(void **state)
{
	(void)state;
	static const uint64_t gpas[] = {COF_SNP_VMSA_GPA, 0xffffffffff000, 0x1000};
	COF_AUTO(rig) r = {0};
	uint8_t usual[COF_SNP_DIGEST_LEN], d[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	snp(&r.in, 2, usual);
	for (size_t i = 0; i < COF_COUNT(gpas); i++) {
		r.in.vmsa_gpa = gpas[i];
		assert_plain(&r.in, 2);
		snp(&r.in, 2, d);
		assert_int_equal(memcmp(d, usual, sizeof d) == 0, i == 0);
	}
}

/* Pages that repeat are hashed once; pages that nearly do, are not. */
static void runs_of_equal_pages(void **state)
{
	(void)state;
	sev_image image = usual_image;
	COF_AUTO(rig) r = {0};
	image.pages = 12;
	rig_make(&r, &image);
	memset(r.image.data, 0xff, 10 * 4096);
	assert_plain(&r.in, 1);
	static const size_t places[] = {0, 63, 64, 4095, 4096, 3 * 4096 + 63, 4 * 4096 + 64, 9 * 4096 + 4095};
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		r.image.data[places[i]] ^= 0x80;
		assert_plain(&r.in, 1);
		r.image.data[places[i]] ^= 0x80;
	}
	/* the same page again, but not the one before */
	memset(r.image.data + 4096, 0, 4096);
	memset(r.image.data + 3 * 4096, 0, 4096);
	assert_plain(&r.in, 1);
}

static void a_digest_instead_of_the_image(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t whole[COF_SNP_DIGEST_LEN], d[COF_SNP_DIGEST_LEN], seed[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	snp(&r.in, 2, whole);
	assert_ok(cof_snp_ovmf_hash(r.in.firmware, seed, &err));
	r.in.ovmf_hash = seed;
	snp(&r.in, 2, d); /* the image beside it is not hashed */
	assert_memory_equal(d, whole, sizeof d);
	r.image.data[0] ^= 1;
	snp(&r.in, 2, d);
	assert_memory_equal(d, whole, sizeof d);
	r.in.firmware = (cof_span){0};
	snp(&r.in, 2, d);
	assert_memory_equal(d, whole, sizeof d);
	seed[47] ^= 1;
	snp(&r.in, 2, d);
	assert_memory_not_equal(d, whole, sizeof d);
}

static void upto_gives_each_number_of_cpus(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	COF_AUTO_FREE uint8_t(*each)[COF_SNP_DIGEST_LEN] = calloc(COF_SEV_VCPUS_MAX, sizeof *each);
	uint8_t want[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	memset(each[8], 0xee, sizeof each[8]);
	assert_ok(cof_snp_measure_upto(&r.in, 8, each, &err));
	for (unsigned i = 0; i < 8; i++) {
		plain_snp(&r.in, i + 1, want);
		assert_memory_equal(each[i], want, sizeof want);
	}
	assert_int_equal(each[8][0], 0xee);
	assert_ok(cof_snp_measure_upto(&r.in, COF_SEV_VCPUS_MAX, each, &err));
	snp(&r.in, COF_SEV_VCPUS_MAX, want);
	assert_memory_equal(each[COF_SEV_VCPUS_MAX - 1], want, sizeof want);
	plain_snp(&r.in, 9, want);
	assert_memory_equal(each[8], want, sizeof want);
}

/* T-15: everything that a machine starts with moves the digest. */
static void t015_every_input_moves_the_digest(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t base[COF_SNP_DIGEST_LEN], d[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	snp(&r.in, 2, base);
	uint8_t *const bytes[] = {&r.image.data[0],	     &r.image.data[r.image.len - 1],
				  &r.hashes.kernel[0],	     &r.hashes.initrd[31],
				  &r.hashes.cmdline[7],	     (uint8_t *)&r.meta.reset_eip,
				  (uint8_t *)&r.in.vcpu_sig, (uint8_t *)&r.in.guest_features};
	for (size_t i = 0; i < COF_COUNT(bytes); i++) {
		*bytes[i] ^= 1;
		snp(&r.in, 2, d);
		assert_memory_not_equal(d, base, sizeof base);
		*bytes[i] ^= 1;
	}
	snp(&r.in, 3, d);
	assert_memory_not_equal(d, base, sizeof base);
}

/* Each section by itself, with one page more or of another type: compared with the digest where it is left as it is. */
static void t015_every_section_moves_the_digest(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t base[COF_SNP_DIGEST_LEN], d[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	r.in.hashes = NULL;
	r.meta.hash_table_gpa = 0;
	snp(&r.in, 1, base);
	for (size_t i = 0; i < r.meta.n; i++) {
		cof_sev_section *s = &r.meta.sections[i];
		const cof_sev_section before = *s;
		s->size = 0;
		snp(&r.in, 1, d);
		assert_memory_not_equal(d, base, sizeof base);
		*s = before;
		s->gpa ^= 0x40000000;
		snp(&r.in, 1, d);
		assert_memory_not_equal(d, base, sizeof base);
		*s = before;
	}
	r.meta.sections[4].type = COF_SEV_SECRETS;
	snp(&r.in, 1, d);
	assert_memory_not_equal(d, base, sizeof base);
}

static void sections_without_a_size_add_nothing(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t base[COF_SNP_DIGEST_LEN], d[COF_SNP_DIGEST_LEN];
	rig_usual(&r);
	snp(&r.in, 1, base);
	static const uint32_t types[] = {1, 2, 3, 4, 0x10};
	for (size_t i = 0; i < COF_COUNT(types); i++)
		r.meta.sections[r.meta.n++] = (cof_sev_section){0, 0, types[i]};
	snp(&r.in, 1, d);
	assert_memory_equal(d, base, sizeof base);
}

static void an_svsm_plainly_worked_out(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t d[COF_SNP_DIGEST_LEN], other[COF_SNP_DIGEST_LEN];
	rig_svsm(&r);
	assert_plain(&r.in, 1);
	assert_plain(&r.in, 4);
	r.in.svsm_fcw = 0x37f;
	assert_plain(&r.in, 1);
	r.in.svsm_vars_size = 0;
	assert_plain(&r.in, 1);
	snp(&r.in, 2, d);
	assert_ok(cof_snp_ovmf_hash(r.in.firmware, other, &err));
	r.in.ovmf_hash = other;
	snp(&r.in, 2, other);
	assert_memory_equal(d, other, sizeof d);
}

static void assert_svsm_fails(const cof_sev_launch *in, const char *reason)
{
	uint8_t d[COF_SNP_DIGEST_LEN];
	assert_fails(cof_snp_measure(in, 1, d, &err), reason);
}

static void svsm_images_that_do_not_fit(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	rig_svsm(&r);
	r.in.svsm_vars_size = 0x1001;
	assert_svsm_fails(&r.in, "firmware-malformed");
	/* four pages of firmware and two of the SVSM: not one address is left */
	r.in.svsm_vars_size = 0xffffa000;
	assert_svsm_fails(&r.in, "firmware-malformed");
	r.in.svsm_vars_size = 0xfffff000;
	assert_svsm_fails(&r.in, "firmware-malformed");
	r.in.svsm_vars_size = 0x2000;
	r.meta.is_svsm = false;
	assert_svsm_fails(&r.in, "firmware-malformed");
	r.meta.is_svsm = true;
	r.meta.svsm_entry = 0x2000;
	assert_svsm_fails(&r.in, "firmware-malformed");
	r.meta.svsm_entry = 0;
	r.in.hashes = &r.hashes;
	assert_svsm_fails(&r.in, "kernel-hashes-unsupported");
	r.in.hashes = NULL;
	r.in.svsm.len = 4096;
	assert_svsm_fails(&r.in, "metadata-mismatch");
	r.in.svsm.len = 0x2000;
	r.in.firmware.len = 0;
	assert_svsm_fails(&r.in, "firmware-image-needed");
	r.in.firmware.len = 4095;
	assert_svsm_fails(&r.in, "firmware-malformed");
}

static void check_case(const sev_case *c)
{
	const char *reason = jstr(c->j, "error");
	uint8_t d[COF_SNP_DIGEST_LEN];
	cof_err why = {0};
	int rc = cof_snp_measure(&c->in, c->vcpus, d, &why);
	if (reason != NULL) {
		assert_true(rc < 0);
		assert_string_equal(why.reason, reason);
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s", c->id, why.text);
	assert_hex(d, sizeof d, jstr(c->j, "expect"));
	COF_AUTO_FREE uint8_t(*each)[COF_SNP_DIGEST_LEN] = calloc(c->vcpus, sizeof *each);
	assert_ok(cof_snp_measure_upto(&c->in, c->vcpus, each, &err));
	assert_memory_equal(each[c->vcpus - 1], d, sizeof d);
}

/* The values in between, the last of them by the test's own arithmetic. */
static void check_stages(const sev_case *c)
{
	const json_t *stages = json_object_get(c->j, "stages");
	uint8_t d[COF_SNP_DIGEST_LEN];
	if (stages == NULL)
		return;
	if (c->in.ovmf_hash == NULL) {
		assert_ok(cof_snp_ovmf_hash(c->in.firmware, d, &err));
		assert_hex(d, sizeof d, jstr(stages, "after_firmware"));
	}
	plain_snp(&c->in, 0, d);
	assert_hex(d, sizeof d, jstr(stages, "after_metadata"));
}

static void every_snp_case(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	assert_true(each_case(root, "snp", check_case) >= 38);
}

static void every_stage_of_the_snp_cases(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	assert_true(each_case(root, "snp", check_stages) >= 38);
}

static void every_svsm_case(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	assert_true(each_case(root, "snp-svsm", check_case) >= 2);
}

/* Among them the measurement in a report that a real processor signed. */
static void every_case_without_an_image(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	const json_t *list = json_object_get(root, "metadata_cases");
	size_t i;
	json_t *j;
	assert_true(json_array_size(list) >= 3);
	assert_non_null(by_id(list, "hw-01-live-snp-report"));
	json_array_foreach (list, i, j) {
		sev_case c;
		take_metadata_case(j, &c);
		check_case(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_another_tool_says),
		cmocka_unit_test(more_that_another_tool_says),
		cmocka_unit_test(every_profile_plainly_worked_out),
		cmocka_unit_test(places_of_the_hash_table),
		cmocka_unit_test(other_addresses_of_the_save_area),
		cmocka_unit_test(runs_of_equal_pages),
		cmocka_unit_test(a_digest_instead_of_the_image),
		cmocka_unit_test(upto_gives_each_number_of_cpus),
		cmocka_unit_test(t015_every_input_moves_the_digest),
		cmocka_unit_test(t015_every_section_moves_the_digest),
		cmocka_unit_test(sections_without_a_size_add_nothing),
		cmocka_unit_test(an_svsm_plainly_worked_out),
		cmocka_unit_test(svsm_images_that_do_not_fit),
		cmocka_unit_test(every_snp_case),
		cmocka_unit_test(every_stage_of_the_snp_cases),
		cmocka_unit_test(every_svsm_case),
		cmocka_unit_test(every_case_without_an_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
