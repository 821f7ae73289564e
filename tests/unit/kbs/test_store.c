/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kbs/tmpdir.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "attestation/kbs/store.h"

#define S(text) cof_span_str(text)

static const char *store_path(const tmpdir *t, char out[160])
{
	return tmpdir_path(t, "store", out);
}

static cof_store *fresh(const tmpdir *t)
{
	char path[160];
	cof_store *s = NULL;
	assert_ok(cof_store_create(store_path(t, path), &s, &err));
	return s;
}

static void get_is(cof_store *s, const char *kind, const char *name, const char *want)
{
	COF_AUTO(cof_secret) v = {0};
	assert_ok(cof_store_get(s, kind, name, &v, &err));
	assert_span_equal(cof_secret_span(&v), want, strlen(want));
}

static void t078_a_store_that_others_can_read_is_refused(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store_free(fresh(&t));
	cof_store *s = NULL;
	static const mode_t modes[] = {0750, 0705, 0777, 0710};
	for (size_t i = 0; i < COF_COUNT(modes); i++) {
		assert_int_equal(chmod(store_path(&t, path), modes[i]), 0);
		assert_fails(cof_store_open(path, &s, &err), "store-mode");
	}
	assert_int_equal(chmod(path, 0700), 0);
	assert_ok(cof_store_open(path, &s, &err));
	cof_store_free(s);
}

static void t078_files_are_private(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	struct stat st;
	cof_store *s = fresh(&t);
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "a/b/c", S("x"), &err));
	static const char *const files[] = {"store/kbs.db", "store/kbs.db-wal"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		assert_int_equal(stat(tmpdir_path(&t, files[i], path), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	cof_store_free(s);
}

static void an_absent_store_is_said_to_be_absent(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_store *s = NULL;
	char path[160];
	assert_fails(cof_store_open(store_path(&t, path), &s, &err), "no-store");
	assert_fails(cof_store_open(t.path, &s, &err), "no-store");
}

static void a_second_store_is_not_made_over_the_first(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store_free(fresh(&t));
	cof_store *s = NULL;
	assert_fails(cof_store_create(store_path(&t, path), &s, &err), "store-exists");
}

static void one_process_at_a_time(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store *first = fresh(&t), *second = NULL;
	assert_ok(cof_store_put(first, COF_KIND_META, "a", S("1"), &err));
	assert_fails(cof_store_open(store_path(&t, path), &second, &err), "store-busy");
	cof_store_free(first);
	assert_ok(cof_store_open(path, &second, &err));
	cof_store_free(second);
}

static void damage_is_said_to_be_damage(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160], db[160];
	cof_store_free(fresh(&t));
	assert_ok(cof_file_write(tmpdir_path(&t, "store/kbs.db", db), S("not a database at all, but long enough"), 0600,
				 &err));
	cof_store *s = NULL;
	assert_fails(cof_store_open(store_path(&t, path), &s, &err), "store-damaged");
}

static void t071_values_come_back_as_they_were_put(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store *s = fresh(&t);
	uint8_t all[256];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "a/b/c", cof_span_of(all, sizeof all), &err));
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "a/b/d", S("old"), &err));
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "a/b/d", S("new"), &err));
	assert_ok(cof_store_put(s, COF_KIND_INITDATA, "a/b/c", (cof_span){0}, &err));
	cof_store_free(s);
	assert_ok(cof_store_open(store_path(&t, path), &s, &err));
	COF_AUTO(cof_secret) v = {0};
	assert_ok(cof_store_get(s, COF_KIND_RESOURCE, "a/b/c", &v, &err));
	assert_span_equal(cof_secret_span(&v), all, sizeof all);
	get_is(s, COF_KIND_RESOURCE, "a/b/d", "new");
	bool has = false;
	assert_ok(cof_store_has(s, COF_KIND_INITDATA, "a/b/c", &has, &err));
	assert_true(has);
	cof_store_free(s);
}

static void t071_deleted_is_gone_and_kinds_are_apart(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_store *s = fresh(&t);
	COF_AUTO(cof_secret) v = {0};
	bool was = false;
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "x", S("1"), &err));
	assert_fails(cof_store_get(s, COF_KIND_META, "x", &v, &err), "not-found");
	assert_ok(cof_store_del(s, COF_KIND_META, "x", &was, &err));
	assert_false(was);
	assert_ok(cof_store_del(s, COF_KIND_RESOURCE, "x", &was, &err));
	assert_true(was);
	assert_fails(cof_store_get(s, COF_KIND_RESOURCE, "x", &v, &err), "not-found");
	cof_store_free(s);
}

static void t070_names_are_data_not_sql(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_store *s = fresh(&t);
	const char *name = "x'; DROP TABLE item; --";
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, name, S("1"), &err));
	get_is(s, COF_KIND_RESOURCE, name, "1");
	assert_fails(cof_store_put(s, COF_KIND_RESOURCE, "", S("1"), &err), "bad-name");
	cof_store_free(s);
}

