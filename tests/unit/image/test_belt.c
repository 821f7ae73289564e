/* SPDX-License-Identifier: Apache-2.0 */
/* Belts and their crew: all blocks, in order, to everybody; every failure ends everything. With and without threads. */
#include "image-decrypt/belt.h"

#include <pthread.h>
#include <unistd.h>

#include "tests/unit/test.h"

enum { LEN = 64 };

static const size_t crews[] = {0, 1, 2, COF_CREW_MAX};

/* Counts and checks what it gets. */
typedef struct sink {
	uint64_t blocks, fail_at, slow_at;
	bool ended, whole;
	int ends, fail_end;
	cof_belt *next; /* each block goes there as well */
} sink;

static int on_block(void *arg, cof_span in, cof_err *err)
{
	sink *s = arg;
	uint64_t n = 0;
	uint8_t *to = NULL;
	assert_int_equal(in.len, 8 + s->blocks % (LEN - 8));
	memcpy(&n, in.data, sizeof n);
	assert_int_equal(n, s->blocks);
	assert_false(s->ended);
	s->blocks++;
	if (s->blocks == s->slow_at)
		(void)usleep(20000);
	if (s->blocks == s->fail_at)
		return cof_err_set(err, COF_E_MALFORMED, "bad-block", "as told");
	int r = s->next == NULL ? 0 : cof_belt_room(s->next, &to, err);
	if (r < 0 || s->next == NULL)
		return r;
	memcpy(to, in.data, in.len);
	return cof_belt_put(s->next, in.len, err);
}

static int on_end(void *arg, bool whole, cof_err *err)
{
	sink *s = arg;
	s->ended = true;
	s->whole = whole;
	s->ends++;
	if (s->next != NULL)
		cof_belt_close(s->next);
	return s->fail_end == 0 ? 0 : cof_err_set(err, COF_E_MALFORMED, "bad-end", "as told");
}

static int write_blocks(cof_belt *r, uint64_t n, cof_err *err)
{
	int rc = 0;
	for (uint64_t i = 0; rc == 0 && i < n; i++) {
		uint8_t *to = NULL;
		rc = cof_belt_room(r, &to, err);
		if (rc < 0)
			break;
		memcpy(to, &i, sizeof i);
		rc = cof_belt_put(r, 8 + i % (LEN - 8), err);
	}
	return rc;
}

static cof_belt *make_belt(cof_crew *crew, size_t blocks, sink *a, sink *b)
{
	const cof_belt_opts opts = {.blocks = blocks,
				    .block_len = LEN,
				    .readers = {{on_block, on_end, a}, {on_block, on_end, b}},
				    .n_readers = b == NULL ? 1 : 2};
	cof_belt *r = NULL;
	assert_ok(cof_belt_new(&r, crew, &opts, &err));
	return r;
}

static void everybody_gets_everything(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews) * 3; i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {.slow_at = 5}, b = {.slow_at = 50};
		assert_ok(cof_crew_new(&crew, crews[i / 3], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 1 + i % 3 * 3, &a, &b);
		assert_ok(write_blocks(r, 5000, &err));
		cof_belt_close(r);
		assert_ok(cof_belt_join(r, &err));
		assert_int_equal(a.blocks, 5000);
		assert_int_equal(b.blocks, 5000);
		assert_true(a.whole && b.whole && a.ends == 1 && b.ends == 1);
	}
}

static void nothing_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews); i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {0};
		assert_ok(cof_crew_new(&crew, crews[i], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 2, &a, NULL);
		cof_belt_close(r);
		assert_ok(cof_belt_join(r, &err));
		assert_true(a.whole && a.blocks == 0);
	}
}

/* Whoever fails, the writer is told, the other reader ends, and nobody takes a block too many. */
static void a_failing_reader_stops_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews) * 2; i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {.fail_at = i % 2 == 0 ? 100 : 0}, b = {.fail_at = i % 2 == 0 ? 0 : 100};
		assert_ok(cof_crew_new(&crew, crews[i / 2], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 4, &a, &b);
		assert_fails(write_blocks(r, 1000, &err), "cancelled");
		assert_fails(cof_belt_join(r, &err), "bad-block");
		assert_fails(cof_belt_join(r, &err), "bad-block");
		assert_true(a.ends == 1 && b.ends == 1);
		assert_int_equal(i % 2 == 0 ? a.blocks : b.blocks, 100);
		assert_true(a.blocks <= 104 && b.blocks <= 104);
		assert_false(a.whole && b.whole);
	}
}

