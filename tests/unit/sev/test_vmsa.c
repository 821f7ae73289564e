/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/vmsa.h"

#include "tests/unit/sev/plain.h"
#include "tests/unit/sev/sev_vectors.h"

static const cof_vmm *vmm(const char *name)
{
	const cof_vmm *v = NULL;
	assert_ok(cof_vmm_find(name, &v, &err));
	return v;
}

static uint64_t get(const uint8_t *page, size_t at, size_t width)
{
	uint64_t v = 0;
	for (size_t i = width; i-- > 0;)
		v = v << 8 | page[at + i];
	return v;
}

/* The page equals one written out field by field, for each profile and both kinds of CPU. */
static void every_profile_field_by_field(void **state)
{
	(void)state;
	const cof_sev_metadata meta = {.reset_eip = 0x1234b004};
	for (const cof_vmm *v = cof_vmms; v->name != NULL; v++) {
		for (int k = 0; k < 4; k++) {
			const bool ap = (k & 1) != 0, zero_fpu = (k & 2) != 0;
			const cof_sev_launch launch = {.meta = &meta, .vmm = v, .vcpu_sig = 0x00a00f11};
			const cof_vmsa_in in = {.vmm = v,
						.ap = ap,
						.eip = ap ? meta.reset_eip : COF_BSP_EIP,
						.vcpu_sig = 0x00a00f11,
						.guest_features = 0x8000000000000021,
						.zero_fpu = zero_fpu};
			COF_AUTO(cof_buf) want = {0};
			uint8_t page[COF_VMSA_LEN];
			memset(page, 0xee, sizeof page);
			cof_vmsa_page(&in, page);
			plain_vmsa(&launch, ap, in.guest_features, zero_fpu, &want);
			assert_span_equal(cof_buf_span(&want), page, sizeof page);
		}
	}
}

static void the_first_cpu_starts_at_the_reset_vector(void **state)
{
	(void)state;
	const cof_vmsa_in bsp = {.vmm = vmm("qemu"), .eip = COF_BSP_EIP, .guest_features = 1};
	const cof_vmsa_in ap = {.vmm = vmm("qemu"), .ap = true, .eip = 0x0080b004, .guest_features = 1};
	uint8_t page[COF_VMSA_LEN];
	cof_vmsa_page(&bsp, page);
	assert_int_equal(get(page, 0x010, 2), 0xf000);
	assert_int_equal(get(page, 0x018, 8), 0xffff0000);
	assert_int_equal(get(page, 0x178, 8), 0xfff0);
	cof_vmsa_page(&ap, page);
	assert_int_equal(get(page, 0x018, 8), 0x00800000);
	assert_int_equal(get(page, 0x178, 8), 0xb004);
}

/* A signature of 0 is a signature: rdx is 0 then, and what the profile says where it is no signature. */
static void rdx_is_the_signature_or_the_profiles(void **state)
{
	(void)state;
	static const struct {
		const char *vmm;
		uint32_t signature, rdx;
	} cases[] = {
		{"qemu", 0, 0},	     {"qemu", 0x00b00f00, 0x00b00f00}, {"ec2@1", 0x00b00f00, 0},
		{"ec2@2", 0, 0x600}, {"ec2", 0x00b00f00, 0x600},       {"gce", 0x00b00f00, 0x600},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		const cof_vmsa_in in = {.vmm = vmm(cases[i].vmm), .eip = COF_BSP_EIP, .vcpu_sig = cases[i].signature};
		uint8_t page[COF_VMSA_LEN];
		cof_vmsa_page(&in, page);
		assert_int_equal(get(page, 0x310, 8), cases[i].rdx);
	}
}

static void an_svsm_field_by_field(void **state)
{
	(void)state;
	static const uint16_t fcws[] = {0, 0x37f};
	for (size_t i = 0; i < COF_COUNT(fcws); i++) {
		COF_AUTO(cof_buf) want = {0};
		uint8_t page[COF_VMSA_LEN];
		memset(page, 0xee, sizeof page);
		cof_vmsa_svsm_page(0xff000123, 0x00a10f10, fcws[i], page);
		plain_svsm_vmsa(0xff000123, 0x00a10f10, fcws[i], &want);
		assert_span_equal(cof_buf_span(&want), page, sizeof page);
	}
}

static size_t checked;

static void check_page(const sev_case *c, bool ap, const char *want)
{
	const bool snp = strcmp(c->mode, "snp") == 0;
	const cof_vmsa_in in = {.vmm = c->in.vmm,
				.ap = ap,
				.eip = ap ? c->meta.reset_eip : COF_BSP_EIP,
				.vcpu_sig = c->in.vcpu_sig,
				.guest_features = snp ? c->in.guest_features : 0};
	uint8_t page[COF_VMSA_LEN];
	cof_digest d;
	cof_vmsa_page(&in, page);
	assert_ok(cof_digest_of(COF_SHA384, cof_span_of(page, sizeof page), &d, &err));
	assert_hex(d.bytes, COF_SHA384_LEN, want);
	checked++;
}

static void check_case(const sev_case *c)
{
	const json_t *want = json_object_get(c->j, "vmsa_sha384");
	if (want == NULL)
		return;
	check_page(c, false, jstr(want, "bsp"));
	check_page(c, true, jstr(want, "ap"));
}

static void every_page_of_the_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	checked = 0;
	(void)each_case(root, "seves", check_case);
	(void)each_case(root, "snp", check_case);
	assert_true(checked >= 84);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_field_by_field),
		cmocka_unit_test(the_first_cpu_starts_at_the_reset_vector),
		cmocka_unit_test(rdx_is_the_signature_or_the_profiles),
		cmocka_unit_test(an_svsm_field_by_field),
		cmocka_unit_test(every_page_of_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
