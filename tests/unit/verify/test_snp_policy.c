/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_policy.h"

#include "tests/unit/test.h"

#include "common/json.h"

/* A report of Milan with every field apart from the defaults. */
static cof_snp_report a_report(void)
{
	cof_snp_report r = {.version = 5,
			    .guest_svn = 7,
			    .policy = 0x3123f | COF_SNP_POLICY_SINGLE_SOCKET, /* ABI 18.63, SMT */
			    .vmpl = 1,
			    .platform_info = COF_SNP_PLATFORM_CIPHERTEXT_HIDING | COF_SNP_PLATFORM_ALIAS_CHECK,
			    .has_mit = true,
			    .launch_mit_vector = 0x8000000000000005,
			    .current_tcb = 0xdb18000000000004,
			    .reported_tcb = 0xda17000000000003,
			    .committed_tcb = 0xdb18000000000004,
			    .launch_tcb = 0xd916000000000002};
	memset(r.report_data, 0x11, 64);
	memset(r.report_data + 32, 0, 32);
	memset(r.measurement, 0x22, 48);
	memset(r.host_data, 0x33, 32);
	memset(r.id_key_digest, 0x44, 48);
	memset(r.author_key_digest, 0x55, 48);
	memset(r.family_id, 0x66, 16);
	memset(r.image_id, 0x77, 16);
	memset(r.chip_id, 0xaa, 64);
	return r;
}

#define B8(x) x x x x x x x x
#define B16(x) B8(x) B8(x)
#define B32(x) B16(x) B16(x)
#define B48(x) B32(x) B16(x)
#define B64(x) B32(x) B32(x)

typedef struct row {
	const char *policy;
	const char *check; /* NULL: passes */
} row;

static const row rows[] = {
	{"{}", NULL},
	{"{\"vmpl\":0}", "vmpl"},
	{"{\"vmpl\":2}", "vmpl"},
	{"{\"allow_smt\":false}", "smt-allowed"},
	{"{\"allow_smt\":true}", NULL},
	{"{\"allow_debug\":true}", NULL},
	{"{\"require_single_socket\":true}", NULL},
	{"{\"require_ciphertext_hiding\":true}", NULL},
	{"{\"require_alias_check\":true}", NULL},
	{"{\"require_committed_equals_current\":true}", NULL},
	{"{\"report_data\":\"" B32("11") B32("00") "\"}", NULL},
	{"{\"report_data\":\"" B32("11") "\"}", NULL},
	{"{\"report_data\":\"" B64("11") "\"}", "report-data"},
	{"{\"report_data\":\"" B16("11") "\"}", "report-data"},
	{"{\"report_data\":\"00\"}", "report-data"},
	{"{\"measurement\":\"" B48("22") "\"}", NULL},
	{"{\"measurement\":\"" B48("23") "\"}", "measurement"},
	{"{\"host_data\":\"" B32("33") "\"}", NULL},
	{"{\"host_data\":\"" B32("00") "\"}", "host-data"},
	{"{\"id_key_digest\":\"" B48("44") "\"}", NULL},
	{"{\"id_key_digest\":\"" B48("00") "\"}", "id-key-digest"},
	{"{\"author_key_digest\":\"" B48("55") "\"}", NULL},
	{"{\"author_key_digest\":\"" B48("44") "\"}", "author-key-digest"},
	{"{\"family_id\":\"" B16("66") "\"}", NULL},
	{"{\"family_id\":\"" B16("77") "\"}", "family-id"},
	{"{\"image_id\":\"" B16("77") "\"}", NULL},
	{"{\"image_id\":\"" B16("66") "\"}", "image-id"},
	{"{\"min_guest_svn\":7}", NULL},
	{"{\"min_guest_svn\":8}", "guest-svn"},
	{"{\"min_guest_svn\":4294967295}", "guest-svn"},
	{"{\"min_tcb\":{\"bootloader\":3,\"tee\":0,\"snp\":23,\"microcode\":218}}", NULL},
	{"{\"min_tcb\":{\"bootloader\":4}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"tee\":1}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"snp\":24,\"microcode\":0}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"microcode\":219}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"fmc\":0}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"Milan\":{\"snp\":23},\"Turin\":{\"fmc\":9}}}", NULL},
	{"{\"min_tcb\":{\"Milan\":{\"snp\":24}}}", "tcb-too-low"},
	{"{\"min_tcb\":{\"Genoa\":{\"snp\":0}}}", "tcb-too-low"},
	{"{\"min_launch_tcb\":{\"bootloader\":2,\"snp\":22,\"microcode\":217}}", NULL},
	{"{\"min_launch_tcb\":{\"snp\":23}}", "launch-tcb-too-low"},
	{"{\"min_committed_tcb\":{\"snp\":24}}", NULL},
	{"{\"min_committed_tcb\":{\"snp\":25}}", "committed-tcb-too-low"},
	{"{\"min_launch_mit_vector\":\"8000000000000001\"}", NULL},
	{"{\"min_launch_mit_vector\":\"0000000000000000\"}", NULL},
	{"{\"min_launch_mit_vector\":\"8000000000000002\"}", "mitigation-vector"},
	{"{\"min_abi\":{\"major\":18,\"minor\":63}}", NULL},
	{"{\"min_abi\":{\"major\":17,\"minor\":255}}", NULL},
	{"{\"min_abi\":{\"major\":18,\"minor\":64}}", "abi-too-low"},
	{"{\"min_abi\":{\"major\":19,\"minor\":0}}", "abi-too-low"},
	{"{\"products\":[\"Genoa\",\"Milan\"]}", NULL},
	{"{\"products\":[\"Genoa\"]}", "product-not-allowed"},
	{"{\"products\":[]}", "product-not-allowed"},
	{"{\"csp_ids\":[\"CN=other\"]}", "provider-not-allowed"},
	{"{\"deny_chips\":[]}", NULL},
	{"{\"deny_chips\":[\"" B64("ab") "\",\"" B8("aa") "\"]}", NULL},
	{"{\"deny_chips\":[\"" B64("ab") "\",\"" B64("AA") "\"]}", "chip-denied"},
	{"{\"allow_chips\":[\"" B64("ab") "\",\"" B64("aa") "\"]}", NULL},
	{"{\"allow_chips\":[\"" B64("ab") "\"]}", "chip-not-allowed"},
	{"{\"allow_chips\":[]}", "chip-not-allowed"},
};

