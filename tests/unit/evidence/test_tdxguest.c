/* SPDX-License-Identifier: Apache-2.0 */
/* TDREPORTs and measurement attributes. */
#include "tests/unit/evidence/fake_td.h"

#include "attestation/evidence/tdxguest.h"

static const uint8_t asked[64] = {4, 5, 6};

static void reports(void **state)
{
	(void)state;
	fake_td td = {.config_id = {7}};
	fake_tee f = {.arg = &td, .ioctl = fake_td_ioctl, .tdxguest = true};
	const cof_sys sys = fake_sys(&f);
	uint8_t report[COF_TDXGUEST_REPORT_LEN] = {0};
	assert_ok(cof_tdxguest_report(&sys, "/dev/tdx_guest", asked, report, &err));
	assert_memory_equal(report + 128, asked, 64);
	td.other_data = true;
	assert_fails(cof_tdxguest_report(&sys, "/dev/tdx_guest", asked, report, &err), "tdx-guest-report");
	f.faults[0] = (fake_fault){"ioctl", "", EIO, 1, 0};
	assert_fails(cof_tdxguest_report(&sys, "/dev/tdx_guest", asked, report, &err), "tdx-guest-failed");
	f.tdxguest = false;
	assert_fails(cof_tdxguest_report(&sys, "/dev/tdx_guest", asked, report, &err), "tdx-guest-absent");
	fake_drop(&f);
}

#define MRCONFIGID COF_TDXGUEST_MEASUREMENTS "/mrconfigid"

static void mrconfigid_by_attribute_then_by_report(void **state)
{
	(void)state;
	static const uint8_t by_file[49] = {1, 2};
	fake_td td = {.config_id = {7, 8}};
	fake_tee f = {.arg = &td, .ioctl = fake_td_ioctl, .tdxguest = true};
	const cof_sys sys = fake_sys(&f);
	uint8_t id[48] = {0};
	assert_ok(cof_tdxguest_mrconfigid(&sys, "", id, &err));
	assert_memory_equal(id, td.config_id, 48);
	f.files[0] = (fake_file){MRCONFIGID, cof_span_of(by_file, 48)};
	assert_ok(cof_tdxguest_mrconfigid(&sys, "", id, &err));
	assert_memory_equal(id, by_file, 48);
	/* One that is there and does not answer is no reason to ask elsewhere. */
	f.faults[0] = (fake_fault){"read", MRCONFIGID, EIO, 1, 0};
	assert_fails(cof_tdxguest_mrconfigid(&sys, "", id, &err), "tdx-guest-failed");
	static const size_t lengths[] = {0, 47, 49};
	for (size_t i = 0; i < COF_COUNT(lengths); i++) {
		f.files[0].bytes.len = lengths[i];
		assert_fails(cof_tdxguest_mrconfigid(&sys, "", id, &err), "tdx-guest-failed");
	}
	f.files[0] = (fake_file){0};
	f.tdxguest = false;
	assert_fails(cof_tdxguest_mrconfigid(&sys, "", id, &err), "tdx-guest-absent");
	fake_drop(&f);
}

static void rtmrs(void **state)
{
	(void)state;
	fake_tee f = {.rtmrs = true};
	const cof_sys sys = fake_sys(&f);
	/* SHA-384 of 96 bytes: zeros, then SHA-384("event") */
	static const uint8_t want[] = {0x97, 0x7c, 0x24, 0xd0};
	cof_digest event;
	uint8_t value[48];
	assert_ok(cof_digest_of(COF_SHA384, cof_span_str("event"), &event, &err));
	assert_ok(cof_tdxguest_extend(&sys, "", 3, event.bytes, &err));
	assert_ok(cof_tdxguest_rtmr(&sys, "", 3, value, &err));
	assert_memory_equal(value, want, sizeof want);
	assert_ok(cof_tdxguest_rtmr(&sys, "", 2, value, &err));
	assert_int_equal(value[0], 0);
	assert_fails(cof_tdxguest_rtmr(&sys, "", 4, value, &err), "rtmr-unsupported");
	f.faults[0] = (fake_fault){"write", "rtmr2:sha384", EINVAL, 1, 0};
	assert_fails(cof_tdxguest_extend(&sys, "", 2, event.bytes, &err), "tdx-guest-failed");
	f.rtmrs = false;
	assert_fails(cof_tdxguest_extend(&sys, "", 2, event.bytes, &err), "rtmr-unsupported");
	assert_fails(cof_tdxguest_rtmr(&sys, "", 2, value, &err), "rtmr-unsupported");
	fake_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports),
		cmocka_unit_test(mrconfigid_by_attribute_then_by_report),
		cmocka_unit_test(rtmrs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
