/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs from a registry that cuts, repeats, goes on elsewhere, sends too much or too little. */
#include "tests/unit/image/blob_peer.h"

#include "common/clock.h"

/* ---- what is resumed, and how ---- */

static void t036_a_range_that_goes_on_elsewhere(void **state)
{
	(void)state;
	static const char *const parts[] = {
		PART("bytes 5-9/10", "456789"), PART("bytes 3-8/10", "456789"), PART("bytes 40-45/100", "456789"),
		PART("items 4-9/10", "456789"), PART("bytes */10", "456789"),	PART("", "456789"),
	};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		COF_AUTO(outcome) o = {0};
		const tls_step steps[] = {{.answer = CUT}, {.answer = parts[i]}};
		assert_int_equal(play(steps, 2, NULL, &o), 2); /* it is not asked a third time */
		failed_with(&o, "registry-range");
		assert_span_equal(cof_buf_span(&o.got), "0123", 4);
	}
}

static void t036_a_first_answer_that_is_a_part(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	const tls_step steps[] = {{.answer = PART("bytes 4-9/10", "456789")}};
	assert_int_equal(play(steps, 1, NULL, &o), 1);
	failed_with(&o, "registry-range");
	assert_int_equal(o.got.len, 0);
}

static void t036_more_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "11") "\r\n0123456789X"}},
		{{.answer = CUT}, {.answer = HEAD("206 Partial", "7") "Content-Range: bytes 4-10/11\r\n\r\n456789X"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "11") "\r\n0123456789X"}},
		{{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" CLOSE
			    "\r\nb\r\n0123456789X\r\n0\r\n\r\n"}},
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], 2, NULL, &o);
		failed_with(&o, "layer-size-mismatch");
		assert_true(o.got.len <= 10); /* the sink never sees what is beyond the descriptor */
	}
}

static void t036_fewer_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "9") "\r\n012345678"}},
		{{.answer = HEAD("200 OK", "0") "\r\n"}},
		{{.answer = CUT}, {.answer = HEAD("206 Partial", "5") "Content-Range: bytes 4-8/9\r\n\r\n45678"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "4") "\r\n0123"}},
		{{.answer = CUT}, {.answer = HEAD("200 OK", "2") "\r\n01"}},
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], answers[i][1].answer != NULL ? 2 : 1, NULL, &o);
		failed_with(&o, "layer-size-mismatch");
		assert_int_equal(o.err.cls, COF_E_CRYPTO);
	}
}

static void t036_other_bytes_than_named(void **state)
{
	(void)state;
	static const tls_step answers[][2] = {
		{{.answer = HEAD("200 OK", "10") "\r\n012345678X"}},
		{{.answer = HEAD("200 OK", "10") "\r\nX123456789"}},
		{{.answer = CUT}, {.answer = PART("bytes 4-9/10", "45678X")}},
		{{.answer = HEAD("200 OK", "10") "\r\nX123"}, {.answer = WHOLE}}, /* made good too late */
	};
	for (size_t i = 0; i < COF_COUNT(answers); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(answers[i], answers[i][1].answer != NULL ? 2 : 1, NULL, &o);
		failed_with(&o, "blob-digest-mismatch");
		assert_int_equal(o.err.cls, COF_E_CRYPTO);
	}
}

static void a_cut_blob_is_asked_for_from_where_it_broke(void **state)
{
	(void)state;
	static const char *const rests[] = {PART("bytes 4-9/10", "456789"), PART("bytes 4-9/*", "456789"), WHOLE};
	for (size_t i = 0; i < COF_COUNT(rests); i++) {
		COF_AUTO(outcome) o = {0};
		peer p;
		const tls_step steps[] = {{.answer = CUT}, {.answer = rests[i]}};
		peer_open(&p, BLOB);
		tls_go(&p.tls, steps, 2);
		fetch(&p, NULL, &o);
		assert_false(asked_for(&p, 0, "Range:"));
		assert_true(asked_for(&p, 1, "\r\nRange: bytes=4-\r\n"));
		assert_true(asked_for(&p, 1, "\r\nAccept-Encoding: identity\r\n"));
		tls_close(&p.tls);
		assert_int_equal(o.rc, 0);
		assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
	}
}

