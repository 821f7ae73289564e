/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/vmm.h"

#include "tests/unit/test.h"

static void finds_the_newest_or_exactly_one(void **state)
{
	(void)state;
	static const struct {
		const char *name, *full;
	} cases[] = {
		{"qemu", "qemu@1"}, {"qemu@1", "qemu@1"}, {"ec2", "ec2@2"},   {"ec2@1", "ec2@1"},
		{"ec2@2", "ec2@2"}, {"gce", "gce@1"},	  {"gce@1", "gce@1"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		const cof_vmm *v = NULL;
		char full[COF_VMM_NAME_MAX];
		assert_ok(cof_vmm_find(cases[i].name, &v, &err));
		cof_vmm_str(v, full);
		assert_string_equal(full, cases[i].full);
	}
}

static void refuses_other_spellings(void **state)
{
	(void)state;
	static const char *const names[] = {"",	      "@",	 "@1",	    "QEMU",  "qemu@",	"qemu@0",
					    "qemu@2", "qemu@01", "qemu@1 ", " qemu", "qemu@+1", "qemu@1x",
					    "krun",   "ec2@3",	 "ec2@-1",  "ec"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		const cof_vmm *v = NULL;
		assert_fails(cof_vmm_find(names[i], &v, &err), "vmm-unknown");
		assert_null(v);
	}
}

static void every_profile_has_its_own_name(void **state)
{
	(void)state;
	size_t n = 0;
	for (const cof_vmm *v = cof_vmms; v->name != NULL; v++, n++) {
		char full[COF_VMM_NAME_MAX];
		const cof_vmm *found = NULL;
		cof_vmm_str(v, full);
		assert_true(strlen(full) < COF_VMM_NAME_MAX - 1);
		assert_ok(cof_vmm_find(full, &found, &err));
		assert_ptr_equal(found, v);
		assert_true(v->version >= 1);
		assert_true(v->note[0] != '\0');
	}
	assert_true(n >= 4);
}

/* Yesterday's measurements stay computable: these numbers never change. */
static void the_profiles_registers(void **state)
{
	(void)state;
	static const cof_vmm want[] = {
		{"qemu", 1, "", 0x9b, 0x9b, 0x93, 0x8b, 0x0007040600070406, true, 0, 0x1f80, 0x37f, false, false},
		{"ec2", 1, "", 0x9a, 0x9b, 0x92, 0x83, 0x0007040600070406, false, 0, 0, 0, true, false},
		{"ec2", 2, "", 0x9a, 0x9b, 0x92, 0x83, 0x0007040600070406, false, 0x600, 0, 0, true, false},
		{"gce", 1, "", 0x9b, 0x9b, 0x93, 0x8b, 0x0000000000070106, false, 0x600, 0, 0, false, true},
	};
	for (size_t i = 0; i < COF_COUNT(want); i++) {
		const cof_vmm *v = &cof_vmms[i], *w = &want[i];
		assert_string_equal(v->name, w->name);
		assert_int_equal(v->version, w->version);
		assert_int_equal(v->cs_bsp, w->cs_bsp);
		assert_int_equal(v->cs_ap, w->cs_ap);
		assert_int_equal(v->ss, w->ss);
		assert_int_equal(v->tr, w->tr);
		assert_int_equal(v->g_pat, w->g_pat);
		assert_int_equal(v->rdx_is_signature, w->rdx_is_signature);
		assert_int_equal(v->rdx, w->rdx);
		assert_int_equal(v->mxcsr, w->mxcsr);
		assert_int_equal(v->fcw, w->fcw);
		assert_int_equal(v->cpuid_last, w->cpuid_last);
		assert_int_equal(v->sec_mem_unmeasured, w->sec_mem_unmeasured);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_newest_or_exactly_one),
		cmocka_unit_test(refuses_other_spellings),
		cmocka_unit_test(every_profile_has_its_own_name),
		cmocka_unit_test(the_profiles_registers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
