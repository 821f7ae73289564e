/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_snp.h"

#include "common/hex.h"

static soft_keys keys;

/* ---- what is accepted ---- */

static void good_ones(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	assert_soft(&s, "Milan", NULL);
	s.crl.given = true;
	assert_soft(&s, "with a list", NULL);
	s = soft_snp_good(&keys);
	soft_make_vlek(&s);
	assert_soft(&s, "VLEK", NULL);
	s = soft_snp_good(&keys);
	soft_make_turin(&s);
	assert_soft(&s, "Turin", NULL);
	s = soft_snp_good(&keys);
	soft_put(s.report, 0x40, 0xff00000000000025, 8);
	assert_soft(&s, "platform bits that nobody knows", NULL);
}

static void every_version(void **state)
{
	(void)state;
	for (uint32_t version = 0; version < 8; version++) {
		soft_snp s = soft_snp_good(&keys);
		soft_put(s.report, 0, version, 4);
		if (version == 2)
			soft_put(s.report, 0x188, 0, 3);
		assert_soft(&s, "version", version < 2 || version > 5 ? "report-version" : NULL);
	}
}

static void a_stranger_s_root_is_said_to_be_one(void **state)
{
	(void)state;
	static cof_verdict v;
	bool said = false;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	soft_verify(&s, &v);
	assert_true(v.accepted);
	for (size_t i = 0; i < v.checks.n; i++) {
		if (strcmp(v.checks.list[i].name, "root-anchor") == 0)
			said = strstr(v.checks.list[i].found, "not AMD's") != NULL;
	}
	assert_true(said);
	cof_verdict_release(&v);
	soft_drop(&s);
}

/* ---- one field of the report, signed with it ---- */

typedef struct change {
	const char *label;
	size_t at;
	uint64_t value;
	size_t len;
	const char *check;
} change;

static const change signed_changes[] = {
	{"algorithm", 0x34, 2, 4, "report-algorithm"},
	{"algorithm none", 0x34, 0, 4, "report-algorithm"},
	{"policy bit 17", 8, 0x1001f, 8, "policy-reserved"},
	{"policy bit 26", 8, 0x403001f, 8, "policy-reserved"},
	{"policy bit 63", 8, 0x800000000003001f, 8, "policy-reserved"},
	{"debug", 8, 0xb001f, 8, "debug-allowed"},
	{"migration", 8, 0x7001f, 8, "migration-allowed"},
	{"VMPL 1", 0x30, 1, 4, "vmpl"},
	{"VMPL 4", 0x30, 4, 4, "vmpl"},
	{"VMPL 256", 0x30, 256, 4, "vmpl"},
	{"host's report", 0x30, UINT32_MAX, 4, "vmpl"},
	{"key word bit 5", 0x48, 1 << 5, 4, "key-word-reserved"},
	{"key word bit 31", 0x48, 1u << 31, 4, "key-word-reserved"},
	{"signing key 2", 0x48, 2 << 2, 4, "signing-key-reserved"},
	{"signing key 6", 0x48, 6 << 2, 4, "signing-key-reserved"},
	{"says VLEK", 0x48, 1 << 2, 4, "signing-key-kind"},
	{"says unsigned", 0x48, 7 << 2, 4, "report-unsigned"},
	{"reserved 4c", 0x4c, 1, 1, "report-reserved"},
	{"reserved 4f", 0x4f, 0x80, 1, "report-reserved"},
	{"reserved 18b", 0x18b, 1, 1, "report-reserved"},
	{"reserved 19f", 0x19f, 1, 1, "report-reserved"},
	{"reserved 1eb", 0x1eb, 1, 1, "report-reserved"},
	{"reserved 1ef", 0x1ef, 1, 1, "report-reserved"},
	{"launch mitigations before version 5", 0x1f8, 1, 8, "report-reserved"},
	{"current mitigations before version 5", 0x207, 1, 1, "report-reserved"},
	{"reserved 208", 0x208, 1, 1, "report-reserved"},
	{"reserved 29f", 0x29f, 1, 1, "report-reserved"},
	{"TCB byte 2", 0x182, 1, 1, "tcb-reserved"},
	{"TCB byte 5", 0x1f5, 1, 1, "tcb-reserved"},
	{"boot loader", 0x180, 3, 1, "tcb-not-certified"},
	{"TEE", 0x181, 1, 1, "reported-above-current"},
	{"SNP lower", 0x186, 0x17, 1, "tcb-not-certified"},
	{"microcode lower", 0x187, 0xda, 1, "tcb-not-certified"},
	{"microcode higher", 0x187, 0xdc, 1, "reported-above-current"},
	{"current SNP lower", 0x3e, 0x17, 1, "reported-above-current"},
	{"current boot loader lower, microcode higher", 0x38, 0xff18000000000003, 8, "reported-above-current"},
	{"chip", 0x1a0, 3, 1, "chip-id"},
	{"chip's end", 0x1df, 9, 1, "chip-id"},
	{"Genoa's CPUID", 0x189, 0x11, 1, "report-product"},
	{"Siena's CPUID", 0x189, 0xa0, 1, "report-product"},
	{"Turin's CPUID", 0x188, 0x1a, 1, "tcb-reserved"},
	{"no CPUID", 0x188, 0, 2, "report-product"},
	{"a gap's CPUID", 0x189, 0x20, 1, "report-product"},
};

