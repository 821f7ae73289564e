/* SPDX-License-Identifier: Apache-2.0 */
/* The trust vector of SNP reports: from the verdict on a good one, one check at a time. */
#include "tests/unit/verify/judge_snp.h"
#include "tests/unit/verify/trust_table.h"

#define HEX8(x) x x x x x x x x
#define HEX32(x) HEX8(x) HEX8(x) HEX8(x) HEX8(x)
#define DEMANDS                                                                                                        \
	"{\"report_data\":\"" HEX32("11") HEX32("11") "\",\"measurement\":\"" HEX32("22") HEX8("22")                   \
		HEX8("22") "\",\"host_data\":\"" HEX32(                                                                \
			"33") "\","                                                                                    \
			      "\"min_tcb\":{\"Milan\":{\"bootloader\":4,\"tee\":0,\"snp\":24,\"microcode\":219}},"

static const char vcek_policy[] = DEMANDS "\"allow_smt\":false,\"allow_chips\":[\"" HEX8("0201030405060708") "\"]}";
static const char vlek_policy[] = DEMANDS "\"allow_smt\":false,\"csp_ids\":[\"CN=\"]}";

static cof_verdict vcek, vlek;

static void judge_it(soft_snp *s, const char *policy, cof_verdict *ret)
{
	s->crl.given = true;
	s->policy = policy;
	soft_put(s->report, 8, 0x20000 | 0x1f, 8); /* no SMT */
	soft_make(s);
	soft_verify(s, ret);
	if (!ret->accepted)
		fail_msg("%s", soft_failed(ret)->name);
	set_maker(ret);
	soft_drop(s);
}

static int make(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	soft_snp s = soft_snp_good(&keys);
	judge_it(&s, vcek_policy, &vcek);
	s = soft_snp_good(&keys);
	soft_make_vlek(&s);
	judge_it(&s, vlek_policy, &vlek);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	cof_verdict_release(&vcek);
	cof_verdict_release(&vlek);
	soft_keys_drop(&keys);
	return 0;
}

#define ALL(v)                                                                                                         \
	{                                                                                                              \
		v, v, v, 0, v, v, 0, 0                                                                                 \
	}

static const vector_row rows[] = {
	{"all of it", "", false, {2, 2, 2, 0, 2, 2, 0, 0}, AFF},
	/* refused */
	{"bytes", "report-reserved", true, ALL(1), CONTRA},
	{"chain", "vek-signature", true, ALL(99), CONTRA},
	{"anchor", "root-anchor", true, ALL(99), CONTRA},
	{"signature", "report-signature", true, ALL(99), CONTRA},
	{"replay", "report-data", true, ALL(99), CONTRA},
	{"TCB", "tcb-not-certified", true, {2, 2, 2, 0, 96, 0, 0, 0}, CONTRA},
	{"floor", "tcb-too-low", true, {2, 2, 2, 0, 96, 0, 0, 0}, CONTRA},
	{"revoked", "vek-revoked", true, {2, 2, 2, 0, 96, 0, 0, 0}, CONTRA},
	{"measurement", "measurement", true, {2, 2, 96, 0, 2, 2, 0, 0}, CONTRA},
	{"host data", "host-data", true, {2, 96, 2, 0, 2, 2, 0, 0}, CONTRA},
	{"VMPL", "vmpl", true, {2, 96, 2, 0, 2, 0, 0, 0}, CONTRA},
	{"debug", "debug-allowed", true, {2, 96, 2, 0, 2, 96, 0, 0}, CONTRA},
	{"migration", "migration-allowed", true, {2, 96, 2, 0, 2, 96, 0, 0}, CONTRA},
	{"SMT", "smt-allowed", true, {2, 96, 2, 0, 2, 2, 0, 0}, CONTRA},
	{"chip", "chip-not-allowed", true, {97, 2, 2, 0, 2, 2, 0, 0}, CONTRA},
	/* accepted by the policy's word */
	{"debug allowed", "debug-allowed", false, {2, 36, 2, 0, 2, 96, 0, 0}, CONTRA},
	{"SMT allowed", "smt-allowed", false, {2, 3, 2, 0, 2, 2, 0, 0}, AFF},
	{"a root of one's own", "root-anchor", false, {2, 2, 2, 0, 32, 0, 0, 0}, WARN},
};

