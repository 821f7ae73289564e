/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handshake of an SNP guest: the kernel is played by fake_tee.h, the processor by soft_snp.h, and what comes out is
 * judged by our verifier, from the protocol's JSON alone.
 */
#include "tests/unit/evidence/fake_tee.h"

#include "attestation/evidence/attester.h"
#include "tests/unit/evidence/make_table.h"
#include "tests/unit/evidence/snp_rebuild.h"
#include "tests/unit/verify/soft_snp.h"

static soft_keys keys;

/* HOST_DATA of soft_snp.h's machine. */
static cof_digest bound(void)
{
	cof_digest d = {.alg = COF_SHA256};
	memset(d.bytes, 0x33, 32);
	return d;
}

typedef struct machine {
	fake_tee f;
	soft_snp soft;
	cof_sys sys;
	const cof_attester_backend *b;
	cof_attester *a;
	bool stale; /* the firmware answers with a report over something else */
} machine;

static void sign(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	machine *m = f->arg;
	memcpy(m->soft.report + 0x50, data, 64);
	if (m->stale)
		m->soft.report[0x50] ^= 1;
	soft_sign(&m->soft);
	assert_ok(cof_buf_add(ret, m->soft.report, sizeof m->soft.report, &err));
}

static int by_device(fake_tee *f, unsigned long request, void *data)
{
	const struct snp_guest_request_ioctl *io = data;
	const struct snp_ext_report_req *q = (const void *)(uintptr_t)io->req_data;
	uint8_t *response = (void *)(uintptr_t)io->resp_data;
	COF_AUTO(cof_buf) report = {0};
	assert_int_equal(request, SNP_GET_EXT_REPORT);
	assert_true(f->aux.len <= q->certs_len);
	if (f->aux.len > 0)
		memcpy((void *)(uintptr_t)q->certs_address, f->aux.data, f->aux.len);
	sign(f, q->data.user_data, &report);
	cof_put_le(response + 4, 4, 1184);
	memcpy(response + 32, report.data, report.len);
	return 0;
}

/* The host's certificates: VCEK and ASK as the processor's vendor made them. */
static void add_certificates(machine *m)
{
	COF_AUTO(cof_buf) body = {0};
	for (size_t i = 1; i <= 3; i++)
		soft_cert_der(i == 1 ? &m->soft.vek : i == 2 ? &m->soft.middle : &m->soft.root, &m->soft.made[i]);
	const table_entry e[] = {{GUID_VCEK, 72, (uint32_t)m->soft.made[1].len},
				 {GUID_ASK, 72 + (uint32_t)m->soft.made[1].len, (uint32_t)m->soft.made[2].len}};
	assert_ok(cof_buf_add(&body, m->soft.made[1].data, m->soft.made[1].len, &err));
	assert_ok(cof_buf_add(&body, m->soft.made[2].data, m->soft.made[2].len, &err));
	make_table(e, 2, cof_buf_span(&body), &m->f.aux);
}

/* Too large for a frame: the caller's is static. */
static void start(machine *m, bool tsm)
{
	*m = (machine){.soft = soft_snp_good(&keys)};
	m->f = (fake_tee){.provider = "sev_guest\n", .levels = true, .make = sign, .ioctl = by_device};
	m->f.no_tsm = !tsm;
	m->f.sevguest = !tsm;
	m->f.arg = m;
	m->sys = fake_sys(&m->f);
	add_certificates(m);
}

static int open_one(machine *m, cof_err *err)
{
	const cof_attester_opts opts = {.sys = &m->sys};
	int r = cof_attester_detect(&opts, &m->b, err);
	return r < 0 ? r : m->b->open(&m->a, &opts, err);
}

static void finish(machine *m)
{
	if (m->b != NULL)
		m->b->free(m->a);
	fake_drop(&m->f);
	soft_drop(&m->soft);
}

static const json_t *certificate(const json_t *evidence, const char *type)
{
	size_t i;
	json_t *c;
	json_array_foreach (json_object_get(evidence, "cert_chain"), i, c)
		if (strcmp(json_string_value(json_object_get(c, "cert_type")), type) == 0)
			return c;
	fail_msg("no %s", type);
	return NULL;
}

