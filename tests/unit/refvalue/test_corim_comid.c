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
	BAD("corim-malformed", .environment = "a200a100d86f492b060104019c78030101d9023040"); /* a chip without a name */
	/* one group of machines */
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
	assert_false(a.rim.entries[0].launch.vlek);
	good_at(__LINE__, &(manifest){.environment = "a100a100d86f492b060104019c780302"}, &b);
	assert_true(b.rim.entries[0].launch.vlek);
	good_at(__LINE__, &(manifest){.environment = "a100a100d86f4b06092b060104019c780301"},
		&d); /* as the draft has it */
	assert_false(d.rim.entries[0].launch.vlek);
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

static void assert_number(const cof_rim_entry *e, cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to)
{
	const cof_rim_cond *c = cof_rim_cond_on(e, f);
	assert_non_null(c);
	assert_int_equal(c->op, op);
	assert_int_equal(cof_rim_value_number(c, 0), from);
	if (c->n > 1)
		assert_int_equal(cof_rim_value_number(c, 1), to);
}

static void values_of_snp(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){.measurements = "84" LAUNCH "a2000201a104d90230480000030000000000"
					    "a2000101a10105a20019028201a1028182075820" H32("22")},
		&c);
	const cof_rim_entry *e = &c.rim.entries[0];
	assert_int_equal(e->launch.n, 4);
	assert_number(e, COF_RIM_POLICY, COF_RIM_IS, 0x30000, 0);
	assert_number(e, COF_RIM_GUEST_SVN, COF_RIM_IS, 5, 0);
	/* "SHA-384" of 32 bytes, as the draft has it */
	assert_int_equal(cof_rim_value(cof_rim_cond_on(e, COF_RIM_HOST_DATA), 0).data[31], 0x22);
	GOOD(.measurements = "82" LAUNCH "a2000101a101d9022805");
	GOOD(.measurements = "82" LAUNCH "a20019028201a1028182015820" H32("22"));
	GOOD(.measurements = "81a20019028101a1028182677368612d3338345830" H48("11")); /* "sha-384" */
	/* digests */
	BAD("corim-malformed", .measurements = "81a20019028101a1028182075820" H32("11")); /* SHA-384 of 32 bytes */
	BAD("corim-unsupported", .measurements = "81a20019028101a1028182015820" H32("11"));
	BAD("corim-malformed", .measurements = "81a20019028101a1028182015830" H48("11"));
	BAD("corim-unsupported", .measurements = "81a20019028101a10281820a5820" H32("11"));
	/* one more of another algorithm says nothing of this report; two of one algorithm contradict each other */
	GOOD(.measurements = "81a20019028101a1028282075830" H48("11") "82015820" H32("11"));
	BAD("corim-malformed", .measurements = "81a20019028101a1028282075830" H48("11") "82075830" H48("12"));
	BAD("corim-malformed", .measurements = "81a20019028101a1028282075830" H48("11") "82015830" H48("11"));
	BAD("corim-malformed", .measurements = "81a20019028101a10280");
	BAD("corim-malformed", .measurements = "81a20019028101a102a0");
	BAD("corim-malformed", .measurements = "81a20019028101a1028107");
	BAD("corim-malformed", .measurements = "81a20019028101a102818107");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a20019028201a1028182075830" H48("22"));
	BAD("corim-malformed",
	    .measurements = "82" LAUNCH "a20019028201a102818207581f" H8("22") H8("22") H8("22") "22222222222222");
	BAD("corim-malformed", .measurements = "82" LAUNCH LAUNCH);			    /* twice */
	BAD("rim-malformed", .measurements = "82" LAUNCH "a2000101a1011b0000000100000000"); /* too large */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000101a10120");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000201a104480000030000000000");
	BAD("corim-malformed", .measurements = "82" LAUNCH "a2000201a104d902304700000300000000");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000201a101d9022805"); /* POLICY as an SVN */
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000801a1010a");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2002001a1010a");
	BAD("corim-malformed", .measurements = "82" LAUNCH "a20019028001a104d9023040");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a200616101a10105");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2002001a10105");
	BAD("corim-unsupported", .measurements = "81a2000101a10105"); /* no launch measurement */
}