static void each_failure_has_its_value(void **state)
{
	(void)state;
	walk_rows("snp-report", &vcek, rows, COF_COUNT(rows));
}

static void t007_a_check_taken_away_takes_its_value(void **state)
{
	(void)state;
	static const taking takings[] = {
		{"measurement", COF_TRUST_EXECUTABLES, 0},
		{"host-data", COF_TRUST_CONFIGURATION, 3},
		{"smt-allowed", COF_TRUST_CONFIGURATION, 3},
		{"debug-allowed", COF_TRUST_CONFIGURATION, 0},
		{"migration-allowed", COF_TRUST_CONFIGURATION, 0},
		{"vmpl", COF_TRUST_CONFIGURATION, 0},
		{"debug-allowed", COF_TRUST_RUNTIME_OPAQUE, 0},
		{"chip-not-allowed", COF_TRUST_INSTANCE_IDENTITY, 0},
		{"tcb-too-low", COF_TRUST_HARDWARE, 0},
		{"report-signature", COF_TRUST_EXECUTABLES, 0},
		{"vek-signature", COF_TRUST_CONFIGURATION, 0},
		{"root-key", COF_TRUST_INSTANCE_IDENTITY, 0},
	};
	walk_takings("snp-report", &vcek);
	walk_demands("snp-report", &vcek, takings, COF_COUNT(takings));
}

/* A comparison with reference values is one too, and one that failed counts whatever the policy's word says. */
static void references_stand_in_for_values(void **state)
{
	(void)state;
	static cof_verdict v;
	static const struct {
		const char *demanded, *reference;
		enum cof_trust claim;
		int failed;
	} cases[] = {
		{"measurement", "reference-measurement", COF_TRUST_EXECUTABLES, 96},
		{"host-data", "reference-host-data", COF_TRUST_CONFIGURATION, 96},
		{"tcb-too-low", "reference-reported-tcb", COF_TRUST_HARDWARE, 96},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		v = vcek;
		for (size_t at = v.checks.n; at-- > 0;) {
			if (strcmp(v.checks.list[at].name, cases[i].demanded) == 0)
				take_away(&v, at);
		}
		assert_int_not_equal(said_of("snp-report", &v).vector[cases[i].claim], 2);
		(void)cof_check_that(&v.checks, COF_STAGE_POLICY, cases[i].reference, true);
		assert_int_equal(said_of("snp-report", &v).vector[cases[i].claim], 2);
		v = vcek;
		(void)cof_check_that(&v.checks, COF_STAGE_POLICY, cases[i].reference, false);
		assert_int_equal(said_of("snp-report", &v).vector[cases[i].claim], cases[i].failed);
	}
	v = vcek;
	(void)cof_check_that(&v.checks, COF_STAGE_POLICY, "reference-mismatch", false);
	assert_int_equal(said_of("snp-report", &v).vector[COF_TRUST_EXECUTABLES], 96);
}

/* A key of many chips says nothing of which chip; its provider must have been named. */
static void a_vlek_needs_its_provider(void **state)
{
	(void)state;
	static const int want[COF_TRUST_COUNT] = {0, 2, 2, 0, 2, 2, 0, 0};
	static const taking takings[] = {{"provider-not-allowed", COF_TRUST_HARDWARE, 0},
					 {"provider-not-allowed", COF_TRUST_RUNTIME_OPAQUE, 0}};
	cof_trust_said said = said_of("snp-report", &vlek);
	assert_vector("VLEK", &said, want, COF_STATUS_AFFIRMING);
	walk_takings("snp-report", &vlek);
	walk_demands("snp-report", &vlek, takings, COF_COUNT(takings));
}