static void certificate_der(const json_t *evidence, const char *type, cof_buf *ret)
{
	const json_t *c = certificate(evidence, type);
	size_t n = json_array_size(json_object_get(c, "data"));
	assert_ok(cof_buf_reserve(ret, n, &err));
	rebuild_bytes(c, "data", ret->data, n);
	ret->len = n;
}

/* From the evidence alone, and the root that the verifier has. */
static void judge(const machine *m, const json_t *evidence, const char *policy, cof_verdict *ret)
{
	uint8_t report[1184];
	COF_AUTO(cof_buf) vek = {0};
	COF_AUTO(cof_buf) middle = {0};
	COF_AUTO_PTR(json_t) words = json_loads(policy, 0, NULL);
	const cof_kind *kind = NULL;
	assert_non_null(words);
	rebuild_report(json_object_get(evidence, "attestation_report"), report);
	certificate_der(evidence, "VCEK", &vek);
	certificate_der(evidence, "ASK", &middle);
	const cof_role_file files[] = {{"report", cof_span_of(report, sizeof report)},
				       {"vek", cof_buf_span(&vek)},
				       {"intermediate", cof_buf_span(&middle)},
				       {"root", cof_buf_span(&m->soft.made[3])}};
	const cof_verify_in in = {.files = files, .n_files = 4, .policy = words, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
}

static void assert_accepted(const machine *m, const json_t *evidence, cof_span report_data)
{
	static cof_verdict v;
	COF_AUTO(cof_buf) policy = {0};
	uint8_t field[64] = {0};
	char hex[129];
	memcpy(field, report_data.data, report_data.len);
	for (size_t i = 0; i < 64; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", field[i]);
	assert_ok(cof_buf_printf(&policy, &err, "{\"report_data\":\"%s\"}", hex));
	judge(m, evidence, cof_buf_str(&policy), &v);
	if (!v.accepted)
		fail_msg("refused by %s: expected %s, found %s", v.checks.list[v.checks.first].name,
			 v.checks.list[v.checks.first].expected, v.checks.list[v.checks.first].found);
	cof_verdict_release(&v);
}

static const uint8_t nonce_hash[48] = {0xb9, 0x2b, 0x7f};

static void a_handshake_by(bool tsm)
{
	static machine m;
	const cof_digest d = bound();
	COF_AUTO_PTR(json_t) e = NULL;
	start(&m, tsm);
	assert_ok(open_one(&m, &err));
	assert_string_equal(m.b->tee, "snp");
	assert_ok(m.b->bind_initdata(m.a, &d, &err));
	assert_null(m.b->request_extra);
	assert_null(m.b->challenge_extra);
	assert_ok(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err));
	assert_int_equal(json_object_size(e), 2);
	assert_accepted(&m, e, cof_span_of(nonce_hash, 48));
	finish(&m);
}

static void a_handshake(void **state)
{
	(void)state;
	a_handshake_by(true);
}

static void a_handshake_by_the_device(void **state)
{
	(void)state;
	a_handshake_by(false);
}

/* The JSON carries each report of the firmware's so that its signature holds, and not one that was changed. */
static void t022_the_signature_is_over_what_came(void **state)
{
	(void)state;
	static machine m;
	static cof_verdict v;
	COF_AUTO_PTR(json_t) e = NULL;
	start(&m, true);
	assert_ok(open_one(&m, &err));
	assert_ok(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err));
	json_t *report = json_object_get(e, "attestation_report");
	assert_int_equal(json_object_set_new(report, "guest_svn", json_integer(77)), 0);
	judge(&m, e, "{}", &v);
	assert_false(v.accepted);
	assert_int_equal(v.checks.list[v.checks.first].stage, COF_STAGE_SIGNATURE);
	cof_verdict_release(&v);
	finish(&m);
}

static void t003_other_initdata(void **state)
{
	(void)state;
	static machine m;
	start(&m, true);
	assert_ok(open_one(&m, &err));
	for (size_t i = 0; i < 32; i++) {
		cof_digest d = bound();
		d.bytes[i] ^= 1;
		assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	}
	/* A longer digest is cut to the field; of that, every byte that fits counts. */
	cof_digest d = {.alg = COF_SHA384};
	memset(d.bytes, 0x33, 48);
	assert_ok(m.b->bind_initdata(m.a, &d, &err));
	d.bytes[31] ^= 1;
	assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	finish(&m);
}

