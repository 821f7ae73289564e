/* SPDX-License-Identifier: Apache-2.0 */
/* The cache before hostile files, dead writers, and other processes. */
#include "attestation/endorsements/cache.h"
#include "tests/unit/kbs/tmpdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "common/clock.h"

typedef struct rig {
	tmpdir dir;
	cof_ecache *c;
	char entry[400]; /* of the one that was put */
} rig;

static void make(cof_endorsement *e, uint64_t number)
{
	*e = (cof_endorsement){.id = {.type = COF_ENDORSE_TDX_QE_IDENTITY},
			       .fetched = 1000,
			       .issued = 900,
			       .expires = 2000,
			       .number = number,
			       .source = "x"};
	assert_ok(cof_buf_add_str(&e->body, "body", &err));
}

static int put(const rig *r, uint64_t number, cof_err *err)
{
	COF_AUTO(cof_endorsement) e = {0};
	make(&e, number);
	return cof_ecache_put(r->c, &e, err);
}

static void find_entry(rig *r)
{
	DIR *d = opendir(r->dir.path);
	assert_non_null(d);
	for (const struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
		if (f->d_name[0] == 'e')
			(void)snprintf(r->entry, sizeof r->entry, "%s/%.80s", r->dir.path, f->d_name);
	}
	(void)closedir(d);
	assert_true(r->entry[0] != '\0');
}

static void rig_open(rig *r)
{
	*r = (rig){.dir = tmpdir_new()};
	assert_ok(cof_ecache_open(r->dir.path, true, &r->c, &err));
	assert_ok(put(r, 20, &err));
	find_entry(r);
}

static void rig_close(rig *r)
{
	cof_ecache_free(r->c);
	tmpdir_release(&r->dir);
}

static int load(const rig *r, cof_err *err)
{
	COF_AUTO(cof_endorsement) e = {0};
	const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	int rc = cof_ecache_load(r->c, &id, &e, err);
	if (rc == 0)
		assert_span_equal(cof_buf_span(&e.body), "body", 4);
	return rc;
}

static void gives_back_what_it_was_given(void **state)
{
	(void)state;
	rig r;
	cof_endorsement e = {0};
	const cof_endorse_id other = {.type = COF_ENDORSE_TDX_ROOT_CRL};
	rig_open(&r);
	assert_ok(load(&r, &err));
	assert_fails(cof_ecache_load(r.c, &other, &e, &err), "endorsement-missing");
	rig_close(&r);
}

static void t023_nothing_goes_back_in_time(void **state)
{
	(void)state;
	rig r;
	rig_open(&r);
	assert_fails(put(&r, 19, &err), "endorsement-rollback");
	assert_ok(put(&r, 20, &err));
	assert_ok(put(&r, 21, &err));
	assert_fails(put(&r, 20, &err), "endorsement-rollback");
	COF_AUTO(cof_endorsement) e = {0};
	make(&e, 21);
	e.issued = 899;
	assert_fails(cof_ecache_put(r.c, &e, &err), "endorsement-rollback");
	rig_close(&r);
}

/* --- hostile files --- */

static void damage_is_found(void **state)
{
	(void)state;
	rig r;
	COF_AUTO(cof_buf) good = {0};
	rig_open(&r);
	assert_ok(cof_file_read(r.entry, 4096, &good, &err));
	for (size_t n = 0; n < good.len; n++) {
		assert_ok(cof_file_write(r.entry, cof_span_of(good.data, n), 0600, &err));
		assert_fails(load(&r, &err), "cache-damaged");
	}
	for (size_t i = 0; i < good.len; i++) {
		good.data[i] ^= 4;
		assert_ok(cof_file_write(r.entry, cof_buf_span(&good), 0600, &err));
		assert_fails(load(&r, &err), "cache-damaged");
		good.data[i] ^= 4;
	}
	/* and is mended by the next one */
	assert_ok(put(&r, 1, &err));
	assert_ok(load(&r, &err));
	rig_close(&r);
}