/* Nobody asked for revocation, a floor or a measurement: nothing is said of them, and the whole affirms nothing. */
static void t007_the_bare_defaults_affirm_nothing(void **state)
{
	(void)state;
	static cof_verdict v;
	static const int want[COF_TRUST_COUNT] = {0, 3, 0, 0, 0, 0, 0, 0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	soft_verify(&s, &v);
	assert_true(v.accepted);
	set_maker(&v);
	cof_trust_said said = said_of("snp-report", &v);
	assert_vector("bare", &said, want, COF_STATUS_NONE);
	cof_verdict_release(&v);
	soft_drop(&s);
}

static void t019_debug_that_is_on_is_never_silent(void **state)
{
	(void)state;
	static cof_verdict v;
	static const int want[COF_TRUST_COUNT] = {0, 36, 0, 0, 32, 96, 0, 0};
	soft_snp s = soft_snp_good(&keys);
	s.policy = "{\"allow_debug\":true}";
	soft_put(s.report, 8, 0x3001f | 1 << 19, 8);
	soft_make(&s);
	soft_verify(&s, &v);
	assert_true(v.accepted);
	cof_trust_said said = said_of("snp-report", &v);
	assert_vector("debug", &said, want, COF_STATUS_CONTRAINDICATED);
	cof_verdict_release(&v);
	soft_drop(&s);
}

static void a_failure_that_no_table_names_has_its_stage_s(void **state)
{
	(void)state;
	static cof_verdict v;
	static const int want[COF_STAGES] = {
		[COF_STAGE_PARSE] = 1,	[COF_STAGE_CHAIN] = 99,	     [COF_STAGE_SIGNATURE] = 99,
		[COF_STAGE_TCB] = 96,	[COF_STAGE_REVOCATION] = 96, [COF_STAGE_COLLATERAL] = 97,
		[COF_STAGE_QE] = 99,	[COF_STAGE_AK] = 99,	     [COF_STAGE_FRESHNESS] = 99,
		[COF_STAGE_CLAIMS] = 1, [COF_STAGE_VALIDITY] = 1,    [COF_STAGE_PROFILE] = 1,
		[COF_STAGE_PCR] = 2,	[COF_STAGE_EVENTLOG] = 2,    [COF_STAGE_POLICY] = 2,
		[COF_STAGE_EK] = 2,
	};
	for (int stage = 0; stage < COF_STAGES; stage++) {
		v = vcek;
		(void)cof_check_that(&v.checks, (cof_stage)stage, "a-new-check", false);
		v.accepted = false;
		cof_trust_said said = said_of("snp-report", &v);
		assert_int_equal(said.vector[COF_TRUST_HARDWARE], want[stage]);
		assert_int_equal(said.status, COF_STATUS_CONTRAINDICATED);
		v = vcek;
		(void)cof_check_that(&v.checks, (cof_stage)stage, "a-new-check", true);
		cof_check_waive(&v.checks);
		said = said_of("snp-report", &v);
		assert_int_equal(said.status, COF_STATUS_WARNING);
	}
}

static void kinds_without_an_attester(void **state)
{
	(void)state;
	static cof_verdict v;
	static const char *const names[] = {"snp-report-parse", "tdx-quote-parse", "ear-jwt", "corim", "cose-sign1"};
	const cof_kind *k = NULL;
	cof_trust_said said;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		assert_ok(cof_kind_find(names[i], &k, &err));
		assert_false(cof_trust_knows(k));
		assert_fails(cof_trust_of(k, &v, &said, &err), "no-result");
	}
	assert_ok(cof_kind_find("snp-report", &k, &err));
	assert_true(cof_trust_knows(k));
	v = (cof_verdict){.decoded_only = true};
	assert_fails(cof_trust_of(k, &v, &said, &err), "no-result");
}

