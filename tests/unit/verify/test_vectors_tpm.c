/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/walk.h"

static void every_quote(void **state)
{
	(void)state;
	assert_true(walk_kind("tpm-quote") >= 40);
}

static void every_credential(void **state)
{
	(void)state;
	assert_true(walk_kind("tpm-credential") >= 2);
}

/* The AK's name is part of what is known, and in no file. */
static void every_known_answer(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, done = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO_PTR(walk_verdict) r = walk_new();
		if (strcmp(jstr(v, "kind"), "tpm-makecredential-kat") != 0)
			continue;
		const json_t *name = json_object_get(json_object_get(v, "fields"), "ak_name");
		(void)json_object_set_new(v, "policy", json_pack("{s:O}", "ak_name", name));
		walk_case(v, r);
		assert_int_equal(walk_judge(v, r), 0);
		done++;
	}
	assert_true(done >= 3);
}

static void every_azure_report(void **state)
{
	(void)state;
	assert_true(walk_kind("azure-hcl") >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_quote), cmocka_unit_test(every_credential),
					   cmocka_unit_test(every_known_answer), cmocka_unit_test(every_azure_report)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
