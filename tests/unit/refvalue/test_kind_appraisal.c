/* SPDX-License-Identifier: Apache-2.0 */
/* SNP reports beside reference values: each condition of each field wrong once, on either side. */
#include "tests/unit/refvalue/snp_bench.h"

/* ---- the conditions ---- */

static void what_a_report_says_matches(void **state)
{
	(void)state;
	set_up_report();
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_FIELDS);
	assert_int_equal(e.launch.n, COF_RIM_TDX_FIRST - 1); /* all but the provider */
	judge_entry(&e);
	assert_match();
	const json_t *a = json_object_get(b.v.fields, "appraisal");
	assert_string_equal(json_string_value(json_object_get(a, "entry")), "launch");
	assert_string_equal(json_string_value(json_object_get(a, "corim")), "guest/snp");
	assert_int_equal(json_array_size(json_object_get(a, "conditions")), COF_RIM_TDX_FIRST - 1);
}

static void t007_each_field_of_a_reference_counts(void **state)
{
	(void)state;
	set_up_report();
	for (cof_rim_field f = 0; f < COF_RIM_TDX_FIRST; f++) {
		if (!b.facts.stated[f])
			continue;
		cof_rim_entry e = entry_of(&b.facts, f);
		demand_other(&e, f, &b.facts);
		judge_entry(&e);
		assert_differs(&b.v, f);
	}
}

typedef struct change {
	size_t at;
	uint64_t v;
	size_t n;
	const char *policy;
	cof_rim_field differs, too; /* too: COF_RIM_FIELDS for none */
} change;

static void t007_each_field_of_a_report_counts(void **state)
{
	(void)state;
	static const change changes[] = {
		{0x00, 4, 4, NULL, COF_RIM_VERSION, COF_RIM_FIELDS},
		{0x04, 1, 4, NULL, COF_RIM_GUEST_SVN, COF_RIM_FIELDS},
		{0x08, 0x3001e, 8, NULL, COF_RIM_POLICY, COF_RIM_FIELDS},
		{0x08, 0xb001f, 8, "{\"allow_debug\":true}", COF_RIM_POLICY, COF_RIM_FLAGS},
		{0x10, 0, 1, NULL, COF_RIM_FAMILY_ID, COF_RIM_FIELDS},
		{0x2f, 0, 1, NULL, COF_RIM_IMAGE_ID, COF_RIM_FIELDS},
		{0x30, 1, 4, "{\"vmpl\":1}", COF_RIM_VMPL, COF_RIM_FIELDS},
		{0x40, 0x27, 8, NULL, COF_RIM_PLATFORM_INFO, COF_RIM_FIELDS},
		{0x48, 0, 4, NULL, COF_RIM_AUTHOR_KEY_DIGEST, COF_RIM_FIELDS}, /* not stated any more */
		{0x8f, 0, 1, NULL, COF_RIM_REPORT_DATA, COF_RIM_FIELDS},
		{0x90, 0, 1, NULL, COF_RIM_MEASUREMENT, COF_RIM_FIELDS},
		{0xbf, 0, 1, NULL, COF_RIM_MEASUREMENT, COF_RIM_FIELDS},
		{0xc0, 0, 1, NULL, COF_RIM_HOST_DATA, COF_RIM_FIELDS},
		{0xe0, 0, 1, NULL, COF_RIM_ID_KEY_DIGEST, COF_RIM_FIELDS},
		{0x110, 0, 1, NULL, COF_RIM_AUTHOR_KEY_DIGEST, COF_RIM_FIELDS},
		{0x140, 0, 1, NULL, COF_RIM_REPORT_ID, COF_RIM_FIELDS},
		{0x160, 0, 1, NULL, COF_RIM_REPORT_ID_MA, COF_RIM_FIELDS},
		{0x38, 0xdc18000000000004, 8, NULL, COF_RIM_CURRENT_TCB, COF_RIM_FIELDS},
		{0x1e0, 0xdb18000000000003, 8, NULL, COF_RIM_COMMITTED_TCB, COF_RIM_FIELDS},
		{0x1f0, 0xdb17000000000004, 8, NULL, COF_RIM_LAUNCH_TCB, COF_RIM_FIELDS},
		{0x1e8, 41, 1, NULL, COF_RIM_CURRENT_VERSION, COF_RIM_FIELDS},
		{0x1ee, 2, 1, NULL, COF_RIM_COMMITTED_VERSION, COF_RIM_FIELDS},
		{0x189, 2, 1, NULL, COF_RIM_CPUID_MODEL, COF_RIM_FIELDS},
		{0x18a, 2, 1, NULL, COF_RIM_CPUID_STEPPING, COF_RIM_FIELDS},
	};
	set_up_report();
	const cof_facts good = b.facts;
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		const change *c = &changes[i];
		soft_drop(&b.s);
		make_report(&b.s);
		soft_put(b.s.report, c->at, c->v, c->n);
		b.policy = c->policy;
		soft_make(&b.s);
		cof_rim_entry e = entry_of(&good, c->too);
		judge_entry(&e);
		assert_differs(&b.v, c->differs);
	}
}

