/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/kbs_proto.h"

static void t066_a_token_goes_into_a_header_so_it_is_checked(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",	  "a",		"a.b", "a.b.", ".b.c", "a..c", "a.b.c.d", "a.b.c ", "a.b.c\\r\\nX: y",
		"a.b.c=", "a.b.\\u00e9"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) body = {0};
		char *token = NULL;
		assert_ok(cof_buf_printf(&body, &err, "{\"token\":\"%s\"}", bad[i]));
		assert_fails(cof_kbsp_token_parse(cof_buf_span(&body), &token, &err), "kbs-token");
		assert_null(token);
	}
	char *token = NULL;
	assert_fails(cof_kbsp_token_parse(cof_span_str("{}"), &token, &err), "json-missing");
	assert_fails(cof_kbsp_token_parse(cof_span_str("{\"token\":1}"), &token, &err), "json-type");
	assert_fails(cof_kbsp_token_parse(cof_span_of("", 1 << 20), &token, &err), "kbs-too-large");
}

static void tokens_go_and_come(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_FREE char *token = NULL;
	assert_ok(cof_kbsp_token_make("ey-J_.ab0.cd", &body, &err));
	assert_ok(cof_kbsp_token_parse(cof_buf_span(&body), &token, &err));
	assert_string_equal(token, "ey-J_.ab0.cd");
}

static const cof_kbsp_refusal full = {.variant = "PolicyDeny",
				      .detail = "PCR 9 is not what was registered",
				      .reason = "pcr-mismatch",
				      .pcr = 9,
				      .event = "initrd",
				      .expected = "aa",
				      .found = "bb"};

static void refusals_go_and_come(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) body = {0};
	cof_kbsp_refusal back = {0};
	assert_ok(cof_kbsp_error_make(&full, &body, &err));
	assert_string_equal(
		cof_buf_str(&body),
		"{\"type\":\"https://github.com/confidential-containers/kbs/errors/PolicyDeny\",\"detail\":\"PCR 9 "
		"is not what was registered\",\"reason\":\"pcr-mismatch\",\"pcr\":9,\"event\":\"initrd\","
		"\"expected\":\"aa\",\"found\":\"bb\"}");
	assert_ok(cof_kbsp_error_parse(cof_buf_span(&body), &back, &err));
	assert_string_equal(back.variant, "PolicyDeny");
	assert_string_equal(back.reason, "pcr-mismatch");
	assert_int_equal(back.pcr, 9);
	assert_string_equal(back.event, "initrd");
	assert_string_equal(back.expected, "aa");
	assert_string_equal(back.found, "bb");
}

/* A peer that knows nothing of ours writes two members only. */
static void a_peers_error_has_no_reason(void **state)
{
	(void)state;
	cof_kbsp_refusal got = {0};
	assert_ok(cof_kbsp_error_parse(cof_span_str("{\"type\":\"https://github.com/confidential-containers/kbs/errors/"
						    "TokenNotFound\",\"detail\":\"none\"}"),
				       &got, &err));
	assert_string_equal(got.variant, "TokenNotFound");
	assert_string_equal(got.reason, "");
	assert_int_equal(got.pcr, -1);
	const cof_kbsp_refusal plain = {.variant = "TokenNotFound", .detail = "none", .pcr = -1};
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_kbsp_error_make(&plain, &body, &err));
	assert_null(strstr(cof_buf_str(&body), "reason"));
	assert_null(strstr(cof_buf_str(&body), "pcr"));
}

static void t074_hostile_errors_become_harmless_text(void **state)
{
	(void)state;
	cof_kbsp_refusal got = {0};
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_buf_add_str(&body, "{\"type\":\"x/", &err));
	for (int i = 0; i < 1000; i++)
		assert_ok(cof_buf_add_str(&body, "A", &err));
	assert_ok(cof_buf_add_str(
		&body,
		"\",\"detail\":\"\\u001b[2J\\nfake: line\\u0007\",\"reason\":\"all good; verdict=ok\",\"pcr\":"
		"99,\"event\":[1],\"expected\":\"\\u00e9\"}",
		&err));
	assert_ok(cof_kbsp_error_parse(cof_buf_span(&body), &got, &err));
	assert_int_equal(strlen(got.variant), sizeof got.variant - 1);
	assert_string_equal(got.detail, "?[2J?fake: line?");
	assert_string_equal(got.reason, "");
	assert_int_equal(got.pcr, -1);
	assert_string_equal(got.event, "");
	assert_string_equal(got.expected, "??");
}

static void what_is_no_error_is_refused(void **state)
{
	(void)state;
	const struct {
		const char *body, *reason;
	} bad[] = {{"", "json-malformed"},
		   {"<html>", "json-malformed"},
		   {"[]", "kbs-error"},
		   {"{}", "kbs-error"},
		   {"{\"type\":1}", "kbs-error"}};
	cof_kbsp_refusal got = {.pcr = 77};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_kbsp_error_parse(cof_span_str(bad[i].body), &got, &err), bad[i].reason);
	assert_fails(cof_kbsp_error_parse(cof_span_of("", 1 << 20), &got, &err), "kbs-too-large");
	assert_int_equal(got.pcr, 77);
}

static void every_flipped_bit_is_an_error_or_clean_text(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) body = {0};
	assert_ok(cof_kbsp_error_make(&full, &body, &err));
	for (size_t bit = 0; bit < body.len * 8; bit++) {
		cof_kbsp_refusal got = {.pcr = -1};
		body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (cof_kbsp_error_parse(cof_buf_span(&body), &got, NULL) == 0) {
			for (const char *s = got.detail; *s != '\0'; s++)
				assert_in_range(*s, 0x20, 0x7e);
			assert_true(got.pcr >= -1 && got.pcr <= 23);
		}
		body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void reports_carry_the_refusal(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	cof_kbsp_refusal back = {0};
	assert_ok(cof_kbsp_refusal_json(&full, &doc, &err));
	assert_ok(cof_json_dump(doc, &text, &err));
	assert_string_equal(cof_buf_str(&text),
			    "{\"reason\":\"pcr-mismatch\",\"pcr\":9,\"event\":\"initrd\",\"expected\":\"aa\","
			    "\"found\":\"bb\"}");
	assert_ok(cof_kbsp_refusal_from_json(doc, &back, &err));
	assert_string_equal(back.event, "initrd");
	assert_int_equal(back.pcr, 9);
	assert_fails(cof_kbsp_refusal_from_json(NULL, &back, &err), "json-type");
	const cof_kbsp_refusal none = {.pcr = -1};
	COF_AUTO_PTR(json_t) empty = NULL;
	assert_ok(cof_kbsp_refusal_json(&none, &empty, &err));
	assert_true(json_is_null(json_object_get(empty, "pcr")));
	assert_true(json_is_null(json_object_get(empty, "found")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_a_token_goes_into_a_header_so_it_is_checked),
		cmocka_unit_test(tokens_go_and_come),
		cmocka_unit_test(refusals_go_and_come),
		cmocka_unit_test(a_peers_error_has_no_reason),
		cmocka_unit_test(t074_hostile_errors_become_harmless_text),
		cmocka_unit_test(what_is_no_error_is_refused),
		cmocka_unit_test(every_flipped_bit_is_an_error_or_clean_text),
		cmocka_unit_test(reports_carry_the_refusal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