/* T-03: a machine that was launched without initdata is bound to none, not to any. */
static void t003_a_field_of_zeros(void **state)
{
	(void)state;
	static machine m;
	const cof_digest d = bound(), zero = {.alg = COF_SHA256};
	start(&m, true);
	memset(m.soft.report + 0xc0, 0, 32);
	assert_ok(open_one(&m, &err));
	assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	assert_fails(m.b->bind_initdata(m.a, &zero, &err), "initdata-malformed");
	finish(&m);
}

/* T-04: firmware, driver or somebody between answers with a report that is not over what was asked. */
static void t004_a_report_over_something_else(void **state)
{
	(void)state;
	for (int tsm = 0; tsm < 2; tsm++) {
		static machine m;
		const cof_digest d = bound();
		json_t *e = NULL;
		start(&m, tsm);
		assert_ok(open_one(&m, &err));
		m.stale = true;
		assert_fails(m.b->bind_initdata(m.a, &d, &err), "report-data");
		assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "report-data");
		assert_null(e);
		finish(&m);
	}
}

static void t079_short_and_long_reports(void **state)
{
	(void)state;
	static machine m;
	json_t *e = NULL;
	start(&m, true);
	assert_ok(open_one(&m, &err));
	m.f.chunk = 7; /* short reads are none */
	COF_AUTO_PTR(json_t) good = NULL;
	assert_ok(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &good, &err));
	m.f.faults[0] = (fake_fault){"read", "/outblob", EIO, 1, 30}; /* and then no more */
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "tsm-failed");
	assert_null(e);
	finish(&m);
}

static void report_data_of_another_length(void **state)
{
	(void)state;
	static machine m;
	static const uint8_t long_one[65];
	json_t *e = NULL;
	start(&m, true);
	assert_ok(open_one(&m, &err));
	assert_fails(m.b->evidence(m.a, cof_span_of(long_one, 65), &e, &err), "report-data");
	assert_fails(m.b->evidence(m.a, cof_span_of(long_one, 0), &e, &err), "report-data");
	finish(&m);
}

/* What the host writes beside a report is refused where it breaks its format, and never needed. */
static void certificates_of_the_host(void **state)
{
	(void)state;
	static machine m;
	json_t *e = NULL;
	COF_AUTO_PTR(json_t) none = NULL;
	start(&m, true);
	assert_ok(open_one(&m, &err));
	m.f.aux.data[16] = 1; /* the first begins in the list */
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "certificate-table");
	assert_null(e);
	m.f.aux.len = 0;
	assert_ok(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &none, &err));
	assert_true(json_is_null(json_object_get(none, "cert_chain")));
	finish(&m);
}

static void t061_a_driver_that_lost_its_keys(void **state)
{
	(void)state;
	for (int tsm = 0; tsm < 2; tsm++) {
		static machine m;
		const cof_digest d = bound();
		start(&m, tsm);
		assert_ok(open_one(&m, &err));
		m.f.faults[0] = (fake_fault){tsm ? "read" : "ioctl", tsm ? "/outblob" : "", ENOTTY, 1000, 0};
		assert_fails(m.b->bind_initdata(m.a, &d, &err), tsm ? "tsm-no-provider" : "sev-guest-wiped");
		finish(&m);
	}
}

static void gone_between_finding_and_opening(void **state)
{
	(void)state;
	static machine m;
	cof_attester *a = NULL;
	start(&m, false);
	assert_ok(open_one(&m, &err));
	m.f.sevguest = false;
	assert_fails(m.b->open(&a, &(cof_attester_opts){.sys = &m.sys}, &err), "sev-guest-absent");
	assert_null(a);
	finish(&m);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake),
		cmocka_unit_test(a_handshake_by_the_device),
		cmocka_unit_test(t022_the_signature_is_over_what_came),
		cmocka_unit_test(t003_other_initdata),
		cmocka_unit_test(t003_a_field_of_zeros),
		cmocka_unit_test(t004_a_report_over_something_else),
		cmocka_unit_test(t079_short_and_long_reports),
		cmocka_unit_test(report_data_of_another_length),
		cmocka_unit_test(certificates_of_the_host),
		cmocka_unit_test(t061_a_driver_that_lost_its_keys),
		cmocka_unit_test(gone_between_finding_and_opening),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
