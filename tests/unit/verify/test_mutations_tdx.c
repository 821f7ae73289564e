/* SPDX-License-Identifier: Apache-2.0 */
/* One thing of a quote changed at a time: header, TD report, quoting enclave, lengths and signatures. */
#include "tests/unit/verify/mutate_tdx.h"

static const mutation mutations[] = {
	/* the quote's bytes, signed as they are */
	BODY("tdx-quote-version", 0, 5 ^ 6),
	BODY("tdx-quote-version", 0, 5 ^ 3),
	BODY("tdx-quote-version", 1, 1),
	BODY("tdx-quote-key-type", 2, 2 ^ 3),
	BODY("tdx-quote-tee-type", 4, 0x81),
	BODY("tdx-quote-tee-type", 7, 0x80),
	BODY("tdx-quote-vendor-id", 12, 1),
	BODY("tdx-quote-vendor-id", 27, 0x80),
	BODY("tdx-quote-body-size", 48, 3 ^ 2),
	BODY("tdx-quote-body-size", 48, 3 ^ 1),
	BODY("tdx-quote-body-size", 50, 1),
	BODY("tdx-quote-body-size", 53, 0x80),
	/* the platform */
	BODY("tcb-status", AT_SVN, 5 ^ 4),
	BODY("tcb-status", AT_SVN, 5 ^ 2),
	BODY("tcb-not-supported", AT_SVN, 5 ^ 1),
	BODY("module-mismatch", AT_SVN + 1, 1 ^ 2),
	BODY("tcb-status", AT_SVN + 2, 6 ^ 5),
	BODY("tcb-status", AT_SVN + 2, 6 ^ 1),
	BODY("tcb-not-supported", AT_SVN + 2, 6),
	BODY("module-mismatch", AT_MR_SIGNER_SEAM, 1),
	BODY("module-mismatch", AT_MR_SIGNER_SEAM + 47, 0x80),
	BODY("module-mismatch", AT_SEAM_ATTRIBUTES, 1),
	BODY("module-mismatch", AT_SEAM_ATTRIBUTES + 7, 0x80),
	/* the TD */
	BODY("debug", AT_ATTRIBUTES, 1),
	BODY("debug", AT_ATTRIBUTES, 2),
	BODY("debug", AT_ATTRIBUTES, 0x80),
	BODY_POLICY("debug", AT_ATTRIBUTES, 2, "{\"allow_debug\":true}"),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 1, 1),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 3, 0x01),
	BODY("td-attributes-reserved", AT_ATTRIBUTES + 7, 0x40),
	BODY_POLICY("td-migratable", AT_ATTRIBUTES + 3, 0x20, "{\"allow_migratable\":false}"),
	BODY_POLICY("td-sept-ve-disable", AT_ATTRIBUTES + 3, 0x10, "{\"require_sept_ve_disable\":true}"),
	BODY_POLICY("service-td", AT_SERVICE_TD, 1, "{\"allow_service_td\":false}"),
	BODY_POLICY("service-td", AT_SERVICE_TD + 47, 0x80, "{\"allow_service_td\":false}"),
	BODY_POLICY("report-data", AT_REPORT_DATA, 1, EXPECT("report_data", HEX_64)),
	BODY_POLICY("report-data", AT_REPORT_DATA + 63, 0x80, EXPECT("report_data", HEX_64)),
	BODY_POLICY("mr-td", AT_MR_TD, 1, EXPECT("mr_td", HEX_48)),
	BODY_POLICY("mr-td", AT_MR_TD + 47, 0x80, EXPECT("mr_td", HEX_48)),
	BODY_POLICY("mr-config-id", AT_MR_CONFIG_ID, 1, EXPECT("mr_config_id", SOFT_ZEROS_96)),
	BODY_POLICY("mr-owner", AT_MR_OWNER + 47, 1, EXPECT("mr_owner", SOFT_ZEROS_96)),
	BODY_POLICY("mr-owner-config", AT_MR_OWNER_CONFIG, 1, EXPECT("mr_owner_config", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr0", AT_RTMR, 1, EXPECT("rtmr0", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr1", AT_RTMR + 48, 1, EXPECT("rtmr1", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr2", AT_RTMR + 96, 1, EXPECT("rtmr2", SOFT_ZEROS_96)),
	BODY_POLICY("rtmr3", AT_RTMR + 144, 1, EXPECT("rtmr3", SOFT_ZEROS_96)),
	/* the quoting enclave */
	QE("qe-miscselect", QE_MISCSELECT, 1),
	QE("qe-miscselect", QE_MISCSELECT + 3, 0x80),
	QE("qe-attributes", QE_ATTRIBUTES, 2),
	QE("qe-attributes", QE_ATTRIBUTES, 1),
	QE("qe-attributes", QE_ATTRIBUTES + 7, 0x80),
	QE("qe-mrsigner", QE_MRSIGNER, 1),
	QE("qe-mrsigner", QE_MRSIGNER + 31, 0x80),
	QE("qe-isvprodid", QE_PRODID, 3),
	QE("qe-isvprodid", QE_PRODID + 1, 1),
	QE("tcb-status", QE_SVN, 4 ^ 3),
	QE("tcb-status", QE_SVN, 4 ^ 1),
	QE("tcb-not-supported", QE_SVN, 4),
	WITH("qe-report-data", qe_tail, 0, 1, NULL),
	WITH("qe-report-data", qe_tail, 0, 0x80, NULL),
	/* bytes changed behind their signatures */
	QUOTE("quote-signature", 8, 1),
	QUOTE("quote-signature", 28, 1),
	QUOTE("quote-signature", AT_MR_TD, 1),
	QUOTE("quote-signature", AT_SERVICE_TD + 47, 1),
	QUOTE("quote-signature", AT_SIG, 1),
	QUOTE("quote-signature", AT_SIG + 63, 1),
	QUOTE("attestation-key+", AT_KEY, 1),
	QUOTE("qe-report-signature", AT_QE, 1),
	QUOTE("qe-report-signature+", AT_QE + QE_REPORT_DATA, 1),
	QUOTE("qe-report-signature", AT_QE_SIG + 63, 1),
	QUOTE("qe-report-data", AT_AUTH, 1),
	QUOTE("tdx-quote-certification-type", AT_OUTER_TYPE, 6 ^ 5),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 4),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 3),
	QUOTE("tdx-quote-certification-type", AT_INNER_TYPE, 5 ^ 7),
	QUOTE("tdx-quote-length", AT_SIG_LEN, 1),
	QUOTE("tdx-quote-length", AT_SIG_LEN + 3, 0x80),
	QUOTE("tdx-quote-length", AT_OUTER_LEN, 1),
	QUOTE("tdx-quote-length", AT_OUTER_LEN + 3, 0xff),
	QUOTE("tdx-quote-length", AT_AUTH_LEN + 1, 0xff),
	QUOTE("tdx-quote-length", AT_INNER_LEN, 1),
	QUOTE("tdx-quote-length", AT_INNER_LEN + 3, 0xff),
	WITH("tdx-quote-length", cut, 1, 0, NULL),
	WITH("tdx-quote-length", inside, 0, 0, "x"),
	WITH("tdx-quote-trailing-bytes", behind, 1, 0, "x"),
	WITH("tdx-quote-trailing-bytes", behind, 4, 0, "\0\0\0\1"),
	{"tdx-quote-padding", behind, 4, 0, NULL, "\0\0\0\0", "{\"exact_length\":true}"},
	WITH("qe-report-signature", signer, 0, SOFT_OTHER, NULL),
	WITH("quote-signature", signer, 1, SOFT_OTHER, NULL),
	WITH("quote-signature", signer, 1, SOFT_PCK, NULL),
};

static void t022_each_wrong_thing_by_its_check(void **state)
{
	(void)state;
	assert_true(COF_COUNT(mutations) >= 60);
	assert_mutations(mutations, COF_COUNT(mutations));
}

static void t019_policies_that_hold(void **state)
{
	(void)state;
	assert_policies_hold(mutations, COF_COUNT(mutations));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t022_each_wrong_thing_by_its_check),
		cmocka_unit_test(t019_policies_that_hold),
	};
	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
