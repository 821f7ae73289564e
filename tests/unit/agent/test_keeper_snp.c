/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper of an SNP guest: what it sent to the broker is judged by our verifier. */
#include "tests/unit/agent/keeper_rig.h"
#include "tests/unit/evidence/snp_rebuild.h"
#include "tests/unit/verify/soft_snp.h"

static soft_keys keys;
static soft_snp soft; /* the processor; the server's child has its own copy */

static void sign(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	(void)f;
	memcpy(soft.report + 0x50, data, 64);
	soft_sign(&soft);
	assert_ok(cof_buf_add(ret, soft.report, sizeof soft.report, &err));
}

static fake_tee snp(void)
{
	return (fake_tee){.provider = "sev_guest\n", .levels = true, .chunk = 500, .make = sign};
}

/* A machine that was launched with the owner's initdata; other: with another's. */
__attribute__((noinline)) static void launch(keeper_rig *r, fake_tee f, bool other)
{
	keeper_rig_make(r);
	soft = soft_snp_good(&keys);
	memcpy(soft.report + 0xc0, r->digest.bytes, 32);
	soft.report[0xc0] ^= other;
	keeper_rig_open(r, f);
}

static void judge(const keeper_rig *r, cof_verdict *ret)
{
	COF_AUTO(cof_kbsp_attest) a = {0};
	uint8_t want[64], report[1184];
	char data[129], host[65];
	const cof_kind *kind = NULL;
	keeper_rig_evidence(r, &a, want);
	cof_hex(cof_span_of(want, 64), data);
	cof_hex(cof_digest_span(&r->digest), host);
	COF_AUTO_PTR(json_t) policy = json_pack("{s:s, s:s}", "report_data", data, "host_data", host);
	rebuild_report(json_object_get(a.evidence, "attestation_report"), report);
	for (size_t i = 1; i <= 3; i++)
		soft_cert_der(i == 1 ? &soft.vek : i == 2 ? &soft.middle : &soft.root, &soft.made[i]);
	const cof_role_file files[] = {{"report", cof_span_of(report, sizeof report)},
				       {"vek", cof_buf_span(&soft.made[1])},
				       {"intermediate", cof_buf_span(&soft.made[2])},
				       {"root", cof_buf_span(&soft.made[3])}};
	const cof_verify_in in = {.files = files, .n_files = 4, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	soft_drop(&soft);
}

static void an_snp_guest_attests(void **state)
{
	(void)state;
	static keeper_rig r;
	static cof_verdict v;
	launch(&r, snp(), false);
	assert_ok(keeper_rig_start(&r, &err));
	assert_string_equal(json_string_value(json_object_get(r.ok, "tee")), "snp");
	keeper_rig_attest(&r);
	assert_non_null(strstr(keeper_rig_sent(&r, "POST /kbs/v0/auth "), "\"tee\":\"snp\""));
	judge(&r, &v);
	if (!v.accepted)
		fail_msg("refused by %s", v.checks.list[v.checks.first].name);
	cof_verdict_release(&v);
	assert_int_equal(keeper_rig_close(&r), 0);
}

/* T-03: the host delivered another document than it launched with. */
static void t003_other_initdata(void **state)
{
	(void)state;
	static keeper_rig r;
	launch(&r, snp(), true);
	assert_fails(keeper_rig_start(&r, &err), "initdata-mismatch");
	assert_int_equal(r.kbs.n_auth, 0); /* nobody was asked for anything */
	assert_int_equal(keeper_rig_close(&r), 0);
}

static void t024_a_broken_tee_is_no_tpm(void **state)
{
	(void)state;
	static keeper_rig r;
	fake_tee f = snp();
	f.faults[0] = (fake_fault){"read", "/outblob", EIO, 1000, 0};
	launch(&r, f, false);
	assert_fails(keeper_rig_start(&r, &err), "tsm-failed");
	assert_int_equal(keeper_rig_close(&r), 0);
}

static void busy_and_disturbed(void **state)
{
	(void)state;
	static keeper_rig r;
	fake_tee f = snp();
	f.intruders = 1;
	f.faults[0] = (fake_fault){"read", "/outblob", EBUSY, 1, 0};
	launch(&r, f, false);
	assert_ok(keeper_rig_start(&r, &err));
	assert_int_equal(keeper_rig_close(&r), 0);
}

static void no_tee_at_all(void **state)
{
	(void)state;
	static keeper_rig r;
	launch(&r, (fake_tee){0}, false);
	assert_fails(keeper_rig_start(&r, &err), "tee-absent");
	assert_int_equal(keeper_rig_close(&r), 100);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_snp_guest_attests),
		cmocka_unit_test(t003_other_initdata),
		cmocka_unit_test(t024_a_broken_tee_is_no_tpm),
		cmocka_unit_test(busy_and_disturbed),
		cmocka_unit_test(no_tee_at_all),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
