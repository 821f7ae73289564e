/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/vm/ring.h"

static void expect_tail(const cof_ring *r, size_t max, const char *want)
{
	COF_AUTO(cof_buf) got = {0};
	assert_ok(cof_ring_tail(r, max, &got, &err));
	assert_string_equal(cof_buf_str(&got), want);
}

static void keeps_the_end_in_order(void **state)
{
	(void)state;
	COF_AUTO(cof_ring) r = {0};
	assert_ok(cof_ring_new(&r, 8, &err));
	expect_tail(&r, 8, "");
	cof_ring_put(&r, cof_span_str("abc"));
	expect_tail(&r, 8, "abc");
	expect_tail(&r, 2, "bc");
	cof_ring_put(&r, cof_span_str("defgh"));
	expect_tail(&r, 8, "abcdefgh");
	cof_ring_put(&r, cof_span_str("ij"));
	expect_tail(&r, 8, "cdefghij");
	expect_tail(&r, 3, "hij");
	assert_int_equal(r.total, 10);
}

static void a_piece_larger_than_the_ring_leaves_its_end(void **state)
{
	(void)state;
	COF_AUTO(cof_ring) r = {0};
	assert_ok(cof_ring_new(&r, 4, &err));
	cof_ring_put(&r, cof_span_str("x"));
	cof_ring_put(&r, cof_span_str("0123456789"));
	expect_tail(&r, 99, "6789");
	assert_int_equal(r.total, 11);
	cof_ring_put(&r, (cof_span){0});
	expect_tail(&r, 99, "6789");
}

/* Every split of a text gives the same tail. */
static void splits_do_not_matter(void **state)
{
	(void)state;
	static const char text[] = "the quick brown fox jumps over the lazy dog";
	for (size_t cut = 0; cut < strlen(text); cut++) {
		COF_AUTO(cof_ring) r = {0};
		assert_ok(cof_ring_new(&r, 7, &err));
		cof_ring_put(&r, cof_span_of(text, cut));
		cof_ring_put(&r, cof_span_of(text + cut, strlen(text) - cut));
		expect_tail(&r, 7, text + strlen(text) - 7);
	}
}

static void an_unmade_ring_takes_nothing(void **state)
{
	(void)state;
	cof_ring r = {0};
	cof_ring_put(&r, cof_span_str("x"));
	expect_tail(&r, 5, "");
	cof_ring_release(&r);
}

static void t092_a_flood_stays_in_its_memory(void **state)
{
	(void)state;
	COF_AUTO(cof_ring) r = {0};
	COF_AUTO(cof_buf) got = {0};
	uint8_t piece[4096];
	memset(piece, 'x', sizeof piece);
	assert_ok(cof_ring_new(&r, 1 << 16, &err));
	for (int i = 0; i < 100000; i++)
		cof_ring_put(&r, cof_span_of(piece, sizeof piece));
	assert_int_equal(r.total, 409600000);
	assert_ok(cof_ring_tail(&r, SIZE_MAX, &got, &err));
	assert_int_equal(got.len, 1 << 16);
}

static void t092_one_wake_up_reads_a_bounded_amount(void **state)
{
	(void)state;
	COF_AUTO(cof_ring) r = {0};
	COF_AUTO_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_ok(cof_ring_new(&r, 64, &err));
	assert_true(cof_ring_drain(&r, zero)); /* comes back, though the source never ends */
	assert_true(r.total > 0 && r.total <= 1 << 20);
}

static void drain_tells_the_end_from_a_pause(void **state)
{
	(void)state;
	COF_AUTO(cof_ring) r = {0};
	int p[2];
	assert_ok(cof_ring_new(&r, 64, &err));
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(cof_ring_drain(&r, p[0]));
	assert_int_equal(write(p[1], "ab", 2), 2);
	assert_true(cof_ring_drain(&r, p[0]));
	expect_tail(&r, 64, "ab");
	cof_fd_close(&p[1]);
	assert_false(cof_ring_drain(&r, p[0]));
	cof_fd_close(&p[0]);
	assert_false(cof_ring_drain(&r, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_end_in_order),
		cmocka_unit_test(a_piece_larger_than_the_ring_leaves_its_end),
		cmocka_unit_test(splits_do_not_matter),
		cmocka_unit_test(an_unmade_ring_takes_nothing),
		cmocka_unit_test(t092_a_flood_stays_in_its_memory),
		cmocka_unit_test(t092_one_wake_up_reads_a_bounded_amount),
		cmocka_unit_test(drain_tells_the_end_from_a_pause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
