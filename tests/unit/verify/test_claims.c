/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says about a measured machine. */
#include "tests/unit/test.h"

#include "attestation/verify/claims.h"

static void fill(cof_tpm_verdict *v)
{
	*v = (cof_tpm_verdict){.status = COF_STATUS_AFFIRMING, .reference = "demo/default"};
	for (unsigned i = 0; i < COF_TPM_VERIFY_PCRS; i++)
		memset(v->pcrs[i], (int)i, sizeof v->pcrs[i]);
	memset(v->ak_name, 0xee, sizeof v->ak_name);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* A repeated byte, as hex. */
static void is_hex_of(const char *hex, unsigned byte, size_t n)
{
	char two[3];
	assert_non_null(hex);
	assert_int_equal(strlen(hex), 2 * n);
	(void)snprintf(two, sizeof two, "%02x", byte);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(hex + 2 * i, two, 2);
}

static void every_token_says_that_it_is_only_measured(void **state)
{
	(void)state;
	static const cof_status statuses[] = {COF_STATUS_AFFIRMING, COF_STATUS_CONTRAINDICATED};
	for (size_t i = 0; i < COF_COUNT(statuses); i++) {
		COF_AUTO_PTR(json_t) o = NULL;
		cof_tpm_verdict v;
		fill(&v);
		v.status = statuses[i];
		assert_ok(cof_tpm_claims(&v, cof_span_str("key"), cof_span_str("rd"), true, &o, &err));
		assert_string_equal(text(o, "tier"), "measured");
	}
}

static void registers_are_named_by_their_number(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) o = NULL;
	cof_tpm_verdict v;
	fill(&v);
	assert_ok(cof_tpm_claims(&v, cof_span_str("key"), cof_span_str("rd"), true, &o, &err));
	for (unsigned i = 0; i < COF_TPM_VERIFY_PCRS; i++) {
		char key[8];
		(void)snprintf(key, sizeof key, "pcr%02u", i);
		is_hex_of(text(o, key), i, 32);
	}
	assert_null(json_object_get(o, "pcr24"));
	assert_null(json_object_get(o, "pcr0"));
}

/* The claim is what the register holds, not the digest that somebody sent along. */
static void t003_init_data_is_the_register(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) o = NULL;
	cof_tpm_verdict v;
	fill(&v);
	v.has_initdata = true;
	memset(v.initdata_digest, 0x77, sizeof v.initdata_digest);
	assert_ok(cof_tpm_claims(&v, cof_span_str("key"), cof_span_str("rd"), true, &o, &err));
	is_hex_of(text(o, "init_data"), 8, 32);
}

static void key_and_report_data_are_the_evidences(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) o = NULL;
	const uint8_t rd[] = {0x00, 0xff, 0x10};
	cof_tpm_verdict v;
	fill(&v);
	assert_ok(cof_tpm_claims(&v, cof_span_of("\x30\x82\x01", 3), cof_span_of(rd, 3), false, &o, &err));
	assert_string_equal(text(o, "ak_public"), "MIIB");
	is_hex_of(text(o, "ak_name"), 0xee, 32);
	assert_string_equal(text(o, "report_data"), "00ff10");
}

static void t007_no_reference_and_no_log_are_said(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) with = NULL;
	COF_AUTO_PTR(json_t) without = NULL;
	cof_tpm_verdict v;
	fill(&v);
	assert_ok(cof_tpm_claims(&v, cof_span_str("k"), cof_span_str("r"), true, &with, &err));
	assert_string_equal(text(with, "reference"), "demo/default");
	assert_true(json_is_true(json_object_get(with, "eventlog")));
	v.reference[0] = '\0';
	assert_ok(cof_tpm_claims(&v, cof_span_str("k"), cof_span_str("r"), false, &without, &err));
	assert_null(text(without, "reference")); /* no string that a rule could take for a name */
	assert_true(json_is_false(json_object_get(without, "eventlog")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token_says_that_it_is_only_measured),
		cmocka_unit_test(t003_init_data_is_the_register),
		cmocka_unit_test(t007_no_reference_and_no_log_are_said),
		cmocka_unit_test(registers_are_named_by_their_number),
		cmocka_unit_test(key_and_report_data_are_the_evidences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
