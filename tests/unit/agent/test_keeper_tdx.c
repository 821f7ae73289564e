/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper of a TDX guest: quote, event log and initdata as a broker would judge them. */
#include "tests/unit/agent/keeper_rig.h"
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/verify/soft_tdx.h"

#define MEASUREMENTS "/sys/devices/virtual/misc/tdx_guest/measurements"
#define ACPI_DATA "/sys/firmware/acpi/tables/data"

static soft_tdx keys;
static uint8_t config_id[48], rtmrs[4][48]; /* of the machine; the server's child has its own copy */

static void platform(soft_tdx *t, const uint8_t *data)
{
	soft_start(t, &keys);
	memcpy(t->body.data + AT_REPORT_DATA, data, 64);
	memcpy(t->body.data + AT_MR_CONFIG_ID, config_id, 48);
	memcpy(t->body.data + AT_RTMR, rtmrs, sizeof rtmrs);
	soft_finish(t);
}

static void sign(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	static soft_tdx t;
	(void)f;
	platform(&t, data);
	assert_ok(cof_buf_add(ret, t.quote.data, t.quote.len, &err));
	soft_drop(&t);
}

/* Firmware that measured and wrote a log; a launch with the owner's initdata, or another's. */
static void launch(keeper_rig *r, bool other)
{
	COF_AUTO(cof_buf) ccel = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	keeper_rig_make(r);
	put_cc_boot(&ccel);
	assert_ok(cof_eventlog_parse(cof_buf_span(&ccel), COF_SHA384, &log, &err));
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	for (size_t i = 0; i < 4; i++)
		memcpy(rtmrs[i], regs[i + 1].bytes, 48);
	memset(config_id, 0, sizeof config_id);
	memcpy(config_id, r->digest.bytes, 32);
	config_id[47] = other; /* in the tail that a SHA-256 digest does not fill */
	keeper_rig_file(r, MEASUREMENTS, "mrconfigid", cof_span_of(config_id, 48));
	keeper_rig_file(r, ACPI_DATA, "CCEL", cof_buf_span(&ccel));
	keeper_rig_open(r, (fake_tee){.provider = "tdx_guest\n", .make = sign});
}

static void judge(const keeper_rig *r, cof_verdict *ret)
{
	COF_AUTO(cof_kbsp_attest) a = {0};
	COF_AUTO(cof_buf) quote = {0};
	COF_AUTO(cof_buf) log = {0};
	static soft_tdx t;
	uint8_t want[64];
	char data[129], id[97];
	cof_role_file files[SOFT_FILES_MAX + 1];
	const cof_kind *kind = NULL;
	keeper_rig_evidence(r, &a, want);
	cof_hex(cof_span_of(want, 64), data);
	cof_hex(cof_span_of(config_id, 48), id);
	COF_AUTO_PTR(json_t) policy = json_pack("{s:s, s:s}", "report_data", data, "mr_config_id", id);
	assert_ok(cof_json_b64(a.evidence, "quote", &quote, &err));
	assert_ok(cof_json_b64(a.evidence, "cc_eventlog", &log, &err));
	platform(&t, want);
	size_t n = soft_files(&t, files);
	files[0].bytes = cof_buf_span(&quote);
	files[n++] = (cof_role_file){"event_log", cof_buf_span(&log)};
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	soft_drop(&t);
}

static void a_tdx_guest_attests(void **state)
{
	(void)state;
	static keeper_rig r;
	static cof_verdict v;
	launch(&r, false);
	assert_ok(keeper_rig_start(&r, &err));
	assert_string_equal(json_string_value(json_object_get(r.ok, "tee")), "tdx");
	keeper_rig_attest(&r);
	assert_non_null(strstr(keeper_rig_sent(&r, "POST /kbs/v0/auth "), "\"tee\":\"tdx\""));
	judge(&r, &v);
	if (!v.accepted)
		fail_msg("refused by %s", v.checks.list[v.checks.first].name);
	cof_verdict_release(&v);
	assert_int_equal(keeper_rig_close(&r), 0);
}

/* T-03: all of the field counts, the part behind the digest too. */
static void t003_the_tail_of_the_field(void **state)
{
	(void)state;
	static keeper_rig r;
	launch(&r, true);
	assert_fails(keeper_rig_start(&r, &err), "initdata-mismatch");
	assert_int_equal(r.kbs.n_auth, 0);
	assert_int_equal(keeper_rig_close(&r), 0);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tdx_guest_attests),
		cmocka_unit_test(t003_the_tail_of_the_field),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
