/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handshake of a TDX guest: the kernel is played by fake_tee.h, the platform by soft_tdx.h, and what comes out is
 * judged by our verifier, event log and measurements after boot included.
 */
#include "tests/unit/evidence/fake_td.h"

#include "attestation/evidence/attester.h"
#include "common/file.h"
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/verify/soft_tdx.h"

#define CCEL "/sys/firmware/acpi/tables/data/CCEL"

static soft_tdx keys;

static cof_digest bound(void)
{
	cof_digest d = {.alg = COF_SHA384};
	memset(d.bytes, 0x33, 48);
	return d;
}

typedef struct machine {
	fake_td td; /* first: the driver's part looks for it */
	fake_tee f;
	cof_sys sys;
	const cof_attester_backend *b;
	cof_attester *a;
	cof_buf ccel;	       /* as the firmware's area holds it */
	size_t behind;	       /* zeros behind each quote */
	bool stale;	       /* quotes over something else */
	char dir[32], log[64]; /* of measurements after boot */
} machine;

/* The platform signs what the guest asked for, with the registers as they are now. */
static void quote_of(machine *m, const uint8_t *data, soft_tdx *ret)
{
	soft_start(ret, &keys);
	memcpy(ret->body.data + AT_REPORT_DATA, data, 64);
	ret->body.data[AT_REPORT_DATA] ^= m->stale;
	memcpy(ret->body.data + AT_MR_CONFIG_ID, m->td.config_id, 48);
	memcpy(ret->body.data + AT_RTMR, m->f.rtmr, sizeof m->f.rtmr);
	soft_finish(ret);
}

static void sign(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	machine *m = f->arg;
	static soft_tdx t;
	quote_of(m, data, &t);
	assert_ok(cof_buf_add(ret, t.quote.data, t.quote.len, &err));
	assert_ok(cof_buf_reserve(ret, m->behind, &err));
	memset(ret->data + ret->len, 0, m->behind);
	ret->len += m->behind;
	soft_drop(&t);
}

/* Measured by firmware and kernel: a log in an area of its own, and the registers that it replays to. */
static void boot(machine *m)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	put_cc_boot(&m->ccel);
	assert_ok(cof_eventlog_parse(cof_buf_span(&m->ccel), COF_SHA384, &log, &err));
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	for (size_t i = 0; i < 4; i++)
		memcpy(m->f.rtmr[i], regs[i + 1].bytes, 48);
	assert_ok(cof_buf_reserve(&m->ccel, 1000, &err));
	memset(m->ccel.data + m->ccel.len, 0xff, 1000);
	m->ccel.len += 1000;
	m->f.files[0] = (fake_file){CCEL, cof_buf_span(&m->ccel)};
}

static void start(machine *m)
{
	*m = (machine){.behind = 3000, .dir = "/tmp/cof-tdx-XXXXXX"};
	m->f = (fake_tee){
		.provider = "tdx_guest\n", .make = sign, .ioctl = fake_td_ioctl, .tdxguest = true, .rtmrs = true};
	m->f.arg = m;
	m->sys = fake_sys(&m->f);
	memset(m->td.config_id, 0x33, 48);
	assert_non_null(mkdtemp(m->dir));
	(void)snprintf(m->log, sizeof m->log, "%s/log", m->dir);
	boot(m);
}

static int open_one(machine *m, cof_err *err)
{
	const cof_attester_opts opts = {.sys = &m->sys, .runtime_log = m->log};
	int r = cof_attester_detect(&opts, &m->b, err);
	return r < 0 ? r : m->b->open(&m->a, &opts, err);
}

static void finish(machine *m)
{
	if (m->b != NULL)
		m->b->free(m->a);
	fake_drop(&m->f);
	cof_buf_release(&m->ccel);
	assert_ok(cof_rm_tree(m->dir, &err));
}

