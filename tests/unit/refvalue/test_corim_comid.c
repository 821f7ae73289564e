/* SPDX-License-Identifier: Apache-2.0 */
/* Modules inside a manifest, and the values of each profile: what is read, and what is refused instead of dropped. */
#include "tests/unit/refvalue/manifest.h"

static void a_comid(void **state)
{
	(void)state;
	BAD("cbor-malformed", .comid = "");
	BAD("corim-malformed", .comid = "00");
	BAD("corim-malformed", .comid = "a0");
	BAD("corim-malformed", .comid = "d901faa0");
	BAD("corim-malformed", .identity = "a0");
	BAD("corim-malformed", .identity = "00");
	BAD("corim-malformed", .identity = "a10000");
	BAD("corim-malformed", .identity = "a10060");
	BAD("corim-malformed", .identity = "a100410a");
	BAD("corim-malformed", .identity = "a20061610120");
	BAD("corim-malformed", .identity = "a2006161016131");
	BAD("corim-malformed", .identity = "a2006161011b8000000000000000");
	BAD("corim-unsupported", .identity = "a20061610201");
	GOOD(.identity = "a20061610109");
	GOOD(.identity = "a10050000102030405060708090a0b0c0d0e0f");
	/* words for people, and what would change the meaning */
	GOOD(.comid_head = "a3", .comid_more = "0065656e2d4742");
	BAD("corim-malformed", .comid_head = "a3", .comid_more = "0000");
	GOOD(.comid_head = "a3", .comid_more = "0281a1006161");
	BAD("corim-malformed", .comid_head = "a3", .comid_more = "0280");
	BAD("corim-unsupported", .comid_head = "a3", .comid_more = "0381a20061610101"); /* replaces another */
	BAD("corim-unsupported", .comid_head = "a3", .comid_more = "2000");
	BAD("corim-malformed", .triples = "a0");
	BAD("corim-malformed", .triples = "80");
	BAD("corim-malformed", .triples = "a10080");
	BAD("corim-malformed", .triples = "a100a0");
	BAD("corim-malformed", .triples = "a1008180");
	BAD("corim-malformed", .triples = "a1008181" AMD_CLASS);
	BAD("corim-malformed", .triples = "a1008183" AMD_CLASS "81" LAUNCH "00");
	BAD("corim-unsupported", .triples = "a1018182" AMD_CLASS "81" LAUNCH); /* endorsed, not required */
	BAD("corim-unsupported", .triples = "a2008182" AMD_CLASS "81" LAUNCH "088180");
	BAD("corim-malformed", .environment = "a0");
	BAD("corim-malformed", .environment = "80");
	BAD("corim-malformed", .environment = "a100a0");
	/* one chip, or one group of machines */
	BAD("corim-unsupported", .environment = "a200a100d86f492b060104019c78030101d9023040");
	BAD("corim-unsupported",
	    .environment = "a200a100d86f492b060104019c78030102d82550000102030405060708090a0b0c0d0e0f");
	BAD("corim-malformed", .measurements = "80");
	BAD("corim-malformed", .measurements = "a0");
	BAD("corim-malformed", .measurements = "8100");
	BAD("corim-malformed", .measurements = "81a100190281");
	BAD("corim-malformed", .measurements = "81a20019028101a0");
	BAD("corim-malformed", .measurements = "81a2001902810180");
	/* who may say it */
	BAD("corim-unsupported", .measurements = "81a30019028101a1028182075830" H48("11") "0281d9022a6161");
}

static void several_records(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){.triples = "a1008382" AMD_CLASS "81" LAUNCH "82" AMD_CLASS "81" LAUNCH "82" AMD_CLASS
				       "81" LAUNCH},
		&c);
	assert_int_equal(c.rim.n, 3);
	assert_string_equal(c.rim.entries[0].name, "a");
	assert_string_equal(c.rim.entries[1].name, "a/2");
	assert_string_equal(c.rim.entries[2].name, "a/3");
	COF_AUTO(cof_corim) uuid = {0};
	good_at(__LINE__, &(manifest){.identity = "a10050000102030405060708090a0b0c0d0e0f"}, &uuid);
	assert_string_equal(uuid.rim.entries[0].name, "00010203-0405-0607-0809-0a0b0c0d0e0f");
}

static void classes_of_snp(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) a = {0};
	COF_AUTO(cof_corim) b = {0};
	COF_AUTO(cof_corim) d = {0};
	good_at(__LINE__, &(manifest){0}, &a);
	assert_false(a.rim.entries[0].snp.vlek);
	good_at(__LINE__, &(manifest){.environment = "a100a100d86f492b060104019c780302"}, &b);
	assert_true(b.rim.entries[0].snp.vlek);
	good_at(__LINE__, &(manifest){.environment = "a100a100d86f4b06092b060104019c780301"},
		&d); /* as the draft has it */
	assert_false(d.rim.entries[0].snp.vlek);
	static const char *const bad[] = {"a100a100d86f492b060104019c780303",
					  "a100a100d86f482b060104019c7803",
					  "a100a100d86f4b060a2b060104019c780301",
					  "a100a100d86f4b05092b060104019c780301",
					  "a100a100492b060104019c780301",
					  "a100a100d825492b060104019c780301",
					  "a100a10163616d64",
					  "a100a200d86f492b060104019c7803010163616d64"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		BAD("corim-unsupported", .environment = bad[i]);
}

