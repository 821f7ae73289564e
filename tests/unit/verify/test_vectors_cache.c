/* SPDX-License-Identifier: Apache-2.0 */
/* Every case of SNP, TDX and TPMs, twice with one cache that has seen all others: the answers of without it. */
#include "tests/unit/verify/cached.h"
#include "tests/unit/verify/walk.h"

static bool is_asked(const char *kind)
{
	static const char *const kinds[] = {"snp-report", "tdx-quote", "ccel", "tpm-quote", "azure-hcl"};
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		if (strcmp(kinds[i], kind) == 0)
			return true;
	}
	return false;
}

static void ask(const json_t *v, cof_verify_cache *cache)
{
	cof_buf bytes[WALK_ROLES_MAX] = {0};
	cof_role_file files[WALK_ROLES_MAX];
	const char *role;
	json_t *path;
	size_t n = 0;
	json_object_foreach (json_object_get(v, "files"), role, path) {
		assert_true(n < WALK_ROLES_MAX);
		vector_file(v, role, &bytes[n]);
		files[n] = (cof_role_file){role, cof_buf_span(&bytes[n])};
		n++;
	}
	const cof_verify_in in = {.files = files,
				  .n_files = n,
				  .policy = json_object_get(v, "policy"),
				  .now = walk_time(v),
				  .cache = cache};
	(void)assert_same_answer(jstr(v, "kind"), &in);
	for (size_t i = 0; i < n; i++)
		cof_buf_release(&bytes[i]);
}

static void all_with(size_t entries)
{
	COF_AUTO_PTR(json_t) index = vector_index();
	COF_AUTO_PTR(cof_verify_cache) cache = cached_new(entries);
	size_t i, done = 0;
	json_t *v;
	for (int round = 0; round < 2; round++) {
		json_array_foreach (json_object_get(index, "vectors"), i, v) {
			if (!is_asked(jstr(v, "kind")))
				continue;
			ask(v, cache);
			done++;
		}
	}
	assert_true(done >= 380);
	assert_true(cof_verify_cache_counted(cache).hits > 0);
}

static void the_same_answers(void **state)
{
	(void)state;
	all_with(0);
}

static void the_same_answers_of_a_small_cache(void **state)
{
	(void)state;
	all_with(7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_answers),
					   cmocka_unit_test(the_same_answers_of_a_small_cache)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
