/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tee_int.h"

#include "tests/unit/firmware/make_ovmf.h"
#include "tests/unit/firmware/make_pe.h"

static void types_without_a_name_are_a_bug_not_a_number(void **state)
{
	(void)state;
	cof_measurement p = {.n_events = 1};
	json_t *j = NULL;
	p.events[0].type = 0x1234;
	assert_fails(cof_tpm_measurement_json(&p, "x", &j, &err), "event-type");
	assert_null(j);
}

static void names_that_are_not_text(void **state)
{
	(void)state;
	cof_measurement p = {0};
	json_t *j = NULL;
	cof_err err = {0};
	assert_true(cof_tpm_measurement_json(&p, "\xff", &j, &err) < 0);
	assert_null(j);
}

static void other_banks_are_no_references(void **state)
{
	(void)state;
	cof_measurement p = {.registers = {{.value = {.alg = COF_SHA384}}}};
	json_t *j = NULL;
	assert_fails(cof_tpm_measurement_json(&p, "x", &j, &err), "reference-bank");
	assert_null(j);
}

static void the_documented_shape(void **state)
{
	(void)state;
	static const char want[] =
		"{\"format\":\"coffer-reference-values/1\",\"tee\":\"tpm\",\"name\":\"0.1.0/default\",\"pcrs\":{";
	cof_measurement p = {.n_events = 1};
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO(cof_buf) text = {0};
	p.events[0] =
		(cof_ref_event){.reg = 9, .type = COF_EV_EVENT_TAG, .name = "cmdline", .digest = {COF_SHA256, {0xab}}};
	cof_measurement_add(&p, "pcr1", COF_SHA256, NULL);
	cof_measurement_add(&p, "pcr9", COF_SHA256, (const uint8_t[COF_SHA256_LEN]){1});
	assert_ok(cof_tpm_measurement_json(&p, "0.1.0/default", &j, &err));
	assert_ok(cof_json_dump(j, &text, &err));
	assert_memory_equal(text.data, want, sizeof want - 1);
	const json_t *pcrs = json_object_get(j, "pcrs");
	assert_int_equal(json_object_size(pcrs), 2);
	assert_int_equal(strlen(json_string_value(json_object_get(pcrs, "9"))), 64);
	/* A gap is written as one, and no reader takes it. */
	assert_true(json_is_null(json_object_get(pcrs, "1")));
	const json_t *e = json_array_get(json_object_get(j, "events"), 0);
	assert_int_equal(json_integer_value(json_object_get(e, "pcr")), 9);
	assert_string_equal(json_string_value(json_object_get(e, "type")), "EV_EVENT_TAG");
	assert_string_equal(json_string_value(json_object_get(e, "name")), "cmdline");
	assert_int_equal(strlen(json_string_value(json_object_get(e, "digest"))), 64);
	assert_int_equal(json_object_size(e), 4);
}

/* Without the machine's ACPI tables PCR 1 has gaps: no log could ever equal it. */
static void a_register_with_gaps_is_not_judged(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) code = {0};
	COF_AUTO(cof_buf) kernel = {0};
	cof_firmware_build build = {.version = "v1", .secure_boot = -1, .takes_plain_kernel = true};
	cof_measurement m;
	put_ovmf(&code);
	make_pe(&kernel, 0x300, 0);
	assert_ok(cof_sha256(cof_buf_span(&code), build.code_sha256, &err));
	cof_tpm_launch launch = {
		.code = cof_buf_span(&code), .kernel = cof_buf_span(&kernel), .plain_kernel = true, .extra = &build};
	const cof_measure_in in = {.tpm = &launch};
	assert_ok(cof_measure_tpm(&in, &m, &err));
	assert_int_equal(m.judged, COF_TPM_REGS_PREDICTED);
	launch.no_acpi = true;
	assert_ok(cof_measure_tpm(&in, &m, &err));
	assert_int_equal(m.judged, COF_TPM_REGS_PREDICTED & ~2);
	assert_false(m.registers[1].known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_without_a_name_are_a_bug_not_a_number),
		cmocka_unit_test(names_that_are_not_text),
		cmocka_unit_test(other_banks_are_no_references),
		cmocka_unit_test(the_documented_shape),
		cmocka_unit_test(a_register_with_gaps_is_not_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