static void values_of_snp(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){.measurements = "84" LAUNCH "a2000201a104d90230480000030000000000"
					    "a2000101a10105a20019028201a1028182075820" H32("22")},
		&c);
	const cof_rim_snp *s = &c.rim.entries[0].snp;
	assert_true(s->has_policy && s->policy == 0x30000);
	assert_true(s->has_guest_svn && s->guest_svn == 5);
	assert_true(s->has_host_data && s->host_data[31] == 0x22); /* "SHA-384" of 32 bytes, as the draft has it */
	assert_false(s->has_id_key_digest || s->has_author_key_digest);
	GOOD(.measurements = "82" LAUNCH "a2000101a101d9022805");
	GOOD(.measurements = "82" LAUNCH "a20019028201a1028182015820" H32("22"));
	GOOD(.measurements = "81a20019028101a1028182677368612d3338345830" H48("11")); /* "sha-384" */
	/* digests */
	BAD("corim-malformed", .measurements = "81a20019028101a1028182075820" H32("11")); /* SHA-384 of 32 bytes */
	BAD("corim-unsupported", .measurements = "81a20019028101a1028182015820" H32("11"));
	BAD("corim-malformed", .measurements = "81a20019028101a1028182015830" H48("11"));
	BAD("corim-unsupported", .measurements = "81a20019028101a10281820a5820" H32("11"));
	BAD("corim-unsupported", .measurements = "81a20019028101a1028282075830" H48("11") "82015820" H32("11"));
	BAD("corim-malformed", .measurements = "81a20019028101a10280");
	BAD("corim-malformed", .measurements = "81a20019028101a102a0");
	BAD("corim-malformed", .measurements = "81a20019028101a1028107");
	BAD("corim-malformed", .measurements = "81a20019028101a102818107");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a20019028201a1028182075830" H48("22"));
	BAD("corim-malformed",
	    .measurements = "82" LAUNCH "a20019028201a102818207581f" H8("22") H8("22") H8("22") "22222222222222");
	BAD("corim-malformed", .measurements = "82" LAUNCH LAUNCH); /* twice */
	/* conditions that are none of the table's */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000101a101d9022905");		/* a minimum */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000101a1011b0000000100000000"); /* too large */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000101a10120");
	BAD("corim-unsupported",
	    .measurements = "82" LAUNCH "a2000201a104d9023382480000000000000000480000080000000000");
	BAD("corim-unsupported",
	    .measurements = "82" LAUNCH "a2000201a204d902304800000300000000000548ffffffffffffffff");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000201a104480000030000000000");
	BAD("corim-malformed", .measurements = "82" LAUNCH "a2000201a104d902304700000300000000");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000201a101d9022805"); /* POLICY as an SVN */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000501a10f00");	      /* VMPL */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000601a101d9022801"); /* TCB */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a20019028001a104d9023040");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a101a103a103f4"); /* flags, without a key */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a200616101a10105");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2002001a10105");
	BAD("corim-unsupported", .measurements = "81a2000101a10105"); /* no launch measurement */
}

#define INTEL_PROFILE "d86f4a6086480186f84d011001"
#define TD "a100a20171496e74656c20436f72706f726174696f6e0266544458205444"
#define MRTD "385282075830" H48("55")
#define TDX(...) .profile = INTEL_PROFILE, .environment = TD, __VA_ARGS__

