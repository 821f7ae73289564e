/* SPDX-License-Identifier: Apache-2.0 */
/* The search itself, on a TEE that measures nothing but the settings; real ones are in tests/unit/sev and tdx. */
#include "firmware/explain.h"

#include "common/wr.h"
#include "firmware/sev/cpu.h"
#include "tests/unit/test.h"

static int digest(const cof_measure_in *in, unsigned vcpus, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u32le(&w, vcpus);
	cof_wr_u32le(&w, in->vcpu_sig);
	cof_wr_u64le(&w, in->guest_features);
	cof_wr_bytes(&w, cof_span_str(in->vmm->name));
	cof_wr_u32le(&w, in->vmm->version);
	cof_wr_u8(&w, in->no_kernel_hashes);
	int rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_digest_of(COF_SHA384, cof_buf_span(&b), ret, err);
}

static int measure(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	*ret = (cof_measurement){.tee = "made", .n = 2};
	(void)snprintf(ret->registers[0].name, COF_REGISTER_NAME_MAX, "measurement");
	(void)snprintf(ret->registers[1].name, COF_REGISTER_NAME_MAX, "other");
	ret->registers[1] = (cof_register){.name = "other", .known = in->memory_bytes != 0};
	ret->registers[0].known = true;
	return digest(in, in->vcpus, &ret->registers[0].value, err);
}

static int upto(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = digest(in, i + 1, &ret[i], err);
	return rc;
}

static int upto_fails(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err)
{
	(void)in;
	(void)n;
	(void)ret;
	return cof_err_set(err, COF_E_POLICY, "reset-address-missing", "one CPU alone");
}

static int refuses(const cof_measure_in *in, cof_measurement *ret, cof_err *err)
{
	(void)in;
	(void)ret;
	return cof_err_set(err, COF_E_POLICY, "kernel-hashes-unsupported", "no place for them");
}

static const cof_tee_measure counted = {.name = "counted",
					.needs_cpu = true,
					.counts_features = true,
					.has_kernel_hashes = true,
					.measure = measure,
					.upto = upto};
static const cof_tee_measure single = {
	.name = "single", .needs_cpu = true, .counts_features = true, .measure = measure};
static const cof_tee_measure without_aps = {
	.name = "without-aps", .needs_cpu = true, .measure = measure, .upto = upto_fails};
static const cof_tee_measure broken = {.name = "broken", .needs_cpu = true, .measure = refuses};

static const cof_launch_document document = {.kernel = {.given = true}};

static cof_measure_in machine(void)
{
	cof_measure_in in = {
		.doc = &document, .vcpus = 2, .vcpu_sig = cof_cpu_signature(25, 1, 1), .guest_features = 1};
	assert_ok(cof_vmm_find("qemu", &in.vmm, &err));
	return in;
}

static void explain(const cof_tee_measure *t, const cof_measure_in *host, cof_explanation *ret)
{
	const cof_measure_in in = machine();
	cof_digest d;
	assert_ok(digest(host, host->vcpus, &d, &err));
	assert_ok(cof_explain(t, &in, cof_digest_span(&d), ret, &err));
}

static void nothing_differs(void **state)
{
	cof_explanation x;
	const cof_measure_in host = machine();
	(void)state;
	explain(&counted, &host, &x);
	assert_true(x.found);
	assert_int_equal(x.n, 0);
	assert_string_equal(x.reg, "measurement");
	explain(&single, &host, &x);
	assert_true(x.found);
	assert_int_equal(x.n, 0);
}

static void one_setting(void **state)
{
	cof_explanation x;
	cof_measure_in host = machine();
	(void)state;
	host.guest_features = 0x21;
	explain(&counted, &host, &x);
	assert_true(x.found);
	assert_int_equal(x.n, 1);
	assert_string_equal(x.changes[0].setting, "guest-features");
	assert_string_equal(x.changes[0].value, "0x21");
	host = machine();
	host.vcpus = 17;
	explain(&counted, &host, &x);
	assert_int_equal(x.n, 1);
	assert_string_equal(x.changes[0].setting, "vcpus");
	assert_string_equal(x.changes[0].value, "17");
	host = machine();
	host.no_kernel_hashes = true;
	explain(&counted, &host, &x);
	assert_int_equal(x.n, 1);
	assert_string_equal(x.changes[0].setting, "kernel-hashes");
	assert_string_equal(x.changes[0].value, "off");
}

