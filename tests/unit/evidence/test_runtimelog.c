/* SPDX-License-Identifier: Apache-2.0 */
/* Log and register in step, whatever a crash leaves of either. */
#include "attestation/evidence/runtimelog.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/file.h"
#include "firmware/eventlog.h"
#include "tests/unit/firmware/make_log.h"

/* Four registers, and what goes wrong with them. */
typedef struct bank {
	uint8_t reg[4][48];
	bool unreadable, refuses, drops, dies; /* dies: extends, and then fails */
	int extends;
} bank;

static int bank_read(void *arg, uint32_t reg, uint8_t *ret, cof_err *err)
{
	const bank *b = arg;
	if (b->unreadable)
		return cof_err_set(err, COF_E_IO, "tdx-guest-failed", "read");
	memcpy(ret, b->reg[reg], 48);
	return 0;
}

static int bank_extend(void *arg, uint32_t reg, const uint8_t *digest, cof_err *err)
{
	bank *b = arg;
	uint8_t both[96];
	cof_digest d;
	if (b->refuses)
		return cof_err_set(err, COF_E_IO, "tdx-guest-failed", "extend");
	memcpy(both, b->reg[reg], 48);
	memcpy(both + 48, digest, 48);
	int r = cof_digest_of(COF_SHA384, cof_span_of(both, 96), &d, err);
	if (r == 0 && !b->drops)
		memcpy(b->reg[reg], d.bytes, 48);
	b->extends++;
	return r == 0 && b->dies ? cof_err_set(err, COF_E_IO, "tdx-guest-failed", "behind the extend") : r;
}

typedef struct box {
	bank b;
	char dir[32], path[64];
	cof_runtimelog l;
} box;

static void open_box(box *x)
{
	*x = (box){.dir = "/tmp/cof-rtlog-XXXXXX"};
	assert_non_null(mkdtemp(x->dir));
	(void)snprintf(x->path, sizeof x->path, "%s/log", x->dir);
	x->l = (cof_runtimelog){x->path, {COF_SHA384, bank_read, bank_extend, &x->b}, 1};
}

static void close_box(box *x)
{
	assert_ok(cof_rm_tree(x->dir, &err));
}

static int measure(box *x, const char *content, cof_err *err)
{
	const cof_runtime_event e = {"coffer.test", "Step", content, -1};
	return cof_runtimelog_extend(&x->l, 3, &e, err);
}

/* A firmware's head, the records, and the replay is what the registers hold; so many events. */
static void assert_in_step(box *x, size_t events)
{
	COF_AUTO(cof_buf) all = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	put_spec_id_of(&all, 1, sha384_alg, 1);
	assert_ok(cof_runtimelog_records(&x->l, &all, &err));
	assert_ok(cof_eventlog_parse(cof_buf_span(&all), COF_SHA384, &log, &err));
	assert_int_equal(log.n, events);
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	for (size_t i = 0; i < 4; i++)
		assert_memory_equal(regs[i + 1].bytes, x->b.reg[i], 48);
}

static size_t file_len(const box *x)
{
	struct stat st;
	return stat(x->path, &st) < 0 ? 0 : (size_t)st.st_size;
}

