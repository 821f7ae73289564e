/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/loadoptions.h"

#include "common/digest.h"
#include "tests/unit/launch_vectors.h"

static void too_long_is_refused(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = calloc(1, COF_LOAD_OPTIONS_MAX + 2);
	COF_AUTO(cof_buf) b = {0};
	memset(text, 'x', COF_LOAD_OPTIONS_MAX + 1);
	assert_fails(cof_load_options(text, false, false, &b, &err), "cmdline-too-long");
	assert_null(b.data);
	text[COF_LOAD_OPTIONS_MAX] = '\0';
	assert_ok(cof_load_options(text, false, false, &b, &err));
	assert_int_equal(b.len, 2 * (COF_LOAD_OPTIONS_MAX + 1));
}

/* Without either, the kernel logs no event at all: an empty string would be one. */
static void nothing_gives_nothing(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_load_options(NULL, false, true, &b, &err));
	assert_ok(cof_load_options("", false, false, &b, &err));
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

static void assert_units(const char *cmdline, bool initrd, bool first, const char *want)
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_load_options(cmdline, initrd, first, &b, &err));
	assert_int_equal(b.len, 2 * (strlen(want) + 1));
	for (size_t i = 0; i < b.len; i += 2) {
		assert_int_equal(b.data[i], (uint8_t)want[i / 2]);
		assert_int_equal(b.data[i + 1], 0);
	}
}

static void the_initrd_goes_before_or_behind(void **state)
{
	(void)state;
	assert_units("a b", false, false, "a b");
	assert_units("a b", false, true, "a b");
	assert_units("a b", true, false, "a b initrd=initrd");
	assert_units("a b", true, true, "initrd=initrd a b");
	assert_units(NULL, true, false, " initrd=initrd");
	assert_units("", true, true, "initrd=initrd ");
}

/* Every byte is one unit: UTF-8 is not decoded, and bad UTF-8 is no error. */
static void bytes_are_widened(void **state)
{
	(void)state;
	assert_units("\xc3\xa9 \xff\x80\x01", false, false, "\xc3\xa9 \xff\x80\x01");
}

static void published_strings(void **state)
{
	(void)state;
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384};
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *cases = json_object_get(j, "load_options"), *v;
	size_t i;
	assert_true(json_array_size(cases) > 0);
	json_array_foreach (cases, i, v) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_load_options(jstr(v, "append"), json_is_true(json_object_get(v, "initrd")),
					   strcmp(jstr(v, "order"), "prefix") == 0, &b, &err));
		assert_hex(b.data, b.len, jstr(v, "load_options_hex"));
		for (size_t k = 0; k < COF_COUNT(algs); k++) {
			cof_digest d = {0};
			assert_ok(cof_digest_of(algs[k], cof_buf_span(&b), &d, &err));
			assert_hex(d.bytes, cof_hash_len(d.alg), jstr(v, cof_hash_name(d.alg)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_long_is_refused),
		cmocka_unit_test(nothing_gives_nothing),
		cmocka_unit_test(the_initrd_goes_before_or_behind),
		cmocka_unit_test(bytes_are_widened),
		cmocka_unit_test(published_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
