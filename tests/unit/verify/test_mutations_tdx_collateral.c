/* SPDX-License-Identifier: Apache-2.0 */
/* One thing changed at a time of what stands beside a quote: Intel's signed JSON, lists, certificates. */
#include "tests/unit/verify/mutate_tdx.h"

static const mutation mutations[] = {
	/* collateral */
	WITH("tcb-info-signature+", signer, 2, SOFT_PCK, NULL),
	WITH("tcb-info-signature+", signer, 2, SOFT_ROOT, NULL),
	TEXT("tcb-info-signature", in_signed_info, "Revoked", "UpToDat"),
	TEXT("tcb-info-signature", in_signed_info, "\"version\":3", "\"version\": 3"),
	TEXT("qe-identity-signature", in_signed_identity, "\"isvprodid\":2", "\"isvprodid\":3"),
	TEXT("qe-identity-signature", in_signed_identity, "}]}", "} ]}"),
	TEXT("signed-json-malformed", in_signed_info, "{\"tcbInfo\"", "{\"x\":1,\"tcbInfo\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\"", "\"tcbInfo\":{},\"signature\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\"", "\"Signature\""),
	TEXT("signed-json-malformed", in_signed_info, "{\"tcbInfo\"", "{\"enclaveIdentity\""),
	TEXT("signed-json-malformed", in_signed_info, "\"signature\":\"", "\"signature\":\"00"),
	TEXT("signed-json-malformed", in_signed_identity, "{\"enclaveIdentity\"", "{{\"enclaveIdentity\""),
	TEXT("tcb-info-id", in_info, "\"TDX\"", "\"SGX\""),
	TEXT("tcb-info-version", in_info, "\"version\":3", "\"version\":2"),
	TEXT("tcb-info-version", in_info, "\"version\":3", "\"version\":4"),
	TEXT("fmspc-mismatch", in_info, "00806F", "00806E"),
	TEXT("pceid-mismatch", in_info, "\"pceId\":\"0000\"", "\"pceId\":\"0001\""),
	TEXT("tcb-info-not-yet-valid", in_info, "2027-01-01", "2027-01-16"),
	TEXT("tcb-info-expired", in_info, "2027-02-01", "2027-01-14"),
	TEXT("tcb-info-format", in_info, "2027-02-01", "2027-02-31"),
	TEXT("tcb-info-format", in_info, "2027-02-01T00:00:00Z", "2027-02-01T00:00:00+00:00"),
	TEXT("tcb-info-format", in_info, "\"tcbType\":0", "\"tcbType\":1"),
	TEXT("tcb-info-format", in_info, "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7},", ""),
	TEXT("tcb-info-format", in_info, "{\"svn\":7},", "{\"svn\":7},{\"svn\":7},"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{\"svn\":256}"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{\"svn\":-1}"),
	TEXT("tcb-info-format", in_info, "{\"svn\":7}", "{}"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":65536"),
	TEXT("tcb-info-format", in_info, "\"UpToDate\"}", "\"Fine\"}"),
	TEXT("tcb-info-format", in_info, "\"UpToDate\"}", "\"ConfigurationNeeded\"}"),
	TEXT("tcb-info-format", in_info, "\"TDX_01\"", "\"TDX_1\""),
	TEXT("tcb-info-format", in_info, "\"TDX_01\"", "\"TDX_00\""),
	TEXT("tcb-info-format", in_info, "\"tdxModule\"", "\"tdxModul\""),
	TEXT("tcb-info-format", in_info, "[\"UpToDate\",", "[1,"),
	TEXT("tcb-info-format", in_info, "Identities\":[",
	     "Identities\":[{\"id\":\"TDX_01\"," SOFT_SIGNER
	     ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0},\"tcbDate\":\"2026-12-01T00:00:00Z\","
	     "\"tcbStatus\":\"UpToDate\"}]},"),
	TEXT("module-mismatch", in_info, "tdxModuleIdentities", "tdxModuleIdentitiez"),
	TEXT("module-mismatch", in_info, "\"TDX_01\"", "\"TDX_03\""),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"SWHardeningNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"ConfigurationNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"UpToDate\",\"adv", "\"OutOfDateConfigurationNeeded\",\"adv"),
	TEXT("tcb-status", in_info, "\"pcesvn\":11", "\"pcesvn\":12"),
	TEXT("tcb-status", in_info, "{\"svn\":7}", "{\"svn\":8}"),
	TEXT("qe-identity-id", in_identity, "TD_QE", "QE"),
	TEXT("qe-identity-version", in_identity, "\"version\":2", "\"version\":1"),
	TEXT("qe-identity-not-yet-valid", in_identity, "2027-01-01", "2027-01-16"),
	TEXT("qe-identity-expired", in_identity, "2027-02-01", "2027-01-14"),
	TEXT("qe-identity-format", in_identity, "\"isvprodid\":2", "\"isvprodid\":2,\"isvprodid\":2"),
	TEXT("qe-identity-format", in_identity, "\"isvprodid\":2", "\"isvprodid\":\"2\""),
	TEXT("qe-identity-format", in_identity, "dcdc", "dc"),
	TEXT("qe-identity-format", in_identity, "UpToDate", "SWHardeningNeeded"),
	TEXT("qe-miscselect", in_identity, "\"miscselect\":\"00000000\"", "\"miscselect\":\"01000000\""),
	{"tcb-evaluation-too-low", in_info, 0, 0, "Number\":20", "Number\":19", "{\"min_tcb_evaluation\":20}"},
	{"qe-evaluation-too-low", in_identity, 0, 0, "Number\":20", "Number\":19", "{\"min_tcb_evaluation\":20}"},
	WITH("tcb-signing-chain-missing", leave_out, 0, 0, "tcb_signing_chain"),
	WITH("qe-identity-missing", leave_out, 0, 0, "qe_identity"),
	WITH("pck-crl-missing", leave_out, 0, 0, "pck_crl"),
	WITH("root-crl-missing", leave_out, 0, 0, "root_crl"),
	/* revocation lists */
	WITH("pck-revoked", crl_serial, SOFT_PCK, 3, NULL),
	WITH("intermediate-revoked", crl_serial, SOFT_ROOT, 2, NULL),
	WITH("tcb-signing-revoked", crl_serial, SOFT_ROOT, 4, NULL),
	WITH("pck-crl-not-yet-valid", crl_from, SOFT_PCK, 1, NULL),
	WITH("pck-crl-expired", crl_to, SOFT_PCK, -1, NULL),
	WITH("root-crl-not-yet-valid", crl_from, SOFT_ROOT, 1, NULL),
	WITH("root-crl-expired", crl_to, SOFT_ROOT, -1, NULL),
	WITH("pck-crl-issuer", crl_issuer, SOFT_PCK, 0, "Intel SGX PCK Processor CA"),
	WITH("root-crl-issuer", crl_issuer, SOFT_ROOT, 0, "Intel SGX PCK Platform CA"),
	WITH("pck-crl-signature", signer, 3, SOFT_ROOT, NULL),
	WITH("root-crl-signature", signer, 4, SOFT_CA, NULL),
	WITH("pck-crl-malformed", crl_critical, SOFT_PCK, 0, NULL),
	WITH("root-crl-malformed", crl_no_next, SOFT_ROOT, 0, NULL),
	WITH("pck-crl-malformed", crl_garbage, SOFT_PCK, 0, NULL),
	WITH("root-crl-malformed", crl_hash, SOFT_ROOT, 0, "SHA384"),
	/* certificates */
	TEXT("certificate-malformed+", in_chain, "-----BEGIN", "----BEGIN"),
	TEXT("certificate-malformed+", in_chain, "-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n"),
	TEXT("certificate-malformed+", in_chain, "MII", "MI*"),
	TEXT("certificate-malformed", in_signing_chain, "-----BEGIN", "comment\n-----BEGIN"),
	WITH("tcb-signing-root", signing_root, 0, SOFT_CA, NULL),
	WITH("tcb-signing-root", signing_root, 0, SOFT_TCB, NULL),
	WITH("certificate-name", cert_name, SOFT_PCK, 0, "Intel SGX TCB Signing"),
	WITH("certificate-name", cert_name, SOFT_TCB, 0, "Intel SGX PCK Certificate"),
	WITH("certificate-signature", cert_issuer, SOFT_PCK, 0, "Intel SGX PCK Processor CA"),
	WITH("certificate-signature", cert_by, SOFT_PCK, SOFT_OTHER, NULL),
	WITH("certificate-signature", cert_by, SOFT_CA, SOFT_OTHER, NULL),
	WITH("certificate-signature", cert_by, SOFT_TCB, SOFT_CA, NULL),
	WITH("certificate-signature", cert_by, SOFT_ROOT, SOFT_OTHER, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_PCK, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_CA, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_ROOT, 1, NULL),
	WITH("certificate-not-yet-valid", cert_from, SOFT_TCB, 1, NULL),
	WITH("certificate-expired", cert_to, SOFT_PCK, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_CA, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_ROOT, -1, NULL),
	WITH("certificate-expired", cert_to, SOFT_TCB, -1, NULL),
	WITH("certificate-profile+", cert_hash, SOFT_PCK, 0, "SHA384"),
	WITH("certificate-profile+", cert_hash, SOFT_CA, 0, "SHA512"),
	WITH("certificate-key+", cert_curve, SOFT_PCK, 0, NULL),
	WITH("certificate-key+", cert_curve, SOFT_CA, 0, NULL),
	WITH("certificate-key", cert_curve, SOFT_TCB, 0, NULL),
	CERT("certificate-profile", SOFT_CA, "CA:TRUE", "CA:FALSE"),
	CERT("certificate-profile", SOFT_CA, "keyCertSign,", ""),
	CERT("certificate-profile", SOFT_CA, ",cRLSign", ""),
	CERT("certificate-profile", SOFT_PCK, "CA:FALSE", "CA:TRUE"),
	CERT("certificate-profile", SOFT_PCK, "digitalSignature,", ""),
	CERT("certificate-profile", SOFT_PCK, "nonRepudiation", "keyCertSign"),
	CERT("certificate-profile", SOFT_PCK, "basicConstraints=critical,CA:FALSE\n", ""),
	CERT("certificate-profile", SOFT_PCK, SOFT_OID "=ASN1", SOFT_OID "=critical,ASN1"),
	CERT("certificate-profile", SOFT_TCB, "CA:FALSE", "CA:TRUE"),
	CERT("certificate-profile", SOFT_TCB, "digitalSignature,", ""),
	/* the SGX extension */
	CERT("pck-extension-missing", SOFT_PCK, SOFT_OID "=", "1.2.840.113741.1.13.9="),
	CERT("pck-extension-missing", SOFT_PCK, "d=SEQUENCE:p4\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "c=SEQUENCE:p3\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "b=SEQUENCE:p2\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "t16=SEQUENCE:c16\n", ""),
	CERT("pck-extension-missing", SOFT_PCK, "t17=SEQUENCE:c17\n", ""),
	CERT("pck-extension-malformed", SOFT_PCK, "c=SEQUENCE:p3\n", "c=SEQUENCE:p3\nc2=SEQUENCE:p3\n"),
	CERT("pck-extension-malformed", SOFT_PCK, "t16=SEQUENCE:c16\n", "t16=SEQUENCE:c15\n"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:256"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:-1"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:7", "b=ENUMERATED:7"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:65536"),
	CERT("pck-extension-malformed", SOFT_PCK, OCTETS "0000", OCTETS "000000"),
	CERT("pck-extension-malformed", SOFT_PCK, OCTETS "00806f05", OCTETS "806f05"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=ENUMERATED:1", "b=ENUMERATED:300"),
	CERT("pck-extension-malformed", SOFT_PCK, "b=BOOLEAN:TRUE", "b=INTEGER:1"),
	CERT("pck-extension-malformed", SOFT_PCK, "[p3]\n", "[p3]\nz=NULL\n"),
	CERT("fmspc-mismatch", SOFT_PCK, OCTETS "00806f05", OCTETS "00806f06"),
	CERT("pceid-mismatch", SOFT_PCK, OCTETS "0000", OCTETS "0100"),
	CERT("tcb-status", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:6"),
	CERT("tcb-status", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:10"),
	CERT("tcb-not-supported", SOFT_PCK, "b=INTEGER:7", "b=INTEGER:0"),
	CERT("tcb-not-supported", SOFT_PCK, "b=INTEGER:11", "b=INTEGER:4"),
};

/* Every member that has to be there: under another name it is not. */
static const char *const info_members[] = {
	"issueDate",
	"nextUpdate",
	"tcbEvaluationDataNumber",
	"fmspc",
	"pceId",
	"tcbType",
	"tdxModule",
	"mrsigner",
	"attributes",
	"attributesMask",
	"tcbLevels",
	"tcb",
	"sgxtcbcomponents",
	"svn",
	"pcesvn",
	"tdxtcbcomponents",
	"tcbDate",
	"tcbStatus",
	"isvsvn",
};
static const char *const identity_members[] = {
	"issueDate",
	"nextUpdate",
	"tcbEvaluationDataNumber",
	"miscselect",
	"miscselectMask",
	"attributes",
	"attributesMask",
	"mrsigner",
	"isvprodid",
	"tcbLevels",
	"tcb",
	"isvsvn",
	"tcbDate",
	"tcbStatus",
};

static void renamed(const char *const *members, size_t n, void (*apply)(soft_tdx *t, const mutation *m),
		    const char *check)
{
	for (size_t i = 0; i < n; i++) {
		char from[64], to[128];
		(void)snprintf(from, sizeof from, "\"%s\":", members[i]);
		(void)snprintf(to, sizeof to, "\"%.*s\":", (int)strlen(members[i]) - 1, members[i]);
		const mutation m = {.check = check, .apply = apply, .from = from, .to = to};
		assert_mutations(&m, 1);
		/* the same name twice, the first of them as it should be */
		(void)snprintf(to, sizeof to, "\"%s\":null,%s", members[i], from);
		assert_mutations(&m, 1);
	}
}

static void every_member_is_needed(void **state)
{
	(void)state;
	const mutation ids[] = {
		TEXT("tcb-info-id", in_info, "\"id\":", "\"i\":"),
		TEXT("tcb-info-version", in_info, "\"version\":", "\"v\":"),
		TEXT("tcb-info-id", in_info, "\"TDX\"", "7"),
		TEXT("tcb-info-version", in_info, "\"version\":3", "\"version\":\"3\""),
		TEXT("qe-identity-id", in_identity, "\"id\":", "\"i\":"),
		TEXT("qe-identity-version", in_identity, "\"version\":", "\"v\":"),
	};
	assert_mutations(ids, COF_COUNT(ids));
	renamed(info_members, COF_COUNT(info_members), in_info, "tcb-info-format");
	renamed(identity_members, COF_COUNT(identity_members), in_identity, "qe-identity-format");
}

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
		cmocka_unit_test(every_member_is_needed),
	};
	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
