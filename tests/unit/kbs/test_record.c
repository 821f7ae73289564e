/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/record.h"

static const char *text_of(const cof_record *r, const char *key)
{
	return json_string_value(json_object_get(r->o, key));
}

static void t074_text_is_printable_and_cut(void **state)
{
	(void)state;
	char big[1000];
	memset(big, 'x', sizeof big);
	COF_AUTO(cof_record) r = cof_record_new("attest", "refused");
	cof_record_text(&r, "odd", cof_span_of("a\n\"\x1b[31m\xff\0z", 11));
	cof_record_text(&r, "big", cof_span_of(big, sizeof big));
	cof_record_text(&r, "empty", (cof_span){0});
	assert_ok(cof_record_done(&r, &err));
	assert_string_equal(text_of(&r, "odd"), "a?\"?[31m??z");
	assert_int_equal(strlen(text_of(&r, "big")), COF_RECORD_TEXT_MAX);
	assert_null(json_object_get(r.o, "empty"));
}

static void t074_a_sessions_id_is_not_written(void **state)
{
	(void)state;
	cof_session s = {.peer = "10.0.0.1", .tee = "tpm"};
	COF_AUTO(cof_buf) text = {0};
	memset(s.id, 'a', COF_KB_SESSION_LEN);
	memset(s.nonce, 'n', sizeof s.nonce - 1);
	COF_AUTO(cof_record) r = cof_record_new("attest", "affirming");
	cof_record_session(&r, &s);
	assert_ok(cof_record_done(&r, &err));
	assert_ok(cof_json_dump(r.o, &text, &err));
	assert_null(strstr(cof_buf_str(&text), s.id));
	assert_null(strstr(cof_buf_str(&text), s.nonce));
	assert_int_equal(strlen(text_of(&r, "session")), 16);
	assert_string_equal(text_of(&r, "peer"), "10.0.0.1");
}

static void verdicts_and_errors_are_told(void **state)
{
	(void)state;
	const cof_session_verdict v = {
		.reason = "pcr-mismatch", .pcr = 4, .event = "kernel", .expected = "aa", .found = "bb"};
	const cof_err why = {.cls = COF_E_POLICY, .reason = "policy-denied", .text = "no rule"};
	COF_AUTO(cof_record) r = cof_record_new("resource", "denied");
	cof_record_verdict(&r, &v);
	assert_string_equal(text_of(&r, "reason"), "pcr-mismatch");
	assert_int_equal(json_integer_value(json_object_get(r.o, "pcr")), 4);
	assert_string_equal(text_of(&r, "pcr_event"), "kernel");
	cof_record_err(&r, &why);
	assert_string_equal(text_of(&r, "class"), "policy");
	assert_string_equal(text_of(&r, "reason"), "policy-denied");
}

static void an_affirming_verdict_names_no_pcr(void **state)
{
	(void)state;
	const cof_session_verdict v = {.affirming = true, .pcr = 0, .reference = "set"};
	COF_AUTO(cof_record) r = cof_record_new("attest", "affirming");
	cof_record_verdict(&r, &v);
	assert_null(json_object_get(r.o, "pcr"));
	assert_string_equal(text_of(&r, "reference"), "set");
}

static void a_failed_record_is_said_to_be_failed(void **state)
{
	(void)state;
	COF_AUTO(cof_record) r = cof_record_new("attest", "affirming");
	r.failed = true;
	cof_record_int(&r, "n", 1);
	assert_null(json_object_get(r.o, "n"));
	assert_true(cof_record_done(&r, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t074_text_is_printable_and_cut),
		cmocka_unit_test(t074_a_sessions_id_is_not_written),
		cmocka_unit_test(verdicts_and_errors_are_told),
		cmocka_unit_test(an_affirming_verdict_names_no_pcr),
		cmocka_unit_test(a_failed_record_is_said_to_be_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
