/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tableloader.h"

#include "common/wr.h"
#include "tests/unit/launch_vectors.h"

static void put_record(cof_buf *b, uint32_t command, const char *file)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u32le(&w, command);
	cof_wr_bytes(&w, cof_span_str(file));
	cof_wr_zeros(&w, 124 - strlen(file));
	assert_ok(cof_wr_done(&w, &err));
}

static void hostile_sizes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_table_loader t = {.n = 77};
	for (size_t i = 0; i <= COF_TABLE_LOADER_RECORDS_MAX; i++)
		put_record(&b, 2, "x");
	assert_fails(cof_table_loader_parse(cof_buf_span(&b), &t, &err), "acpi-malformed");
	for (size_t n = 0; n < 300; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, b.data, n);
		if (n > 0 && n % 128 == 0)
			assert_ok(cof_table_loader_parse((cof_span){exact, n}, &t, &err));
		else
			assert_fails(cof_table_loader_parse((cof_span){exact, n}, &t, &err), "acpi-malformed");
	}
	assert_int_equal(t.n, 0);
}

static void too_many_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_table_loader t = {.n = 77};
	for (size_t i = 0; i < COF_TABLE_LOADER_FILES_MAX; i++)
		put_record(&b, 1, "etc/acpi/tables");
	assert_ok(cof_table_loader_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.n, COF_TABLE_LOADER_FILES_MAX);
	put_record(&b, 1, "etc/acpi/tables");
	t.n = 77;
	assert_fails(cof_table_loader_parse(cof_buf_span(&b), &t, &err), "acpi-malformed");
	assert_int_equal(t.n, 77);
}

static void files_in_the_order_of_the_script(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_table_loader t = {0};
	put_record(&b, 1, "etc/acpi/rsdp");
	put_record(&b, 3, "etc/acpi/other");
	put_record(&b, 1, "etc/acpi/tables");
	assert_ok(cof_table_loader_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.n, 2);
	assert_true(cof_table_loader_is(t.files[0], "etc/acpi/rsdp"));
	assert_true(cof_table_loader_is(t.files[1], "etc/acpi/tables"));
}

/* T-016: a name that only begins like a known file must not pass for it. */
static void t016_names_are_compared_whole(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_table_loader t = {0};
	char full[57] = "";
	put_record(&b, 1, "etc/acpi/tables2");
	memset(full, 'x', 56);
	put_record(&b, 1, full);
	assert_ok(cof_table_loader_parse(cof_buf_span(&b), &t, &err));
	assert_false(cof_table_loader_is(t.files[0], "etc/acpi/tables"));
	assert_true(cof_table_loader_is(t.files[0], "etc/acpi/tables2"));
	assert_false(cof_table_loader_is(t.files[1], full)); /* no NUL within the field */
	assert_false(cof_table_loader_is((cof_span){0}, ""));
}

static void real_scripts(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	size_t i, done = 0;
	json_t *v;
	json_array_foreach (json_object_get(j, "captures"), i, v) {
		const char *file = jstr(json_object_get(json_object_get(v, "files"), "table_loader"), "file");
		COF_AUTO(cof_buf) b = {0};
		cof_table_loader t = {0};
		if (file == NULL)
			continue;
		vector_read_xz(file, &b);
		assert_ok(cof_table_loader_parse(cof_buf_span(&b), &t, &err));
		assert_int_equal(t.n, 3);
		assert_true(cof_table_loader_is(t.files[0], "etc/acpi/rsdp"));
		assert_true(cof_table_loader_is(t.files[1], "etc/tpm/log"));
		assert_true(cof_table_loader_is(t.files[2], "etc/acpi/tables"));
		done++;
	}
	assert_true(done > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(too_many_files),
		cmocka_unit_test(t016_names_are_compared_whole),
		cmocka_unit_test(files_in_the_order_of_the_script),
		cmocka_unit_test(real_scripts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
