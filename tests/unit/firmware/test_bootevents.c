/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/bootevents.h"

#include "common/digest.h"
#include "tests/unit/launch_vectors.h"

/* An absent variable still has an event: leaving it out would hide that PK is gone. */
static void an_absent_variable_is_one_with_no_data(void **state)
{
	(void)state;
	static const char want[] = "cbb219d73a3d9645a3bcdad00e67656f"
				   "0200000000000000"
				   "0000000000000000"
				   "64006200";
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_secure_variable_event(COF_VAR_DB, (cof_span){0}, &b, &err));
	assert_hex(b.data, b.len, want);
}

static void a_present_variable_carries_its_data(void **state)
{
	(void)state;
	static const char want[] = "61dfe48bca93d211aa0d00e098032b8c"
				   "0200000000000000"
				   "0300000000000000"
				   "50004b00"
				   "616263";
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_secure_variable_event(COF_VAR_PK, cof_span_str("abc"), &b, &err));
	assert_hex(b.data, b.len, want);
}

static void names_are_those_of_the_logs(void **state)
{
	(void)state;
	static const char *const want[] = {"secure-boot", "pk", "kek", "db", "dbx"};
	assert_int_equal(COF_COUNT(want), COF_SECURE_VARIABLES);
	for (size_t i = 0; i < COF_COUNT(want); i++)
		assert_string_equal(cof_secure_variable_name((cof_secure_variable)i), want[i]);
	for (size_t i = 0; i < COF_BOOT_ACTIONS; i++)
		assert_true(strlen(cof_boot_action_name((cof_boot_action)i)) > 0);
}

static void texts_have_no_nul(void **state)
{
	(void)state;
	assert_span_equal(cof_boot_action_text(COF_ACTION_EXIT), "Exit Boot Services Invocation", 29);
	assert_span_equal(cof_boot_separator(), "\0\0\0\0", 4);
}

static void the_version_has_a_nul(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO(cof_buf) some = {0};
	assert_ok(cof_crtm_version_event("", &none, &err));
	assert_span_equal(cof_buf_span(&none), "\0\0", 2);
	assert_ok(cof_crtm_version_event("1a", &some, &err));
	assert_span_equal(cof_buf_span(&some), "1\0a\0\0\0", 6);
}

static void the_order_lists_numbers(void **state)
{
	(void)state;
	static const cof_boot_option options[] = {{.number = 0x1234}, {.number = 1}};
	COF_AUTO(cof_buf) none = {0};
	COF_AUTO(cof_buf) two = {0};
	assert_ok(cof_boot_order_event(options, 0, &none, &err));
	assert_int_equal(none.len, 0);
	assert_ok(cof_boot_order_event(options, 2, &two, &err));
	assert_span_equal(cof_buf_span(&two), "\x34\x12\x01\0", 4);
}

