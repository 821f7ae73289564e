/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "runtime/cli/report.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static cof_report report(const char *state_json)
{
	cof_report r = {.outcome = "exited",
			.tee = "tpm",
			.accel = "tcg",
			.profile = "default",
			.transport = "serial",
			.image = "x@y"};
	assert_ok(cof_state_parse(cof_span_str(state_json), &r.state, &err));
	return r;
}

static json_t *json_of(const cof_report *r)
{
	json_t *v = NULL;
	assert_ok(cof_report_json(r, &v, &err));
	return v;
}

static const char *str(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

static void an_exit_has_its_code_and_no_reason(void **state)
{
	(void)state;
	COF_AUTO(cof_report)
	r = report("{\"phases_ms\":{\"kernel\":300,\"agent-ready\":50,\"pull\":7},\"bytes\":"
		   "{\"pulled\":99},\"verdict\":\"affirming\",\"pcrs\":{\"0\":\"" HEX "\"}}");
	r.exit_code = 7;
	r.ready_ms = 1000;
	COF_AUTO_PTR(json_t) v = json_of(&r);
	const json_t *phases = json_object_get(v, "phases_ms");
	assert_string_equal(str(v, "format"), "coffer-run-report/1");
	assert_string_equal(str(v, "outcome"), "exited");
	assert_int_equal(json_integer_value(json_object_get(v, "exit_code")), 7);
	assert_true(json_is_null(json_object_get(v, "reason")));
	assert_true(json_is_null(json_object_get(v, "refusal")));
	assert_string_equal(str(v, "verdict"), "affirming");
	assert_string_equal(str(v, "transport"), "serial");
	assert_int_equal(json_integer_value(json_object_get(phases, "firmware")), 650);
	assert_int_equal(json_integer_value(json_object_get(phases, "pull")), 7);
	assert_null(json_object_get(phases, "decrypt"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "bytes"), "pulled")), 99);
}

static void a_refusal_names_pcr_and_event(void **state)
{
	(void)state;
	COF_AUTO(cof_report)
	r = report("{\"phase\":\"failed\",\"refusal\":{\"pcr\":9,\"event\":\"initrd\",\"expected\":\"" HEX
		   "\",\"found\":\"" ZERO "\"}}");
	COF_AUTO(cof_buf) text = {0};
	(void)!cof_err_set(&r.why, COF_E_POLICY, "pcr-mismatch", "PCR 9 differs");
	r.outcome = cof_report_outcome(r.why.cls);
	COF_AUTO_PTR(json_t) v = json_of(&r);
	assert_string_equal(str(v, "outcome"), "refused");
	assert_string_equal(str(v, "reason"), "pcr-mismatch");
	assert_true(json_is_null(json_object_get(v, "exit_code")));
	assert_string_equal(str(json_object_get(v, "refusal"), "event"), "initrd");
	assert_ok(cof_report_text(&r, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "coffer: pcr-mismatch: PCR 9 differs\n"));
	assert_non_null(strstr(cof_buf_str(&text), "PCR 9, event initrd"));
}

static void outcomes_follow_classes(void **state)
{
	(void)state;
	assert_string_equal(cof_report_outcome(COF_E_POLICY), "refused");
	assert_string_equal(cof_report_outcome(COF_E_CRYPTO), "refused");
	assert_string_equal(cof_report_outcome(COF_E_MALFORMED), "refused");
	assert_string_equal(cof_report_outcome(COF_E_UNAVAILABLE), "failed");
	assert_string_equal(cof_report_outcome(COF_E_IO), "failed");
	assert_string_equal(cof_report_outcome(COF_E_USAGE), "failed");
}

static void nothing_known_is_still_a_report(void **state)
{
	(void)state;
	COF_AUTO(cof_report) r = {.outcome = "failed"};
	COF_AUTO(cof_buf) text = {0};
	(void)!cof_err_set(&r.why, COF_E_UNAVAILABLE, "qemu-absent", "none");
	COF_AUTO_PTR(json_t) v = json_of(&r);
	assert_true(json_is_null(json_object_get(v, "tee")));
	assert_true(json_is_null(json_object_get(v, "transport")));
	assert_true(json_is_null(json_object_get(v, "measurement")));
	assert_int_equal(json_object_size(json_object_get(v, "phases_ms")), 0);
	assert_ok(cof_report_text(&r, &text, &err));
	assert_string_equal(cof_buf_str(&text), "coffer: qemu-absent: none\n");
}

/* The guest's times are its own word: they may not make ours negative. */
static void t087_a_guest_that_lies_about_time(void **state)
{
	(void)state;
	COF_AUTO(cof_report) r = report("{\"phases_ms\":{\"kernel\":86000000}}");
	r.ready_ms = 100;
	COF_AUTO_PTR(json_t) v = json_of(&r);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "phases_ms"), "firmware")), 0);
}

static void the_guests_reason_fills_a_vague_one(void **state)
{
	(void)state;
	COF_AUTO(cof_report) r = report("{\"reason\":\"layer-digest-mismatch\"}");
	r.outcome = "refused";
	(void)!cof_err_set(&r.why, COF_E_IO, "agent-error", "x");
	COF_AUTO_PTR(json_t) v = json_of(&r);
	assert_string_equal(str(v, "reason"), "layer-digest-mismatch");
	(void)!cof_err_set(&r.why, COF_E_POLICY, "policy-denied", "x");
	COF_AUTO_PTR(json_t) w = json_of(&r);
	assert_string_equal(str(w, "reason"), "policy-denied");
}

static void pcrs_that_say_nothing_are_not_shown(void **state)
{
	(void)state;
	COF_AUTO(cof_report) r = report("{\"pcrs\":{\"0\":\"" HEX "\",\"2\":\"" ZERO "\"}}");
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_report_text(&r, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "PCR 0  " HEX));
	assert_null(strstr(cof_buf_str(&text), ZERO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_has_its_code_and_no_reason),
		cmocka_unit_test(a_refusal_names_pcr_and_event),
		cmocka_unit_test(outcomes_follow_classes),
		cmocka_unit_test(nothing_known_is_still_a_report),
		cmocka_unit_test(t087_a_guest_that_lies_about_time),
		cmocka_unit_test(the_guests_reason_fills_a_vague_one),
		cmocka_unit_test(pcrs_that_say_nothing_are_not_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
