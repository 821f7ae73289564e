/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "common/file.h"
#include "runtime/vm/qmp.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define OK1 "{\"return\": {}, \"id\": 1}\r\n"

enum { QUICK_MS = 300 };

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A monitor that says all of this at once, whatever it is asked; then it stays open, or ends. */
static int monitor(const char *says, int *ret_theirs)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_ok(cof_fd_write_all(pair[1], cof_span_str(says), &err));
	if (ret_theirs != NULL)
		*ret_theirs = pair[1];
	else
		(void)close(pair[1]);
	return pair[0];
}

static void refuses(const char *says, const char *why)
{
	COF_AUTO_FD int theirs = -1;
	COF_AUTO_FD int fd = monitor(says, &theirs);
	cof_qmp *q = NULL;
	assert_fails(cof_qmp_new(&q, fd, QUICK_MS, &err), why);
	assert_null(q);
}

static cof_qmp *opened(const char *then, int *theirs)
{
	COF_AUTO_FREE char *all = NULL;
	cof_qmp *q = NULL;
	assert_true(asprintf(&all, GREETING OK1 "%s", then) > 0);
	assert_ok(cof_qmp_new(&q, monitor(all, theirs), QUICK_MS, &err));
	return q;
}

static void bad_greetings_are_refused(void **state)
{
	(void)state;
	refuses("{}\n", "qmp-malformed");
	refuses("{\"QMP\": 1}\n", "qmp-malformed");
	refuses("[]\n", "qmp-malformed");
	refuses("\n", "qmp-malformed");
	refuses("garbage\n", "qmp-malformed");
	refuses("{\"QMP\": {}, \"QMP\": {}}\n", "qmp-malformed");
	refuses("", "qmp-timeout");
	refuses("{\"QMP\": {", "qmp-timeout");
	refuses(GREETING, "qmp-timeout");
	refuses(GREETING "{\"return\": {}, \"id\": 2}\n", "qmp-malformed");
	refuses(GREETING "{\"return\": {}}\n", "qmp-malformed");
	refuses(GREETING "{\"id\": 1}\n", "qmp-malformed");
	refuses(GREETING "{\"error\": {\"desc\": \"no\"}, \"id\": 1}\n", "qmp-error");
}

static void a_closed_monitor_is_told(void **state)
{
	(void)state;
	COF_AUTO_FD int fd = monitor(GREETING, NULL);
	cof_qmp *q = NULL;
	assert_fails(cof_qmp_new(&q, fd, QUICK_MS, &err), "qmp-closed");
}

static void answers_reach_their_calls(void **state)
{
	(void)state;
	COF_AUTO_FD int theirs = -1;
	char status[32];
	COF_AUTO_PTR(cof_qmp)
	q = opened("{\"event\": \"RESUME\"}\n"
		   "{\"return\": {\"status\": \"running\", \"running\": true}, \"id\": 2}\n",
		   &theirs);
	assert_ok(cof_qmp_status(q, status, &err));
	assert_string_equal(status, "running");
	assert_true(cof_qmp_saw(q, "RESUME"));
	assert_false(cof_qmp_saw(q, "SHUTDOWN"));
}

static void hostile_statuses_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"return\": {}, \"id\": 2}\n",
		"{\"return\": [], \"id\": 2}\n",
		"{\"return\": {\"status\": 1}, \"id\": 2}\n",
		"{\"return\": {\"status\": \"0123456789012345678901234567890123\"}, \"id\": 2}\n",
		"{\"return\": {\"status\": \"a\"}, \"id\": -2}\n",
		"{\"return\": {\"status\": \"a\"}, \"id\": \"2\"}\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_FD int theirs = -1;
		char status[32] = "unset";
		COF_AUTO_PTR(cof_qmp) q = opened(bad[i], &theirs);
		assert_fails(cof_qmp_status(q, status, &err), "qmp-malformed");
		assert_string_equal(status, "unset");
	}
}

static void a_line_without_end_is_cut(void **state)
{
	(void)state;
	COF_AUTO_FD int theirs = -1;
	COF_AUTO_FREE char *line = malloc(COF_QMP_LINE_MAX + 2);
	char status[32];
	memset(line, ' ', COF_QMP_LINE_MAX + 1);
	line[COF_QMP_LINE_MAX + 1] = 0;
	COF_AUTO_PTR(cof_qmp) q = opened(line, &theirs);
	assert_fails(cof_qmp_status(q, status, &err), "qmp-malformed");
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	COF_AUTO_FD int theirs = -1;
	char deep[4002];
	char status[32];
	memset(deep, '[', 4000);
	memcpy(deep + 4000, "\n", 2);
	COF_AUTO_PTR(cof_qmp) q = opened(deep, &theirs);
	assert_fails(cof_qmp_status(q, status, &err), "qmp-malformed");
}

/* A child floods the monitor with events for as long as it can. */
static pid_t flood(int fd)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static const char event[] = "{\"event\": \"NOISE\"}\n";
		while (write(fd, event, sizeof event - 1) > 0)
			;
		_exit(0);
	}
	return pid;
}

static void t087_a_flood_of_events_ends_in_a_timeout(void **state)
{
	(void)state;
	COF_AUTO_FD int theirs = -1;
	char status[32];
	cof_qmp *q = opened("{\"event\": \"SHUTDOWN\"}\n", &theirs);
	pid_t pid = flood(theirs);
	int64_t began = now_ms();
	assert_fails(cof_qmp_status(q, status, &err), "qmp-timeout");
	assert_true(cof_qmp_saw(q, "SHUTDOWN")); /* what came first is not pushed out */
	assert_true(now_ms() - began < 10 * QUICK_MS);
	cof_qmp_free(q);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void event_names_have_a_limit(void **state)
{
	(void)state;
	COF_AUTO_FD int theirs = -1;
	COF_AUTO_PTR(cof_qmp)
	q = opened("{\"event\": \"0123456789012345678901234567890123456789\"}\n"
		   "{\"event\": 3}\n",
		   &theirs);
	assert_false(cof_qmp_saw(q, "0123456789012345678901234567890123456789"));
}

/* No flipped bit in an answer may crash or hang. */
static void bit_flips_end_in_bounded_time(void **state)
{
	(void)state;
	static const char good[] = "{\"return\": {\"status\": \"running\"}, \"id\": 2}\n";
	for (size_t i = 0; i < 8 * strlen(good); i += 3) {
		COF_AUTO_FD int theirs = -1;
		char text[sizeof good];
		char status[32];
		memcpy(text, good, sizeof good);
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
		if (text[i / 8] == 0 || text[i / 8] == '\n' || i / 8 == strlen(good) - 1)
			continue;
		COF_AUTO_PTR(cof_qmp) q = opened(text, &theirs);
		(void)!cof_qmp_status(q, status, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_greetings_are_refused),
		cmocka_unit_test(a_closed_monitor_is_told),
		cmocka_unit_test(answers_reach_their_calls),
		cmocka_unit_test(hostile_statuses_are_refused),
		cmocka_unit_test(a_line_without_end_is_cut),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(t087_a_flood_of_events_ends_in_a_timeout),
		cmocka_unit_test(event_names_have_a_limit),
		cmocka_unit_test(bit_flips_end_in_bounded_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
