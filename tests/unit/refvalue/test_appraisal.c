/* SPDX-License-Identifier: Apache-2.0 */
/* Which entry matches or is nearest, and what is said of it; with facts that are made up. */
#include "tests/unit/test.h"

#include "tests/unit/refvalue/references.h"

static cof_facts facts;
static cof_references refs;

static void make_facts(cof_snp_line line)
{
	facts = (cof_facts){.tee = COF_RIM_SNP, .line = line};
	for (cof_rim_field f = 0; f < COF_RIM_TDX_FIRST; f++)
		facts.stated[f] = f != COF_RIM_CSP_ID;
	memset(facts.value[COF_RIM_MEASUREMENT], 0x22, 48);
	memset(facts.value[COF_RIM_CHIP_ID], 0xab, 64);
	facts.value[COF_RIM_REPORTED_TCB][7] = 4; /* boot loader, or FMC */
}

static void put(size_t ref, cof_rim_entry e)
{
	assert_ok(cof_rim_add(&refs.at[ref].corim.rim, &e, &err));
	refs.n = refs.n > ref ? refs.n : ref + 1;
}

static int drop(void **state)
{
	(void)state;
	cof_references_release(&refs);
	return 0;
}

static void nothing_matches_nothing(void **state)
{
	(void)state;
	cof_match a;
	COF_AUTO_PTR(json_t) o = NULL;
	make_facts(COF_SNP_MILAN);
	cof_appraise(&refs, &facts, &a);
	assert_true(!a.matched && a.entries == 0 && a.entry == NULL);
	assert_ok(cof_match_json(&a, &facts, &o, &err));
	assert_string_equal(json_string_value(json_object_get(o, "result")), "no-match");
	assert_null(json_object_get(o, "entry"));
	/* an entry without a condition is true of everything, and matches nothing */
	cof_rim_entry empty = {0};
	assert_ok(cof_rim_entry_name(&empty, cof_span_str("empty"), &err));
	put(0, empty);
	cof_appraise(&refs, &facts, &a);
	assert_true(!a.matched && a.of_class == 1);
}

static void the_nearest(void **state)
{
	(void)state;
	cof_match a;
	make_facts(COF_SNP_MILAN);
	cof_rim_entry far = launch_of(&facts, "far"), near = launch_of(&facts, "near"),
		      same = entry_of(&facts, COF_RIM_VMPL), other = launch_of(&facts, "other");
	demand_other(&far, COF_RIM_VMPL, &facts);
	demand_other(&far, COF_RIM_HOST_DATA, &facts);
	demand_other(&near, COF_RIM_VMPL, &facts);
	demand_other(&same, COF_RIM_VMPL, &facts); /* as far, and more of it holds */
	other.launch.vlek = true;
	put(0, far);
	cof_appraise(&refs, &facts, &a);
	assert_string_equal(a.entry->name, "far");
	assert_int_equal(a.held, 1);
	put(0, near);
	put(0, other);
	cof_appraise(&refs, &facts, &a);
	assert_string_equal(a.entry->name, "near");
	assert_int_equal(a.entries, 3);
	assert_int_equal(a.of_class, 2);
	put(1, same);
	cof_appraise(&refs, &facts, &a);
	assert_string_equal(a.entry->name, "launch");
	assert_ptr_equal(a.reference, &refs.at[1]);
	assert_false(a.matched);
	put(1, launch_of(&facts, "right"));
	put(2, launch_of(&facts, "also"));
	cof_appraise(&refs, &facts, &a);
	assert_true(a.matched);
	assert_string_equal(a.entry->name, "right");
}

static void explained(cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to, const char *expected,
		      const char *found)
{
	COF_AUTO(cof_rim_entry) e = {0};
	cof_cond_text text;
	assert_ok(cof_rim_demand_number(&e, f, op, from, to, &err));
	cof_cond_explain(&e.launch.conds[0], &facts, &text);
	assert_string_equal(text.expected, expected);
	assert_string_equal(text.found, found);
}

static void what_is_said(void **state)
{
	(void)state;
	make_facts(COF_SNP_MILAN);
	explained(COF_RIM_VMPL, COF_RIM_IS, 1, 0, "1", "0");
	explained(COF_RIM_VMPL, COF_RIM_AT_LEAST, 1, 0, "at least 1", "0");
	explained(COF_RIM_VMPL, COF_RIM_RANGE, 1, 3, "1 to 3", "0");
	explained(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0018000000000004, 0,
		  "at least bootloader 4, tee 0, snp 24, microcode 0",
		  "snp is too low: bootloader 4, tee 0, snp 0, microcode 0");
	explained(COF_RIM_REPORTED_TCB, COF_RIM_IS, 0x0000010000000004, 0, "0000010000000004, which is no TCB of Milan",
		  "bootloader 4, tee 0, snp 0, microcode 0");
	make_facts(COF_SNP_TURIN);
	explained(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000000000105, 0,
		  "at least fmc 5, bootloader 1, tee 0, snp 0, microcode 0",
		  "fmc is too low: fmc 4, bootloader 0, tee 0, snp 0, microcode 0");
	facts.stated[COF_RIM_VMPL] = false;
	explained(COF_RIM_VMPL, COF_RIM_IS, 0, 0, "0", "not stated");
}

/* What is not stated equals nothing, zero neither. */
static void t007_what_is_not_stated_holds_of_nothing(void **state)
{
	(void)state;
	make_facts(COF_SNP_MILAN);
	for (cof_rim_field f = 0; f < COF_RIM_TDX_FIRST; f++) {
		if (f == COF_RIM_CSP_ID || f == COF_RIM_FLAGS)
			continue;
		COF_AUTO(cof_rim_entry) e = {0};
		demand_fact(&e, f, &facts);
		assert_true(cof_cond_holds(&e.launch.conds[0], &facts));
		facts.stated[f] = false;
		assert_false(cof_cond_holds(&e.launch.conds[0], &facts));
	}
}

static void t020_a_product_that_is_not_known_has_its_own_layout(void **state)
{
	(void)state;
	COF_AUTO(cof_rim_entry) e = {0};
	make_facts(COF_SNP_TURIN);
	assert_ok(cof_rim_demand_number(&e, COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0001000000000000, 0, &err));
	assert_false(cof_cond_holds(&e.launch.conds[0], &facts));
	facts.value[COF_RIM_REPORTED_TCB][1] = 2; /* bytes 4 to 6 are no part of Turin's */
	assert_false(cof_cond_holds(&e.launch.conds[0], &facts));
	facts.line = COF_SNP_MILAN;
	assert_true(cof_cond_holds(&e.launch.conds[0], &facts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_matches_nothing, drop),
		cmocka_unit_test_teardown(the_nearest, drop),
		cmocka_unit_test(what_is_said),
		cmocka_unit_test(t007_what_is_not_stated_holds_of_nothing),
		cmocka_unit_test(t020_a_product_that_is_not_known_has_its_own_layout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
