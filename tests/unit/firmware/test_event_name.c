/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/launch_vectors.h"

static cof_log_event event_of(uint32_t reg, uint32_t type, cof_span measured, cof_span data)
{
	cof_log_event e = {.reg = reg, .type = type, .data = data};
	assert_ok(cof_digest_of(COF_SHA256, measured, &e.digest, &err));
	return e;
}

static cof_event_data kind_of(const cof_log_event *e)
{
	cof_event_data kind = COF_DATA_LIE;
	assert_ok(cof_event_check_data(e, &kind, &err));
	return kind;
}

/* T-60: changed data under an unchanged digest is a lie wherever the type says that the digest is of the data. */
static void t060_data_that_was_not_measured(void **state)
{
	(void)state;
	static const uint32_t whole[] = {COF_EV_SEPARATOR,
					 COF_EV_ACTION,
					 COF_EV_S_CRTM_VERSION,
					 COF_EV_EFI_ACTION,
					 COF_EV_EFI_VARIABLE_DRIVER_CONFIG,
					 COF_EV_EFI_GPT_EVENT,
					 COF_EV_EFI_VARIABLE_BOOT,
					 COF_EV_EFI_VARIABLE_BOOT2,
					 COF_EV_EFI_VARIABLE_AUTHORITY};
	for (size_t i = 0; i < COF_COUNT(whole); i++) {
		cof_log_event e = event_of(1, whole[i], cof_span_str("data"), cof_span_str("data"));
		assert_int_equal(kind_of(&e), COF_DATA_FACT);
		e.data = cof_span_str("dat4");
		assert_int_equal(kind_of(&e), COF_DATA_LIE);
		e.data = cof_span_str("");
		assert_int_equal(kind_of(&e), COF_DATA_LIE);
	}
}

static void t060_labels_are_never_facts(void **state)
{
	(void)state;
	static const uint32_t labels[] = {COF_EV_POST_CODE,
					  COF_EV_EVENT_TAG,
					  COF_EV_PLATFORM_CONFIG_FLAGS,
					  COF_EV_IPL,
					  COF_EV_EFI_BOOT_SERVICES_APPLICATION,
					  COF_EV_EFI_PLATFORM_FIRMWARE_BLOB,
					  COF_EV_EFI_HANDOFF_TABLES,
					  0x12345678};
	for (size_t i = 0; i < COF_COUNT(labels); i++) {
		cof_log_event e = event_of(4, labels[i], cof_span_str("data"), cof_span_str("data"));
		assert_int_equal(kind_of(&e), COF_DATA_LABEL);
	}
}

static void boot_variables_have_two_forms(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) v = {0};
	put_variable(&v, "Boot0000", cof_span_str("option"));
	cof_log_event e = event_of(1, COF_EV_EFI_VARIABLE_BOOT, cof_span_str("option"), cof_buf_span(&v));
	assert_int_equal(kind_of(&e), COF_DATA_FACT);
	e.type = COF_EV_EFI_VARIABLE_BOOT2;
	assert_int_equal(kind_of(&e), COF_DATA_LIE);
	e = event_of(1, COF_EV_EFI_VARIABLE_BOOT, cof_buf_span(&v), cof_buf_span(&v));
	assert_int_equal(kind_of(&e), COF_DATA_FACT);
	for (size_t n = 0; n < v.len; n++) {
		e = event_of(1, COF_EV_EFI_VARIABLE_BOOT, cof_span_str("option"), (cof_span){v.data, n});
		assert_int_equal(kind_of(&e), COF_DATA_LIE);
	}
	memset(v.data + 16, 0xff, 8); /* a name length that wraps when doubled */
	e = event_of(1, COF_EV_EFI_VARIABLE_BOOT, cof_span_str("option"), cof_buf_span(&v));
	assert_int_equal(kind_of(&e), COF_DATA_LIE);
}

static void the_first_lie_of_a_log_is_named(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	put_spec_id(&b, both_algs, 2);
	put_separator(&b, 0);
	put_event(&b, 7, COF_EV_SEPARATOR, cof_span_str("x"), cof_span_str("y"));
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
	cof_err err = {0};
	assert_true(cof_eventlog_check_data(&log, &err) < 0);
	assert_int_equal(err.cls, COF_E_CRYPTO);
	assert_string_equal(err.reason, "eventlog-data-mismatch");
	assert_non_null(strstr(err.text, "event 1 (PCR 7, separator)"));
	log.n = 1;
	assert_int_equal(cof_eventlog_check_data(&log, &err), 0);
}

