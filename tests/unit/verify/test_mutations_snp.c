/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field of a report changed at a time and signed with it, as a firmware that lies would: the check of that field
 * refuses it, and no other has to. Then what a host can do without the key: every bit, every length.
 */
#include "tests/unit/verify/judge_snp.h"

#include "common/hex.h"

/* check: as of soft_is_refused_by */
typedef struct mutation {
	const char *field;
	size_t at;
	uint64_t value;
	size_t len;
	const char *check;
	const char *policy; /* NULL: the defaults */
} mutation;

#define HEX16(b) b b b b b b b b b b b b b b b b
#define HEX48(b) HEX16(b) HEX16(b) HEX16(b)

static const mutation milan[] = {
	{"version 1", 0, 1, 4, "report-version", NULL},
	{"version 6", 0, 6, 4, "report-version", NULL},
	{"version 259", 0, 259, 4, "report-version", NULL},
	{"version 4, CPUID as before", 0, 4, 4, NULL, NULL},
	{"algorithm", 0x34, 2, 4, "report-algorithm", NULL},
	{"algorithm none", 0x34, 0, 4, "report-algorithm", NULL},
	{"algorithm's high byte", 0x37, 1, 1, "report-algorithm", NULL},
	{"guest SVN", 4, 1, 4, "guest-svn", "{\"min_guest_svn\":2}"},
	{"policy bit 17", 8, 0x1001f, 8, "policy-reserved", NULL},
	{"policy bit 26", 8, 0x403001f, 8, "policy-reserved", NULL},
	{"policy bit 63", 8, 0x800000000003001f, 8, "policy-reserved", NULL},
	{"debug", 8, 0xb001f, 8, "debug-allowed", NULL},
	{"migration", 8, 0x7001f, 8, "migration-allowed", NULL},
	{"ABI minor", 8, 0x3001e, 8, "abi-too-low", "{\"min_abi\":{\"major\":0,\"minor\":31}}"},
	{"several sockets", 8, 0x3001f, 8, "single-socket", "{\"require_single_socket\":true}"},
	{"SMT", 8, 0x3001f, 8, "smt-allowed", "{\"allow_smt\":false}"},
	{"family id", 0x10, 1, 1, "family-id", "{\"family_id\":\"" HEX16("00") "\"}"},
	{"family id's end", 0x1f, 1, 1, "family-id", "{\"family_id\":\"" HEX16("00") "\"}"},
	{"image id", 0x20, 1, 1, "image-id", "{\"image_id\":\"" HEX16("00") "\"}"},
	{"VMPL 1", 0x30, 1, 4, "vmpl", NULL},
	{"VMPL 4", 0x30, 4, 4, "vmpl", NULL},
	{"VMPL 256", 0x30, 256, 4, "vmpl", NULL},
	{"host's report", 0x30, UINT32_MAX, 4, "vmpl", NULL},
	{"current SNP lower", 0x3e, 0x17, 1, "reported-above-current", NULL},
	{"current boot loader lower, microcode higher", 0x38, 0xff18000000000003, 8, "reported-above-current", NULL},
	{"current above committed", 0x3f, 0xdc, 1, "committed-below-current",
	 "{\"require_committed_equals_current\":true}"},
	{"ciphertext hiding", 0x40, 0x25, 8, "ciphertext-hiding", "{\"require_ciphertext_hiding\":true}"},
	{"alias check", 0x40, 0x05, 8, "alias-check", "{\"require_alias_check\":true}"},
	{"key word bit 5", 0x48, 1 << 5, 4, "key-word-reserved", NULL},
	{"key word bit 31", 0x48, 1u << 31, 4, "key-word-reserved", NULL},
	{"signing key 2", 0x48, 2 << 2, 4, "signing-key-reserved+", NULL},
	{"signing key 6", 0x48, 6 << 2, 4, "signing-key-reserved+", NULL},
	{"says VLEK", 0x48, 1 << 2, 4, "signing-key-kind", NULL},
	{"says unsigned", 0x48, 7 << 2, 4, "report-unsigned+", NULL},
	{"reserved 4c", 0x4c, 1, 1, "report-reserved", NULL},
	{"reserved 4f", 0x4f, 0x80, 1, "report-reserved", NULL},
	{"report data", 0x50, 0x10, 1, "report-data", "{\"report_data\":\"" HEX16("11") HEX48("11") "\"}"},
	{"report data's end", 0x8f, 0x10, 1, "report-data", "{\"report_data\":\"" HEX16("11") HEX48("11") "\"}"},
	{"report data longer", 0x70, 0x11, 1, "report-data", "{\"report_data\":\"" HEX16("11") HEX16("11") "\"}"},
	{"measurement", 0x90, 0x23, 1, "measurement", "{\"measurement\":\"" HEX48("22") "\"}"},
	{"measurement's end", 0xbf, 0x23, 1, "measurement", "{\"measurement\":\"" HEX48("22") "\"}"},
	{"host data", 0xc0, 0x32, 1, "host-data", "{\"host_data\":\"" HEX16("33") HEX16("33") "\"}"},
	{"host data's end", 0xdf, 0x32, 1, "host-data", "{\"host_data\":\"" HEX16("33") HEX16("33") "\"}"},
	{"id key", 0xe0, 0x45, 1, "id-key-digest", "{\"id_key_digest\":\"" HEX48("44") "\"}"},
	{"author key", 0x13f, 0x54, 1, "author-key-digest", "{\"author_key_digest\":\"" HEX48("55") "\"}"},
	{"boot loader", 0x180, 3, 1, "tcb-not-certified", NULL},
	{"TEE", 0x181, 1, 1, "reported-above-current+", NULL},
	{"SNP lower", 0x186, 0x17, 1, "tcb-not-certified", NULL},
	{"microcode lower", 0x187, 0xda, 1, "tcb-not-certified", NULL},
	{"microcode higher", 0x187, 0xdc, 1, "reported-above-current+", NULL},
	{"reported TCB", 0x180, 4, 1, "tcb-too-low", "{\"min_tcb\":{\"bootloader\":5}}"},
	{"TCB byte 2", 0x182, 1, 1, "tcb-reserved", NULL},
	{"TCB byte 5 of launch", 0x1f5, 1, 1, "tcb-reserved", NULL},
	{"TCB byte 3 of current", 0x3b, 1, 1, "tcb-reserved", NULL},
	{"TCB byte 4 of committed", 0x1e4, 1, 1, "tcb-reserved", NULL},
	{"Genoa's CPUID", 0x189, 0x11, 1, "report-product", NULL},
	{"Siena's CPUID", 0x189, 0xa0, 1, "report-product", NULL},
	{"Turin's CPUID", 0x188, 0x1a, 1, "tcb-reserved+", NULL},
	{"no CPUID", 0x188, 0, 2, "report-product", NULL},
	{"a gap's CPUID", 0x189, 0x20, 1, "report-product", NULL},
	{"reserved 18b", 0x18b, 1, 1, "report-reserved", NULL},
	{"reserved 19f", 0x19f, 1, 1, "report-reserved", NULL},
	{"chip", 0x1a0, 3, 1, "chip-id", NULL},
	{"chip's end", 0x1df, 9, 1, "chip-id", NULL},
	{"committed TCB", 0x1e6, 0x17, 1, "committed-tcb-too-low", "{\"min_committed_tcb\":{\"snp\":24}}"},
	{"reserved 1eb", 0x1eb, 1, 1, "report-reserved", NULL},
	{"reserved 1ef", 0x1ef, 1, 1, "report-reserved", NULL},
	{"launch TCB", 0x1f6, 0x17, 1, "launch-tcb-too-low", "{\"min_launch_tcb\":{\"snp\":24}}"},
	{"launch mitigations before version 5", 0x1f8, 1, 8, "report-reserved", NULL},
	{"current mitigations before version 5", 0x207, 1, 1, "report-reserved", NULL},
	{"reserved 208", 0x208, 1, 1, "report-reserved", NULL},
	{"reserved 29f", 0x29f, 1, 1, "report-reserved", NULL},
};