/* A TPM's quote, by the names of its checks: known, and yet nothing that a whole could rest on. */
static void t024_a_tpm_affirms_no_whole(void **state)
{
	(void)state;
	static cof_verdict v;
	static const cof_kind tpm = {.name = "tpm-quote"};
	static const struct {
		cof_stage stage;
		const char *name;
	} checks[] = {{COF_STAGE_PARSE, "quote-type"},
		      {COF_STAGE_AK, "ak-not-enrolled"},
		      {COF_STAGE_AK, "ak-untrusted"},
		      {COF_STAGE_SIGNATURE, "signature-hash"},
		      {COF_STAGE_SIGNATURE, "signature-scheme"},
		      {COF_STAGE_SIGNATURE, "signature-range"},
		      {COF_STAGE_SIGNATURE, "quote-signature"},
		      {COF_STAGE_SIGNATURE, "quote-magic"},
		      {COF_STAGE_PCR, "pcr-selection-empty"},
		      {COF_STAGE_PCR, "pcr-digest"}};
	static const int known[COF_TRUST_COUNT] = {2}, bad[COF_TRUST_COUNT] = {2, 0, 96}, none[COF_TRUST_COUNT];
	cof_trust_said said;
	for (size_t without = 0; without <= COF_COUNT(checks); without++) {
		v = (cof_verdict){.accepted = true};
		for (size_t i = 0; i < COF_COUNT(checks); i++) {
			if (i != without)
				(void)cof_check_that(&v.checks, checks[i].stage, checks[i].name, true);
		}
		assert_ok(cof_trust_of(&tpm, &v, &said, &err));
		assert_vector("tpm", &said, without < COF_COUNT(checks) ? none : known, COF_STATUS_NONE);
	}
	(void)cof_check_that(&v.checks, COF_STAGE_PCR, "pcr-value", false);
	v.accepted = false;
	assert_ok(cof_trust_of(&tpm, &v, &said, &err));
	assert_vector("other registers", &said, bad, COF_STATUS_CONTRAINDICATED);
}

/* The TEE's claims count for a TPM inside of it as long as each link between the two was checked. */
static void t024_a_paravisor_s_tpm_needs_its_tee(void **state)
{
	(void)state;
	static cof_verdict v;
	static const cof_kind azure = {.name = "azure-hcl"};
	static const struct {
		cof_stage stage;
		const char *name;
	} links[] = {{COF_STAGE_SIGNATURE, "report-data-binding"}, {COF_STAGE_SIGNATURE, "quote-signature"},
		     {COF_STAGE_SIGNATURE, "quote-magic"},	   {COF_STAGE_AK, "hcl-ak"},
		     {COF_STAGE_PCR, "pcr-selection-empty"},	   {COF_STAGE_PCR, "pcr-digest"}};
	static const int linked[COF_TRUST_COUNT] = {0, 3, 0, 0, 2, 2}, none[COF_TRUST_COUNT];
	for (size_t without = 0; without <= COF_COUNT(links); without++) {
		cof_trust_said said;
		v = vcek;
		for (size_t i = 0; i < COF_COUNT(links); i++) {
			if (i != without)
				(void)cof_check_that(&v.checks, links[i].stage, links[i].name, true);
		}
		assert_ok(cof_trust_of(&azure, &v, &said, &err));
		assert_vector("azure", &said, without < COF_COUNT(links) ? none : linked, COF_STATUS_NONE);
	}
}

/* Not a check at all: no value, and refused. */
static void t007_an_empty_verdict(void **state)
{
	(void)state;
	static cof_verdict v;
	static const int want[COF_TRUST_COUNT];
	cof_trust_said said = said_of("snp-report", &v);
	assert_vector("empty", &said, want, COF_STATUS_CONTRAINDICATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_has_its_value),
		cmocka_unit_test(t007_a_check_taken_away_takes_its_value),
		cmocka_unit_test(references_stand_in_for_values),
		cmocka_unit_test(a_vlek_needs_its_provider),
		cmocka_unit_test(t007_the_bare_defaults_affirm_nothing),
		cmocka_unit_test(t019_debug_that_is_on_is_never_silent),
		cmocka_unit_test(a_failure_that_no_table_names_has_its_stage_s),
		cmocka_unit_test(kinds_without_an_attester),
		cmocka_unit_test(t024_a_tpm_affirms_no_whole),
		cmocka_unit_test(t024_a_paravisor_s_tpm_needs_its_tee),
		cmocka_unit_test(t007_an_empty_verdict),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