static void t043_progress_extends_patience_and_nothing_else_does(void **state)
{
	(void)state;
	const cof_registry_opts two = {.retries = 2, .backoff_ms = 1};
	const tls_step never[] = {{.answer = NULL}};
	const tls_step broken[] = {{.answer = HEAD("503 Busy", "0") "\r\n"}};
	const tls_step slow[] = {
		{.answer = CUT},
		{.answer = HEAD("206 P", "6") "Content-Range: bytes 4-9/10\r\n\r\n4"},
		{.answer = HEAD("206 P", "5") "Content-Range: bytes 5-9/10\r\n\r\n5"},
		{.answer = HEAD("206 P", "4") "Content-Range: bytes 6-9/10\r\n\r\n6"},
		{.answer = HEAD("206 P", "3") "Content-Range: bytes 7-9/10\r\n\r\n789"},
	};
	COF_AUTO(outcome) a = {0};
	COF_AUTO(outcome) b = {0};
	COF_AUTO(outcome) c = {0};
	assert_int_equal(play(never, 1, &two, &a), 3);
	assert_int_equal(a.err.cls, COF_E_UNAVAILABLE);
	assert_int_equal(play(broken, 1, &two, &b), 3);
	failed_with(&b, "registry-status");
	assert_int_equal(play(slow, COF_COUNT(slow), &two, &c), 5);
	assert_int_equal(c.rc, 0);
	assert_span_equal(cof_buf_span(&c.got), BLOB, 10);
}

static void a_no_is_not_asked_again(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		const char *reason;
	} noes[] = {
		{HEAD("403 Forbidden", "0") "\r\n", "registry-refused"},
		{HEAD("404 Not Found", "3") "\r\nabc", "registry-not-found"},
		{HEAD("416 Range", "0") "\r\n", "registry-status"},
		{HEAD("203 Changed", "10") "\r\n" BLOB, "registry-range"},
		{HEAD("204 Nothing", "0") "\r\n", "registry-status"},
	};
	for (size_t i = 0; i < COF_COUNT(noes); i++) {
		COF_AUTO(outcome) o = {0};
		const tls_step steps[] = {{.answer = noes[i].answer}};
		assert_int_equal(play(steps, 1, NULL, &o), 1);
		failed_with(&o, noes[i].reason);
		assert_int_equal(o.got.len, 0); /* the body of a refusal is no blob */
	}
}

static void a_strong_tag_goes_along(void **state)
{
	(void)state;
	static const struct {
		const char *tag, *line; /* NULL: none is sent */
	} cases[] = {{"\"a:b\"", "\r\nIf-Range: \"a:b\"\r\n"}, {"W/\"a\"", NULL}, {"a", NULL}, {"\"a\" \"b\"", NULL}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(outcome) o = {0};
		char cut[256];
		peer p;
		(void)snprintf(cut, sizeof cut, HEAD("200 OK", "10") "ETag: %s\r\n\r\n0123", cases[i].tag);
		const tls_step steps[] = {{.answer = cut}, {.answer = PART("bytes 4-9/10", "456789")}};
		peer_open(&p, BLOB);
		tls_go(&p.tls, steps, 2);
		fetch(&p, NULL, &o);
		assert_int_equal(o.rc, 0);
		assert_int_equal(asked_for(&p, 1, "If-Range"), cases[i].line != NULL);
		if (cases[i].line != NULL)
			assert_true(asked_for(&p, 1, cases[i].line));
		tls_close(&p.tls);
	}
}

