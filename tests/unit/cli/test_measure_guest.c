/* SPDX-License-Identifier: Apache-2.0 */
/* From a guest on disk to a prediction's inputs: nothing is asked of QEMU about files that are not the manifest's. */
#include "tests/unit/cli/guest_files.h"

static int load(const guest_files *g, cof_err *err)
{
	COF_AUTO(cof_manifest) m = {0};
	COF_AUTO(cof_guest_inputs) in = {0};
	const cof_profile *p = NULL;
	int rc = cof_manifest_load(g->manifest, &m, err);
	if (rc == 0)
		rc = cof_manifest_profile(&m, "default", &p, err);
	return rc < 0 ? rc : cof_guest_inputs_load(&m, p, g->qemu, &in, err);
}

static int set_up(void **state)
{
	static guest_files g;
	guest_files_make(&g, "q35");
	*state = &g;
	return 0;
}

static int tear_down(void **state)
{
	guest_files_drop(*state);
	return 0;
}

static void t077_a_file_that_is_not_the_manifests(void **state)
{
	guest_files *g = *state;
	for (size_t i = 0; i < COF_COUNT(guest_file_names); i++) {
		const char *name = guest_file_names[i];
		static const char *const texts[] = {"", "another", "code.fd ", "vmlinuy"};
		for (size_t k = 0; k < COF_COUNT(texts); k++) {
			cof_err err = {0};
			guest_put(g, name, texts[k], 0600);
			assert_true(load(g, &err) < 0);
			assert_string_equal(err.reason, "guest-image-mismatch");
			assert_int_equal(err.cls, COF_E_CRYPTO);
			assert_non_null(strstr(err.text, name));
		}
		guest_put(g, name, name, 0600);
	}
	assert_int_equal(access(g->mark, F_OK), -1); /* QEMU never ran */
	guest_leaves_nothing(g);
}

static void a_file_that_is_not_there(void **state)
{
	guest_files *g = *state;
	for (size_t i = 0; i < COF_COUNT(guest_file_names); i++) {
		char path[160];
		cof_err err = {0};
		assert_int_equal(unlink(tmpdir_path(&g->dir, guest_file_names[i], path)), 0);
		assert_true(load(g, &err) < 0);
		guest_put(g, guest_file_names[i], guest_file_names[i], 0600);
	}
	assert_int_equal(access(g->mark, F_OK), -1);
}

static void t094_a_qemu_that_ends_leaves_nothing(void **state)
{
	guest_files *g = *state;
	if (!guest_has_swtpm())
		skip();
	cof_err err = {0};
	assert_true(load(g, &err) < 0);
	assert_int_equal(access(g->mark, F_OK), 0); /* this time it was asked */
	guest_leaves_nothing(g);
	guest_put(g, "qemu", "not a program", 0600);
	assert_true(load(g, &err) < 0);
	guest_leaves_nothing(g);
}

static void t091_the_folder_is_private_and_goes_away(void **state)
{
	guest_files *g = *state;
	cof_tmp_dir a = {0}, b = {0};
	struct stat st;
	char path[200];
	assert_ok(cof_tmp_dir_make(&a, &err));
	assert_ok(cof_tmp_dir_make(&b, &err));
	assert_string_not_equal(a.path, b.path);
	assert_int_equal(strncmp(a.path, g->tmp, strlen(g->tmp)), 0);
	assert_int_equal(stat(a.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof path, "%s/file", a.path);
	assert_ok(cof_file_write(path, cof_span_str("x"), 0600, &err));
	cof_tmp_dir_release(&a);
	cof_tmp_dir_release(&a); /* of nothing */
	assert_null(a.path);
	assert_int_equal(access(b.path, F_OK), 0);
	cof_tmp_dir_release(&b);
	guest_leaves_nothing(g);
}

static void a_temporary_folder_that_is_none(void **state)
{
	(void)state;
	cof_tmp_dir d = {0};
	assert_int_equal(setenv("TMPDIR", "/nonexistent/tmp", 1), 0);
	assert_fails(cof_tmp_dir_make(&d, &err), "temp-dir");
	assert_null(d.path);
	assert_int_equal(setenv("TMPDIR", "relative", 1), 0); /* never below whatever folder we are in */
	assert_ok(cof_tmp_dir_make(&d, &err));
	assert_int_equal(strncmp(d.path, "/tmp/coffer-", 12), 0);
	cof_tmp_dir_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(t077_a_file_that_is_not_the_manifests), T(a_file_that_is_not_there),
		T(t094_a_qemu_that_ends_leaves_nothing),  T(t091_the_folder_is_private_and_goes_away),
		T(a_temporary_folder_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