static void too_large_a_value_is_refused(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_store *s = fresh(&t);
	uint8_t *big = calloc(1, COF_STORE_VALUE_MAX + 1);
	assert_non_null(big);
	assert_fails(cof_store_put(s, COF_KIND_RESOURCE, "x", cof_span_of(big, COF_STORE_VALUE_MAX + 1), &err),
		     "too-large");
	free(big);
	cof_store_free(s);
}

static void a_rollback_undoes(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	cof_store *s = fresh(&t);
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "x", S("before"), &err));
	assert_ok(cof_store_begin(s, &err));
	assert_ok(cof_store_put(s, COF_KIND_RESOURCE, "x", S("after"), &err));
	cof_store_rollback(s);
	cof_store_rollback(s); /* outside a transaction: nothing */
	get_is(s, COF_KIND_RESOURCE, "x", "before");
	cof_store_free(s);
}

static int collect(void *arg, const char *name, cof_span value, cof_err *err)
{
	cof_buf *b = arg;
	int rc = cof_buf_printf(b, err, "%s=", name);
	return rc < 0 ? rc : cof_buf_add(b, value.data, value.len, err);
}

static int stop_at_once(void *arg, const char *name, cof_span value, cof_err *err)
{
	(void)arg;
	(void)name;
	(void)value;
	return cof_err_set(err, COF_E_POLICY, "enough", "stop");
}

static void each_visits_its_kind_in_order(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	COF_AUTO(cof_buf) seen = {0};
	cof_store *s = fresh(&t);
	assert_ok(cof_store_put(s, COF_KIND_EK_ROOT, "b", S("2"), &err));
	assert_ok(cof_store_put(s, COF_KIND_EK_ROOT, "a", S("1"), &err));
	assert_ok(cof_store_put(s, COF_KIND_META, "c", S("3"), &err));
	assert_ok(cof_store_each(s, COF_KIND_EK_ROOT, collect, &seen, &err));
	assert_string_equal(cof_buf_str(&seen), "a=1b=2");
	assert_fails(cof_store_each(s, COF_KIND_EK_ROOT, stop_at_once, NULL, &err), "enough");
	cof_store_free(s);
}

static void t074_audit_lines_cannot_be_changed_through_sql(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store *s = fresh(&t);
	assert_ok(cof_store_audit_add(s, 1, S("one"), &err));
	assert_fails(cof_store_audit_add(s, 1, S("again"), &err), "store-failed");
	cof_store_free(s);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(tmpdir_path(&t, "store/kbs.db", path), &db), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(db, "UPDATE audit SET line = 'x'", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(db, "DELETE FROM audit", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* A writer that acknowledges each write on a pipe is killed at any moment: what it acknowledged is there. */
static void t071_no_acknowledged_write_is_lost_by_kill(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	cof_store_free(fresh(&t));
	for (unsigned round = 0; round < 12; round++) {
		int acks[2];
		assert_int_equal(pipe(acks), 0);
		pid_t pid = fork();
		if (pid == 0) {
			cof_store *s = NULL;
			if (cof_store_open(store_path(&t, path), &s, NULL) < 0)
				_exit(1);
			for (uint8_t i = 1; i != 0; i++) {
				char name[32];
				(void)snprintf(name, sizeof name, "r%u/%u", round, i);
				if (cof_store_put(s, COF_KIND_RESOURCE, name, S("kept"), NULL) < 0 ||
				    write(acks[1], &i, 1) != 1)
					_exit(1);
			}
			_exit(0);
		}
		(void)close(acks[1]);
		uint8_t last = 0, got = 0;
		for (unsigned want = 0; want < 3 + round; want++)
			if (read(acks[0], &got, 1) == 1)
				last = got;
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (read(acks[0], &got, 1) == 1)
			last = got;
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		(void)close(acks[0]);
		cof_store *s = NULL;
		assert_ok(cof_store_open(store_path(&t, path), &s, &err));
		assert_true(last > 0);
		for (unsigned i = 1; i <= last; i++) {
			char name[32];
			(void)snprintf(name, sizeof name, "r%u/%u", round, i);
			get_is(s, COF_KIND_RESOURCE, name, "kept");
		}
		cof_store_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t078_a_store_that_others_can_read_is_refused),
		cmocka_unit_test(t078_files_are_private),
		cmocka_unit_test(an_absent_store_is_said_to_be_absent),
		cmocka_unit_test(a_second_store_is_not_made_over_the_first),
		cmocka_unit_test(one_process_at_a_time),
		cmocka_unit_test(damage_is_said_to_be_damage),
		cmocka_unit_test(t071_values_come_back_as_they_were_put),
		cmocka_unit_test(t071_deleted_is_gone_and_kinds_are_apart),
		cmocka_unit_test(t070_names_are_data_not_sql),
		cmocka_unit_test(too_large_a_value_is_refused),
		cmocka_unit_test(a_rollback_undoes),
		cmocka_unit_test(each_visits_its_kind_in_order),
		cmocka_unit_test(t074_audit_lines_cannot_be_changed_through_sql),
		cmocka_unit_test(t071_no_acknowledged_write_is_lost_by_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