static void t020_single_fields_that_firmware_signed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(signed_changes); i++) {
		const change *c = &signed_changes[i];
		soft_snp s = soft_snp_good(&keys);
		soft_put(s.report, c->at, c->value, c->len);
		assert_soft(&s, c->label, c->check);
	}
}

/* Every bit of the guest's policy by itself, signed by the firmware. */
static void t019_every_bit_of_the_guest_s_policy(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		soft_snp s = soft_snp_good(&keys);
		soft_put(s.report, 8, 0x3001f ^ (uint64_t)1 << bit, 8);
		s.policy = "{\"allow_smt\":false}";
		if (bit != 16)
			assert_soft(&s, "SMT allowed",
				    bit == 17 || bit > 25 ? "policy-reserved"
				    : bit == 18		  ? "migration-allowed"
				    : bit == 19		  ? "debug-allowed"
							  : "smt-allowed");
		else
			assert_soft(&s, "SMT forbidden", NULL);
	}
}

static const change turin_changes[] = {
	{"FMC", 0x180, 0, 1, "tcb-not-certified"},
	{"boot loader", 0x181, 3, 1, "tcb-not-certified"},
	{"SNP", 0x183, 0x17, 1, "tcb-not-certified"},
	{"TCB byte 4", 0x184, 1, 1, "tcb-reserved"},
	{"old layout's SNP", 0x186, 0x18, 1, "tcb-reserved"},
	{"chip", 0x1a7, 9, 1, "chip-id"},
	{"behind the chip", 0x1a8, 1, 1, "chip-id"},
	{"chip's end", 0x1df, 1, 1, "chip-id"},
	{"Venice's CPUID", 0x189, 0x50, 1, "report-product"},
	{"reserved 208", 0x208, 1, 1, "report-reserved"},
};

static void t020_single_fields_on_turin(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(turin_changes); i++) {
		const change *c = &turin_changes[i];
		soft_snp s = soft_snp_good(&keys);
		soft_make_turin(&s);
		soft_put(s.report, c->at, c->value, c->len);
		assert_soft(&s, c->label, c->check);
	}
}

static void a_masked_chip_id_under_a_vcek(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	memset(s.report + 0x1a0, 0, 64);
	assert_soft(&s, "masked", "chip-id");
	/* not even where the certificate names the zero chip */
	char *hwid = strstr(s.vek.ext, SOFT_HWID64);
	assert_non_null(hwid);
	memset(hwid, '0', 128);
	assert_soft(&s, "masked and certified so", "chip-id");
}

/* Version 2 has no CPUID: these bytes are reserved there, and the product comes from the certificate. */
static void version_2_states_no_product(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	soft_put(s.report, 0, 2, 4);
	assert_soft(&s, "CPUID in version 2", "report-reserved");
	s = soft_snp_good(&keys);
	soft_make_turin(&s);
	soft_put(s.report, 0, 2, 4);
	soft_put(s.report, 0x188, 0, 3);
	memset(s.report + 0x1f8, 0, 16);
	assert_soft(&s, "Turin's layout by the certificate", NULL);
}

/* ---- the signature ---- */

/* In what is signed, what signs, and the zeros around: no byte may change. */
static void every_byte_changed_after_signing(void **state)
{
	(void)state;
	static cof_verdict v;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	for (size_t at = 0; at < COF_SNP_REPORT_LEN; at++) {
		s.made[0].data[at] ^= (uint8_t)(1 << at % 8);
		soft_verify(&s, &v);
		const cof_check *bad = soft_failed(&v);
		assert_false(v.accepted);
		assert_true(bad->stage == COF_STAGE_PARSE || bad->stage == COF_STAGE_SIGNATURE);
		if (at >= 0x38 && at < 0x2a0)
			assert_string_equal(bad->name, "report-signature");
		if (at >= 0x330)
			assert_string_equal(bad->name, "report-padding");
		cof_verdict_release(&v);
		s.made[0].data[at] ^= (uint8_t)(1 << at % 8);
	}
	soft_drop(&s);
}