/* A chip's id that is masked is no chip's. */
static void a_provider_s_report(void **state)
{
	(void)state;
	set_up_report();
	const cof_facts chip = b.facts;
	soft_drop(&b.s);
	make_report(&b.s);
	soft_make_vlek(&b.s);
	soft_make(&b.s);
	take_facts();
	assert_true(b.facts.vlek && !b.facts.stated[COF_RIM_CHIP_ID]);
	assert_string_equal((const char *)b.facts.value[COF_RIM_CSP_ID], "CN=");
	cof_rim_entry e = entry_of(&b.facts, COF_RIM_FIELDS);
	judge_entry(&e);
	assert_match();
	e = entry_of(&b.facts, COF_RIM_CSP_ID);
	demand_other(&e, COF_RIM_CSP_ID, &b.facts);
	judge_entry(&e);
	assert_differs(&b.v, COF_RIM_CSP_ID);
	e = launch_of(&b.facts, "a chip");
	demand_fact(&e, COF_RIM_CHIP_ID, &chip);
	judge_entry(&e);
	assert_differs(&b.v, COF_RIM_CHIP_ID);
	assert_string_equal(check_called(&b.v, "reference-chip-id")->found, "not stated");
	/* a chip's class is not a provider's, and the other way round */
	e = launch_of(&chip, "a chip");
	judge_entry(&e);
	assert_reason("reference-mismatch");
	assert_string_equal(check_called(&b.v, "reference-mismatch")->found, "none of this class");
}

/* ---- TCBs ---- */

static const cof_rim_field tcbs[] = {COF_RIM_CURRENT_TCB, COF_RIM_REPORTED_TCB, COF_RIM_COMMITTED_TCB,
				     COF_RIM_LAUNCH_TCB};

static void judge_floor(cof_rim_field f, cof_rim_op op, uint64_t word)
{
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand_number(&e, f, op, word, 0, &err));
	judge_entry(&e);
}

/* Each component of each TCB, one above what the report has: the others being far below does not make up for it. */
static void t020_a_tcb_is_compared_part_by_part(void **state)
{
	(void)state;
	static const struct {
		uint64_t above;
		const char *part;
	} floors[] = {{0x0000000000000005, "bootloader is too low"},
		      {0x0000000000000100, "tee is too low"},
		      {0x0019000000000000, "snp is too low"},
		      {0xdc00000000000000, "microcode is too low"}};
	set_up_report();
	for (size_t i = 0; i < COF_COUNT(tcbs); i++) {
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0xdb18000000000004);
		assert_match();
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0x0101000000000001);
		assert_match();
		for (size_t k = 0; k < COF_COUNT(floors); k++) {
			char name[COF_CHECK_NAME_MAX];
			judge_floor(tcbs[i], COF_RIM_AT_LEAST, floors[k].above);
			assert_differs(&b.v, tcbs[i]);
			check_name(tcbs[i], name);
			assert_non_null(strstr(check_called(&b.v, name)->found, floors[k].part));
		}
		/* as one number this is lower than the report's */
		judge_floor(tcbs[i], COF_RIM_AT_LEAST, 0xda19000000000004);
		assert_differs(&b.v, tcbs[i]);
		/* equal means equal */
		judge_floor(tcbs[i], COF_RIM_IS, 0xdb17000000000004);
		assert_differs(&b.v, tcbs[i]);
	}
}

