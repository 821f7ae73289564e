/* SPDX-License-Identifier: Apache-2.0 */
/* The cache itself, with parts that only count how often they were judged. */
#include "tests/unit/verify/cached.h"

#include "attestation/verify/part.h"

enum { NOW = 1800000000, DAY = 86400 };

typedef struct toy {
	int judged;
	bool fails, breaks, silent;
	int64_t from, to;
} toy;

static int dropped;

static int judge(const void *ctx, int64_t now, cof_checks *c, void **ret, cof_err *e)
{
	toy *t = *(toy *const *)ctx;
	const cof_check_dates first = {t->from, INT64_MAX, now}, last = {INT64_MIN, t->to, now};
	t->judged++;
	*ret = malloc(1);
	if (t->breaks)
		return cof_err_oom(e);
	if (t->silent)
		return 0;
	(void)cof_check_text(c, COF_STAGE_CHAIN, "toy", !t->fails, "something", "found");
	(void)cof_check_dated(c, COF_STAGE_CHAIN, "toy-begun", &first, "begun");
	(void)cof_check_dated(c, COF_STAGE_CHAIN, "toy-lasts", &last, NULL);
	return 0;
}

static void drop(void *object)
{
	free(object);
	dropped++;
}

static toy toy_good(void)
{
	return (toy){.from = NOW - DAY, .to = NOW + DAY};
}

static cof_part part_of(toy *const *t, const char *name, const char *a, const char *b)
{
	return (cof_part){.name = name,
			  .inputs = {cof_span_str(a), cof_span_str(b)},
			  .n = 2,
			  .judge = judge,
			  .ctx = t,
			  .drop = drop};
}

static cof_checks checks;

/* How often the toy was judged by this. */
static int run(cof_verify_cache *cache, toy *t, const char *name, const char *a, const char *b, int64_t now)
{
	COF_AUTO_PTR(cof_held) held = NULL;
	const cof_part p = part_of(&t, name, a, b);
	int before = t->judged;
	checks.n = checks.failed = 0;
	assert_ok(cof_part_judge(cache, &p, now, &checks, &held, &err));
	assert_non_null(held->object);
	assert_int_equal(held->passed, checks.n > 0 && checks.failed == 0);
	return t->judged - before;
}

static void judged_once(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good();
	cof_checks *first = malloc(sizeof *first);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 1);
	*first = checks;
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 0);
	assert_int_equal(checks.n, 3);
	assert_memory_equal(checks.list, first->list, 3 * sizeof checks.list[0]);
	cof_verify_cache_count n = cof_verify_cache_counted(c);
	assert_true(n.entries == 1 && n.hits == 1 && n.misses == 1);
	assert_int_equal(run(NULL, &t, "toy", "a", "b", NOW), 1);
	free(first);
}

/* The time of judgement is in the checks: it is that of now. */
static void the_text_is_of_now(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good();
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW + 1), 0);
	assert_string_equal(checks.list[0].found, "found");
	assert_string_equal(checks.list[1].found, "2027-01-15T08:00:01Z");
	assert_string_equal(checks.list[2].found, "2027-01-15T08:00:01Z");
	assert_string_equal(checks.list[2].expected, "-9223372036854775808 to 2027-01-16T08:00:00Z");
}

static void its_time_alone(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good();
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW + DAY), 0);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW - DAY), 0);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW + DAY + 1), 1);
	assert_int_equal(checks.failed, 1);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW - DAY - 1), 1);
	assert_int_equal(checks.failed, 1);
	/* what failed did not take its place */
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 0);
	assert_int_equal(cof_verify_cache_counted(c).entries, 1);
}

static void every_byte_counts(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good();
	assert_int_equal(run(c, &t, "toy", "ab", "c", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "a", "bc", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "abc", "", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "", "abc", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "c", "ab", NOW), 1);
	assert_int_equal(run(c, &t, "toy2", "ab", "c", NOW), 1);
	assert_int_equal(run(c, &t, "toy", "ab", "c", NOW), 0);
	toy *tt = &t;
	cof_part p = part_of(&tt, "toy", "ab", "c");
	COF_AUTO_PTR(cof_held) held = NULL;
	p.n = 3;
	assert_ok(cof_part_judge(c, &p, NOW, &checks, &held, &err));
	assert_int_equal(t.judged, 7);
}

static void what_failed_is_not_kept(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy bad = toy_good(), silent = toy_good(), broken = toy_good(), *b = &broken;
	bad.fails = true;
	silent.silent = true;
	broken.breaks = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run(c, &bad, "toy", "a", "b", NOW), 1);
		assert_int_equal(run(c, &silent, "toy", "a", "c", NOW), 1);
		cof_held *held = NULL;
		const cof_part p = part_of(&b, "toy", "a", "d");
		int before = dropped;
		assert_fails(cof_part_judge(c, &p, NOW, &checks, &held, &err), "out-of-memory");
		assert_null(held);
		assert_int_equal(dropped, before + 1);
	}
	assert_int_equal(cof_verify_cache_counted(c).entries, 0);
}

