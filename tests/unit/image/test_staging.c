/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are whole or not there: what test_flat does not reach through the whole way. */
#include "image-decrypt/staging.h"

#include "tests/unit/image/scratch.h"

static void path_of(const scratch *s, const char *name, char out[256])
{
	(void)snprintf(out, 256, "%s/%s", s->root, name);
}

static size_t folders(const scratch *s)
{
	struct stat st;
	assert_int_equal(fstat(s->fd, &st), 0);
	return st.st_nlink - 2;
}

static void published(void **state)
{
	const scratch *s = *state;
	char target[256];
	cof_staging *st = NULL;
	path_of(s, "tree///", target);
	assert_ok(cof_staging_new(&st, target, &err));
	COF_AUTO_FD int f = openat(cof_staging_root(st), "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(f >= 0);
	assert_false(scratch_has(s, "tree"));
	assert_ok(cof_staging_publish(st, &err));
	cof_staging_free(st);
	assert_true(scratch_has(s, "tree/f"));
	assert_int_equal(folders(s), 1);
}

static void t036_not_published_is_gone(void **state)
{
	const scratch *s = *state;
	char target[256];
	cof_staging *st = NULL;
	path_of(s, "tree", target);
	assert_ok(cof_staging_new(&st, target, &err));
	assert_int_equal(mkdirat(cof_staging_root(st), "d", 0700), 0);
	assert_int_equal(folders(s), 1);
	cof_staging_free(st);
	assert_int_equal(folders(s), 0);
}

/* Somebody was faster: theirs stays. */
static void a_target_that_came_meanwhile(void **state)
{
	const scratch *s = *state;
	char target[256];
	for (int empty_before = 0; empty_before < 2; empty_before++) {
		cof_staging *st = NULL;
		path_of(s, empty_before ? "b" : "a", target);
		assert_int_equal(empty_before ? mkdir(target, 0700) : 0, 0);
		assert_ok(cof_staging_new(&st, target, &err));
		assert_int_equal(empty_before ? 0 : mkdir(target, 0700), 0);
		path_of(s, empty_before ? "b/f" : "a/f", target);
		assert_ok(cof_file_write(target, cof_span_str("theirs"), 0600, &err));
		assert_fails(cof_staging_publish(st, &err), "target-exists");
		cof_staging_free(st);
		assert_int_equal(access(target, F_OK), 0);
	}
	assert_int_equal(folders(s), 2);
}

static void nowhere_to_make_it(void **state)
{
	const scratch *s = *state;
	char target[256];
	cof_staging *st = NULL;
	path_of(s, "no/such/folder", target);
	assert_fails(cof_staging_new(&st, target, &err), "create-failed");
	assert_fails(cof_staging_new(&st, "/", &err), "target-exists");
	assert_null(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(published),
		T(t036_not_published_is_gone),
		T(a_target_that_came_meanwhile),
		T(nowhere_to_make_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