/* Each of the four words is compared with its own. */
static void t020_each_tcb_is_its_own(void **state)
{
	(void)state;
	static const size_t at[] = {0x38, 0x180, 0x1e0, 0x1f0};
	static const uint64_t words[] = {0xdd1a000000000006, 0xdb18000000000004, 0xda17000000000003,
					 0xdc19000000000005};
	set_up_report();
	soft_drop(&b.s);
	make_report(&b.s);
	for (size_t i = 0; i < COF_COUNT(at); i++)
		soft_put(b.s.report, at[i], words[i], 8);
	soft_make(&b.s);
	for (size_t i = 0; i < COF_COUNT(tcbs); i++) {
		for (size_t k = 0; k < COF_COUNT(words); k++) {
			judge_floor(tcbs[i], COF_RIM_IS, words[k]);
			if (i == k)
				assert_match();
			else
				assert_differs(&b.v, tcbs[i]);
		}
	}
}

/* Turin has FMC where Milan has the boot loader: a floor of one is none of the other. */
static void t020_a_tcb_has_its_product_s_layout(void **state)
{
	(void)state;
	set_up_report();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000001000000); /* Turin's SNP 1 */
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	assert_non_null(strstr(check_called(&b.v, "reference-reported-tcb")->expected, "no TCB of Milan"));
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_IS, 0xdb18000001000004);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	soft_drop(&b.s);
	make_report(&b.s);
	soft_make_turin(&b.s);
	soft_make(&b.s);
	take_facts();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0xdb00000018000401);
	assert_match();
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000019000000);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0x0000000000000002);
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
	assert_non_null(strstr(check_called(&b.v, "reference-reported-tcb")->found, "fmc is too low"));
	judge_floor(COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 0xdb18000000000001); /* Milan's SNP */
	assert_differs(&b.v, COF_RIM_REPORTED_TCB);
}

/* ---- masks, minima, ranges ---- */

static void judge_number(cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to)
{
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand_number(&e, f, op, from, to, &err));
	judge_entry(&e);
}

static void judge_mask(cof_rim_field f, uint64_t value, uint64_t mask)
{
	uint8_t both[16];
	for (size_t i = 0; i < 8; i++) {
		both[i] = (uint8_t)(value >> 8 * (7 - i));
		both[8 + i] = (uint8_t)(mask >> 8 * (7 - i));
	}
	cof_rim_entry e = launch_of(&b.facts, "launch");
	assert_ok(cof_rim_demand(&e, f, COF_RIM_MASKED, cof_span_of(both, sizeof both), &err));
	judge_entry(&e);
}

static void bounds_are_inclusive(void **state)
{
	(void)state;
	set_up_report(); /* GUEST_SVN is 2, VMPL 0, POLICY 0x3001f */
	judge_number(COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, 2, 0);
	assert_match();
	judge_number(COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, 3, 0);
	assert_differs(&b.v, COF_RIM_GUEST_SVN);
	assert_string_equal(check_called(&b.v, "reference-guest-svn")->expected, "at least 3");
	assert_string_equal(check_called(&b.v, "reference-guest-svn")->found, "2");
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0x19, 0x19);
	assert_match();
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0, 0x18);
	assert_differs(&b.v, COF_RIM_CPUID_FAMILY);
	judge_number(COF_RIM_CPUID_FAMILY, COF_RIM_RANGE, 0x1a, 0xff);
	assert_differs(&b.v, COF_RIM_CPUID_FAMILY);
	judge_mask(COF_RIM_POLICY, 0, COF_SNP_POLICY_DEBUG);
	assert_match();
	judge_mask(COF_RIM_POLICY, COF_SNP_POLICY_SINGLE_SOCKET, COF_SNP_POLICY_SINGLE_SOCKET);
	assert_differs(&b.v, COF_RIM_POLICY);
	judge_mask(COF_RIM_PLATFORM_INFO, 0x20, 0x20);
	assert_match();
	judge_mask(COF_RIM_PLATFORM_INFO, 0x10, 0x10);
	assert_differs(&b.v, COF_RIM_PLATFORM_INFO);
	assert_string_equal(check_called(&b.v, "reference-platform-info")->expected,
			    "0000000000000010 under 0000000000000010");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t007_each_field_of_a_reference_counts),
		cmocka_unit_test(t007_each_field_of_a_report_counts),
		cmocka_unit_test(t020_a_tcb_is_compared_part_by_part),
		cmocka_unit_test(t020_each_tcb_is_its_own),
		cmocka_unit_test(t020_a_tcb_has_its_product_s_layout),
		cmocka_unit_test(what_a_report_says_matches),
		cmocka_unit_test(a_provider_s_report),
		cmocka_unit_test(bounds_are_inclusive),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
