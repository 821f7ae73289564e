/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/cpu.h"

#include "tests/unit/sev/sev_vectors.h"

static void known_models(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t signature;
	} cases[] = {
		{"EPYC", 0x00800f12},	       {"EPYC-v1", 0x00800f12},	      {"EPYC-v2", 0x00800f12},
		{"EPYC-v3", 0x00800f12},       {"EPYC-v4", 0x00800f12},	      {"EPYC-v5", 0x00800f12},
		{"EPYC-IBPB", 0x00800f12},     {"EPYC-Rome", 0x00830f10},     {"EPYC-Rome-v1", 0x00830f10},
		{"EPYC-Rome-v2", 0x00830f10},  {"EPYC-Rome-v3", 0x00830f10},  {"EPYC-Rome-v4", 0x00830f10},
		{"EPYC-Rome-v5", 0x00830f10},  {"EPYC-Milan", 0x00a00f11},    {"EPYC-Milan-v1", 0x00a00f11},
		{"EPYC-Milan-v2", 0x00a00f11}, {"EPYC-Milan-v3", 0x00a00f11}, {"EPYC-Genoa", 0x00a10f10},
		{"EPYC-Genoa-v1", 0x00a10f10}, {"EPYC-Genoa-v2", 0x00a10f10}, {"EPYC-Turin", 0x00b00f00},
		{"EPYC-Turin-v1", 0x00b00f00}, {"epyc-milan", 0x00a00f11},    {"EPYC-GENOA-V1", 0x00a10f10},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		uint32_t signature = 0;
		assert_ok(cof_cpu_find(cases[i].name, &signature, &err));
		assert_int_equal(signature, cases[i].signature);
	}
}

static void unknown_models(void **state)
{
	(void)state;
	static const char *const names[] = {"",	    "EPYC-", "EPYC-v6", "EPYC-v", "EPYC-Rome-v6",
					    "host", "max",   "EPYC ",	"qemu64"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		uint32_t signature = 77;
		assert_fails(cof_cpu_find(names[i], &signature, &err), "vcpu-type-unknown");
		assert_int_equal(signature, 77);
	}
}

static void signatures_by_number(void **state)
{
	(void)state;
	static const struct {
		unsigned family, model, stepping;
		uint32_t signature;
	} cases[] = {
		{0, 0, 0, 0},
		{6, 0xf, 3, 0x000006f3},     /* below 16 there is no extended family */
		{15, 0x6b, 2, 0x00060fb2},   /* an Athlon 64 */
		{16, 4, 2, 0x00100f42},	     /* a Phenom II */
		{23, 0x71, 0, 0x00870f10},   /* a Ryzen 3000 */
		{25, 0x21, 2, 0x00a20f12},   /* a Ryzen 5000 */
		{26, 0x02, 1, 0x00b00f21},   /* EPYC of the fifth generation as it is sold */
		{270, 0xff, 15, 0x0fff0fff}, /* the largest of each */
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_int_equal(cof_cpu_signature(cases[i].family, cases[i].model, cases[i].stepping),
				 cases[i].signature);
}

static void names_are_unique(void **state)
{
	(void)state;
	size_t n = 0;
	for (const cof_cpu_type *t = cof_cpu_types; t->name != NULL; t++, n++) {
		for (const cof_cpu_type *u = cof_cpu_types; u != t; u++)
			assert_string_not_equal(t->name, u->name);
	}
	assert_int_equal(n, 22);
}

static void one_name_stands_for_each_signature(void **state)
{
	static const char *const firsts[] = {"EPYC", "EPYC-Rome", "EPYC-Milan", "EPYC-Genoa", "EPYC-Turin"};
	size_t n = 0;
	(void)state;
	for (const cof_cpu_type *t = cof_cpu_types; t->name != NULL; t++) {
		if (!cof_cpu_is_first(t))
			continue;
		assert_true(n < COF_COUNT(firsts));
		assert_string_equal(t->name, firsts[n++]);
	}
	assert_int_equal(n, COF_COUNT(firsts));
}

static void every_model_of_the_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	size_t i, count = 0;
	json_t *c;
	json_array_foreach (json_object_get(root, "cases"), i, c) {
		uint32_t signature = 0;
		if (jstr(c, "vcpu_type") == NULL || !json_is_integer(json_object_get(c, "vcpu_sig")) ||
		    jint(c, "vcpu_sig") == 0)
			continue;
		assert_ok(cof_cpu_find(jstr(c, "vcpu_type"), &signature, &err));
		assert_int_equal(signature, jint(c, "vcpu_sig"));
		count++;
	}
	assert_true(count >= 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_models),
		cmocka_unit_test(unknown_models),
		cmocka_unit_test(signatures_by_number),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(one_name_stands_for_each_signature),
		cmocka_unit_test(every_model_of_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