static void three_settings_and_the_number_of_cpus(void **state)
{
	cof_explanation x;
	cof_measure_in host = machine();
	(void)state;
	assert_ok(cof_vmm_find("ec2@1", &host.vmm, &err));
	host.guest_features = 0x9;
	host.vcpu_sig = cof_cpu_signature(23, 49, 0);
	host.vcpus = 64;
	explain(&counted, &host, &x);
	assert_true(x.found);
	assert_int_equal(x.n, 4);
	assert_string_equal(x.changes[0].setting, "guest-features");
	assert_string_equal(x.changes[1].setting, "vcpu-type");
	assert_non_null(strstr(x.changes[1].value, "Rome"));
	assert_string_equal(x.changes[2].value, "ec2@1");
	assert_string_equal(x.changes[3].value, "64");
}

static void what_is_outside_the_space_is_not_found(void **state)
{
	cof_explanation x;
	cof_measure_in host = machine();
	(void)state;
	host.guest_features = 0x4000;
	explain(&counted, &host, &x);
	assert_false(x.found);
	assert_true(x.tried > 50);
	host = machine();
	host.vcpus = 65;
	explain(&counted, &host, &x);
	assert_false(x.found);
}

/* More CPUs than are searched, as asked for; and a firmware that can be measured with one CPU alone. */
static void the_asked_number_of_cpus_counts_whatever_it_is(void **state)
{
	cof_explanation x;
	cof_digest d;
	cof_measure_in in = machine();
	(void)state;
	in.vcpus = COF_EXPLAIN_VCPUS_MAX + 36;
	assert_ok(digest(&in, in.vcpus, &d, &err));
	assert_ok(cof_explain(&counted, &in, cof_digest_span(&d), &x, &err));
	assert_true(x.found);
	assert_int_equal(x.n, 0);
	in.vcpus = 1;
	assert_ok(digest(&in, in.vcpus, &d, &err));
	assert_ok(cof_explain(&without_aps, &in, cof_digest_span(&d), &x, &err));
	assert_true(x.found);
	assert_int_equal(x.n, 0);
}

/* Each setting costs a whole measurement, so none is tried under two names. */
static void the_search_is_short(void **state)
{
	cof_explanation x;
	cof_measure_in host = machine();
	(void)state;
	host.guest_features = 0x4000;
	explain(&counted, &host, &x);
	assert_false(x.found);
	assert_in_range(x.tried, 1000, 2000);
}

/* A register whose value is not known is no match for zeros. */
static void unknown_registers_match_nothing(void **state)
{
	static const uint8_t zeros[COF_SHA256_LEN];
	cof_explanation x;
	const cof_measure_in in = machine();
	(void)state;
	assert_ok(cof_explain(&single, &in, cof_span_of(zeros, sizeof zeros), &x, &err));
	assert_false(x.found);
}

static void when_nothing_can_be_computed_the_reason_is_told(void **state)
{
	cof_explanation x;
	const cof_measure_in in = machine();
	(void)state;
	assert_fails(cof_explain(&broken, &in, cof_span_str("x"), &x, &err), "kernel-hashes-unsupported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_differs),
		cmocka_unit_test(one_setting),
		cmocka_unit_test(three_settings_and_the_number_of_cpus),
		cmocka_unit_test(what_is_outside_the_space_is_not_found),
		cmocka_unit_test(the_asked_number_of_cpus_counts_whatever_it_is),
		cmocka_unit_test(the_search_is_short),
		cmocka_unit_test(unknown_registers_match_nothing),
		cmocka_unit_test(when_nothing_can_be_computed_the_reason_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