/* The name of the only check that fails; "" when none does. */
static const char *judge(const char *text, const cof_snp_report *r, cof_snp_line line, const cof_snp_vek *vek)
{
	static cof_checks checks;
	cof_snp_demands d;
	COF_AUTO_PTR(json_t) policy = json_loads(text, 0, NULL);
	assert_non_null(policy);
	if (json_object_get(policy, "vmpl") == NULL)
		assert_int_equal(json_object_set_new(policy, "vmpl", json_integer(1)), 0);
	assert_ok(cof_snp_demands_read(policy, &d, &err));
	checks.n = checks.failed = 0;
	cof_snp_demands_check(&d, r, line, vek, &checks);
	assert_true(checks.n > 0);
	if (checks.failed > 1)
		fail_msg("%s: %zu checks failed", text, checks.failed);
	return checks.failed == 0 ? "" : checks.list[checks.first].name;
}

static void every_word(void **state)
{
	(void)state;
	cof_snp_report r = a_report();
	for (size_t i = 0; i < COF_COUNT(rows); i++) {
		const char *got = judge(rows[i].policy, &r, COF_SNP_MILAN, NULL);
		if (strcmp(got, rows[i].check == NULL ? "" : rows[i].check) != 0)
			fail_msg("%s: '%s'", rows[i].policy, got);
	}
}

