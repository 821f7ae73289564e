/* SPDX-License-Identifier: Apache-2.0 */
/* configfs-tsm: everything that the kernel can answer, and that nothing of ours stays in it. */
#include "tests/unit/evidence/fake_tee.h"

#include <sys/stat.h>

#include "common/file.h"

static const uint8_t asked[COF_TSM_INBLOB_LEN] = {1, 2, 3};

/* What is asked for, twice. */
static void echo(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	(void)f;
	assert_ok(cof_buf_add(ret, data, 64, &err));
	assert_ok(cof_buf_add(ret, data, 64, &err));
}

static fake_tee machine(void)
{
	return (fake_tee){.provider = "sev_guest\n", .make = echo};
}

static int get(fake_tee *f, cof_tsm_answer *ret, cof_err *err)
{
	const cof_sys sys = fake_sys(f);
	const cof_tsm t = {&sys, COF_TSM_FOLDER, "sev_guest", 128};
	return cof_tsm_get(&t, asked, ret, err);
}

static void assert_got(fake_tee *f)
{
	COF_AUTO(cof_tsm_answer) a = {0};
	assert_ok(get(f, &a, &err));
	assert_int_equal(a.outblob.len, 128);
	assert_memory_equal(a.outblob.data, asked, 64);
}

static void assert_refused(fake_tee *f, const char *why, int tries)
{
	COF_AUTO(cof_tsm_answer) a = {0};
	f->made = f->removed = 0;
	assert_fails(get(f, &a, &err), why);
	assert_int_equal(a.outblob.len, 0);
	assert_int_equal(f->made, tries);
	fake_drop(f);
}

/* T-04: what another process asked for in our object is no answer to us. */
static void t004_another_writer(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.intruders = 3;
	assert_got(&f);
	assert_int_equal(f.made, 4);
	assert_int_equal(f.pauses, 3);
	f.intruders = 1000;
	f.pause_ms = 0;
	assert_refused(&f, "tsm-moving", 8);
	assert_int_equal(f.pause_ms, 50 + 100 + 200 + 400 + 800 + 1600 + 1600);
}

static void a_write_that_the_kernel_drops(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.drop_inblobs = true;
	assert_refused(&f, "tsm-failed", 1); /* nothing to report on */
}

static void busy_for_a_while_and_for_ever(void **state)
{
	(void)state;
	static const int passing[] = {EBUSY, EWOULDBLOCK};
	for (size_t i = 0; i < COF_COUNT(passing); i++) {
		fake_tee f = machine();
		f.faults[0] = (fake_fault){"read", "/outblob", passing[i], 3, 0};
		assert_got(&f);
		assert_int_equal(f.made, 4);
		f.faults[0] = (fake_fault){"read", "/outblob", passing[i], 1000, 0};
		assert_refused(&f, passing[i] == EBUSY ? "tsm-busy" : "tsm-moving", 8);
	}
}

typedef struct odd_case {
	const char *call, *path;
	int error;
	const char *why;
} odd_case;