static void values_of_tdx(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){TDX(.measurements = "81a101a20ea2008182075830" H48("60") "038182075830" H48("63") MRTD)},
		&c);
	const cof_rim_tdx *t = &c.rim.entries[0].tdx;
	assert_true(t->has_rtmr[0] && !t->has_rtmr[1] && !t->has_rtmr[2] && t->has_rtmr[3] && !t->has_mrconfigid);
	assert_int_equal(t->rtmr[3][47], 0x63);
	GOOD(TDX(.measurements = "81a101a1" MRTD));
	GOOD(TDX(.measurements = "81a101a138528182075830" H48("55"))); /* a list of one */
	BAD("corim-unsupported", TDX(.measurements = "81a101a138528282075830" H48("55") "82015820" H32("55")));
	BAD("corim-unsupported", TDX(.measurements = "81a101a13852d9ea7482068182075830" H48("55"))); /* an expression */
	BAD("corim-unsupported", TDX(.measurements = "81a101a1385282015820" H32("55")));
	BAD("corim-malformed", TDX(.measurements = "81a101a1385282075820" H32("55")));
	BAD("corim-malformed", TDX(.measurements = "81a101a1385280"));
	BAD("corim-unsupported", TDX(.measurements = "81a101a10ea1008182075830" H48("60"))); /* no MRTD */
	BAD("corim-malformed", TDX(.measurements = "81a101a20ea0" MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81a101a20ea1048182075830" H48("60") MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81a101a20ea161308182075830" H48("60") MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81a101a2" MRTD "385440")); /* ISVPRODID */
	BAD("corim-malformed", TDX(.measurements = "82a101a1" MRTD "a101a1" MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81a2000501a1" MRTD));
#define CONFIG "a2006a6d72636f6e666967696401a104d902305830" H48("66")
	GOOD(TDX(.measurements = "82" CONFIG "a101a1" MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81" CONFIG));
	BAD("corim-malformed", TDX(.measurements = "83" CONFIG CONFIG "a101a1" MRTD));
	BAD("corim-malformed",
	    TDX(.measurements = "82a101a1" MRTD "a2006a6d72636f6e666967696401a104d902305820" H32("66")));
	BAD("corim-unsupported", TDX(.measurements = "82a101a1" MRTD "a2006a6d72636f6e666967696401a10105"));
	BAD("corim-unsupported", .profile = INTEL_PROFILE,
	    .environment = "a100a20171496e74656c20436f72706f726174696f6e0268544458205345414d");
	BAD("corim-unsupported", .profile = INTEL_PROFILE, .environment = "a100a10266544458205444");
	BAD("corim-unsupported", .profile = INTEL_PROFILE, .environment = AMD_CLASS);
}

#define COFFER_PROFILE "d82078277461673a636f666665722e6578616d706c652c323032363a636f72696d2d70726f66696c652f31"
#define OURS(model) "a100a20166636f666665720263" model
#define SEV .profile = COFFER_PROFILE, .environment = OURS("736576")
#define TPM .profile = COFFER_PROFILE, .environment = OURS("74706d")

static void values_of_our_profile(void **state)
{
	(void)state;
	GOOD(SEV, .measurements = "81a101a1028182015820" H32("77"));
	BAD("corim-unsupported", SEV, .measurements = "81a2000101a1028182015820" H32("77"));
	BAD("corim-unsupported", SEV, .measurements = "82a101a1028182015820" H32("77") "a101a1028182015820" H32("77"));
	BAD("corim-unsupported", SEV, .measurements = "81a101a1028182075830" H48("77"));
	BAD("corim-unsupported", SEV, .measurements = "81a101a2028182015820" H32("77") "0105");
	BAD("corim-unsupported", SEV, .measurements = "81a101a10ea1008182015820" H32("77"));
	BAD("corim-unsupported", .profile = COFFER_PROFILE, .environment = OURS("736e70"),
	    .measurements = "81a101a1028182015820" H32("77"));
	BAD("corim-unsupported", .profile = COFFER_PROFILE, .environment = OURS("736778"),
	    .measurements = "81a101a1028182015820" H32("77"));
	BAD("corim-unsupported", .profile = COFFER_PROFILE, .environment = "a100a20166436f666665720263736576",
	    .measurements = "81a101a1028182015820" H32("77"));
	BAD("corim-unsupported", .profile = COFFER_PROFILE, .environment = "a100a10263736576",
	    .measurements = "81a101a1028182015820" H32("77"));
	/* registers and events of a TPM; that they fit is the document's rule */
#define REG "0ea1008182015820" H32("01")
	BAD("corim-malformed", TPM, .measurements = "81a101a1" REG);
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "2080");
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "20a0");
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "208100");
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "20818300046161");
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "208184181804616182015820" H32("01")); /* PCR 24 */
	BAD("corim-unsupported", TPM, .measurements = "81a101a2" REG "20818400187f616182015820" H32("01"));
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "208184001b0000000100000004616182015820" H32("01"));
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "20818400046082015820" H32("01"));
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "20818400047820" H32("61") "82015820" H32("01"));
	BAD("corim-malformed", TPM, .measurements = "81a101a2" REG "2081840004616182015830" H48("01"));
	BAD("corim-unsupported", TPM, .measurements = "81a101a2" REG "2081840004616182075830" H48("01"));
	BAD("corim-malformed", TPM, .measurements = "81a101a20ea02081840004616182015820" H32("01"));
	BAD("corim-malformed", TPM,
	    .measurements = "81a101a20ea118188182015820" H32("01") "2081840004616182015820" H32("01"));
	BAD("corim-unsupported", TPM,
	    .measurements = "81a101a20ea1008182075830" H48("01") "2081840004616182015820" H32("01"));
	BAD("reference-malformed", TPM, .measurements = "81a101a2" REG "2081840004616182015820" H32("01"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comid),	  cmocka_unit_test(several_records),
		cmocka_unit_test(classes_of_snp), cmocka_unit_test(values_of_snp),
		cmocka_unit_test(values_of_tdx),  cmocka_unit_test(values_of_our_profile),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