/* A demand that is not understood is not taken for one that is met. */
static void words_that_are_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"[]",
		"7",
		"{\"vmpl \":0}",
		"{\"VMPL\":0}",
		"{\"\":0}",
		"{\"min_tcbs\":{}}",
		"{\"mr_td\":\"00\"}",
		"{\"vmpl\":4}",
		"{\"vmpl\":-1}",
		"{\"vmpl\":\"0\"}",
		"{\"vmpl\":0.0}",
		"{\"vmpl\":null}",
		"{\"vmpl\":4294967296}",
		"{\"allow_debug\":0}",
		"{\"allow_debug\":\"false\"}",
		"{\"allow_smt\":null}",
		"{\"require_single_socket\":1}",
		"{\"require_crl\":[]}",
		"{\"report_data\":\"\"}",
		"{\"report_data\":\"1\"}",
		"{\"report_data\":\"0g\"}",
		"{\"report_data\":\"" B64("11") "00\"}",
		"{\"report_data\":null}",
		"{\"report_data\":7}",
		"{\"measurement\":\"" B32("22") "\"}",
		"{\"measurement\":\"\"}",
		"{\"host_data\":\"" B48("33") "\"}",
		"{\"id_key_digest\":\"" B32("33") "\"}",
		"{\"measurement\":\"" B32("22") B8("22") B8("2 ") "\"}",
		"{\"min_guest_svn\":-1}",
		"{\"min_guest_svn\":4294967296}",
		"{\"min_guest_svn\":\"3\"}",
		"{\"min_tcb\":{}}",
		"{\"min_tcb\":7}",
		"{\"min_tcb\":[]}",
		"{\"min_tcb\":{\"snp\":256}}",
		"{\"min_tcb\":{\"snp\":-1}}",
		"{\"min_tcb\":{\"SNP\":1}}",
		"{\"min_tcb\":{\"snp\":\"1\"}}",
		"{\"min_tcb\":{\"snp\":1,\"ucode\":1}}",
		"{\"min_tcb\":{\"Naples\":{\"snp\":1}}}",
		"{\"min_tcb\":{\"Milan\":{}}}",
		"{\"min_tcb\":{\"Milan\":{\"snp\":1},\"snp\":1}}",
		"{\"min_tcb\":{\"Milan\":{\"Milan\":{\"snp\":1}}}}",
		"{\"min_tcb\":{\"unknown\":{\"snp\":1}}}",
		"{\"min_launch_tcb\":null}",
		"{\"min_launch_mit_vector\":1}",
		"{\"min_launch_mit_vector\":\"1\"}",
		"{\"min_launch_mit_vector\":\"0x00000000000001\"}",
		"{\"min_abi\":\"1.55\"}",
		"{\"min_abi\":{\"major\":1}}",
		"{\"min_abi\":{\"major\":1,\"minor\":256}}",
		"{\"min_abi\":{\"major\":1,\"minor\":1,\"build\":1}}",
		"{\"products\":\"Milan\"}",
		"{\"products\":[\"milan\"]}",
		"{\"products\":[7]}",
		"{\"products\":[\"unknown\"]}",
		"{\"csp_ids\":[null]}",
		"{\"csp_ids\":{}}",
		"{\"deny_chips\":[\"aa\"]}",
		"{\"deny_chips\":[7]}",
		"{\"deny_chips\":\"" B64("aa") "\"}",
		"{\"allow_chips\":[\"" B64("zz") "\"]}",
		"{\"allow_chips\":null}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_snp_demands d;
		COF_AUTO_PTR(json_t) policy = json_loads(bad[i], JSON_DECODE_ANY, NULL);
		assert_non_null(policy);
		assert_fails(cof_snp_demands_read(policy, &d, &err), "policy-word");
	}
}

/* What is off in the report is seen by the same words. */
static void reports_that_lack_it(void **state)
{
	(void)state;
	cof_snp_report r = a_report();
	r.platform_info = 0;
	assert_string_equal(judge("{\"require_ciphertext_hiding\":true}", &r, COF_SNP_MILAN, NULL),
			    "ciphertext-hiding");
	assert_string_equal(judge("{\"require_alias_check\":true}", &r, COF_SNP_MILAN, NULL), "alias-check");
	assert_string_equal(judge("{\"require_alias_check\":false}", &r, COF_SNP_MILAN, NULL), "");
	r.policy &= ~COF_SNP_POLICY_SINGLE_SOCKET;
	assert_string_equal(judge("{\"require_single_socket\":true}", &r, COF_SNP_MILAN, NULL), "single-socket");
	r.policy &= ~COF_SNP_POLICY_SMT;
	assert_string_equal(judge("{\"allow_smt\":false}", &r, COF_SNP_MILAN, NULL), "");
	r.policy |= COF_SNP_POLICY_DEBUG;
	assert_string_equal(judge("{}", &r, COF_SNP_MILAN, NULL), "debug-allowed");
	assert_string_equal(judge("{\"allow_debug\":true}", &r, COF_SNP_MILAN, NULL), "");
	r.policy |= COF_SNP_POLICY_MIGRATE;
	assert_string_equal(judge("{\"allow_debug\":true}", &r, COF_SNP_MILAN, NULL), "migration-allowed");
	r = a_report();
	r.committed_tcb = 0xdb17000000000004;
	assert_string_equal(judge("{\"require_committed_equals_current\":true}", &r, COF_SNP_MILAN, NULL),
			    "committed-below-current");
	assert_string_equal(judge("{\"require_committed_equals_current\":false}", &r, COF_SNP_MILAN, NULL), "");
	/* a version without the field states nothing, and even no bits must be stated */
	r.has_mit = false;
	assert_string_equal(judge("{\"min_launch_mit_vector\":\"0000000000000000\"}", &r, COF_SNP_MILAN, NULL),
			    "mitigation-vector");
}