static void what_is_no_file_of_ours_is_not_read(void **state)
{
	(void)state;
	rig r;
	char aside[440];
	rig_open(&r);
	(void)snprintf(aside, sizeof aside, "%s.aside", r.entry);
	assert_int_equal(rename(r.entry, aside), 0);
	assert_int_equal(symlink(aside, r.entry), 0);
	assert_fails(load(&r, &err), "cache-damaged");
	assert_int_equal(unlink(r.entry), 0);
	assert_int_equal(mkfifo(r.entry, 0600), 0);
	assert_fails(load(&r, &err), "cache-damaged");
	assert_int_equal(unlink(r.entry), 0);
	assert_int_equal(mkdir(r.entry, 0700), 0);
	assert_fails(load(&r, &err), "cache-damaged");
	assert_int_equal(rmdir(r.entry), 0);
	assert_int_equal(link(aside, r.entry), 0);
	assert_int_equal(chmod(r.entry, 0602), 0);
	assert_fails(load(&r, &err), "cache-damaged");
	assert_int_equal(chmod(r.entry, 0600), 0);
	assert_ok(load(&r, &err));
	rig_close(&r);
}

/* A good entry under another's name would answer for it. */
static void an_entry_answers_for_itself_alone(void **state)
{
	(void)state;
	rig r;
	rig other;
	cof_endorsement e = {.id = {.type = COF_ENDORSE_TDX_ROOT_CRL}, .expires = 1, .source = "x"};
	rig_open(&r);
	other = (rig){.dir = tmpdir_new()};
	assert_ok(cof_ecache_open(other.dir.path, true, &other.c, &err));
	assert_ok(cof_buf_add_str(&e.body, "body", &err));
	assert_ok(cof_ecache_put(other.c, &e, &err));
	find_entry(&other);
	COF_AUTO(cof_buf) bytes = {0};
	assert_ok(cof_file_read(other.entry, 4096, &bytes, &err));
	assert_ok(cof_file_write(r.entry, cof_buf_span(&bytes), 0600, &err));
	assert_fails(load(&r, &err), "cache-damaged");
	cof_endorsement_release(&e);
	rig_close(&other);
	rig_close(&r);
}

