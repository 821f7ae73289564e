/* SPDX-License-Identifier: Apache-2.0 */
/* The trust vector of TDX quotes: from the verdict on a good one, one check at a time. */
#include "tests/unit/verify/soft_tdx.h"
#include "tests/unit/verify/trust_table.h"

#include "attestation/verify/trust_table.h"

#define ZERO48 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define MR_TD "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"

static const char policy[] = "{\"mr_td\":\"" MR_TD "\",\"rtmr0\":\"" ZERO48 "\",\"rtmr1\":\"" ZERO48
			     "\",\"rtmr2\":\"" ZERO48 "\",\"mr_config_id\":\"" ZERO48 "\"}";

static soft_tdx keys;
static cof_verdict good;

static void judge_it(const soft_tdx *t, const char *words, cof_verdict *ret)
{
	const cof_kind *kind = NULL;
	cof_role_file files[SOFT_FILES_MAX];
	COF_AUTO_PTR(json_t) p = json_loads(words, 0, NULL);
	const cof_verify_in in = {.files = files, .n_files = soft_files(t, files), .policy = p, .now = SOFT_NOW};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	if (!ret->accepted)
		fail_msg("%s", ret->checks.list[ret->checks.first].name);
}

static int make(void **state)
{
	static soft_tdx t;
	(void)state;
	soft_keys(&keys);
	soft_start(&t, &keys);
	soft_finish(&t);
	judge_it(&t, policy, &good);
	set_maker(&good);
	soft_drop(&t);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	cof_verdict_release(&good);
	soft_drop(&keys);
	return 0;
}

#define EACH(v)                                                                                                        \
	{                                                                                                              \
		0, v, v, 0, v, v, 0, 0                                                                                 \
	}

static const vector_row rows[] = {
	{"all of it", "", false, {0, 2, 2, 0, 2, 2, 0, 0}, AFF},
	/* refused */
	{"bytes", "tdx-quote-padding", true, EACH(1), CONTRA},
	{"chain", "pck-extension-missing", true, EACH(99), CONTRA},
	{"anchor", "untrusted-root", true, EACH(99), CONTRA},
	{"signature", "quote-signature", true, EACH(99), CONTRA},
	{"enclave", "qe-mrsigner", true, EACH(99), CONTRA},
	{"collateral", "tcb-info-expired", true, {0, 2, 2, 0, 97, 0, 0, 0}, CONTRA},
	{"revoked", "pck-revoked", true, {0, 2, 2, 0, 96, 0, 0, 0}, CONTRA},
	{"TCB", "tcb-status", true, {0, 2, 2, 0, 96, 0, 0, 0}, CONTRA},
	{"MRTD", "mr-td", true, {0, 2, 96, 0, 2, 2, 0, 0}, CONTRA},
	{"RTMR 2", "rtmr2", true, {0, 2, 96, 0, 2, 2, 0, 0}, CONTRA},
	{"RTMR 0", "rtmr0", true, {0, 96, 2, 0, 2, 2, 0, 0}, CONTRA},
	{"configuration", "mr-config-id", true, {0, 96, 2, 0, 2, 2, 0, 0}, CONTRA},
	{"debug", "debug", true, {0, 96, 2, 0, 2, 96, 0, 0}, CONTRA},
	/* accepted by the policy's word */
	{"out of date", "tcb-status", false, {0, 2, 2, 0, 32, 0, 0, 0}, WARN},
	{"debug allowed", "debug", false, {0, 36, 2, 0, 2, 96, 0, 0}, CONTRA},
	{"migratable", "td-migratable", false, {0, 32, 2, 0, 2, 32, 0, 0}, WARN},
	{"#VE", "td-sept-ve-disable", false, {0, 32, 2, 0, 2, 2, 0, 0}, WARN},
	{"service TD", "service-td", false, {0, 3, 2, 0, 2, 2, 0, 0}, AFF},
	{"a root of one's own", "untrusted-root", false, {0, 2, 2, 0, 32, 0, 0, 0}, WARN},
};