/* The evidence against the platform's collateral, which is the verifier's. */
static void judge(const json_t *evidence, const uint8_t report_data[64], cof_verdict *ret)
{
	static soft_tdx t;
	COF_AUTO(cof_buf) quote = {0};
	COF_AUTO(cof_buf) log = {0};
	char hex[129];
	cof_role_file files[SOFT_FILES_MAX + 1];
	const cof_kind *kind = NULL;
	soft_start(&t, &keys);
	soft_finish(&t);
	size_t n = soft_files(&t, files);
	cof_hex(cof_span_of(report_data, 64), hex);
	COF_AUTO_PTR(json_t) policy = json_pack("{s:s}", "report_data", hex);
	assert_ok(cof_json_b64(evidence, "quote", &quote, &err));
	assert_string_equal(files[0].role, "quote");
	files[0].bytes = cof_buf_span(&quote);
	if (!json_is_null(json_object_get(evidence, "cc_eventlog"))) {
		assert_ok(cof_json_b64(evidence, "cc_eventlog", &log, &err));
		files[n++] = (cof_role_file){"event_log", cof_buf_span(&log)};
	}
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	soft_drop(&t);
}

static const uint8_t nonce_hash[64] = {0xb9, 0x2b, 0x7f}; /* 48 bytes, and zeros */

static void evidence_of(machine *m, json_t **ret)
{
	assert_ok(m->b->evidence(m->a, cof_span_of(nonce_hash, 48), ret, &err));
	assert_int_equal(json_object_size(*ret), 2);
}

static void assert_accepted(machine *m)
{
	static cof_verdict v;
	COF_AUTO_PTR(json_t) e = NULL;
	evidence_of(m, &e);
	judge(e, nonce_hash, &v);
	if (!v.accepted)
		fail_msg("refused by %s: expected %s, found %s", v.checks.list[v.checks.first].name,
			 v.checks.list[v.checks.first].expected, v.checks.list[v.checks.first].found);
	cof_verdict_release(&v);
}

static void a_handshake(void **state)
{
	(void)state;
	static machine m;
	const cof_digest d = bound();
	start(&m);
	assert_ok(open_one(&m, &err));
	assert_string_equal(m.b->tee, "tdx");
	assert_ok(m.b->bind_initdata(m.a, &d, &err));
	assert_accepted(&m);
	finish(&m);
}

static void without_a_log(void **state)
{
	(void)state;
	static machine m;
	COF_AUTO_PTR(json_t) e = NULL;
	start(&m);
	m.f.files[0] = (fake_file){0};
	assert_ok(open_one(&m, &err));
	evidence_of(&m, &e);
	assert_true(json_is_null(json_object_get(e, "cc_eventlog")));
	assert_accepted(&m);
	finish(&m);
}

/* The log is the host's firmware's: broken, it is told apart from none. */
static void t060_a_broken_log(void **state)
{
	(void)state;
	static machine m;
	json_t *e = NULL;
	start(&m);
	assert_ok(open_one(&m, &err));
	m.ccel.data[60] ^= 0xff;
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "eventlog-malformed");
	m.f.faults[0] = (fake_fault){"read", "/CCEL", EIO, 1, 0};
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "eventlog-unreadable");
	assert_null(e);
	finish(&m);
}

static void t003_other_initdata(void **state)
{
	(void)state;
	static machine m;
	start(&m);
	assert_ok(open_one(&m, &err));
	for (size_t i = 0; i < 48; i++) {
		cof_digest d = bound();
		d.bytes[i] ^= 1;
		assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	}
	finish(&m);
}

/* T-03: a SHA-256 digest fills 32 of the 48 bytes; the tail must be what padding is. */
static void t003_the_tail_of_the_field(void **state)
{
	(void)state;
	static machine m;
	cof_digest d = {.alg = COF_SHA256};
	memset(d.bytes, 0x33, 32);
	start(&m);
	assert_ok(open_one(&m, &err));
	assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	memset(m.td.config_id + 32, 0, 16);
	assert_ok(m.b->bind_initdata(m.a, &d, &err));
	for (size_t i = 32; i < 48; i++) {
		m.td.config_id[i] = 1;
		assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
		m.td.config_id[i] = 0;
	}
	memset(m.td.config_id, 0, 48);
	assert_fails(m.b->bind_initdata(m.a, &d, &err), "initdata-mismatch");
	finish(&m);
}