/* Each form of demand, where the report has such a field. */
static void demands_of_snp(void **state)
{
	(void)state;
	static const struct {
		const char *measurement;
		cof_rim_field field;
		cof_rim_op op;
		uint64_t from, to;
	} demands[] = {
		{"a2000101a101d9022905", COF_RIM_GUEST_SVN, COF_RIM_AT_LEAST, 5, 0},
		{"a2000201a104d9023382480000000000000000480000080000000000", COF_RIM_POLICY, COF_RIM_MASKED, 0,
		 0x80000},
		{"a2000201a204d902304800000300000000000548ff00030000000000", COF_RIM_POLICY, COF_RIM_MASKED, 0x30000,
		 0x300ff},
		/* what lies beside a mask does not count */
		{"a2000201a104d902338248ffffffffffffffff480000080000000000", COF_RIM_POLICY, COF_RIM_MASKED, 0x80000,
		 0x80000},
		{"a2000501a10f00", COF_RIM_VMPL, COF_RIM_IS, 0, 0},
		{"a2000501a10fd90234820103", COF_RIM_VMPL, COF_RIM_RANGE, 1, 3},
		{"a2000501a10fd902348201f6", COF_RIM_VMPL, COF_RIM_AT_LEAST, 1, 0},
		{"a2000501a10fd9023482f603", COF_RIM_VMPL, COF_RIM_RANGE, 0, 3},
		{"a2000601a101d902281b0123456789abcdef", COF_RIM_CURRENT_TCB, COF_RIM_IS, 0x0123456789abcdef, 0},
		{"a20019028701a101d9022901", COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST, 1, 0},
		{"a200190d0101a101d9022902", COF_RIM_COMMITTED_TCB, COF_RIM_AT_LEAST, 2, 0},
		{"a200190f8001a101d9022903", COF_RIM_LAUNCH_TCB, COF_RIM_AT_LEAST, 3, 0},
		{"a2000001a100a20061330104", COF_RIM_VERSION, COF_RIM_IS, 3, 0},
		{"a2000001a100a1006135", COF_RIM_VERSION, COF_RIM_IS, 5, 0},
		{"a20019028801a10f1819", COF_RIM_CPUID_FAMILY, COF_RIM_IS, 0x19, 0},
		{"a2000701a104d90230480300000000000000", COF_RIM_PLATFORM_INFO, COF_RIM_IS, 3, 0},
	};
	for (size_t i = 0; i < COF_COUNT(demands); i++) {
		COF_AUTO(cof_corim) c = {0};
		char text[512];
		(void)snprintf(text, sizeof text, "82" LAUNCH "%s", demands[i].measurement);
		good_at((int)i, &(manifest){.measurements = text}, &c);
		assert_number(&c.rim.entries[0], demands[i].field, demands[i].op, demands[i].from, demands[i].to);
	}
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){.measurements = "84" LAUNCH "a101a103a203f409f5"
					    "a200190d0201a100a20067312e35352e3430011940"
					    "00a20019028901a10f01"},
		&c);
	const cof_rim_cond *flags = cof_rim_cond_on(&c.rim.entries[0], COF_RIM_FLAGS);
	static const uint8_t want[] = {2, 0, 2, 8}, version[] = {1, 55, 40};
	assert_int_equal(flags->op, COF_RIM_MASKED);
	assert_memory_equal(flags->values, want, sizeof want);
	assert_memory_equal(cof_rim_cond_on(&c.rim.entries[0], COF_RIM_CURRENT_VERSION)->values, version, 3);
}

