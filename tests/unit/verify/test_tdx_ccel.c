/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/verify/soft_tdx.h"
#include "tests/unit/verify/walk.h"

#include "common/secret.h"

static soft_tdx quote;
static cof_buf boot;

/* The quote of a TD that booted with this log. */
static void quote_of(const cof_buf *log, soft_tdx *t)
{
	COF_AUTO(cof_eventlog) parsed = {0};
	cof_digest regs[COF_REGS_MAX];
	soft_tdx keys = {0};
	soft_keys(&keys);
	soft_start(t, &keys);
	assert_ok(cof_eventlog_parse(cof_buf_span(log), COF_SHA384, &parsed, &err));
	assert_ok(cof_eventlog_replay(&parsed, regs, &err));
	for (size_t i = 0; i < 4; i++)
		memcpy(t->body.data + AT_RTMR + 48 * i, regs[i + 1].bytes, 48);
	soft_finish(t);
	soft_drop(&keys);
}

static walk_verdict *judge(cof_span log, cof_span of)
{
	const cof_role_file files[] = {{"event_log", log}, {"quote", of}};
	const cof_verify_in in = {.files = files, .n_files = 2, .now = SOFT_NOW};
	const cof_kind *kind = NULL;
	walk_verdict *r = walk_new();
	assert_ok(cof_kind_find("ccel", &kind, &err));
	assert_ok(cof_verify(kind, &in, r, &err));
	return r;
}

static void a_log_that_replays(void **state)
{
	(void)state;
	COF_AUTO_PTR(walk_verdict) r = judge(cof_buf_span(&boot), cof_buf_span(&quote.quote));
	assert_true(r->accepted);
	assert_int_equal(json_integer_value(json_object_get(r->fields, "events")), 6);
	assert_int_equal(json_integer_value(json_object_get(r->fields, "log_length")), boot.len);
	assert_true(json_is_false(json_object_get(r->fields, "quote_verified")));
	assert_null(json_object_get(json_object_get(r->fields, "replay"), "rtmr3"));
	assert_true(json_is_true(json_object_get(json_object_get(r->fields, "match"), "rtmr3")));
}

/* Each register by its own check. */
static void t060_one_register_differs(void **state)
{
	(void)state;
	static const char *const names[] = {"eventlog-rtmr0", "eventlog-rtmr1", "eventlog-rtmr2", "eventlog-rtmr3"};
	for (size_t i = 0; i < 4; i++) {
		uint8_t *at = quote.quote.data + AT_RTMR + 48 * i + 47;
		*at ^= 1;
		COF_AUTO_PTR(walk_verdict) r = judge(cof_buf_span(&boot), cof_buf_span(&quote.quote));
		*at ^= 1;
		assert_false(r->accepted);
		assert_int_equal(r->checks.failed, 1);
		assert_string_equal(walk_first(r)->name, names[i]);
	}
}

static void judge_changed_log(cof_buf *log, const char *check)
{
	COF_AUTO_PTR(walk_verdict) r = judge(cof_buf_span(log), cof_buf_span(&quote.quote));
	assert_false(r->accepted);
	assert_string_equal(walk_first(r)->name, check);
	cof_buf_release(log);
}

static void t060_more_or_fewer_events(void **state)
{
	(void)state;
	cof_buf log = {0};
	put_cc_boot(&log);
	put_cc_separator(&log, 4);
	judge_changed_log(&log, "eventlog-rtmr3");
	put_spec_id_of(&log, 1, sha384_alg, 1);
	judge_changed_log(&log, "eventlog-rtmr0");
	put_cc_boot(&log);
	put_cc_separator(&log, 3);
	judge_changed_log(&log, "eventlog-rtmr2");
}

/* The digests replay, and one event's data is another one than was measured. */
static void t060_data_that_was_not_measured(void **state)
{
	(void)state;
	cof_buf log = {0};
	put_cc_boot(&log);
	for (size_t i = 0; i + 7 < log.len; i++) {
		if (cof_ct_equal(cof_span_of(log.data + i, 7), cof_span_str("Calling"))) {
			log.data[i] = 'F';
			break;
		}
	}
	judge_changed_log(&log, "eventlog-data-mismatch");
}

static void other_logs(void **state)
{
	(void)state;
	cof_buf log = {0};
	put_spec_id(&log, both_algs, 2);
	judge_changed_log(&log, "eventlog-bank-missing");
	put_spec_id_of(&log, 0, sha384_alg, 1);
	judge_changed_log(&log, "eventlog-kind");
	soft_add(&log, "no log");
	judge_changed_log(&log, "eventlog-malformed");
	judge_changed_log(&log, "eventlog-malformed");
}

static void every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < boot.len; len++) {
		COF_AUTO_PTR(walk_verdict) r = judge(cof_span_of(boot.data, len), cof_buf_span(&quote.quote));
		assert_false(r->accepted);
	}
	for (size_t len = 0; len < quote.quote.len; len += 7) {
		COF_AUTO_PTR(walk_verdict) r = judge(cof_buf_span(&boot), cof_span_of(quote.quote.data, len));
		assert_false(r->accepted);
		assert_null(r->fields);
	}
}

static walk_verdict *judge_all(const char *kind_name, cof_span log)
{
	cof_role_file files[SOFT_FILES_MAX + 1];
	size_t n = soft_files(&quote, files);
	const cof_kind *kind = NULL;
	walk_verdict *r = walk_new();
	files[n++] = (cof_role_file){"event_log", log};
	const cof_verify_in in = {.files = files, .n_files = n, .now = SOFT_NOW};
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	assert_ok(cof_verify(kind, &in, r, &err));
	return r;
}

/* With root and collateral the quote is judged too; and a quote's log with the quote. */
static void with_a_verified_quote(void **state)
{
	(void)state;
	COF_AUTO_PTR(walk_verdict) ccel = judge_all("ccel", cof_buf_span(&boot));
	COF_AUTO_PTR(walk_verdict) all = judge_all("tdx-quote", cof_buf_span(&boot));
	COF_AUTO_PTR(walk_verdict) cut = judge_all("tdx-quote", cof_span_of(boot.data, boot.len - 1));
	assert_true(ccel->accepted);
	assert_true(json_is_true(json_object_get(ccel->fields, "quote_verified")));
	assert_int_equal(json_integer_value(json_object_get(ccel->fields, "events")), 6);
	assert_true(all->accepted);
	assert_non_null(json_object_get(json_object_get(all->fields, "event_log"), "replay"));
	assert_false(cut->accepted);
	quote.quote.data[AT_SIG] ^= 1;
	COF_AUTO_PTR(walk_verdict) forged = judge_all("ccel", cof_buf_span(&boot));
	quote.quote.data[AT_SIG] ^= 1;
	assert_false(forged->accepted);
	assert_string_equal(walk_first(forged)->name, "quote-signature");
	assert_true(json_is_false(json_object_get(forged->fields, "quote_verified")));
}

static int setup(void **state)
{
	(void)state;
	put_cc_boot(&boot);
	quote_of(&boot, &quote);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_drop(&quote);
	cof_buf_release(&boot);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_log_that_replays),
					   cmocka_unit_test(t060_one_register_differs),
					   cmocka_unit_test(t060_more_or_fewer_events),
					   cmocka_unit_test(t060_data_that_was_not_measured),
					   cmocka_unit_test(other_logs),
					   cmocka_unit_test(every_truncation),
					   cmocka_unit_test(with_a_verified_quote)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