static const mutation turin[] = {
	{"FMC", 0x180, 0, 1, "tcb-not-certified", NULL},
	{"FMC's minimum", 0x180, 1, 1, "tcb-too-low", "{\"min_tcb\":{\"fmc\":2}}"},
	{"boot loader", 0x181, 3, 1, "tcb-not-certified", NULL},
	{"SNP", 0x183, 0x17, 1, "tcb-not-certified", NULL},
	{"TCB byte 4", 0x184, 1, 1, "tcb-reserved", NULL},
	{"old layout's SNP", 0x186, 0x18, 1, "tcb-reserved", NULL},
	{"chip", 0x1a7, 9, 1, "chip-id", NULL},
	{"behind the chip", 0x1a8, 1, 1, "chip-id", NULL},
	{"chip's end", 0x1df, 1, 1, "chip-id", NULL},
	{"Venice's CPUID", 0x189, 0x50, 1, "report-product", NULL},
	{"reserved 208", 0x208, 1, 1, "report-reserved", NULL},
	{"mitigations at launch", 0x1f8, 0x3e, 1, "mitigation-vector",
	 "{\"min_launch_mit_vector\":\"0000000000000001\"}"},
};

static void mutate(const mutation *list, size_t n, void (*make)(soft_snp *s))
{
	for (size_t i = 0; i < n; i++) {
		const mutation *m = &list[i];
		soft_snp s = soft_snp_good(&keys);
		make(&s);
		soft_put(s.report, m->at, m->value, m->len);
		if (m->policy != NULL)
			s.policy = m->policy;
		assert_soft(&s, m->field, m->check);
	}
}

