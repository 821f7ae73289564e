/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/cli/run_progress.h"

#define MIB ((uint64_t)1 << 20)

typedef struct bed {
	int read_end, write_end;
	cof_run_progress p;
	cof_state s;
} bed;

static void open_pipe(bed *b, bool quiet, bool plain)
{
	int fds[2];
	*b = (bed){0};
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	b->read_end = fds[0];
	b->write_end = fds[1];
	b->p = cof_run_progress_of(b->write_end, quiet, plain);
}

static void open_terminal(bed *b)
{
	*b = (bed){0};
	b->read_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(b->read_end >= 0 && grantpt(b->read_end) == 0 && unlockpt(b->read_end) == 0);
	b->write_end = open(ptsname(b->read_end), O_RDWR | O_NOCTTY | O_CLOEXEC);
	/* Wide: however fast the pull is said to be, the bars keep their length. */
	const struct winsize size = {.ws_row = 40, .ws_col = 160};
	assert_true(b->write_end >= 0 && ioctl(b->write_end, TIOCSWINSZ, &size) == 0);
	b->p = cof_run_progress_of(b->write_end, false, true);
}

static void finish(bed *b)
{
	cof_fd_close(&b->read_end);
	cof_fd_close(&b->write_end);
}

/* What has come out since the last time; a terminal's driver hands it on a moment later. */
static void heard(const bed *b, char *to, size_t max)
{
	struct pollfd p = {.fd = b->read_end, .events = POLLIN};
	size_t n = 0;
	while (n < max - 1 && poll(&p, 1, 100) == 1 && (p.revents & POLLIN) != 0) {
		ssize_t got = read(b->read_end, to + n, max - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	to[n] = '\0';
}

static void pulling(cof_state *s, uint64_t first, uint64_t second)
{
	*s = (cof_state){.phase = "pull", .pulled = first + second, .total = 30 * MIB, .n_layers = 2};
	s->layers[0] = (cof_amount){first, 10 * MIB};
	s->layers[1] = (cof_amount){second, 20 * MIB};
}

/* Each phase, each layer at its end, and the sum: once, in plain words. */
static void lines_on_a_pipe(void **state)
{
	bed b;
	char got[512];
	(void)state;
	open_pipe(&b, false, true);
	cof_run_progress_phase(&b.p, "boot");
	cof_run_progress_phase(&b.p, "boot");
	heard(&b, got, sizeof got);
	assert_string_equal(got, "coffer: boot\n");
	pulling(&b.s, 0, 0);
	cof_run_progress_show(&b.p, &b.s);
	pulling(&b.s, 5 * MIB, 20 * MIB);
	cof_run_progress_show(&b.p, &b.s);
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_string_equal(got, "coffer: pull\ncoffer: layer 2 of 2: 20.0 MiB\n");
	pulling(&b.s, 10 * MIB, 20 * MIB);
	cof_run_progress_show(&b.p, &b.s);
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_ptr_equal(strstr(got, "coffer: layer 1 of 2: 10.0 MiB\ncoffer: pulled 30.0 MiB in 2 layers, "), got);
	cof_run_progress_end(&b.p);
	b.s = (cof_state){.phase = "exited"};
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_string_equal(got, "");
	finish(&b);
}

static void nothing_where_nobody_asked(void **state)
{
	static const bool cases[][2] = {{false, false}, {true, true}, {true, false}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		char got[64];
		open_pipe(&b, cases[i][0], cases[i][1]);
		cof_run_progress_phase(&b.p, "boot");
		pulling(&b.s, 10 * MIB, 20 * MIB);
		cof_run_progress_show(&b.p, &b.s);
		cof_run_progress_end(&b.p);
		heard(&b, got, sizeof got);
		assert_string_equal(got, "");
		finish(&b);
	}
}

/* A line for each layer under way, and one for all of them. */
static void bars_on_a_terminal(void **state)
{
	bed b;
	char got[2048];
	(void)state;
	open_terminal(&b);
	pulling(&b.s, 5 * MIB, 0);
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_non_null(strstr(got, "layer 1  [###############...............] 5.0 of 10.0 MiB"));
	assert_null(strstr(got, "layer 2"));
	assert_non_null(strstr(got, "0 of 2 layers"));
	assert_null(strstr(got, "coffer:"));
	pulling(&b.s, 10 * MIB, 10 * MIB);
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_null(strstr(got, "layer 1"));
	assert_non_null(strstr(got, "layer 2  [###############...............] 10.0 of 20.0 MiB"));
	assert_non_null(strstr(got, "pull     [####################..........] 20.0 of 30.0 MiB  1 of 2 layers"));
	cof_run_progress_end(&b.p);
	heard(&b, got, sizeof got);
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_string_equal(got, "");
	finish(&b);
}

/* The guest may say what it likes: as many layers as there can be, all at once, with figures that fit nowhere. */
static void t018_a_guest_that_says_too_much(void **state)
{
	bed b;
	static char got[16384];
	(void)state;
	open_terminal(&b);
	b.s = (cof_state){.phase = "pull", .pulled = UINT64_MAX, .total = 1, .n_layers = COF_STATE_LAYERS_MAX};
	for (size_t i = 0; i < COF_STATE_LAYERS_MAX; i++)
		b.s.layers[i] = (cof_amount){UINT64_MAX - 1, UINT64_MAX};
	cof_run_progress_show(&b.p, &b.s);
	heard(&b, got, sizeof got);
	assert_non_null(strstr(got, "layer 1 "));
	assert_null(strstr(got, "layer 24"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_on_a_pipe),
		cmocka_unit_test(nothing_where_nobody_asked),
		cmocka_unit_test(bars_on_a_terminal),
		cmocka_unit_test(t018_a_guest_that_says_too_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