static void t077_demands_of_snp_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *measurement, *reason;
	} bad[] = {
		{"a101a103a1006101", "corim-malformed"}, /* flags: not boolean */
		{"a101a103a0", "corim-malformed"},
		{"a101a103a100f5", "corim-unsupported"}, /* a flag that no report states */
		{"a101a103a110f5", "corim-malformed"},
		{"a2000201a104d9023382480000000000000000480000000000000000", "rim-malformed"}, /* an empty mask */
		{"a2000201a104d90233824800000000000000004700000800000000", "corim-malformed"},
		{"a2000201a104d9023381480000000000000000", "corim-malformed"},
		{"a2000201a204d902338248000000000000000048ffffffffffffffff0548ffffffffffffffff", "corim-malformed"},
		{"a2000201a204d90230480000030000000000054703ffffffffffff", "corim-malformed"},
		{"a2000201a204d9023048000003000000000005f5", "corim-malformed"},
		{"a2000501a10fd90234820301", "rim-malformed"}, /* an empty range */
		{"a2000501a10fd9023482f6f6", "corim-malformed"},
		{"a2000501a10fd902348101", "corim-malformed"},
		{"a2000501a10fd90234822001", "corim-malformed"},
		{"a2000501a10f20", "corim-unsupported"},
		{"a2000501a10f1b0000000100000000", "rim-malformed"},
		{"a2000501a10fd9023482001b0000000100000000", "rim-malformed"},
		{"a20019028801a10f190100", "rim-malformed"}, /* a family of two bytes */
		{"a2000001a100a100623132", "corim-malformed"},
		{"a2000001a100a20061330101", "corim-unsupported"}, /* another scheme */
		{"a2000001a100a10003", "corim-malformed"},
		{"a2000001a100a20061330202", "corim-unsupported"},
		{"a200190d0201a100a10064312e3535", "corim-malformed"},
		{"a200190d0201a100a10067312e35352e3730a0", "cbor-malformed"},
		{"a200190d0201a100a10068312e3235362e3430", "corim-malformed"},
		{"a200190d0201a100a10067312e30352e3430", "corim-malformed"},
		{"a2000601a101d9022920", "corim-unsupported"},
		{"a2000601a101d9022a01", "corim-unsupported"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char text[512];
		(void)snprintf(text, sizeof text, "82" LAUNCH "%s", bad[i].measurement);
		bad_at((int)i, &(manifest){.measurements = text}, bad[i].reason);
	}
	/* a field twice, whatever is said of it */
	BAD("corim-malformed", .measurements = "83" LAUNCH "a2000101a101d9022905a2000101a101d9022805");
	BAD("corim-unsupported", .measurements = "82" LAUNCH "a2000101a201d90229050f05"); /* two forms at once */
}