/* What somebody else's part failed before says nothing of this one. */
static void failures_of_others(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good(), *tt = &t;
	const cof_part p = part_of(&tt, "toy", "a", "b");
	checks.n = checks.failed = 0;
	(void)cof_check_that(&checks, COF_STAGE_PARSE, "other", false);
	for (int i = 0; i < 2; i++) {
		COF_AUTO_PTR(cof_held) held = NULL;
		assert_ok(cof_part_judge(c, &p, NOW, &checks, &held, &err));
		assert_true(held->passed);
	}
	assert_int_equal(t.judged, 1);
	assert_int_equal(checks.n, 7);
	assert_int_equal(checks.failed, 1);
	assert_int_equal(checks.first, 0);
}

static void the_oldest_goes(void **state)
{
	(void)state;
	toy t = toy_good();
	{
		COF_AUTO_PTR(cof_verify_cache) c = cached_new(3);
		static const char *const names[] = {"1", "2", "3", "4", "5"};
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(run(c, &t, "toy", names[i], "", NOW), 1);
		dropped = 0;
		assert_int_equal(run(c, &t, "toy", "4", "", NOW), 1);
		assert_int_equal(dropped, 1);
		assert_int_equal(cof_verify_cache_counted(c).entries, 3);
		assert_int_equal(run(c, &t, "toy", "2", "", NOW), 0);
		assert_int_equal(run(c, &t, "toy", "4", "", NOW), 0);
		assert_int_equal(run(c, &t, "toy", "1", "", NOW), 1);
		assert_int_equal(run(c, &t, "toy", "2", "", NOW), 1);
		assert_int_equal(run(c, &t, "toy", "4", "", NOW), 0);
	}
	assert_int_equal(dropped, 6);
}

/* Whoever uses a part still has it when the cache let it go. */
static void what_is_in_use_stays(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(1);
	toy t = toy_good(), *tt = &t;
	const cof_part p = part_of(&tt, "toy", "a", "b");
	cof_held *held = NULL;
	checks.n = checks.failed = 0;
	assert_ok(cof_part_judge(c, &p, NOW, &checks, &held, &err));
	dropped = 0;
	assert_int_equal(run(c, &t, "toy", "c", "d", NOW), 1);
	assert_int_equal(dropped, 0);
	cof_held_release(held);
	assert_int_equal(dropped, 1);
}

/* A part that is good again at another time replaces what was kept of the same bytes. */
static void one_entry_for_the_same_bytes(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(2);
	toy t = toy_good();
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 1);
	t.from += 10 * DAY;
	t.to += 10 * DAY;
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW + 10 * DAY), 1);
	assert_int_equal(cof_verify_cache_counted(c).entries, 1);
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW + 10 * DAY), 0);
}

static void what_is_too_large(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good();
	COF_AUTO(cof_buf) big = {0};
	assert_ok(cof_buf_reserve(&big, COF_VERIFY_CACHE_INPUT_MAX + 1, &err));
	memset(big.data, 'a', COF_VERIFY_CACHE_INPUT_MAX + 1);
	big.data[COF_VERIFY_CACHE_INPUT_MAX] = '\0';
	for (int i = 0; i < 2; i++)
		assert_int_equal(run(c, &t, "toy", (const char *)big.data, "b", NOW), 1);
	assert_int_equal(cof_verify_cache_counted(c).entries, 0);
}

/* A list that is full fails as it would without a cache. */
static void sizes(void **state)
{
	(void)state;
	cof_verify_cache *c = NULL;
	assert_fails(cof_verify_cache_new(COF_VERIFY_CACHE_ENTRIES_MAX + 1, &c, &err), "cache-size");
	assert_null(c);
	cof_verify_cache_free(c);
}

static void no_room(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	toy t = toy_good(), *tt = &t;
	const cof_part p = part_of(&tt, "toy", "a", "b");
	COF_AUTO_PTR(cof_held) held = NULL;
	assert_int_equal(run(c, &t, "toy", "a", "b", NOW), 1);
	while (checks.n < COF_CHECKS_MAX - 1)
		(void)cof_check_that(&checks, COF_STAGE_CHAIN, "filler", true);
	assert_ok(cof_part_judge(c, &p, NOW, &checks, &held, &err));
	assert_int_equal(t.judged, 2);
	assert_false(held->passed);
	assert_int_equal(checks.n, COF_CHECKS_MAX);
	assert_string_equal(checks.list[checks.first].name, "too-many-checks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged_once),
		cmocka_unit_test(the_text_is_of_now),
		cmocka_unit_test(its_time_alone),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(what_failed_is_not_kept),
		cmocka_unit_test(failures_of_others),
		cmocka_unit_test(the_oldest_goes),
		cmocka_unit_test(what_is_in_use_stays),
		cmocka_unit_test(one_entry_for_the_same_bytes),
		cmocka_unit_test(what_is_too_large),
		cmocka_unit_test(sizes),
		cmocka_unit_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