static void measures(void **state)
{
	(void)state;
	box x;
	open_box(&x);
	assert_in_step(&x, 0);
	assert_int_equal(access(x.path, F_OK), -1); /* nothing, no file */
	assert_ok(measure(&x, "one", &err));
	assert_in_step(&x, 1);
	assert_ok(measure(&x, "one", &err)); /* the same again is another */
	assert_ok(cof_runtimelog_extend(&x.l, 2, &(cof_runtime_event){"a", "b", "", -1}, &err));
	assert_ok(measure(&x, "two", &err));
	assert_in_step(&x, 4);
	assert_int_equal(x.b.extends, 4);
	struct stat st;
	assert_int_equal(stat(x.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close_box(&x);
}

/* T-59: a crash at each byte of the second entry's writing, and before or behind its extend. */
static void t059_a_crash_anywhere(void **state)
{
	(void)state;
	box x;
	open_box(&x);
	assert_ok(measure(&x, "one", &err));
	const bank after_one = x.b;
	const size_t first = file_len(&x);
	assert_ok(measure(&x, "two", &err));
	const bank after_two = x.b;
	COF_AUTO(cof_buf) file = {0};
	assert_ok(cof_file_read(x.path, 1 << 20, &file, &err));
	for (size_t n = first; n <= file.len; n++) {
		x.b = after_one;
		assert_ok(cof_file_write(x.path, cof_span_of(file.data, n), 0600, &err));
		/* half an entry was followed by nothing; a whole one may have been: it is now */
		assert_in_step(&x, n == file.len ? 2 : 1);
		assert_int_equal(file_len(&x), n == file.len ? file.len : first);
		assert_ok(measure(&x, "three", &err));
		assert_in_step(&x, n == file.len ? 3 : 2);
	}
	x.b = after_two;
	assert_ok(cof_file_write(x.path, cof_buf_span(&file), 0600, &err));
	assert_in_step(&x, 2);
	assert_int_equal(x.b.extends, after_two.extends); /* not once more */
	close_box(&x);
}

static void t059_a_register_that_fails(void **state)
{
	(void)state;
	box x;
	open_box(&x);
	assert_ok(measure(&x, "one", &err));
	x.b.refuses = true;
	assert_fails(measure(&x, "two", &err), "tdx-guest-failed");
	assert_fails(measure(&x, "three", &err), "tdx-guest-failed"); /* not before the second is whole */
	COF_AUTO(cof_buf) none = {0};
	assert_fails(cof_runtimelog_records(&x.l, &none, &err), "tdx-guest-failed");
	x.b.refuses = false;
	assert_in_step(&x, 2);
	x.b.dies = true;
	assert_fails(measure(&x, "three", &err), "tdx-guest-failed");
	x.b.dies = false;
	assert_in_step(&x, 3);
	x.b.unreadable = true;
	size_t before = file_len(&x);
	assert_fails(measure(&x, "four", &err), "tdx-guest-failed");
	assert_int_equal(file_len(&x), before);
	close_box(&x);
}

/* T-61: who stands between us and the register says yes, and does nothing. */
static void t061_a_dropped_extend(void **state)
{
	(void)state;
	box x;
	open_box(&x);
	x.b.drops = true;
	assert_fails(measure(&x, "one", &err), "runtime-extend-lost");
	x.b.drops = false;
	assert_in_step(&x, 1);
	close_box(&x);
}

/* Somebody extended the register beside us: the log is no longer all of it, and says so. */
static void t059_another_writer(void **state)
{
	(void)state;
	box x;
	COF_AUTO(cof_buf) none = {0};
	open_box(&x);
	assert_ok(measure(&x, "one", &err));
	x.b.reg[3][0] ^= 1;
	assert_fails(measure(&x, "two", &err), "runtime-log-broken");
	assert_fails(cof_runtimelog_records(&x.l, &none, &err), "runtime-log-broken");
	close_box(&x);
}

static void t059_a_file_that_is_not_ours(void **state)
{
	(void)state;
	box x;
	COF_AUTO(cof_buf) none = {0};
	static uint8_t bytes[4 + 48 + 4 + 14];
	open_box(&x);
	bytes[0] = 3;
	bytes[52] = 14; /* a record without a digest */
	assert_ok(cof_file_write(x.path, cof_span_of(bytes, sizeof bytes), 0600, &err));
	assert_fails(cof_runtimelog_records(&x.l, &none, &err), "runtime-log-broken");
	assert_int_equal(unlink(x.path), 0);
	assert_int_equal(symlink("/dev/null", x.path), 0);
	assert_true(measure(&x, "one", NULL) < 0);
	assert_int_equal(x.b.extends, 0); /* not logged, not measured */
	close_box(&x);
}

static void t085_it_ends_somewhere(void **state)
{
	(void)state;
	box x;
	char content[4097];
	cof_err why = {0};
	int r = 0, n = 0;
	open_box(&x);
	memset(content, 'c', 4096);
	content[4096] = '\0';
	for (; r == 0 && n < 100; n++)
		r = measure(&x, content, &why);
	assert_string_equal(why.reason, "runtime-log-full");
	assert_in_step(&x, (size_t)n - 1);
	assert_ok(measure(&x, "small", &err)); /* as long as there is room */
	close_box(&x);
}

/* T-59: no room for the entry: what was written of it is taken away, and the register is as it was. */
static void t059_no_room(void **state)
{
	(void)state;
	box x;
	struct rlimit was;
	open_box(&x);
	assert_ok(measure(&x, "one", &err));
	const size_t len = file_len(&x);
	COF_AUTO(cof_buf) torn = {0};
	assert_ok(cof_file_read(x.path, 1 << 20, &torn, &err));
	assert_ok(cof_buf_add(&torn, "\3\0\0\0half", 8, &err));
	assert_ok(cof_file_write(x.path, cof_buf_span(&torn), 0600, &err));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	const struct rlimit tight = {len + 20, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	cof_err why = {0};
	int r = measure(&x, "two", &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(r < 0);
	assert_string_equal(why.reason, "write-failed");
	assert_int_equal(file_len(&x), len);
	assert_int_equal(x.b.extends, 1);
	assert_in_step(&x, 1);
	assert_ok(measure(&x, "two", &err));
	assert_in_step(&x, 2);
	close_box(&x);
}

static void no_folder(void **state)
{
	(void)state;
	box x;
	open_box(&x);
	x.l.path = "/nonexistent/log";
	assert_fails(measure(&x, "one", &err), "open-failed");
	assert_int_equal(x.b.extends, 0);
	close_box(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures),
		cmocka_unit_test(t059_a_crash_anywhere),
		cmocka_unit_test(t059_a_register_that_fails),
		cmocka_unit_test(t061_a_dropped_extend),
		cmocka_unit_test(t059_another_writer),
		cmocka_unit_test(t059_a_file_that_is_not_ours),
		cmocka_unit_test(t085_it_ends_somewhere),
		cmocka_unit_test(t059_no_room),
		cmocka_unit_test(no_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