static void make_milan(soft_snp *s)
{
	(void)s;
}

static void t020_single_fields_that_firmware_signed(void **state)
{
	(void)state;
	assert_true(COF_COUNT(milan) >= 60);
	mutate(milan, COF_COUNT(milan), make_milan);
}

static void t020_single_fields_on_turin(void **state)
{
	(void)state;
	mutate(turin, COF_COUNT(turin), soft_make_turin);
}

/* What is refused above is refused for the field that was changed: the same policies are met without the change. */
static void t019_policies_that_hold(void **state)
{
	(void)state;
	static const char *const hold[] = {
		"{\"min_guest_svn\":2,\"min_abi\":{\"major\":0,\"minor\":31}}",
		"{\"family_id\":\"" HEX16("00") "\",\"image_id\":\"" HEX16("00") "\"}",
		"{\"require_committed_equals_current\":true,\"require_alias_check\":true}",
		"{\"report_data\":\"" HEX16("11") HEX48("11") "\",\"measurement\":\"" HEX48("22") "\"}",
		"{\"host_data\":\"" HEX16("33") HEX16("33") "\",\"id_key_digest\":\"" HEX48("44") "\"}",
		"{\"author_key_digest\":\"" HEX48("55") "\",\"min_tcb\":{\"bootloader\":4}}",
		"{\"min_committed_tcb\":{\"snp\":24},\"min_launch_tcb\":{\"snp\":24}}",
	};
	for (size_t i = 0; i < COF_COUNT(hold); i++) {
		soft_snp s = soft_snp_good(&keys);
		s.policy = hold[i];
		assert_soft(&s, hold[i], NULL);
	}
}

/* Every bit of the guest's policy by itself, signed by the firmware. */
static void t019_every_bit_of_the_guest_s_policy(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		soft_snp s = soft_snp_good(&keys);
		soft_put(s.report, 8, 0x2001f ^ (uint64_t)1 << bit, 8);
		s.policy = "{\"allow_smt\":false}";
		assert_soft(&s, "one bit",
			    bit == 17 || bit > 25 ? "policy-reserved"
			    : bit == 16		  ? "smt-allowed"
			    : bit == 18		  ? "migration-allowed"
			    : bit == 19		  ? "debug-allowed"
						  : NULL);
	}
}

/* ---- without the key ---- */

typedef struct scalar {
	const char *field;
	size_t at;
	const char *hex; /* little-endian, of the 72-byte field */
	const char *check;
} scalar;

#define ORDER_LE "7329c5cc6a19ecec7aa7b048b20d1a58df2d37f4814d63c7ffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZEROS7 "00000000000000"
#define ZEROS24 HEX16("00") ZEROS7 "00"

static const scalar scalars[] = {
	{"R zero", 0x2a0, ZEROS24 ZEROS24 ZEROS24, "report-signature-range+"},
	{"S zero", 0x2e8, ZEROS24 ZEROS24 ZEROS24, "report-signature-range+"},
	{"R the order", 0x2a0, ORDER_LE ZEROS24, "report-signature-range+"},
	{"S the order", 0x2e8, ORDER_LE ZEROS24, "report-signature-range+"},
	{"R all ones", 0x2a0, HEX48("ff") ZEROS24, "report-signature-range+"},
	{"R beyond its bytes", 0x2a0, "01" HEX16("00") HEX16("00") ZEROS7 ZEROS7 "0001" HEX16("00") ZEROS7,
	 "report-signature-range+"},
	{"behind S", 0x330, "01" HEX16("00") ZEROS7 ZEROS24 ZEROS24, "report-padding"},
	{"R one", 0x2a0, "01" HEX16("00") ZEROS7 ZEROS24 ZEROS24, "report-signature"},
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
		if (!soft_is_refused_by(&v, scalars[i].check))
			soft_print_failed(scalars[i].field, &v.checks, scalars[i].check);
		assert_true(soft_is_refused_by(&v, scalars[i].check));
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
	assert_soft(&s, "certificate on P-256", "vek-key+");
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
		assert_true(soft_is_refused_by(&v, n == COF_SNP_REPORT_LEN ? NULL : "report-size"));
		assert_true((v.fields != NULL) == (n == COF_SNP_REPORT_LEN));
		cof_verdict_release(&v);
	}
	soft_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t020_single_fields_that_firmware_signed),
		cmocka_unit_test(t020_single_fields_on_turin),
		cmocka_unit_test(t019_policies_that_hold),
		cmocka_unit_test(t019_every_bit_of_the_guest_s_policy),
		cmocka_unit_test(scalars_out_of_range),
		cmocka_unit_test(other_signers),
		cmocka_unit_test(every_length),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