static void every_length(void **state)
{
	(void)state;
	static cof_verdict v;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	assert_ok(cof_buf_add(&s.made[0], "", 1, &err));
	for (size_t n = 0; n <= COF_SNP_REPORT_LEN + 1; n++) {
		s.made[0].len = n;
		soft_verify(&s, &v);
		assert_int_equal(v.accepted, n == COF_SNP_REPORT_LEN);
		assert_true(n == COF_SNP_REPORT_LEN || strcmp(soft_failed(&v)->name, "report-size") == 0);
		assert_true((v.fields != NULL) == (n == COF_SNP_REPORT_LEN));
		cof_verdict_release(&v);
	}
	soft_drop(&s);
}

typedef struct scalar {
	const char *label;
	size_t at;
	const char *hex; /* little-endian, of the 72-byte field */
	const char *check;
} scalar;

#define ORDER_LE "7329c5cc6a19ecec7aa7b048b20d1a58df2d37f4814d63c7ffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZEROS24 "000000000000000000000000000000000000000000000000"

static const scalar scalars[] = {
	{"R zero", 0x2a0, ZEROS24 ZEROS24 ZEROS24, "report-signature-range"},
	{"S zero", 0x2e8, ZEROS24 ZEROS24 ZEROS24, "report-signature-range"},
	{"R the order", 0x2a0, ORDER_LE ZEROS24, "report-signature-range"},
	{"S the order", 0x2e8, ORDER_LE ZEROS24, "report-signature-range"},
	{"R beyond its bytes", 0x2a0,
	 "0100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000"
	 "000"
	 "00000000000000000000000000000000",
	 "report-signature-range"},
	{"R one", 0x2a0,
	 "01"
	 "0000000000000000000000000000000000000000000000" ZEROS24 ZEROS24,
	 "report-signature"},
};

static void scalars_out_of_range(void **state)
{
	(void)state;
	static cof_verdict v;
	for (size_t i = 0; i < COF_COUNT(scalars); i++) {
		soft_snp s = soft_snp_good(&keys);
		soft_make(&s);
		assert_ok(cof_unhex(scalars[i].hex, s.made[0].data + scalars[i].at, 72, &err));
		soft_verify(&s, &v);
		assert_false(v.accepted);
		assert_string_equal(soft_failed(&v)->name, scalars[i].check);
		cof_verdict_release(&v);
		soft_drop(&s);
	}
}

static void other_signers(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	s.signer = keys.other;
	assert_soft(&s, "another chip's key", "report-signature");
	s = soft_snp_good(&keys);
	s.hash = "SHA256";
	assert_soft(&s, "SHA-256", "report-signature");
	s = soft_snp_good(&keys);
	s.vek.key = keys.p256;
	assert_soft(&s, "certificate on P-256", "vek-key");
}

/* ---- the verified object ---- */

static void only_a_passed_list_makes_a_verified_report(void **state)
{
	(void)state;
	static cof_checks checks;
	cof_snp_demands demands;
	cof_snp_said said;
	cof_snp_verified *v = NULL;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	assert_ok(cof_snp_demands_read(NULL, &demands, &err));
	cof_snp_in in = {.report = cof_buf_span(&s.made[0]),
			 .vek = cof_buf_span(&s.made[1]),
			 .intermediate = cof_buf_span(&s.made[2]),
			 .root = cof_buf_span(&s.made[3]),
			 .demands = &demands,
			 .now = SOFT_NOW};
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_non_null(v);
	assert_memory_equal(cof_snp_verified_report(v), &said.report, sizeof said.report);
	assert_int_equal(cof_snp_verified_line(v), COF_SNP_MILAN);
	assert_false(cof_snp_verified_by_amd(v));
	cof_snp_verified_free(v);
	/* what failed before counts */
	(void)cof_check_that(&checks, COF_STAGE_POLICY, "vmpl", false);
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_null(v);
	checks.n = checks.failed = 0;
	demands.vmpl = 1;
	assert_ok(cof_snp_verify(&in, &checks, &said, &v, &err));
	assert_null(v);
	assert_true(said.decoded);
	soft_drop(&s);
}

static int setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(every_version),
		cmocka_unit_test(a_stranger_s_root_is_said_to_be_one),
		cmocka_unit_test(t020_single_fields_that_firmware_signed),
		cmocka_unit_test(t019_every_bit_of_the_guest_s_policy),
		cmocka_unit_test(t020_single_fields_on_turin),
		cmocka_unit_test(a_masked_chip_id_under_a_vcek),
		cmocka_unit_test(version_2_states_no_product),
		cmocka_unit_test(every_byte_changed_after_signing),
		cmocka_unit_test(every_length),
		cmocka_unit_test(scalars_out_of_range),
		cmocka_unit_test(other_signers),
		cmocka_unit_test(only_a_passed_list_makes_a_verified_report),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
