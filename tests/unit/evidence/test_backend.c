/* SPDX-License-Identifier: Apache-2.0 */
/* What all backends stand on. */
#include "attestation/evidence/backend.h"

#include "tests/unit/evidence/fake_tee.h"

static void t006_report_data_in_its_field(void **state)
{
	(void)state;
	uint8_t in[65], out[COF_BACKEND_DATA_LEN];
	memset(in, 0x11, sizeof in);
	for (size_t n = 1; n <= 64; n++) {
		memset(out, 0xee, sizeof out);
		assert_ok(cof_backend_data(cof_span_of(in, n), out, &err));
		for (size_t i = 0; i < sizeof out; i++)
			assert_int_equal(out[i], i < n ? 0x11 : 0);
	}
	assert_fails(cof_backend_data(cof_span_of(in, 0), out, &err), "report-data");
	assert_fails(cof_backend_data(cof_span_of(in, 65), out, &err), "report-data");
}

/* T-03: every algorithm in every field: cut or padded, and then all of it compared. */
static void t003_whole_fields(void **state)
{
	(void)state;
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	static const size_t widths[] = {32, 48, 64};
	for (size_t a = 0; a < COF_COUNT(algs); a++) {
		for (size_t w = 0; w < COF_COUNT(widths); w++) {
			cof_digest d = {.alg = algs[a]};
			uint8_t field[64] = {0};
			size_t n = cof_hash_len(algs[a]) < widths[w] ? cof_hash_len(algs[a]) : widths[w];
			memset(d.bytes, 0x5a, cof_hash_len(algs[a]));
			memset(field, 0x5a, n);
			assert_ok(cof_backend_bound(&d, cof_span_of(field, widths[w]), &err));
			for (size_t i = 0; i < widths[w]; i++) {
				field[i] ^= 0x80;
				assert_fails(cof_backend_bound(&d, cof_span_of(field, widths[w]), &err),
					     "initdata-mismatch");
				field[i] ^= 0x80;
			}
		}
	}
}

static void below_a_root(void **state)
{
	(void)state;
	fake_tee f = {.provider = "sev_guest\n", .files = {{"/r/dev/x", {0}}}};
	const cof_sys sys = fake_sys(&f);
	const cof_attester_opts opts = {.root = "/r", .sys = &sys};
	assert_true(cof_backend_there(&opts, "/dev/x"));
	assert_false(cof_backend_there(&opts, "/dev/y"));
	assert_false(cof_backend_provides(&opts, "sev_guest")); /* that one is not below /r */
	assert_true(cof_backend_provides(&(cof_attester_opts){.sys = &sys}, "sev_guest"));
	assert_false(cof_backend_provides(&(cof_attester_opts){.sys = &sys}, "sev_gues"));
	assert_ptr_equal(cof_backend_sys(&(cof_attester_opts){0}), &cof_sys_kernel);
	fake_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t006_report_data_in_its_field),
		cmocka_unit_test(t003_whole_fields),
		cmocka_unit_test(below_a_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
