/* SPDX-License-Identifier: Apache-2.0 */
/* Every case of the TDX kinds in the evidence vectors. */
#include "tests/unit/verify/walk.h"

/* All cases of a kind; at least so many. */
static void walk_tdx(const char *kind, size_t at_least)
{
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, n = 0;
	int bad = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO_PTR(walk_verdict) r = NULL;
		if (strcmp(jstr(v, "kind"), kind) != 0)
			continue;
		n++;
		r = walk_new();
		walk_case(v, r);
		bad += walk_judge(v, r);
		const json_t *tcb = json_object_get(json_object_get(v, "facts"), "tcb");
		if (tcb != NULL)
			bad += walk_fields(jstr(v, "id"), tcb, json_object_get(r->fields, "tcb"));
	}
	assert_int_equal(bad, 0);
	assert_true(n >= at_least);
}

static void tdx_quotes(void **state)
{
	(void)state;
	walk_tdx("tdx-quote", 118);
}

static void padded_buffers(void **state)
{
	(void)state;
	walk_tdx("tdx-quote-parse", 1);
}

static void event_logs(void **state)
{
	(void)state;
	walk_tdx("ccel", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tdx_quotes), cmocka_unit_test(padded_buffers),
					   cmocka_unit_test(event_logs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