static void each_failure_has_its_value(void **state)
{
	(void)state;
	walk_rows("tdx-quote", &good, rows, COF_COUNT(rows));
}

static void t007_a_check_taken_away_takes_its_value(void **state)
{
	(void)state;
	static const taking takings[] = {
		{"mr-td", COF_TRUST_EXECUTABLES, 0},	       {"rtmr1", COF_TRUST_EXECUTABLES, 0},
		{"rtmr2", COF_TRUST_EXECUTABLES, 0},	       {"rtmr0", COF_TRUST_CONFIGURATION, 3},
		{"mr-config-id", COF_TRUST_CONFIGURATION, 3},  {"service-td", COF_TRUST_CONFIGURATION, 3},
		{"debug", COF_TRUST_CONFIGURATION, 0},	       {"td-migratable", COF_TRUST_CONFIGURATION, 0},
		{"debug", COF_TRUST_RUNTIME_OPAQUE, 0},	       {"td-migratable", COF_TRUST_RUNTIME_OPAQUE, 0},
		{"tcb-status", COF_TRUST_HARDWARE, 0},	       {"qe-mrsigner", COF_TRUST_EXECUTABLES, 0},
		{"quote-signature", COF_TRUST_EXECUTABLES, 0},
	};
	walk_takings("tdx-quote", &good);
	walk_demands("tdx-quote", &good, takings, COF_COUNT(takings));
}

/* By chain and signatures alone nothing is known of the enclave that made the key, nor of the platform. */
static void t024_signatures_alone_affirm_nothing(void **state)
{
	(void)state;
	static soft_tdx t;
	static cof_verdict v;
	static const int want[COF_TRUST_COUNT] = {[COF_TRUST_HARDWARE] = 32};
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) p = json_loads("{\"signatures_only\":true,\"mr_td\":\"" MR_TD "\"}", 0, NULL);
	soft_start(&t, &keys);
	soft_finish(&t);
	const cof_role_file files[] = {{"quote", cof_buf_span(&t.quote)}, {"root", cof_buf_span(&t.root_der)}};
	const cof_verify_in in = {.files = files, .n_files = 2, .policy = p, .now = SOFT_NOW};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, &v, &err));
	assert_true(v.accepted);
	set_maker(&v);
	cof_trust_said said = said_of("tdx-quote", &v);
	assert_vector("signatures", &said, want, COF_STATUS_WARNING);
	cof_verdict_release(&v);
	soft_drop(&t);
}

/* Only affirming values are affirmed, and no fault affirms. */
static void a_kind_of_every_row(void **state)
{
	(void)state;
	unsigned n = 0;
	for (const cof_kind *k = cof_kinds; k->name != NULL; k++) {
		const cof_trust_kind *t = cof_trust_kind_of(k->name);
		if (t == NULL)
			continue;
		n++;
		assert_true(t->n_rules > 0 && t->n_core > 0);
		for (size_t i = 0; i < t->n_rules; i++) {
			assert_int_equal(cof_trust_tier(t->rules[i].value), COF_STATUS_AFFIRMING);
			assert_non_null(t->rules[i].sets[0]);
		}
	}
	assert_true(n >= 3);
	assert_null(cof_trust_kind_of("no such kind"));
	for (const cof_trust_fault *f = cof_trust_faults; f->check != NULL; f++) {
		assert_int_not_equal(cof_trust_tier(f->failed), COF_STATUS_AFFIRMING);
		assert_int_not_equal(cof_trust_tier(f->waived), COF_STATUS_AFFIRMING);
	}
	for (int s = 0; s < COF_STAGES; s++)
		assert_int_not_equal(cof_trust_stage_fault((cof_stage)s)->failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_has_its_value),
		cmocka_unit_test(t007_a_check_taken_away_takes_its_value),
		cmocka_unit_test(t024_signatures_alone_affirm_nothing),
		cmocka_unit_test(a_kind_of_every_row),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