static void built_in_options_count_up(void **state)
{
	(void)state;
	cof_boot_option o[COF_BOOT_OPTIONS_BUILTIN];
	size_t n = 0;
	assert_ok(cof_boot_options_builtin(false, o, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(o[0].number, 0);
	assert_int_equal(o[0].len, 6 + 2 * 6 + 44);
	assert_ok(cof_boot_options_builtin(true, o, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(o[1].number, 1);
	assert_int_equal(o[1].len, 6 + 2 * 19 + 44);
	assert_hex(o[1].data, 6, "010100002c00");
}

/* --- the published digests --- */

static void assert_published(const json_t *all, const char *name, cof_span bytes)
{
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384};
	const json_t *v = json_object_get(all, name);
	const char *hex = jstr(v, jstr(v, "data_hex") != NULL ? "data_hex" : "event_hex");
	assert_non_null(hex);
	assert_hex(bytes.data, bytes.len, hex);
	for (size_t k = 0; k < COF_COUNT(algs); k++) {
		cof_digest d = {0};
		assert_ok(cof_digest_of(algs[k], bytes, &d, &err));
		assert_hex(d.bytes, cof_hash_len(d.alg), jstr(v, cof_hash_name(d.alg)));
	}
}

static size_t check_variables(const json_t *all)
{
	static const struct {
		const char *name;
		cof_secure_variable v;
		cof_span data;
	} cases[] = {
		{"var-SecureBoot-absent", COF_VAR_SECURE_BOOT, {0}},
		{"var-SecureBoot-0", COF_VAR_SECURE_BOOT, {(const uint8_t *)"\0", 1}},
		{"var-SecureBoot-1", COF_VAR_SECURE_BOOT, {(const uint8_t *)"\1", 1}},
		{"var-PK-absent", COF_VAR_PK, {0}},
		{"var-KEK-absent", COF_VAR_KEK, {0}},
		{"var-db-absent", COF_VAR_DB, {0}},
		{"var-dbx-absent", COF_VAR_DBX, {0}},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_secure_variable_event(cases[i].v, cases[i].data, &b, &err));
		assert_published(all, cases[i].name, cof_buf_span(&b));
	}
	return COF_COUNT(cases);
}

static size_t check_texts(const json_t *all)
{
	static const char *const actions[] = {
		[COF_ACTION_CALLING] = "calling-efi-application",
		[COF_ACTION_RETURNING] = "returning-from-efi-application",
		[COF_ACTION_EXIT] = "exit-boot-services-invocation",
		[COF_ACTION_EXIT_DONE] = "exit-boot-services-success",
	};
	static const char *const versions[] = {"", "2025.02-8+deb13u1", "2026.08+ds-2"};
	for (size_t i = 0; i < COF_COUNT(actions); i++)
		assert_published(all, actions[i], cof_boot_action_text((cof_boot_action)i));
	for (size_t i = 0; i < COF_COUNT(versions); i++) {
		COF_AUTO(cof_buf) b = {0};
		char name[64];
		(void)snprintf(name, sizeof name, "crtm-version-%s", versions[i][0] == '\0' ? "empty" : versions[i]);
		assert_ok(cof_crtm_version_event(versions[i], &b, &err));
		assert_published(all, name, cof_buf_span(&b));
	}
	assert_published(all, "separator", cof_boot_separator());
	return COF_COUNT(actions) + COF_COUNT(versions) + 1;
}

static size_t check_boot_options(const json_t *all)
{
	static const char *const names[2][3] = {
		{"BootOrder-0000", "Boot0000-UiApp"},
		{"BootOrder-0000-0001", "Boot0000-BootManagerMenuApp", "Boot0001-EFI-Firmware-Setup"},
	};
	size_t done = 0;
	for (size_t two = 0; two < 2; two++) {
		COF_AUTO(cof_buf) order = {0};
		cof_boot_option o[COF_BOOT_OPTIONS_BUILTIN];
		size_t n = 0;
		assert_ok(cof_boot_options_builtin(two == 1, o, &n, &err));
		assert_ok(cof_boot_order_event(o, n, &order, &err));
		assert_published(all, names[two][0], cof_buf_span(&order));
		for (size_t i = 0; i < n; i++)
			assert_published(all, names[two][i + 1], cof_span_of(o[i].data, o[i].len));
		done += 1 + n;
	}
	return done;
}

static void every_published_event(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	const json_t *all = json_object_get(j, "event_digests");
	assert_int_equal(check_variables(all) + check_texts(all) + check_boot_options(all), json_object_size(all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absent_variable_is_one_with_no_data),
		cmocka_unit_test(a_present_variable_carries_its_data),
		cmocka_unit_test(names_are_those_of_the_logs),
		cmocka_unit_test(texts_have_no_nul),
		cmocka_unit_test(the_version_has_a_nul),
		cmocka_unit_test(the_order_lists_numbers),
		cmocka_unit_test(built_in_options_count_up),
		cmocka_unit_test(every_published_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
