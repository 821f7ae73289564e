/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>

#include "common/log.h"

static char line[4096];

/* What one call writes. */
static const char *logged(void (*call)(void))
{
	int pair[2];
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	cof_log_init("test", pair[1], COF_LOG_INFO);
	call();
	ssize_t n = read(pair[0], line, sizeof line - 1);
	line[n > 0 ? n : 0] = '\0';
	cof_fd_close(&pair[0]);
	cof_fd_close(&pair[1]);
	return line;
}

static void plain(void)
{
	cof_log(COF_LOG_WARN, "mod", "started", "addr", "1.2.3.4", "none", NULL, NULL);
}

static void hostile(void)
{
	cof_log(COF_LOG_INFO, "mod", "got", "name", "a\" level=\"error\n\x1b[2J\\", NULL);
}

static void too_detailed(void)
{
	cof_log(COF_LOG_DEBUG, "mod", "detail", NULL);
}

static void failure(void)
{
	cof_err err = {0};
	assert_true(cof_err_set(&err, COF_E_CRYPTO, "layer-hmac-mismatch", "layer 1") < 0);
	cof_log_err(COF_LOG_ERROR, "mod", "refused", &err);
}

static void huge(void)
{
	static char big[5000];
	memset(big, 'x', sizeof big - 1);
	cof_log(COF_LOG_INFO, "mod", "big", "v", big, NULL);
}

static void writes_one_line_of_pairs(void **state)
{
	(void)state;
	assert_string_equal(logged(plain),
			    "level=warn program=test module=mod event=\"started\" addr=\"1.2.3.4\" none=\"\"\n");
}

static void escapes_hostile_values(void **state)
{
	(void)state;
	assert_string_equal(logged(hostile), "level=info program=test module=mod event=\"got\" "
					     "name=\"a\\\" level=\\\"error\\x0a\\x1b[2J\\\\\"\n");
}

static void hides_less_important_lines(void **state)
{
	(void)state;
	assert_string_equal(logged(too_detailed), "");
}

static void writes_failures_with_their_reason(void **state)
{
	(void)state;
	assert_string_equal(logged(failure), "level=error program=test module=mod event=\"refused\" class=\"crypto\" "
					     "reason=\"layer-hmac-mismatch\" text=\"layer 1\"\n");
}

static void bounds_its_lines(void **state)
{
	(void)state;
	const char *got = logged(huge);
	assert_true(strlen(got) < 1100);
	assert_int_equal(got[strlen(got) - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line_of_pairs),	     cmocka_unit_test(escapes_hostile_values),
		cmocka_unit_test(hides_less_important_lines),	     cmocka_unit_test(bounds_its_lines),
		cmocka_unit_test(writes_failures_with_their_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
