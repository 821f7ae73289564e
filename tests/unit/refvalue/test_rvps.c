/* SPDX-License-Identifier: Apache-2.0 */
/* The export: names, values once each, and the message around them. */
#include "tests/unit/test.h"

#include "attestation/refvalue/rvps.h"
#include "common/hex.h"
#include "tests/unit/refvalue/make_rim.h"

#define H8(b) b b b b b b b b
#define H48(b) H8(b) H8(b) H8(b) H8(b) H8(b) H8(b)

/* One value: a byte so many times. */
typedef struct value {
	const char *name;
	uint8_t byte;
	size_t len;
} value;

static void assert_value(const json_t *o, const value *want)
{
	const json_t *list = json_object_get(o, want->name);
	uint8_t bytes[COF_SHA384_LEN];
	char hex[2 * COF_SHA384_LEN + 1];
	memset(bytes, want->byte, want->len);
	cof_hex(cof_span_of(bytes, want->len), hex);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_array_get(list, 0)), hex);
}

static void golden(void **state)
{
	(void)state;
	static const value values[] = {
		{"snp_launch_measurement", 0x11, 48},
		{"snp_host_data", 0x22, 32},
		{"snp_id_key_digest", 0x33, 48},
		{"snp_author_key_digest", 0x44, 48},
		{"mr_td", 0x55, 48},
		{"rtmr_1", 0x61, 48},
		{"rtmr_2", 0x62, 48},
		{"mr_config_id", 0x66, 48},
		{"sev_launch_measurement", 0x77, 32},
		{"seves_launch_measurement", 0x77, 32},
	};
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	rim_put(&r, rim_snp("a", true));
	rim_put(&r, rim_tdx("a", 6, true));
	rim_put(&r, rim_launch(COF_RIM_SEV, "a"));
	rim_put(&r, rim_launch(COF_RIM_SEVES, "a"));
	assert_ok(cof_rvps_json(&r, &o, &err));
	for (size_t i = 0; i < COF_COUNT(values); i++)
		assert_value(o, &values[i]);
	assert_int_equal(json_object_size(o), COF_COUNT(values) + 2);
	assert_ok(cof_json_dump(o, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "\"snp_policy\":[\"0000000000030000\"]"));
	assert_non_null(strstr(cof_buf_str(&text), "\"snp_guest_svn\":[4294967294]"));
}

static void values_stand_once_and_in_order(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	static const uint8_t first[] = {9, 3, 9, 7, 3};
	for (size_t i = 0; i < COF_COUNT(first); i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "%zu", i);
		cof_rim_entry e = rim_snp(name, false);
		e.launch.conds[0].values[0] = first[i];
		rim_put(&r, e);
	}
	assert_ok(cof_rvps_json(&r, &o, &err));
	assert_int_equal(json_object_size(o), 1);
	const json_t *list = json_object_get(o, "snp_launch_measurement");
	assert_int_equal(json_array_size(list), 3);
	static const char *const want[] = {"09", "03", "07"};
	for (size_t i = 0; i < COF_COUNT(want); i++)
		assert_memory_equal(json_string_value(json_array_get(list, i)), want[i], 2);
}

/* A demand that a list of values does not say would be a demand less. */
static void t077_nothing_is_exported_by_half(void **state)
{
	(void)state;
	static const cof_rim_field fields[] = {COF_RIM_GUEST_SVN, COF_RIM_VMPL, COF_RIM_REPORTED_TCB};
	static const cof_rim_op ops[] = {COF_RIM_AT_LEAST, COF_RIM_IS, COF_RIM_AT_LEAST};
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		COF_AUTO(cof_rim) r = {0};
		json_t *o = NULL;
		cof_rim_entry e = rim_snp("a", false);
		assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
		rim_number(&e, fields[i], ops[i], 1);
		rim_put(&r, e);
		assert_fails(cof_rvps_json(&r, &o, &err), "rvps-unsupported");
	}
}

static void registers_of_a_tpm(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	char hex[65];
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	rim_put_tpm(&r, "a");
	assert_ok(cof_rvps_json(&r, &o, &err));
	assert_int_equal(json_object_size(o), 9);
	cof_hex(cof_digest_span(&r.entries[0].tpm.pcrs[4]), hex);
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "tpm_pcr04"), 0)), hex);
	assert_null(json_object_get(o, "tpm_pcr08"));
	assert_null(json_object_get(o, "tpm_pcr10"));
}