static void failing_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews); i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {.fail_end = 1};
		assert_ok(cof_crew_new(&crew, crews[i], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 2, &a, NULL);
		assert_ok(write_blocks(r, 10, &err));
		cof_belt_close(r);
		assert_fails(cof_belt_join(r, &err), "bad-end");
		assert_int_equal(a.blocks, 10);
	}
}

/* Two belts, as the pipeline has them. */
static void a_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews) * 4; i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink last = {.fail_at = i % 4 == 1 ? 300 : 0}, other = {0};
		sink first = {.fail_at = i % 4 == 2 ? 300 : 0};
		assert_ok(cof_crew_new(&crew, crews[i / 4], &err));
		COF_AUTO_PTR(cof_belt) behind = make_belt(crew, 3, &last, &other);
		first.next = behind;
		COF_AUTO_PTR(cof_belt) before = make_belt(crew, 2, &first, NULL);
		int r = write_blocks(before, 2000, NULL);
		if (i % 4 == 3)
			cof_belt_stop(behind);
		cof_belt_close(before);
		int first_rc = cof_belt_join(before, NULL);
		int last_rc = cof_belt_join(behind, NULL);
		assert_int_equal(r < 0, i % 4 == 1 || i % 4 == 2);
		assert_int_equal(last_rc < 0, i % 4 == 1);
		if (i % 4 == 0)
			assert_true(first_rc == 0 && last.blocks == 2000 && other.blocks == 2000);
		if (i % 4 == 2) /* what came before the failure arrives */
			assert_true(first_rc < 0 && last.blocks == 299 && other.blocks == 299);
		assert_true(first.ends == 1 && last.ends == 1 && other.ends == 1);
	}
}

/* Given up in the middle, by nobody's fault: no thread and no block is left behind. */
static void freed_in_the_middle(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews) * 50; i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {.slow_at = i % 50 + 1}, b = {0};
		assert_ok(cof_crew_new(&crew, crews[i / 50], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 4, &a, &b);
		assert_ok(write_blocks(r, i % 50, &err));
	}
}

static void *stop_soon(void *arg)
{
	(void)usleep(10000);
	cof_belt_stop(arg);
	return NULL;
}

static void stopped_from_elsewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(crews); i++) {
		COF_AUTO_PTR(cof_crew) crew = NULL;
		sink a = {0};
		pthread_t t;
		assert_ok(cof_crew_new(&crew, crews[i], &err));
		COF_AUTO_PTR(cof_belt) r = make_belt(crew, 2, &a, NULL);
		assert_int_equal(pthread_create(&t, NULL, stop_soon, r), 0);
		assert_fails(write_blocks(r, UINT64_MAX, &err), "cancelled");
		assert_ok(cof_belt_join(r, &err));
		assert_false(a.whole);
		assert_int_equal(pthread_join(t, NULL), 0);
	}
}

/* A caller that waits for something else can do all the work. */
static void help_when_there_is_work(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_crew) crew = NULL;
	sink a = {0}, b = {0};
	assert_ok(cof_crew_new(&crew, 0, &err));
	COF_AUTO_PTR(cof_belt) r = make_belt(crew, 4, &a, &b);
	assert_false(cof_crew_help(crew));
	assert_ok(write_blocks(r, 1, &err));
	assert_true(cof_crew_help(crew));
	assert_true(cof_crew_help(crew));
	assert_false(cof_crew_help(crew));
	assert_true(a.blocks == 1 && b.blocks == 1);
	cof_belt_close(r);
	assert_true(cof_crew_help(crew));
	assert_true(cof_crew_help(crew));
	assert_false(cof_crew_help(crew));
	assert_true(a.whole && b.whole);
}

static void cpu_time_is_counted(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_crew) crew = NULL;
	sink a = {0}, b = {0};
	assert_ok(cof_crew_new(&crew, 2, &err));
	COF_AUTO_PTR(cof_belt) r = make_belt(crew, 2, &a, &b);
	uint64_t from = cof_thread_ns();
	assert_ok(write_blocks(r, 1000, &err));
	assert_true(cof_thread_ns() > from);
	for (int i = 0; i < 10000 && cof_crew_ns(crew) == 0; i++)
		(void)usleep(1000); /* the threads may not have had a turn yet */
	assert_true(cof_crew_ns(crew) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_gets_everything),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(a_failing_reader_stops_it),
		cmocka_unit_test(failing_at_the_end),
		cmocka_unit_test(a_chain),
		cmocka_unit_test(freed_in_the_middle),
		cmocka_unit_test(stopped_from_elsewhere),
		cmocka_unit_test(cpu_time_is_counted),
		cmocka_unit_test(help_when_there_is_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