static void a_folder_of_others_is_refused(void **state)
{
	(void)state;
	tmpdir d = tmpdir_new();
	char path[160], link_path[160];
	cof_ecache *c = NULL;
	assert_fails(cof_ecache_open(tmpdir_path(&d, "none", path), false, &c, &err), "cache-missing");
	assert_int_equal(mkdir(tmpdir_path(&d, "open", path), 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_fails(cof_ecache_open(path, true, &c, &err), "cache-unsafe");
	assert_int_equal(chmod(path, 0720), 0);
	assert_fails(cof_ecache_open(path, true, &c, &err), "cache-unsafe");
	assert_int_equal(chmod(path, 0755), 0);
	assert_ok(cof_ecache_open(path, true, &c, &err));
	cof_ecache_free(c);
	assert_int_equal(symlink(path, tmpdir_path(&d, "link", link_path)), 0);
	assert_fails(cof_ecache_open(link_path, false, &c, &err), "cache-failed");
	tmpdir_release(&d);
}

/* What a writer that died left behind is in nobody's way, and neither is a link that waits for one. */
static void a_dead_writer_is_in_nobodys_way(void **state)
{
	(void)state;
	rig r;
	char tmp[400], victim[160];
	rig_open(&r);
	(void)snprintf(tmp, sizeof tmp, "%s", r.entry);
	tmp[strlen(r.dir.path) + 1] = 'n';
	assert_ok(cof_file_write(tmp, cof_span_str("half"), 0600, &err));
	assert_ok(put(&r, 21, &err));
	assert_ok(cof_file_write(tmpdir_path(&r.dir, "victim", victim), cof_span_str("mine"), 0600, &err));
	assert_int_equal(symlink(victim, tmp), 0);
	assert_ok(put(&r, 22, &err));
	COF_AUTO(cof_buf) mine = {0};
	assert_ok(cof_file_read(victim, 100, &mine, &err));
	assert_string_equal(cof_buf_str(&mine), "mine");
	rig_close(&r);
}

/* --- listing --- */

typedef struct seen {
	size_t good, damaged;
	cof_endorse_type last;
} seen;

static int visit(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err)
{
	seen *s = arg;
	(void)err;
	if (e == NULL) {
		assert_string_equal(damage->reason, "cache-damaged");
		s->damaged++;
		return 0;
	}
	s->good++;
	s->last = e->id.type;
	return 0;
}

static int stop(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err)
{
	(void)arg;
	(void)e;
	(void)damage;
	return cof_err_set(err, COF_E_POLICY, "stopped", "enough");
}

static void lists_the_good_and_the_damaged(void **state)
{
	(void)state;
	rig r;
	seen s = {0};
	char path[160];
	COF_AUTO(cof_endorsement) e = {.id = {.type = COF_ENDORSE_TDX_ROOT_CRL}, .source = "x"};
	rig_open(&r);
	assert_ok(cof_buf_add_str(&e.body, "body", &err));
	assert_ok(cof_ecache_put(r.c, &e, &err));
	assert_ok(cof_file_write(
		tmpdir_path(&r.dir, "e-0000000000000000000000000000000000000000000000000000000000000000", path),
		cof_span_str("junk"), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&r.dir, "README", path), cof_span_str("junk"), 0600, &err));
	assert_ok(cof_ecache_each(r.c, visit, &s, &err));
	assert_int_equal(s.good, 2);
	assert_int_equal(s.damaged, 1);
	assert_int_equal(s.last, COF_ENDORSE_TDX_ROOT_CRL); /* by name */
	assert_fails(cof_ecache_each(r.c, stop, NULL, &err), "stopped");
	rig_close(&r);
}

/* --- other processes --- */

static void a_lock_is_one_process_at_a_time(void **state)
{
	(void)state;
	rig r;
	const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY}, other = {.type = COF_ENDORSE_TDX_ROOT_CRL};
	int mine = -EBADF, theirs = -EBADF, free_one = -EBADF;
	rig_open(&r);
	assert_ok(cof_ecache_lock(r.c, &id, cof_boot_ms() + 1000, &mine, &err));
	int64_t began = cof_boot_ms();
	assert_fails(cof_ecache_lock(r.c, &id, began + 100, &theirs, &err), "endorsement-busy");
	assert_true(cof_boot_ms() - began < 600);
	assert_ok(cof_ecache_lock(r.c, &other, began, &free_one, &err));
	cof_fd_close(&mine);
	assert_ok(cof_ecache_lock(r.c, &id, began, &theirs, &err));
	cof_fd_close(&theirs);
	cof_fd_close(&free_one);
	rig_close(&r);
}