static void the_message(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO_PTR(json_t) message = NULL;
	COF_AUTO_PTR(json_t) inside = NULL;
	COF_AUTO(cof_buf) text = {0};
	rim_make(&r);
	assert_ok(cof_rvps_json(&r, &o, &err));
	assert_ok(cof_rvps_message(&r, &message, &err));
	assert_int_equal(json_object_size(message), 3);
	assert_string_equal(json_string_value(json_object_get(message, "version")), "0.1.0");
	assert_string_equal(json_string_value(json_object_get(message, "type")), "sample");
	assert_ok(cof_json_b64(message, "payload", &text, &err));
	assert_ok(cof_json_parse(cof_buf_span(&text), &inside, &err));
	assert_true(json_equal(inside, o));
}

static void t077_a_broken_table_is_not_exported(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	json_t *o = NULL;
	assert_fails(cof_rvps_json(&r, &o, &err), "rim-malformed");
	rim_make(&r);
	r.entries[4].tpm.has[0] = false;
	assert_fails(cof_rvps_json(&r, &o, &err), "reference-malformed");
	assert_fails(cof_rvps_message(&r, &o, &err), "reference-malformed");
	assert_null(o);
}

/* ---- the way back ---- */

static int read_text(const char *text, cof_rim *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(doc);
	return cof_rvps_read(doc, ret, err);
}

/* Values of one name are alternatives, and the names are not tied to each other any more. */
static void there_and_back(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_rim) back = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	COF_AUTO_PTR(json_t) again = NULL;
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	rim_put(&r, rim_snp("a", true));
	rim_put(&r, rim_tdx("a", 15, true));
	cof_rim_entry e = rim_snp("b", false);
	e.launch.conds[0].values[0] = 9;
	rim_put(&r, e);
	assert_ok(cof_rvps_json(&r, &o, &err));
	assert_ok(cof_rim_set_id(&back, cof_span_str("g"), &err));
	assert_ok(cof_rvps_read(o, &back, &err));
	assert_int_equal(back.n, 2);
	assert_string_equal(back.entries[0].name, "rvps/snp");
	assert_int_equal(cof_rim_cond_on(&back.entries[0], COF_RIM_MEASUREMENT)->n, 2);
	assert_int_equal(cof_rim_value_number(cof_rim_cond_on(&back.entries[0], COF_RIM_GUEST_SVN), 0), 0xfffffffe);
	assert_ok(cof_rvps_json(&back, &again, &err));
	assert_true(json_equal(o, again));
}

static void scalars_are_lists_of_one(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	assert_ok(read_text("{\"mr_td\":\"" H48("11") "\",\"xfam\":[\"e702060000000000\"]}", &r, &err));
	assert_int_equal(r.entries[0].launch.n, 2);
	assert_int_equal(cof_rim_cond_on(&r.entries[0], COF_RIM_XFAM)->values[0], 0xe7);
}

static void t077_names_that_are_not_known(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
#define MRTD "\"mr_td\":\"" H48("11") "\""
	static const char *const unsupported[] = {"{" MRTD ",\"snp_bootloader\":[4]}",
						  "{" MRTD ",\"tdvfkernel\":[\"00\"]}",
						  "{" MRTD ",\"tpm_pcr11\":[\"00\"]}",
						  "{" MRTD ",\"\":1}",
						  "{" MRTD
						  ",\"snp_policy\":[\"0000000000030000\"]}", /* any guest of SNP */
						  "{\"rtmr_1\":\"" H48("11") "\"}"};
	for (size_t i = 0; i < COF_COUNT(unsupported); i++) {
		COF_AUTO(cof_rim) one = {0};
		assert_fails(read_text(unsupported[i], &one, &err), "rvps-unsupported");
	}
	assert_fails(read_text("[]", &r, &err), "reference-malformed");
	assert_fails(read_text("{\"mr_td\":{\"value\":\"00\",\"mask\":\"00\"}}", &r, &err), "reference-malformed");
	assert_fails(read_text("{\"mr_td\":[[\"" H48("11") "\"]]}", &r, &err), "reference-malformed");
	assert_fails(read_text("{\"mr_td\":\"" H48("AA") "\"}", &r, &err), "reference-malformed");
	assert_int_equal(r.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_a_broken_table_is_not_exported),
		cmocka_unit_test(t077_nothing_is_exported_by_half),
		cmocka_unit_test(golden),
		cmocka_unit_test(values_stand_once_and_in_order),
		cmocka_unit_test(registers_of_a_tpm),
		cmocka_unit_test(the_message),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(scalars_are_lists_of_one),
		cmocka_unit_test(t077_names_that_are_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