static void every_error_where_it_can_come(void **state)
{
	(void)state;
	static const odd_case cases[] = {
		{"mkdir", "", EPERM, "tsm-failed"},
		{"mkdir", "", ENXIO, "tsm-no-provider"},
		{"open", "/provider", ENOENT, "tsm-absent"},
		{"read", "/provider", EIO, "tsm-failed"},
		{"open", "/generation", EACCES, "tsm-failed"},
		{"open", "/inblob", EACCES, "tsm-failed"},
		{"write", "/inblob", EINVAL, "tsm-failed"},
		{"write", "/inblob", -1, "tsm-failed"}, /* a part */
		{"read", "/outblob", ENXIO, "tsm-no-provider"},
		{"read", "/outblob", ENOTTY, "tsm-no-provider"},
		{"read", "/outblob", EINVAL, "tsm-failed"},
		{"read", "/outblob", EIO, "tsm-failed"},
		{"read", "/outblob", ETIMEDOUT, "tsm-timeout"},
		{"read", "/outblob", EFBIG, "tsm-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		fake_tee f = machine();
		f.faults[0] = (fake_fault){cases[i].call, cases[i].path, cases[i].error, 1000, 0};
		assert_refused(&f, cases[i].why, strcmp(cases[i].call, "mkdir") == 0 ? 0 : 1);
	}
}

static void the_second_generation_fails(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.faults[0] = (fake_fault){"read", "/generation", EIO, 1000, 2};
	assert_refused(&f, "tsm-failed", 1);
}

static void a_signal_is_no_end(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.faults[0] = (fake_fault){"read", "/outblob", EINTR, 2, 0};
	assert_got(&f);
	assert_int_equal(f.made, 1);
	fake_drop(&f);
}

static void nothing_there(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.no_tsm = true;
	assert_refused(&f, "tsm-absent", 0);
	f = machine();
	f.provider = NULL;
	assert_refused(&f, "tsm-no-provider", 0);
}

static void t024_another_provider(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.provider = "tdx_guest\n";
	assert_refused(&f, "tsm-provider", 1);
	f.provider = "sev_guest_2\n";
	assert_refused(&f, "tsm-provider", 1);
	static const char *const other[] = {"a0z9_\n", "abcdefghijklmnopqrstuvwxyz_0123"};
	for (size_t i = 0; i < COF_COUNT(other); i++) {
		f.provider = other[i];
		assert_refused(&f, "tsm-provider", 1);
	}
	static const char *const strange[] = {"",
					      "\n",
					      "sev guest\n",
					      "sev_guest\n\n",
					      "\x1b[2J",
					      "`\n",
					      "{\n",
					      "/\n",
					      ":\n",
					      "A\n",
					      "abcdefghijklmnopqrstuvwxyz_01234",
					      "a_name_that_is_longer_than_any_of_them\n"};
	for (size_t i = 0; i < COF_COUNT(strange); i++) {
		f.provider = strange[i];
		assert_refused(&f, "tsm-malformed", 1);
	}
	f.provider = "sev_guest"; /* without a newline */
	assert_got(&f);
}

static void big(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	(void)data;
	(void)f;
	cof_buf_release(ret);
	assert_ok(cof_buf_reserve(ret, 129, &err));
	memset(ret->data, 0, 129);
	ret->len = 129;
}

static void t079_more_than_there_may_be(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.make = big;
	assert_refused(&f, "tsm-malformed", 1);
	f = machine();
	f.levels = true;
	assert_ok(cof_buf_reserve(&f.aux, COF_TSM_AUXBLOB_MAX + 1, &err));
	f.aux.len = COF_TSM_AUXBLOB_MAX + 1;
	memset(f.aux.data, 0, f.aux.len);
	assert_refused(&f, "tsm-malformed", 1);
}

static void in_small_pieces(void **state)
{
	(void)state;
	fake_tee f = machine();
	COF_AUTO(cof_tsm_answer) a = {0};
	f.levels = true;
	f.chunk = 1;
	assert_ok(cof_buf_add_str(&f.aux, "certificates", &err));
	assert_ok(get(&f, &a, &err));
	assert_int_equal(a.outblob.len, 128);
	assert_string_equal(cof_buf_str(&a.auxblob), "certificates");
	fake_drop(&f);
}

/* Nobody else can have made a folder of that name, or wait for one. */
static void a_name_of_its_own_each_time(void **state)
{
	(void)state;
	fake_tee f = machine();
	char first[64];
	assert_got(&f);
	memcpy(first, f.last_name, sizeof first);
	assert_int_equal(strlen(first), 7 + 32);
	assert_int_equal(strspn(first + 7, "0123456789abcdef"), 32);
	assert_got(&f);
	assert_string_not_equal(first, f.last_name);
	fake_drop(&f);
}

static void generations_of_any_size(void **state)
{
	(void)state;
	static const uint64_t from[] = {8, 9, 98, 99, UINT64_MAX - 1, UINT64_MAX};
	for (size_t i = 0; i < COF_COUNT(from); i++) {
		fake_tee f = machine();
		f.first_generation = from[i]; /* the kernel's number wraps, too */
		assert_got(&f);
		assert_int_equal(f.made, 1);
		fake_drop(&f);
	}
}

/* Below an SVSM the default level is not the guest's to ask for; and choosing one counts as a write. */
static void at_the_guests_own_level(void **state)
{
	(void)state;
	fake_tee f = machine();
	f.levels = true;
	f.floor = 2;
	assert_got(&f);
	assert_int_equal(f.made, 1);
	f.faults[0] = (fake_fault){"write", "/privlevel", EINVAL, 1, 0};
	assert_refused(&f, "tsm-failed", 1);
	f.faults[0].times = 1;
	f.floor = 0; /* nothing to choose */
	assert_got(&f);
	assert_int_equal(f.faults[0].times, 1);
	f.faults[0] = (fake_fault){"read", "/privlevel_floor", EIO, 1, 0};
	assert_refused(&f, "tsm-failed", 1);
}

static void numbers_that_are_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "\n", "x\n", "-1\n", "1 2\n", "18446744073709551616\n", "1\n\n", "1111111111111111111111111\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		fake_tee f = machine();
		f.odd_generation = bad[i];
		assert_refused(&f, "tsm-malformed", 1);
	}
}

static void t059_sweeps_its_own_only(void **state)
{
	(void)state;
	char folder[] = "/tmp/cof-tsm-XXXXXX";
	static const char *const names[] = {"coffer-0123", "coffer-", "other", "xcoffer-1"};
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO_FREE char *path = NULL;
		assert_ok(cof_path(&path, &err, "%s/%s", folder, names[i]));
		assert_int_equal(mkdir(path, 0700), 0);
	}
	cof_tsm_sweep(&cof_sys_kernel, folder);
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO_FREE char *path = NULL;
		assert_ok(cof_path(&path, &err, "%s/%s", folder, names[i]));
		assert_int_equal(access(path, F_OK) == 0, i >= 2);
	}
	cof_tsm_sweep(&cof_sys_kernel, "/nonexistent");
	assert_ok(cof_rm_tree(folder, &err));
}

static void whose_reports(void **state)
{
	(void)state;
	char name[COF_TSM_PROVIDER_MAX];
	fake_tee f = machine();
	const cof_sys sys = fake_sys(&f);
	assert_true(cof_tsm_provider(&sys, COF_TSM_FOLDER, name));
	assert_string_equal(name, "sev_guest");
	f.provider = "";
	assert_false(cof_tsm_provider(&sys, COF_TSM_FOLDER, name));
	f.provider = NULL;
	assert_false(cof_tsm_provider(&sys, COF_TSM_FOLDER, name));
	f.no_tsm = true;
	assert_false(cof_tsm_provider(&sys, COF_TSM_FOLDER, name));
	fake_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t004_another_writer),
		cmocka_unit_test(a_write_that_the_kernel_drops),
		cmocka_unit_test(busy_for_a_while_and_for_ever),
		cmocka_unit_test(every_error_where_it_can_come),
		cmocka_unit_test(the_second_generation_fails),
		cmocka_unit_test(a_signal_is_no_end),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(t024_another_provider),
		cmocka_unit_test(t079_more_than_there_may_be),
		cmocka_unit_test(in_small_pieces),
		cmocka_unit_test(a_name_of_its_own_each_time),
		cmocka_unit_test(generations_of_any_size),
		cmocka_unit_test(at_the_guests_own_level),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(t059_sweeps_its_own_only),
		cmocka_unit_test(whose_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