static void assert_named(uint32_t reg, uint32_t type, cof_span data, const char *want)
{
	char name[COF_EVENT_NAME_MAX];
	cof_log_event e = {.reg = reg, .type = type, .data = data};
	cof_event_name(&e, name);
	assert_string_equal(name, want);
}

static void names_for_people(void **state)
{
	(void)state;
	assert_named(0, COF_EV_S_CRTM_VERSION, cof_span_str("x"), "crtm-version");
	assert_named(4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("x"), "kernel");
	assert_named(2, COF_EV_EFI_BOOT_SERVICES_DRIVER, cof_span_str("x"), "option-rom");
	assert_named(9, COF_EV_EVENT_TAG, cof_span_of("\xed\x22\x3b\x8f", 4), "cmdline");
	assert_named(9, COF_EV_EVENT_TAG, cof_span_of("\xec\x22\x3b\x8f", 4), "initrd");
	assert_named(9, COF_EV_EVENT_TAG, cof_span_of("\xec\x22\x3b", 3), "event-tag");
	assert_named(1, COF_EV_PLATFORM_CONFIG_FLAGS, cof_span_str("ACPI DATA"), "acpi-data");
	assert_named(1, COF_EV_PLATFORM_CONFIG_FLAGS, cof_span_of("QEMU FW CFG\0BootMenu", 20), "fw-cfg");
	assert_named(1, COF_EV_PLATFORM_CONFIG_FLAGS, cof_span_str("QEMU FW CFG"), "platform-config");
	assert_named(1, COF_EV_PLATFORM_CONFIG_FLAGS, cof_span_str("QEMU FW CFGX"), "platform-config");
	assert_named(5, COF_EV_EFI_ACTION, cof_span_str("Exit Boot Services Invocation"), "exit-boot-services");
	assert_named(5, COF_EV_EFI_ACTION, cof_span_str("another"), "efi-action");
	assert_named(3, 0x42, (cof_span){0}, "event-0x42");
}

static void variables_are_named_by_their_label(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"SecureBoot", "secure-boot"},
		{"PK", "pk"},
		{"KEK", "kek"},
		{"BootOrder", "boot-order"},
		{"Boot0001", "boot-0001"},
		{"db", "db"},
		/* hostile names fall back to the type's word */
		{"../../etc", "variable"},
		{"a b", "variable"},
		{"", "variable"},
		{"AVeryLongNameThatDoesNotFitIntoAName", "variable"},
	};
	for (size_t i = 0; i < COF_COUNT(pairs); i++) {
		COF_AUTO(cof_buf) v = {0};
		put_variable(&v, pairs[i][0], cof_span_str("d"));
		assert_named(7, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, cof_buf_span(&v), pairs[i][1]);
	}
	assert_named(7, COF_EV_EFI_VARIABLE_DRIVER_CONFIG, cof_span_str("short"), "variable");
}

static void type_names_go_both_ways(void **state)
{
	(void)state;
	uint32_t type = 0;
	assert_string_equal(cof_event_type_name(COF_EV_EFI_ACTION), "EV_EFI_ACTION");
	assert_null(cof_event_type_name(0x77));
	assert_true(cof_event_type_by_name("EV_EFI_VARIABLE_BOOT", &type));
	assert_int_equal(type, COF_EV_EFI_VARIABLE_BOOT);
	assert_false(cof_event_type_by_name("EV_EFI", &type));
	assert_false(cof_event_type_by_name("", &type));
}

/* What real boots of OVMF say they measured holds. */
static void real_logs_tell_the_truth(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	size_t i;
	json_t *v;
	json_array_foreach (json_object_get(j, "captures"), i, v) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_eventlog) log = {0};
		vector_read(jstr(v, "log"), &b);
		assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
		assert_ok(cof_eventlog_check_data(&log, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_data_that_was_not_measured),
		cmocka_unit_test(t060_labels_are_never_facts),
		cmocka_unit_test(boot_variables_have_two_forms),
		cmocka_unit_test(the_first_lie_of_a_log_is_named),
		cmocka_unit_test(names_for_people),
		cmocka_unit_test(variables_are_named_by_their_label),
		cmocka_unit_test(type_names_go_both_ways),
		cmocka_unit_test(real_logs_tell_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
