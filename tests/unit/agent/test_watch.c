/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/watch.h"

#include "common/json.h"
#include "tests/unit/test.h"

typedef struct heard {
	int calls;
	uint64_t seq;
	bool cancelled;
	json_t *doc;
} heard;

static void on_news(void *arg, uint64_t seq, const char *json, const cof_err *why)
{
	heard *h = arg;
	h->calls++;
	h->seq = seq;
	h->cancelled = why != NULL;
	json_decref(h->doc);
	h->doc = NULL;
	if (json != NULL)
		assert_ok(cof_json_parse(cof_span_str(json), &h->doc, &err));
}

typedef struct bed {
	struct event_base *base;
	cof_watch *watch;
	heard h;
} bed;

static void bed_init(bed *b)
{
	*b = (bed){.base = event_base_new()};
	assert_ok(cof_watch_new(&b->watch, b->base, &err));
}

static void bed_release(bed *b)
{
	cof_watch_free(b->watch);
	json_decref(b->h.doc);
	event_base_free(b->base);
}

static void turn(bed *b)
{
	(void)event_base_loop(b->base, EVLOOP_NONBLOCK);
}

static const char *word(const bed *b, const char *key)
{
	return json_string_value(json_object_get(b->h.doc, key));
}

static void watch_first_answer_is_at_once(void **state)
{
	static const char *const keys[] = {"phase",	   "phases_ms", "bytes",  "layers",  "verdict",
					   "image_digest", "pcrs",	"reason", "message", "refusal"};
	bed b;
	(void)state;
	bed_init(&b);
	assert_ok(cof_watch_wait(b.watch, 0, on_news, &b.h, &err));
	assert_int_equal(b.h.calls, 0);
	turn(&b);
	assert_int_equal(b.h.calls, 1);
	assert_string_equal(word(&b, "phase"), "boot");
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		assert_non_null(json_object_get(b.h.doc, keys[i]));
	assert_int_equal(json_object_size(b.h.doc), COF_COUNT(keys));
	bed_release(&b);
}

static void watch_tells_of_each_layer(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	cof_watch_layer(b.watch, 0, 0, 10);
	cof_watch_layer(b.watch, 1, 0, 20);
	cof_watch_layer(b.watch, 1, 7, 20);
	assert_ok(cof_watch_wait(b.watch, 0, on_news, &b.h, &err));
	turn(&b);
	const json_t *layers = json_object_get(b.h.doc, "layers");
	assert_int_equal(json_array_size(layers), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(layers, 0), "total")), 10);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(layers, 1), "pulled")), 7);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(layers, 1), "total")), 20);
	bed_release(&b);
}

static void watch_waits_for_something_newer(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	assert_ok(cof_watch_wait(b.watch, 0, on_news, &b.h, &err));
	turn(&b);
	uint64_t seq = b.h.seq;
	assert_ok(cof_watch_wait(b.watch, seq, on_news, &b.h, &err));
	turn(&b);
	assert_int_equal(b.h.calls, 1);
	/* Several changes of one turn are one answer. */
	cof_watch_phase(b.watch, COF_PHASE_PULL);
	cof_watch_bytes(b.watch, 5, 10);
	cof_watch_time(b.watch, "attest", 42);
	cof_watch_fact(b.watch, "verdict", json_string("affirming"));
	assert_int_equal(b.h.calls, 1);
	turn(&b);
	assert_int_equal(b.h.calls, 2);
	assert_true(b.h.seq > seq);
	assert_string_equal(word(&b, "phase"), "pull");
	assert_string_equal(word(&b, "verdict"), "affirming");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b.h.doc, "bytes"), "pulled")), 5);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b.h.doc, "phases_ms"), "attest")), 42);
	bed_release(&b);
}

static void watch_first_failure_stays(void **state)
{
	bed b;
	cof_err one = {0}, two = {0};
	(void)state;
	bed_init(&b);
	assert_true(cof_err_set(&one, COF_E_POLICY, "pcr-mismatch", "one") < 0);
	assert_true(cof_err_set(&two, COF_E_IO, "other", "two") < 0);
	cof_watch_failed(b.watch, &one);
	cof_watch_failed(b.watch, &two);
	cof_watch_phase(b.watch, COF_PHASE_RUNNING);
	assert_ok(cof_watch_wait(b.watch, 0, on_news, &b.h, &err));
	turn(&b);
	assert_string_equal(word(&b, "phase"), "failed");
	assert_string_equal(word(&b, "reason"), "pcr-mismatch");
	assert_string_equal(word(&b, "message"), "one");
	bed_release(&b);
}

static bool is_cancelled(const void *arg)
{
	return ((const heard *)arg)->cancelled;
}

static void t046_watchers_are_bounded(void **state)
{
	bed b;
	heard h[COF_WATCHERS_MAX + 1] = {0};
	(void)state;
	bed_init(&b);
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		assert_ok(cof_watch_wait(b.watch, UINT64_MAX, on_news, &h[i], &err));
	assert_fails(cof_watch_wait(b.watch, 0, on_news, &h[COF_WATCHERS_MAX], &err), "too-many-calls");
	cof_watch_cancel(b.watch, is_cancelled);
	turn(&b);
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		assert_int_equal(h[i].calls, 0);
	h[1].cancelled = true; /* as if its connection had gone */
	cof_watch_cancel(b.watch, is_cancelled);
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		assert_int_equal(h[i].calls, i == 1);
	cof_watch_cancel(b.watch, NULL);
	for (int i = 0; i < COF_WATCHERS_MAX; i++)
		assert_true(h[i].calls == 1 && h[i].cancelled);
	assert_ok(cof_watch_wait(b.watch, 0, on_news, &b.h, &err));
	turn(&b);
	assert_int_equal(b.h.calls, 1);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t046_watchers_are_bounded), cmocka_unit_test(watch_first_answer_is_at_once),
		cmocka_unit_test(watch_tells_of_each_layer), cmocka_unit_test(watch_waits_for_something_newer),
		cmocka_unit_test(watch_first_failure_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