static void t036_another_blob_on_resume(void **state)
{
	(void)state;
	static const char *const rests[] = {
		HEAD("206 Part", "6") "ETag: \"b\"\r\nContent-Range: bytes 4-9/10\r\n\r\n456789",
		HEAD("200 OK", "10") "ETag: \"b\"\r\n\r\n0123456789",
	};
	for (size_t i = 0; i < COF_COUNT(rests); i++) {
		COF_AUTO(outcome) o = {0};
		const tls_step steps[] = {{.answer = HEAD("200 OK", "10") "ETag: \"a\"\r\n\r\n0123"},
					  {.answer = rests[i]}};
		assert_int_equal(play(steps, 2, NULL, &o), 2);
		failed_with(&o, "registry-changed");
		assert_span_equal(cof_buf_span(&o.got), "0123", 4);
	}
}

/* All bytes are there: that the answer's end was cut off takes nothing away. */
static void a_cut_behind_the_last_byte(void **state)
{
	(void)state;
	COF_AUTO(outcome) o = {0};
	const tls_step steps[] = {
		{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\na\r\n" BLOB "\r\n"}};
	assert_int_equal(play(steps, 1, NULL, &o), 1);
	assert_int_equal(o.rc, 0);
	assert_span_equal(cof_buf_span(&o.got), BLOB, 10);
}

static void later_means_later(void **state)
{
	(void)state;
	COF_AUTO(outcome) waited = {0};
	COF_AUTO(outcome) left = {0};
	COF_AUTO(outcome) busy = {0};
	const tls_step soon[] = {{.answer = HEAD("429 Slow", "0") "Retry-After: 1\r\n\r\n"}, {.answer = WHOLE}};
	const tls_step never[] = {{.answer = HEAD("503 Busy", "0") "Retry-After: 3600\r\n\r\n"}, {.answer = WHOLE}};
	const tls_step always[] = {{.answer = HEAD("429 Slow", "0") "\r\n"}};
	int64_t since = cof_now_ms();
	assert_int_equal(play(soon, 2, NULL, &waited), 2);
	assert_int_equal(waited.rc, 0);
	assert_true(cof_now_ms() - since >= 1000);
	assert_int_equal(play(never, 2, NULL, &left), 1); /* nobody waits an hour */
	failed_with(&left, "registry-status");
	assert_int_equal(play(always, 1, NULL, &busy), 2);
	failed_with(&busy, "registry-busy");
}

static void the_registrys_word_is_told_if_it_is_one(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *word; /* NULL: none */
	} cases[] = {
		{HEAD("404 No", "53") "\r\n{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"m3ss\"}]}",
		 "404 BLOB_UNKNOWN for"},
		{HEAD("404 No", "47") "\r\n{\"errors\":[{\"code\":\"rm -rf\",\"message\":\"m3ss\"}]}", NULL},
		{HEAD("404 No", "32") "\r\n{\"errors\":[{\"code\":\"A\\u001bB\"}]}", NULL},
		{HEAD("404 No", "14") "\r\n{\"errors\":[7]}", NULL},
		{HEAD("404 No", "4") "\r\nm3ss", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(outcome) o = {0};
		(void)play(&(tls_step){.answer = cases[i].answer}, 1, NULL, &o);
		failed_with(&o, "registry-not-found");
		assert_non_null(strstr(o.err.text, cases[i].word != NULL ? cases[i].word : "404 for"));
		assert_null(strstr(o.err.text, "m3ss"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t036_a_range_that_goes_on_elsewhere),
		cmocka_unit_test(t036_a_first_answer_that_is_a_part),
		cmocka_unit_test(t036_more_bytes_than_named),
		cmocka_unit_test(t036_fewer_bytes_than_named),
		cmocka_unit_test(t036_other_bytes_than_named),
		cmocka_unit_test(a_cut_blob_is_asked_for_from_where_it_broke),
		cmocka_unit_test(t043_progress_extends_patience_and_nothing_else_does),
		cmocka_unit_test(a_no_is_not_asked_again),
		cmocka_unit_test(a_strong_tag_goes_along),
		cmocka_unit_test(t036_another_blob_on_resume),
		cmocka_unit_test(a_cut_behind_the_last_byte),
		cmocka_unit_test(later_means_later),
		cmocka_unit_test(the_registrys_word_is_told_if_it_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
