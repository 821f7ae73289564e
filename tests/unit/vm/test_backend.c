/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "common/file.h"
#include "runtime/vm/backend.h"

static void every_back_end_is_whole(void **state)
{
	(void)state;
	assert_non_null(cof_tees[0]);
	for (const cof_tee *const *t = cof_tees; *t != NULL; t++) {
		assert_non_null((*t)->name);
		assert_non_null((*t)->summary);
		assert_true((*t)->probe != NULL && (*t)->start != NULL && (*t)->attach != NULL);
		assert_true((*t)->attached != NULL && (*t)->helper_pidfd != NULL && (*t)->stop != NULL);
		(*t)->stop(NULL);
	}
}

static void t025_the_software_tpm_does_not_claim_more(void **state)
{
	(void)state;
	assert_string_equal(cof_tee_tpm.name, "tpm");
	assert_non_null(strstr(cof_tee_tpm.summary, "not confidential"));
}

static void unknown_names_say_what_there_is(void **state)
{
	(void)state;
	static const char *const names[] = {"snp", "tdx", "sev", "", "TPM", "tpm ", "none"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		const cof_tee *t = NULL;
		cof_err e = {0};
		assert_true(cof_tee_choose(names[i], &t, &e) < 0);
		assert_string_equal(e.reason, "tee-unknown");
		assert_non_null(strstr(e.text, " tpm"));
		assert_null(t);
	}
}

static void auto_takes_what_the_host_has(void **state)
{
	(void)state;
	const cof_tee *t = NULL;
	if (cof_tee_tpm.probe(NULL) < 0)
		skip();
	assert_ok(cof_tee_choose("auto", &t, &err));
	assert_ptr_equal(t, &cof_tee_tpm);
	assert_ok(cof_tee_choose("tpm", &t, &err));
}

static void attach_numbers_its_descriptor(void **state)
{
	(void)state;
	char top[] = "/tmp/coffer-tee-XXXXXX";
	cof_tee_run *run = NULL;
	cof_argv_in in = {COF_ARGV_NO_FDS};
	cof_proc_fd fds[4];
	size_t n = 0;
	int next = 7;
	if (cof_tee_tpm.probe(NULL) < 0)
		skip();
	assert_non_null(mkdtemp(top));
	const cof_tee_ctx ctx = {.run_dir = top, .bare = true};
	assert_ok(cof_tee_tpm.start(&ctx, &run, &err));
	assert_true(cof_tee_tpm.helper_pidfd(run) >= 0);
	assert_ok(cof_tee_tpm.attach(run, &in, fds, &n, &next, &err));
	assert_int_equal(n, 1);
	assert_int_equal(fds[0].to, 7);
	assert_int_equal(in.tpm_fd, 7);
	assert_int_equal(next, 8);
	cof_tee_tpm.attached(run);
	cof_tee_tpm.stop(run);
	assert_ok(cof_rm_tree(top, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_back_end_is_whole),
		cmocka_unit_test(t025_the_software_tpm_does_not_claim_more),
		cmocka_unit_test(unknown_names_say_what_there_is),
		cmocka_unit_test(auto_takes_what_the_host_has),
		cmocka_unit_test(attach_numbers_its_descriptor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
