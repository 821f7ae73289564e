/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer measure eventlog`: its files, options and exit codes. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"
#include "runtime/cli/cli.h"
#include "tests/unit/firmware/make_log.h"

typedef struct files {
	char dir[64];
	char log[96], tdx[96], pcrs[96], text[96], reference[96], odd[96];
} files;

static void put(char path[96], const files *f, const char *name, cof_span content)
{
	(void)snprintf(path, 96, "%s/%s", f->dir, name);
	assert_ok(cof_file_write(path, content, 0600, &err));
}

static void put_json(char path[96], const files *f, const char *name, json_t *j)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_json_dump(j, &text, &err));
	json_decref(j);
	put(path, f, name, cof_buf_span(&text));
}

static void put_values(files *f, const cof_digest regs[COF_REGS_MAX])
{
	COF_AUTO(cof_buf) text = {0};
	json_t *values = json_object();
	assert_ok(cof_buf_add_str(&text, "  sha1:\n  sha256:\n", &err));
	for (int i = 0; i < COF_PCRS; i++) {
		char hex[2 * COF_SHA256_LEN + 1], key[16];
		cof_hex(cof_digest_span(&regs[i]), hex);
		(void)snprintf(key, sizeof key, "%d", i);
		assert_ok(cof_json_set_str(values, key, hex, &err));
		assert_ok(cof_buf_printf(&text, &err, "    %-2d: 0x%s\n", i, hex));
	}
	put(f->text, f, "pcrs.txt", cof_buf_span(&text));
	put_json(f->pcrs, f, "pcrs.json", json_pack("{s:o}", "sha256", values));
}

static json_t *reference_of(const cof_eventlog *log, const cof_digest regs[COF_REGS_MAX])
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", "coffer-reference-values/1", "tee", "tpm",
			      "name", "test/default", "pcrs", "events");
	char hex[2 * COF_SHA256_LEN + 1], key[16], name[COF_EVENT_NAME_MAX];
	for (int i = 0; i < 10; i++) {
		cof_hex(cof_digest_span(&regs[i]), hex);
		(void)snprintf(key, sizeof key, "%d", i);
		if (i != 8)
			assert_ok(cof_json_set_str(json_object_get(o, "pcrs"), key, hex, &err));
	}
	for (size_t i = 0; i < log->n; i++) {
		const cof_log_event *e = &log->events[i];
		cof_event_name(e, name);
		cof_hex(cof_digest_span(&e->digest), hex);
		(void)json_array_append_new(json_object_get(o, "events"),
					    json_pack("{s:i, s:s, s:s, s:s}", "pcr", (int)e->reg, "type",
						      cof_event_type_name(e->type), "name", name, "digest", hex));
	}
	return o;
}

/* The same log, and one of another kernel; references of both. */
static void put_references(files *f)
{
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	put_boot(&bytes);
	put(f->log, f, "log", cof_buf_span(&bytes));
	assert_ok(cof_eventlog_parse(cof_buf_span(&bytes), COF_SHA256, &log, &err));
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	put_values(f, regs);
	put_json(f->reference, f, "reference", reference_of(&log, regs));
	log.events[1].digest.bytes[0] ^= 1;
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	put_json(f->odd, f, "odd", reference_of(&log, regs));
}

static int set_up(void **state)
{
	static files f;
	COF_AUTO(cof_buf) tdx = {0};
	(void)snprintf(f.dir, sizeof f.dir, "/tmp/coffer-eventlog-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	put_references(&f);
	put_cc_boot(&tdx);
	put(f.tdx, &f, "tdx", cof_buf_span(&tdx));
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	files *f = *state;
	const char *const paths[] = {f->log, f->tdx, f->pcrs, f->text, f->reference, f->odd};
	for (size_t i = 0; i < COF_COUNT(paths); i++)
		(void)unlink(paths[i]);
	return rmdir(f->dir);
}

static int eventlog(const char *const *words)
{
	char *argv[20] = {(char *)(uintptr_t) "measure", (char *)(uintptr_t) "eventlog"};
	int argc = 2;
	for (; words[argc - 2] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 2];
	optind = 0;
	return cof_cmd_measure(argc, argv);
}

#define EVENTLOG(...) eventlog((const char *const[]){__VA_ARGS__, NULL})

static void wrong_usage_is_two(void **state)
{
	const files *f = *state;
	assert_int_equal(eventlog((const char *const[]){NULL}), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, f->log), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG("--nonsense", f->log), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, "--pcrs"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, "--bank", "md5"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, "--bank", ""), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG("/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, "--pcrs", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->log, "--reference", "/nonexistent", "--json"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG("--help"), COF_EXIT_YES);
}

static void files_that_are_something_else(void **state)
{
	const files *f = *state;
	assert_int_equal(EVENTLOG(f->reference), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--pcrs", f->log), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--pcrs", f->reference), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--reference", f->pcrs), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--bank", "sha384"), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->tdx, "--reference", f->reference), COF_EXIT_NO); /* no SHA-256 there */
	assert_int_equal(EVENTLOG(f->tdx, "--reference", f->reference, "--bank", "sha384"), COF_EXIT_USAGE);
	assert_int_equal(EVENTLOG(f->tdx, "--pcrs", f->pcrs), COF_EXIT_USAGE);
}

static void a_log_alone_is_shown(void **state)
{
	const files *f = *state;
	assert_int_equal(EVENTLOG(f->log), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->log, "--json"), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->log, "--bank", "sha1"), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->tdx), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->tdx, "--bank", "sha384", "--json"), COF_EXIT_YES);
}

static void t060_registers_decide(void **state)
{
	files *f = *state;
	assert_int_equal(EVENTLOG(f->log, "--pcrs", f->pcrs), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->log, "--pcrs", f->text), COF_EXIT_YES);
	COF_AUTO(cof_buf) text = {0};
	char path[96];
	assert_ok(cof_file_read(f->text, 1 << 16, &text, &err));
	char *seven = strstr((char *)text.data, "    7 : 0x");
	assert_non_null(seven);
	seven[10] = seven[10] == '0' ? '1' : '0';
	put(path, f, "changed", cof_buf_span(&text));
	assert_int_equal(EVENTLOG(f->log, "--pcrs", path), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--pcrs", path, "--reference", f->reference, "--json"), COF_EXIT_NO);
	(void)unlink(path);
}

static void t017_references_decide(void **state)
{
	const files *f = *state;
	assert_int_equal(EVENTLOG(f->log, "--reference", f->reference), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->log, "--reference", f->reference, "--pcrs", f->text, "--json"), COF_EXIT_YES);
	assert_int_equal(EVENTLOG(f->log, "--reference", f->odd), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--reference", f->odd, "--json"), COF_EXIT_NO);
	assert_int_equal(EVENTLOG(f->log, "--reference", f->reference, "--bank", "sha1"), COF_EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage_is_two),	 cmocka_unit_test(files_that_are_something_else),
		cmocka_unit_test(t060_registers_decide), cmocka_unit_test(t017_references_decide),
		cmocka_unit_test(a_log_alone_is_shown),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
