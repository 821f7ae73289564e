/* SPDX-License-Identifier: Apache-2.0 */
/* The calibration's initramfs and serial line, and the verb's ends before and without a boot. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/cli/calibrate_boot.h"
#include "runtime/cli/cli.h"
#include "tests/unit/test.h"

static void assert_console_fails(const char *text)
{
	cof_buf log = {0};
	assert_fails(cof_calibration_parse(cof_span_str(text), &log, &err), "calibration-no-log");
	assert_null(log.data);
}

static void serial_lines_that_hold_no_log(void **state)
{
	(void)state;
	assert_console_fails("");
	assert_console_fails("@coffer-log\n");
	assert_console_fails("@coffer-log\n@coffer-end\n");    /* an empty one */
	assert_console_fails("@coffer-log\n00\n");	       /* cut off */
	assert_console_fails("@coffer-log\n00\n@coffer-end");  /* within the last mark */
	assert_console_fails("@coffer-log\n0\n@coffer-end\n"); /* half a byte */
	assert_console_fails("@coffer-log\n0g\n@coffer-end\n");
	assert_console_fails("@coffer-log\n00\n[ 1.0] a kernel message\n@coffer-end\n");
	assert_console_fails("x@coffer-log\n00\n@coffer-end\n"); /* marks are whole lines */
	assert_console_fails("00\n@coffer-end\n");
	char line[300];
	memset(line, '0', sizeof line);
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, "@coffer-log\n", &err));
	assert_ok(cof_buf_add(&b, line, 130, &err));
	assert_ok(cof_buf_add_str(&b, "\n@coffer-end\n", &err));
	assert_console_fails(cof_buf_str(&b));
}

static void a_log_among_other_output(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) log = {0};
	static const char text[] = "\x1b[2J boot\r\nnoise\r\n@coffer-log\r\n0001\r\n\r\nff\r\n@coffer-end\r\nlater\r\n";
	assert_ok(cof_calibration_parse(cof_span_str(text), &log, &err));
	assert_span_equal(cof_buf_span(&log), "\x00\x01\xff", 3);
}

/* Every truncation of the console of a boot that was killed. */
static void every_truncation(void **state)
{
	(void)state;
	static const char text[] = "x\n@coffer-log\n00ff\n01\n@coffer-end\n";
	for (size_t n = 0; n + 1 < sizeof text - 1; n++) {
		COF_AUTO_FREE char *cut = strndup(text, n);
		assert_console_fails(cut);
	}
}

static void the_initramfs_is_an_archive_with_init(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_calibration_initrd(&a, &err));
	assert_ok(cof_calibration_initrd(&b, &err));
	assert_span_equal(cof_buf_span(&a), b.data, b.len);
	assert_memory_equal(a.data, "070701", 6);
	assert_int_equal(a.len % 4, 0);
	assert_true(a.len > 1000 && a.len < 64 << 10);
	const char *last = NULL;
	for (size_t i = 0; i + 10 < a.len; i++) {
		if (memcmp(a.data + i, "TRAILER!!!", 10) == 0)
			last = (const char *)a.data + i;
	}
	assert_non_null(last);
}

static int verb(const char *const *words)
{
	char *argv[12] = {0};
	int argc = 0;
	for (; words[argc] != NULL; argc++)
		argv[argc] = strdup(words[argc]);
	optind = 0; /* getopt remembers: zero starts it anew */
	int code = cof_cmd_measure(argc, argv);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return code;
}

static void wrong_command_lines(void **state)
{
	(void)state;
	static const char *const bad[][6] = {
		{"measure", "surplus", NULL},
		{"measure", "--no-such-option", NULL},
		{"measure", "--tee", "snp", NULL},
		{"measure", "--guest", "/nonexistent/manifest.json", NULL},
		{"measure", "--output", NULL},
		{"measure", "calibrate", NULL},
		{"measure", "calibrate", "--firmware", NULL},
		{"measure", "calibrate", "--firmware", "/nonexistent", NULL},
		{"measure", "calibrate", "surplus", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_equal(verb(bad[i]), COF_EXIT_USAGE);
}

static void help_is_an_answer(void **state)
{
	(void)state;
	static const char *const measure[] = {"measure", "--help", NULL};
	static const char *const calibrate[] = {"measure", "calibrate", "--help", NULL};
	assert_int_equal(verb(measure), COF_EXIT_YES);
	assert_int_equal(verb(calibrate), COF_EXIT_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serial_lines_that_hold_no_log),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(a_log_among_other_output),
		cmocka_unit_test(the_initramfs_is_an_archive_with_init),
		cmocka_unit_test(wrong_command_lines),
		cmocka_unit_test(help_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