static void t021_masked_chips(void **state)
{
	(void)state;
	cof_snp_report r = a_report();
	memset(r.chip_id, 0, sizeof r.chip_id);
	/* the host of a denied chip would hide it */
	assert_string_equal(judge("{\"deny_chips\":[]}", &r, COF_SNP_MILAN, NULL), "chip-denied");
	assert_string_equal(judge("{\"allow_chips\":[\"" B64("00") "\"]}", &r, COF_SNP_MILAN, NULL),
			    "chip-not-allowed");
	memset(r.chip_id, 0xaa, 8);
	assert_string_equal(judge("{\"deny_chips\":[\"" B8("aa") "\"]}", &r, COF_SNP_TURIN, NULL), "chip-denied");
	assert_string_equal(judge("{\"allow_chips\":[\"" B8("aa") "\"]}", &r, COF_SNP_TURIN, NULL), "");
}

static void t021_providers(void **state)
{
	(void)state;
	cof_snp_report r = a_report();
	cof_snp_vek vek = {.kind = COF_SNP_VLEK, .csp_id = "CN=cloud"};
	assert_string_equal(judge("{\"csp_ids\":[\"CN=x\",\"CN=cloud\"]}", &r, COF_SNP_MILAN, &vek), "");
	assert_string_equal(judge("{\"csp_ids\":[\"CN=clouds\"]}", &r, COF_SNP_MILAN, &vek), "provider-not-allowed");
	/* a VCEK names none */
	vek.csp_id[0] = '\0';
	assert_string_equal(judge("{\"csp_ids\":[\"\"]}", &r, COF_SNP_MILAN, &vek), "provider-not-allowed");
}

/* "reported SNP 23, at least 24": what an auditor reads. */
static void numbers_in_the_text(void **state)
{
	(void)state;
	static cof_checks checks;
	cof_snp_demands d;
	cof_snp_report r = a_report();
	COF_AUTO_PTR(json_t) policy = json_loads("{\"vmpl\":1,\"min_tcb\":{\"snp\":24}}", 0, NULL);
	assert_ok(cof_snp_demands_read(policy, &d, &err));
	cof_snp_demands_check(&d, &r, COF_SNP_MILAN, NULL, &checks);
	const cof_check *bad = &checks.list[checks.first];
	assert_string_equal(bad->name, "tcb-too-low");
	assert_string_equal(bad->expected, "at least snp 24");
	assert_string_equal(bad->found, "bootloader 3, tee 0, snp 23, microcode 218");
	assert_string_equal(cof_stage_name(bad->stage), "policy");
}

static void the_strict_defaults(void **state)
{
	(void)state;
	cof_snp_demands d;
	assert_ok(cof_snp_demands_read(NULL, &d, &err));
	assert_int_equal(d.vmpl, 0);
	assert_false(d.allow_debug);
	assert_true(d.allow_smt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word),		cmocka_unit_test(words_that_are_none),
		cmocka_unit_test(reports_that_lack_it), cmocka_unit_test(t021_masked_chips),
		cmocka_unit_test(t021_providers),	cmocka_unit_test(numbers_in_the_text),
		cmocka_unit_test(the_strict_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