static void t004_a_quote_over_something_else(void **state)
{
	(void)state;
	static machine m;
	json_t *e = NULL;
	start(&m);
	assert_ok(open_one(&m, &err));
	m.stale = true;
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "report-data");
	assert_null(e);
	finish(&m);
}

static void garbage(fake_tee *f, const uint8_t *data, cof_buf *ret)
{
	(void)f;
	assert_ok(cof_buf_add(ret, data, 64, &err));
}

static void t079_no_quote_at_all(void **state)
{
	(void)state;
	static machine m;
	json_t *e = NULL;
	start(&m);
	assert_ok(open_one(&m, &err));
	m.f.make = garbage;
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "quote-malformed");
	m.f.faults[0] = (fake_fault){"read", "/outblob", ETIMEDOUT, 1, 0};
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &e, &err), "tsm-timeout");
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 0), &e, &err), "report-data");
	assert_null(e);
	finish(&m);
}

static void a_driver_without_quotes(void **state)
{
	(void)state;
	static machine m;
	start(&m);
	m.f.no_tsm = true;
	assert_fails(open_one(&m, &err), "tdx-no-quotes");
	assert_string_equal(m.b->tee, "tdx");
	finish(&m);
}

/* --- measurements after boot --- */

static int measure(machine *m, int index, cof_err *err)
{
	const cof_runtime_event e = {"github.com/confidential-containers", "PullImage", "{\"image\":\"x\"}", index};
	return cof_attester_extend_runtime(m->b, m->a, &e, err);
}

static void what_is_measured_replays(void **state)
{
	(void)state;
	static machine m;
	static const uint8_t zero[48];
	start(&m);
	assert_ok(open_one(&m, &err));
	assert_memory_equal(m.f.rtmr[3], zero, 48);
	assert_ok(measure(&m, -1, &err));
	assert_memory_not_equal(m.f.rtmr[3], zero, 48);
	assert_ok(measure(&m, 12, &err)); /* RTMR2, behind the kernel's own */
	assert_ok(measure(&m, 17, &err));
	assert_accepted(&m);
	/* A register that went on without the log. */
	static cof_verdict v;
	COF_AUTO_PTR(json_t) e = NULL;
	m.f.rtmr[2][0] ^= 1;
	evidence_of(&m, &e);
	judge(e, nonce_hash, &v);
	assert_false(v.accepted);
	assert_string_equal(v.checks.list[v.checks.first].name, "eventlog-rtmr2");
	cof_verdict_release(&v);
	m.f.rtmr[3][0] ^= 1; /* the last one measured: seen here already */
	json_t *none = NULL;
	assert_fails(m.b->evidence(m.a, cof_span_of(nonce_hash, 48), &none, &err), "runtime-log-broken");
	finish(&m);
}

static void reserved_registers(void **state)
{
	(void)state;
	static const int bad[] = {0, 1, 7, 8, 9, 10, 24, 1000, -2, INT32_MIN, INT32_MAX};
	static machine m;
	start(&m);
	assert_ok(open_one(&m, &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(measure(&m, bad[i], &err), "register-reserved");
	m.f.rtmrs = false; /* Linux before 6.16 */
	assert_fails(measure(&m, -1, &err), "rtmr-unsupported");
	assert_accepted(&m);
	finish(&m);
}

static int make_keys(void **state)
{
	(void)state;
	soft_keys(&keys);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	soft_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake),
		cmocka_unit_test(without_a_log),
		cmocka_unit_test(t060_a_broken_log),
		cmocka_unit_test(t003_other_initdata),
		cmocka_unit_test(t003_the_tail_of_the_field),
		cmocka_unit_test(t004_a_quote_over_something_else),
		cmocka_unit_test(t079_no_quote_at_all),
		cmocka_unit_test(a_driver_without_quotes),
		cmocka_unit_test(what_is_measured_replays),
		cmocka_unit_test(reserved_registers),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