/* The chip, or the provider, as the environment's instance. */
static void instances_of_snp(void **state)
{
	(void)state;
#define VLEK_WITH(instance) "a200a100d86f492b060104019c78030201" instance
#define VCEK_WITH(instance) "a200a100d86f492b060104019c78030101" instance
	COF_AUTO(cof_corim) chip = {0};
	COF_AUTO(cof_corim) shorter = {0};
	COF_AUTO(cof_corim) csp = {0};
	good_at(__LINE__, &(manifest){.environment = VCEK_WITH("d902305840" H32("ab") H32("cd"))}, &chip);
	assert_int_equal(cof_rim_cond_on(&chip.rim.entries[0], COF_RIM_CHIP_ID)->values[63], 0xcd);
	good_at(__LINE__, &(manifest){.environment = VCEK_WITH("d9023048" H8("ab"))}, &shorter);
	assert_int_equal(cof_rim_cond_on(&shorter.rim.entries[0], COF_RIM_CHIP_ID)->values[7], 0xab);
	assert_int_equal(cof_rim_cond_on(&shorter.rim.entries[0], COF_RIM_CHIP_ID)->values[8], 0);
	good_at(__LINE__, &(manifest){.environment = VLEK_WITH("d9023043434e3d")}, &csp);
	assert_string_equal((const char *)cof_rim_cond_on(&csp.rim.entries[0], COF_RIM_CSP_ID)->values, "CN=");
	BAD("corim-malformed", .environment = VCEK_WITH("d902305820" H32("ab")));
	BAD("corim-malformed", .environment = VCEK_WITH("d9023040"));
	BAD("corim-malformed", .environment = VCEK_WITH("d902305841" H32("ab") H32("cd") "00"));
	BAD("corim-unsupported", .environment = VCEK_WITH("d902265840" H32("ab") H32("cd"))); /* a UEID */
	BAD("corim-unsupported", .environment = VCEK_WITH("48" H8("ab")));
	BAD("rim-malformed", .environment = VLEK_WITH("d9023040"));
	BAD("rim-malformed", .environment = VLEK_WITH("d90230430a4e3d"));
	BAD("corim-malformed", .environment = VLEK_WITH("d902305880" H32("41") H32("41") H32("41") H32("41")));
	BAD("corim-unsupported", .environment = "a200a100d86f492b060104019c78030102d9023041aa"); /* a group */
	/* and once more as a measurement */
	BAD("corim-malformed", .environment = VCEK_WITH("d9023048" H8("ab")),
	    .measurements = "82" LAUNCH "a200190d0001a104d902305840" H32("ab") H32("cd"));
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
	assert_int_equal(c.rim.entries[0].launch.n, 3);
	assert_int_equal(cof_rim_cond_on(&c.rim.entries[0], COF_RIM_RTMR3)->values[47], 0x63);
	GOOD(TDX(.measurements = "81a101a1" MRTD));
	GOOD(TDX(.measurements = "81a101a138528182075830" H48("55"))); /* a list of one */
	GOOD(TDX(.measurements = "81a101a138528282075830" H48("55") "82015820" H32("55")));
	BAD("corim-malformed", TDX(.measurements = "81a101a138528282075830" H48("55") "82075830" H48("55")));
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

#define SVN_GE(n) "d9ea6a8202" n
static void demands_of_tdx(void **state)
{
	(void)state;
	COF_AUTO(cof_corim) c = {0};
	good_at(__LINE__,
		&(manifest){TDX(.measurements =
					"82a101a4"
					"3851d902338248000000000000000048ff00000000000000"
					"3852d9ea7482068282075830" H48("55") "82075830" H48(
						"56") "3857d9ea75820682685570546f4461746568526576"
						      "6f6b65642e387c90" H8(SVN_GE("03")) H8(SVN_GE(
							      "04")) "a200647866616d01a104d90230480300000000000000")},
		&c);
	const cof_rim_entry *e = &c.rim.entries[0];
	static const uint8_t mask[16] = {[8] = 0xff}, svns[16] = {3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4};
	assert_int_equal(cof_rim_cond_on(e, COF_RIM_MRTD)->n, 2);
	assert_int_equal(cof_rim_cond_on(e, COF_RIM_TCB_STATUS)->n, 2);
	assert_string_equal((const char *)cof_rim_cond_on(e, COF_RIM_TCB_STATUS)->values, "UpToDate");
	assert_int_equal(cof_rim_cond_on(e, COF_RIM_TEE_TCB_SVN)->op, COF_RIM_AT_LEAST);
	assert_memory_equal(cof_rim_cond_on(e, COF_RIM_TEE_TCB_SVN)->values, svns, sizeof svns);
	assert_memory_equal(cof_rim_cond_on(e, COF_RIM_TD_ATTRIBUTES)->values, mask, sizeof mask);
	assert_int_equal(cof_rim_cond_on(e, COF_RIM_XFAM)->values[0], 3);
#define WITH(more) TDX(.measurements = "81a101a2" MRTD more)
	GOOD(TDX(.measurements = "81a101a2385148ff00000000000000" MRTD)); /* bare bytes are all of the value */
	GOOD(WITH("385781685570546f44617465"));
	GOOD(WITH("387c90" H8("01") H8("02")));
	BAD("corim-malformed", TDX(.measurements = "81a101a2385147ff000000000000" MRTD));
	BAD("corim-unsupported", TDX(.measurements = "81a101a1"
						     "3852d9ea7482078182075830" H48("55"))); /* no member */
	BAD("corim-malformed", TDX(.measurements = "81a101a1"
						   "3852d9ea74820680"));
	BAD("corim-unsupported", WITH("385782685570546f44617465685570546f44617465")); /* a set of two */
	BAD("corim-unsupported", WITH("3857d9ea75820781685570546f44617465"));
	BAD("corim-unsupported", WITH("3857685570546f44617465"));
	BAD("corim-malformed", WITH("38578105"));
	BAD("rim-malformed", WITH("38578160"));
	BAD("corim-malformed", WITH("387c8f" H8("01") "01010101010101"));
	BAD("corim-unsupported", WITH("387c90" H8("01") H8(SVN_GE("02"))));		/* a mixture */
	BAD("corim-unsupported", WITH("387c90" H8("d9ea6a820102") H8("d9ea6a820102"))); /* more than */
	BAD("corim-unsupported", WITH("387c90" H8("190100") H8("01")));
	BAD("corim-unsupported", .profile = INTEL_PROFILE,
	    .environment = "a200a20171496e74656c20436f72706f726174696f6e026654445820544401d9023041aa");
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
		cmocka_unit_test(a_comid),	    cmocka_unit_test(several_records),
		cmocka_unit_test(classes_of_snp),   cmocka_unit_test(values_of_snp),
		cmocka_unit_test(demands_of_snp),   cmocka_unit_test(t077_demands_of_snp_that_are_none),
		cmocka_unit_test(instances_of_snp), cmocka_unit_test(demands_of_tdx),
		cmocka_unit_test(values_of_tdx),    cmocka_unit_test(values_of_our_profile),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
