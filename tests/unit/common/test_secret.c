/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/secret.h"

static void compares_in_whole(void **state)
{
	(void)state;
	assert_true(cof_ct_equal(cof_span_str("abc"), cof_span_str("abc")));
	assert_false(cof_ct_equal(cof_span_str("abc"), cof_span_str("abd")));
	assert_false(cof_ct_equal(cof_span_str("abc"), cof_span_str("ab")));
	assert_true(cof_ct_equal((cof_span){0}, (cof_span){0}));
}

static void refuses_absurd_sizes(void **state)
{
	(void)state;
	cof_secret s = {0};
	assert_fails(cof_secret_new(&s, COF_SECRET_MAX + 1, &err), "secret-too-large");
}

static void moves_and_empties(void **state)
{
	(void)state;
	COF_AUTO(cof_secret) a = {0};
	assert_ok(cof_secret_from(&a, cof_span_str("key"), &err));
	COF_AUTO(cof_secret) b = cof_secret_steal(&a);
	assert_null(a.data);
	assert_span_equal(cof_secret_span(&b), "key", 3);
	cof_secret_release(&b);
	cof_secret_release(&b);
	assert_null(b.data);
}

static bool mapping_has_flag(const void *addr, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false, found = false;
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		unsigned long from = 0, to = 0;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)addr >= from && (uintptr_t)addr < to;
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	if (f != NULL)
		(void)fclose(f);
	return found;
}

static void stays_out_of_dumps(void **state)
{
	(void)state;
	COF_AUTO(cof_secret) s = {0};
	assert_ok(cof_secret_new(&s, 100, &err));
	assert_true(mapping_has_flag(s.data, " dd"));
	assert_true(mapping_has_flag(s.data, " wf"));
}

static void is_empty_in_a_forked_child(void **state)
{
	(void)state;
	COF_AUTO(cof_secret) s = {0};
	assert_ok(cof_secret_from(&s, cof_span_str("key"), &err));
	pid_t pid = fork();
	if (pid == 0)
		_exit(s.data[0] == 0 ? 0 : 1);
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Hooks are process-wide, so they are tried in a child. */
static void process_init_wipes_and_hides(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		cof_secret_process_init();
		bool good = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
		json_t *v = json_pack("{s:s, s:[i,i]}", "k", "secret", "n", 1, 2);
		json_decref(v);
		uint8_t *p = OPENSSL_malloc(8);
		memset(p, 'x', 8);
		p = OPENSSL_realloc(p, 4000);
		good = good && p != NULL && p[7] == 'x';
		p = OPENSSL_realloc(p, 4);
		good = good && p != NULL && p[3] == 'x';
		OPENSSL_free(p);
		OPENSSL_free(NULL);
		_exit(good ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_in_whole),	      cmocka_unit_test(refuses_absurd_sizes),
		cmocka_unit_test(moves_and_empties),	      cmocka_unit_test(stays_out_of_dumps),
		cmocka_unit_test(is_empty_in_a_forked_child), cmocka_unit_test(process_init_wipes_and_hides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
