/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "runtime/vm/state.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define GOOD                                                                                                           \
	"{\"phase\":\"pull\",\"phases_ms\":{\"kernel\":3100,\"agent-ready\":20,\"other\":1},"                          \
	"\"bytes\":{\"pulled\":10,\"total\":100},\"layers\":[{\"pulled\":4,\"total\":60},{}],\"verdict\":"             \
	"\"affirming\",\"image_digest\":\"sha256:" HEX "\",\"pcrs\":{\"0\":\"" HEX                                     \
	"\",\"99\":\"x\"},\"reason\":null,\"message\":null,"                                                           \
	"\"refusal\":{\"pcr\":9,\"event\":\"initrd\",\"expected\":\"" HEX "\",\"found\":null}}"

static int parse(const char *text, cof_err *err)
{
	COF_AUTO(cof_state) s = {0};
	return cof_state_parse(cof_span_str(text), &s, err);
}

static void reads_what_is_known(void **state)
{
	(void)state;
	COF_AUTO(cof_state) s = {0};
	assert_ok(cof_state_parse(cof_span_str(GOOD), &s, &err));
	assert_string_equal(s.phase, "pull");
	assert_int_equal(s.pulled, 10);
	assert_int_equal(s.total, 100);
	assert_int_equal(s.n_layers, 2);
	assert_true(s.layers[0].done == 4 && s.layers[0].total == 60 && s.layers[1].total == 0);
	assert_string_equal(s.verdict, "affirming");
	assert_string_equal(s.reason, "");
	assert_int_equal(json_object_size(s.phases_ms), 2);
	assert_int_equal(json_integer_value(json_object_get(s.phases_ms, "kernel")), 3100);
	assert_int_equal(json_object_size(s.pcrs), 1);
	assert_int_equal(json_integer_value(json_object_get(s.refusal, "pcr")), 9);
	assert_true(json_is_null(json_object_get(s.refusal, "found")));
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(GOOD); n++) {
		COF_AUTO(cof_state) s = {0};
		assert_fails(cof_state_parse(cof_span_of(GOOD, n), &s, &err), "guest-state-malformed");
	}
}

static void bit_flips_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8 * strlen(GOOD); i++) {
		char text[sizeof GOOD];
		COF_AUTO(cof_state) s = {0};
		memcpy(text, GOOD, sizeof GOOD);
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
		if (cof_state_parse(cof_span_of(text, strlen(GOOD)), &s, NULL) == 0)
			for (const char *c = s.message; *c != 0; c++)
				assert_true(*c >= 0x20 && *c < 0x7f);
	}
}

static void t087_wrong_shapes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "[]",
					  "1",
					  "null",
					  "{\"phase\":1}",
					  "{\"phase\":\"two words\"}",
					  "{\"reason\":\"PCR\"}",
					  "{\"verdict\":[]}",
					  "{\"bytes\":{\"pulled\":-1}}",
					  "{\"layers\":[{\"pulled\":-1}]}",
					  "{\"bytes\":{\"total\":-1}}",
					  "{\"phases_ms\":{\"kernel\":-1}}",
					  "{\"phases_ms\":{\"kernel\":99999999999}}",
					  "{\"phases_ms\":{\"kernel\":\"1\"}}",
					  "{\"phases_ms\":{\"kernel\":1.5}}",
					  "{\"pcrs\":{\"0\":\"zz\"}}",
					  "{\"pcrs\":{\"0\":\"00\"}}",
					  "{\"refusal\":{\"event\":1}}",
					  "{\"message\":{}}",
					  "{} {}",
					  "{\"phase\":\"a\",\"phase\":\"b\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(parse(bad[i], &err), "guest-state-malformed");
}

static void t086_terminal_escapes_do_not_come_through(void **state)
{
	(void)state;
	COF_AUTO(cof_state) s = {0};
	assert_ok(cof_state_parse(cof_span_str("{\"message\":\"a\\u001b[2Jb\\u009bc\\r\\n\",\"refusal\":{\"event\":"
					       "\"\\u001b]0;x\"}}"),
				  &s, &err));
	assert_null(strchr(s.message, 0x1b));
	assert_null(strchr(s.message, '\n'));
	for (const char *c = s.message; *c != 0; c++)
		assert_true(*c >= 0x20 && *c < 0x7f);
	assert_null(strchr(json_string_value(json_object_get(s.refusal, "event")), 0x1b));
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	COF_AUTO(cof_state) s = {0};
	COF_AUTO_FREE char *text = NULL;
	char many[3000];
	memset(many, 'm', sizeof many - 1);
	many[sizeof many - 1] = 0;
	assert_true(asprintf(&text, "{\"message\":\"%s\",\"phase\":\"%s\"}", many, many) > 0);
	assert_ok(cof_state_parse(cof_span_str(text), &s, &err));
	assert_int_equal(strlen(s.message), COF_STATE_TEXT_MAX - 1);
	assert_int_equal(strlen(s.phase), sizeof s.phase - 1);
	COF_AUTO_FREE uint8_t *large = calloc(1, COF_STATE_JSON_MAX + 1);
	COF_AUTO(cof_state) none = {0};
	assert_fails(cof_state_parse(cof_span_of(large, COF_STATE_JSON_MAX + 1), &none, &err), "guest-state-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_known),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(bit_flips_never_crash),
		cmocka_unit_test(t087_wrong_shapes_are_refused),
		cmocka_unit_test(t086_terminal_escapes_do_not_come_through),
		cmocka_unit_test(long_texts_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
