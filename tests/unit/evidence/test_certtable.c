/* SPDX-License-Identifier: Apache-2.0 */
/* What a host may and may not write into its certificate table. */
#include "attestation/evidence/certtable.h"

#include "attestation/verify/snp_table.h"
#include "tests/unit/evidence/make_table.h"

static int parse(const table_entry *e, size_t n, size_t body, json_t **ret, cof_err *err)
{
	static uint8_t bytes[256];
	COF_AUTO(cof_buf) in = {0};
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i + 1);
	make_table(e, n, cof_span_of(bytes, body), &in);
	return cof_certtable_parse(cof_buf_span(&in), ret, err);
}

static void assert_refused(const table_entry *e, size_t n, size_t body)
{
	json_t *v = NULL;
	assert_fails(parse(e, n, body, &v, &err), "certificate-table");
	assert_null(v);
}

static void t079_outside_and_over_each_other(void **state)
{
	(void)state;
	static const table_entry cases[][2] = {
		{{GUID_VCEK, 72, 10}, {GUID_ASK, 81, 10}},	  /* a byte of both */
		{{GUID_VCEK, 72, 10}, {GUID_ASK, 72, 10}},	  /* all of them */
		{{GUID_VCEK, 72, 20}, {GUID_ASK, 75, 2}},	  /* one in the other */
		{{GUID_VCEK, 71, 4}, {GUID_ASK, 80, 2}},	  /* the end of the list */
		{{GUID_VCEK, 0, 4}, {GUID_ASK, 80, 2}},		  /* the list itself */
		{{GUID_VCEK, 72, 21}, {GUID_ASK, 72, 0}},	  /* nothing, and past the end */
		{{GUID_VCEK, 92, 1}, {GUID_ASK, 72, 1}},	  /* just past it */
		{{GUID_VCEK, 72, UINT32_MAX}, {GUID_ASK, 72, 1}}, /* a sum that wraps */
		{{GUID_VCEK, UINT32_MAX, 80}, {GUID_ASK, 72, 1}}, /* the other way */
		{{GUID_VCEK, 72, 1}, {GUID_VCEK, 80, 1}},	  /* twice */
		{{GUID_EXTRA, 72, 1}, {GUID_EXTRA, 80, 1}},	  /* twice, though nobody reads it */
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_refused(cases[i], 2, 20);
}

static void t079_without_an_end(void **state)
{
	(void)state;
	static const table_entry e[] = {{GUID_VCEK, 72, 4}, {GUID_ASK, 76, 4}};
	COF_AUTO(cof_buf) in = {0};
	make_table(e, 2, cof_span_str("vcekask!"), &in);
	for (size_t n = 1; n < in.len; n++) {
		json_t *v = NULL;
		assert_fails(cof_certtable_parse(cof_span_of(in.data, n), &v, &err), "certificate-table");
	}
}

static void t079_too_many(void **state)
{
	(void)state;
	table_entry e[33];
	char guids[33][16];
	for (unsigned i = 0; i < 33; i++) {
		memset(guids[i], (int)i + 1, 16);
		e[i] = (table_entry){guids[i], 34 * 24 + i, 1};
	}
	assert_refused(e, 33, 40);
	json_t *v = NULL;
	for (unsigned i = 0; i < 32; i++)
		e[i].offset = 33 * 24 + i;
	assert_ok(parse(e, 32, 40, &v, &err));
	assert_true(json_is_null(v)); /* none that a verifier knows */
}

static void t079_too_large(void **state)
{
	(void)state;
	static uint8_t big[COF_CERTTABLE_MAX + 1];
	json_t *v = NULL;
	assert_ok(cof_certtable_parse(cof_span_of(big, COF_CERTTABLE_MAX), &v, &err));
	assert_true(json_is_null(v));
	assert_fails(cof_certtable_parse(cof_span_of(big, sizeof big), &v, &err), "certificate-table");
}

static void all_kinds(void **state)
{
	(void)state;
	static const char *const names[] = {"CRL", "VCEK", "ASK", "ARK", "VLEK"};
	static const table_entry e[] = {{GUID_CRL, 168, 3}, {GUID_VCEK, 171, 3}, {GUID_EXTRA, 174, 3},
					{GUID_ASK, 177, 3}, {GUID_ARK, 180, 3},	 {GUID_VLEK, 183, 3}};
	COF_AUTO_PTR(json_t) v = NULL;
	assert_ok(parse(e, COF_COUNT(e), 18, &v, &err));
	assert_int_equal(json_array_size(v), COF_COUNT(names));
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		const json_t *c = json_array_get(v, i);
		const json_t *data = json_object_get(c, "data");
		assert_string_equal(json_string_value(json_object_get(c, "cert_type")), names[i]);
		assert_int_equal(json_array_size(data), 3);
		assert_int_equal(json_integer_value(json_array_get(data, 0)), 1 + 3 * (i < 2 ? i : i + 1));
	}
}

static void side_by_side(void **state)
{
	(void)state;
	static const table_entry e[][2] = {{{GUID_VCEK, 72, 4}, {GUID_ASK, 76, 4}},
					   {{GUID_VCEK, 76, 4}, {GUID_ASK, 72, 4}}};
	for (size_t i = 0; i < COF_COUNT(e); i++) {
		COF_AUTO_PTR(json_t) v = NULL;
		assert_ok(parse(e[i], 2, 8, &v, &err));
		assert_int_equal(json_array_size(v), 2);
	}
}

static void none(void **state)
{
	(void)state;
	json_t *v = NULL;
	assert_ok(cof_certtable_parse((cof_span){0}, &v, &err));
	assert_true(json_is_null(v));
	assert_ok(parse(NULL, 0, 0, &v, &err));
	assert_true(json_is_null(v));
	assert_ok(parse(NULL, 0, 200, &v, &err)); /* what lies behind the end is nobody's */
	assert_true(json_is_null(v));
}

static size_t len_of(const json_t *list, const char *type)
{
	size_t i;
	json_t *c;
	json_array_foreach (list, i, c)
		if (strcmp(json_string_value(json_object_get(c, "cert_type")), type) == 0)
			return json_array_size(json_object_get(c, "data"));
	return 0;
}

/* The verifier reads such tables from files: what is accepted here, it sees as the same certificates. */
static void as_the_verifier_reads_it(void **state)
{
	(void)state;
	static const table_entry e[] = {{GUID_VCEK, 72, 4}, {GUID_ASK, 76, 5}};
	COF_AUTO(cof_buf) in = {0};
	size_t accepted = 0;
	make_table(e, 2, cof_span_str("vcek ask."), &in);
	for (size_t bit = 0; bit < in.len * 8; bit++) {
		COF_AUTO_PTR(json_t) v = NULL;
		cof_snp_table t = {0};
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cof_certtable_parse(cof_buf_span(&in), &v, NULL) == 0) {
			accepted++;
			assert_ok(cof_snp_table_parse(cof_buf_span(&in), &t, &err));
			assert_int_equal(t.vcek.len, len_of(v, "VCEK"));
			assert_int_equal(t.ask.len, len_of(v, "ASK"));
		}
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_outside_and_over_each_other),
		cmocka_unit_test(t079_without_an_end),
		cmocka_unit_test(t079_too_many),
		cmocka_unit_test(t079_too_large),
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(none),
		cmocka_unit_test(as_the_verifier_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
