/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/cli/progress.h"

/* A terminal's both ends. */
static void open_terminal(int *ret_ours, int *ret_theirs)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(m >= 0);
	assert_int_equal(grantpt(m), 0);
	assert_int_equal(unlockpt(m), 0);
	int s = open(ptsname(m), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(s >= 0);
	*ret_ours = m;
	*ret_theirs = s;
}

static size_t what_was_drawn(int fd, char *to, size_t max)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ssize_t n = read(fd, to, max - 1);
	to[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

static void a_pipe_sees_nothing(void **state)
{
	(void)state;
	int p[2];
	char got[64];
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	cof_progress g = cof_progress_of(p[1], false);
	cof_progress_show(&g, "pull", 1, 2);
	cof_progress_clear(&g);
	assert_int_equal(what_was_drawn(p[0], got, sizeof got), 0);
	cof_fd_close(&p[0]);
	cof_fd_close(&p[1]);
}

static void a_terminal_sees_a_bar(void **state)
{
	(void)state;
	char got[512];
	COF_AUTO_FD int ours = -1;
	COF_AUTO_FD int theirs = -1;
	open_terminal(&ours, &theirs);
	cof_progress g = cof_progress_of(theirs, false);
	cof_progress_show(&g, "boot", 0, 0);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	assert_non_null(strstr(got, "boot"));
	cof_progress_show(&g, "pull", 1 << 20, 2 << 20);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	assert_non_null(strstr(got, "###############..............."));
	assert_non_null(strstr(got, "1.0 of 2.0 MiB"));
	cof_progress_clear(&g);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	cof_progress_clear(&g); /* once is enough */
	assert_int_equal(what_was_drawn(ours, got, sizeof got), 0);
}

static void quiet_is_quiet(void **state)
{
	(void)state;
	char got[64];
	COF_AUTO_FD int ours = -1;
	COF_AUTO_FD int theirs = -1;
	open_terminal(&ours, &theirs);
	cof_progress g = cof_progress_of(theirs, true);
	cof_progress_show(&g, "pull", 1, 2);
	assert_int_equal(what_was_drawn(ours, got, sizeof got), 0);
}

static void t087_numbers_of_a_hostile_guest(void **state)
{
	(void)state;
	static const uint64_t pairs[][2] = {{5, 1}, {UINT64_MAX, 1}, {UINT64_MAX, UINT64_MAX}, {0, UINT64_MAX}, {1, 0}};
	char got[512];
	COF_AUTO_FD int ours = -1;
	COF_AUTO_FD int theirs = -1;
	open_terminal(&ours, &theirs);
	cof_progress g = cof_progress_of(theirs, false);
	for (size_t i = 0; i < COF_COUNT(pairs); i++) {
		cof_progress_show(&g, "pull", pairs[i][0], pairs[i][1]);
		assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	}
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* Lines are drawn over, not below; what is kept stays above them. */
static void several_lines(void **state)
{
	(void)state;
	char got[4096];
	COF_AUTO_FD int ours = -1;
	COF_AUTO_FD int theirs = -1;
	open_terminal(&ours, &theirs);
	cof_progress g = cof_progress_of(theirs, false);
	const cof_progress_line lines[] = {
		{"one", 1, 2, NULL}, {"two", 2, 2, "a note"}, {"three", 0, 0, NULL}, {"four", 5, 9, NULL}};
	cof_progress_draw(&g, lines, 3);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	assert_int_equal(count(got, "\033[A"), 0);
	assert_int_equal(count(got, "\n"), 2);
	assert_non_null(strstr(got, "a note"));
	assert_false(cof_progress_due(&g));
	cof_progress_draw(&g, lines, 2);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	assert_int_equal(count(got, "\033[A"), 2);
	assert_int_equal(count(got, "\n"), 1);
	cof_progress_keep(&g, &lines[3]);
	assert_true(what_was_drawn(ours, got, sizeof got) > 0);
	assert_int_equal(count(got, "\033[A"), 1);
	assert_non_null(strstr(got, "four"));
	cof_progress_clear(&g); /* nothing is drawn: what was kept stays */
	assert_int_equal(what_was_drawn(ours, got, sizeof got), 0);
}

/* No line is as wide as the terminal, and there are no more than it has. */
static void a_small_terminal(void **state)
{
	(void)state;
	static const unsigned short widths[] = {1, 2, 20, 40, 80, 200};
	cof_progress_line lines[COF_PROGRESS_LINES_MAX + 4];
	char got[8192];
	for (size_t i = 0; i < COF_COUNT(lines); i++)
		lines[i] = (cof_progress_line){"a name that is not short at all", UINT64_MAX / 2, UINT64_MAX,
					       "and a note"};
	for (size_t i = 0; i < COF_COUNT(widths); i++) {
		COF_AUTO_FD int ours = -1;
		COF_AUTO_FD int theirs = -1;
		open_terminal(&ours, &theirs);
		const struct winsize size = {.ws_row = 5, .ws_col = widths[i]};
		assert_int_equal(ioctl(ours, TIOCSWINSZ, &size), 0);
		cof_progress g = cof_progress_of(theirs, false);
		cof_progress_draw(&g, lines, COF_COUNT(lines));
		assert_true(what_was_drawn(ours, got, sizeof got) > 0);
		assert_int_equal(count(got, "\n"), 4);
		for (const char *at = got; (at = strstr(at, "\033[K")) != NULL; at += 3)
			assert_true(strcspn(at + 3, "\r\n") < widths[i] || widths[i] > 160);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_sees_nothing), cmocka_unit_test(a_terminal_sees_a_bar),
		cmocka_unit_test(quiet_is_quiet),      cmocka_unit_test(several_lines),
		cmocka_unit_test(a_small_terminal),    cmocka_unit_test(t087_numbers_of_a_hostile_guest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