/* Whoever dies with it gives it back. */
static void a_lock_ends_with_its_process(void **state)
{
	(void)state;
	rig r;
	const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	int fd = -EBADF, status = 0;
	rig_open(&r);
	pid_t child = fork();
	if (child == 0)
		_exit(cof_ecache_lock(r.c, &id, cof_boot_ms() + 1000, &fd, NULL) < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_ok(cof_ecache_lock(r.c, &id, cof_boot_ms(), &fd, &err));
	cof_fd_close(&fd);
	rig_close(&r);
}

/* Two writers, many times, and a reader: whole or not there. */
static void writers_do_not_tear(void **state)
{
	(void)state;
	enum { WRITERS = 2, TIMES = 40 };
	rig r;
	pid_t child[WRITERS];
	rig_open(&r);
	for (size_t i = 0; i < WRITERS; i++) {
		child[i] = fork();
		for (int n = 0; child[i] == 0 && n < TIMES; n++) {
			const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
			int fd = -EBADF;
			if (cof_ecache_lock(r.c, &id, cof_boot_ms() + 5000, &fd, NULL) < 0 || put(&r, 20, NULL) < 0)
				_exit(1);
			cof_fd_close(&fd);
		}
		if (child[i] == 0)
			_exit(0);
	}
	for (int n = 0; n < 200; n++)
		assert_ok(load(&r, &err));
	for (size_t i = 0; i < WRITERS; i++) {
		int status = 0;
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	rig_close(&r);
}

/* --- turns --- */

static void turns_lie_apart(void **state)
{
	(void)state;
	rig r;
	int64_t wait = 0;
	rig_open(&r);
	assert_ok(cof_ecache_turn(r.c, "a", 1000, 10000, &wait, &err));
	assert_int_equal(wait, 0);
	assert_ok(cof_ecache_turn(r.c, "a", 1000, 10000, &wait, &err));
	assert_in_range(wait, 800, 1000);
	assert_ok(cof_ecache_turn(r.c, "a", 1000, 10000, &wait, &err));
	assert_in_range(wait, 1800, 2000);
	assert_fails(cof_ecache_turn(r.c, "a", 1000, 500, &wait, &err), "endorsement-busy");
	assert_ok(cof_ecache_turn(r.c, "b", 1000, 0, &wait, &err));
	rig_close(&r);
}

static void a_hold_off_counts_for_an_hour_at_most(void **state)
{
	(void)state;
	rig r;
	int64_t wait = 0;
	rig_open(&r);
	assert_ok(cof_ecache_hold_off(r.c, "a", (int64_t)1 << 60, &err));
	assert_ok(cof_ecache_turn(r.c, "a", 0, 4000000, &wait, &err));
	assert_in_range(wait, 3590000, 3600000);
	assert_ok(cof_ecache_hold_off(r.c, "a", 10, &err)); /* a shorter one takes nothing back */
	assert_ok(cof_ecache_turn(r.c, "a", 0, 4000000, &wait, &err));
	assert_in_range(wait, 3580000, 3600000);
	rig_close(&r);
}

/* A turn that the wall clock made absurd holds nobody for ever. */
static void an_absurd_turn_is_none(void **state)
{
	(void)state;
	rig r;
	int64_t wait = 0;
	char path[400] = "";
	static const uint8_t absurd[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
	rig_open(&r);
	assert_ok(cof_ecache_turn(r.c, "a", 0, 0, &wait, &err));
	DIR *d = opendir(r.dir.path);
	for (const struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
		if (f->d_name[0] == 's')
			(void)snprintf(path, sizeof path, "%s/%.80s", r.dir.path, f->d_name);
	}
	(void)closedir(d);
	assert_ok(cof_file_write(path, cof_span_of(absurd, sizeof absurd), 0600, &err));
	assert_ok(cof_ecache_turn(r.c, "a", 0, 0, &wait, &err));
	assert_int_equal(wait, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_it_was_given),
		cmocka_unit_test(t023_nothing_goes_back_in_time),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(what_is_no_file_of_ours_is_not_read),
		cmocka_unit_test(an_entry_answers_for_itself_alone),
		cmocka_unit_test(a_folder_of_others_is_refused),
		cmocka_unit_test(a_dead_writer_is_in_nobodys_way),
		cmocka_unit_test(lists_the_good_and_the_damaged),
		cmocka_unit_test(a_lock_is_one_process_at_a_time),
		cmocka_unit_test(a_lock_ends_with_its_process),
		cmocka_unit_test(writers_do_not_tear),
		cmocka_unit_test(turns_lie_apart),
		cmocka_unit_test(a_hold_off_counts_for_an_hour_at_most),
		cmocka_unit_test(an_absurd_turn_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
