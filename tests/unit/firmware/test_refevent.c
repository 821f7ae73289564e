/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "firmware/refevent.h"
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/launch_vectors.h"

enum { EVENTS_MAX = 32 };

static const cof_reg_set judged = 0x2ff; /* PCRs 0-7 and 9 */

/* References made from a log, as if it had been predicted. */
static size_t refs_of(const cof_eventlog *log, cof_ref_event out[EVENTS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < log->n; i++) {
		if (!cof_reg_in(judged, log->events[i].reg))
			continue;
		const cof_log_event *e = &log->events[i];
		out[n] = (cof_ref_event){.reg = e->reg, .type = e->type, .digest = e->digest};
		cof_event_name(e, out[n].name);
		n++;
	}
	return n;
}

typedef struct fixture {
	cof_buf bytes;
	cof_eventlog log;
	cof_ref_event want[EVENTS_MAX];
	size_t n;
} fixture;

static void fixture_release(fixture *f)
{
	cof_eventlog_release(&f->log);
	cof_buf_release(&f->bytes);
}
COF_DEFINE_AUTO(fixture, fixture_release)

static void set_up(fixture *f)
{
	put_boot(&f->bytes);
	assert_ok(cof_eventlog_parse(cof_buf_span(&f->bytes), COF_SHA256, &f->log, &err));
	f->n = refs_of(&f->log, f->want);
}

/* T-17: whichever event changes, it is found and named, and no register is left out. */
static void t017_every_changed_event_is_named(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	for (size_t i = 0; i < f.log.n; i++) {
		cof_event_diff d;
		f.log.events[i].digest.bytes[5] ^= 1;
		assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
		assert_string_equal(d.name, f.want[i].name);
		assert_int_equal(d.reg, f.want[i].reg);
		assert_false(d.missing || d.surplus);
		assert_true(cof_digest_equal(&d.expected, &f.want[i].digest));
		assert_true(cof_digest_equal(&d.found, &f.log.events[i].digest));
		f.log.events[i].digest.bytes[5] ^= 1;
		f.log.events[i].type ^= 1;
		assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
		assert_string_equal(d.name, f.want[i].name);
		assert_int_equal(d.found_type, d.expected_type ^ 1); /* retyped: the digest alone is not enough */
		assert_true(cof_digest_equal(&d.expected, &d.found));
		f.log.events[i].type ^= 1;
	}
}

static void t060_events_left_out(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	cof_event_diff d;
	set_up(&f);
	f.log.n--;
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
	assert_true(d.missing);
	assert_string_equal(d.name, "initrd");
	f.log.n = 0;
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
	assert_true(d.missing);
	assert_string_equal(d.name, "crtm-version");
}

static void t060_events_put_in(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	cof_event_diff d;
	set_up(&f);
	assert_true(cof_ref_events_differ(f.want, f.n - 1, judged, &f.log, &d));
	assert_true(d.surplus && !d.missing);
	assert_string_equal(d.name, "initrd");
	assert_int_equal(d.reg, 9);
	assert_true(cof_ref_events_differ(f.want, 0, judged, &f.log, &d));
	assert_string_equal(d.name, "crtm-version");
}

/* A copy with one more event; the caller frees the array, whose data borrow from the fixture. */
static cof_eventlog with_event(const cof_eventlog *log, size_t at, const cof_log_event *e)
{
	cof_eventlog more = *log;
	more.events = calloc(log->n + 1, sizeof *more.events);
	assert_non_null(more.events);
	memcpy(more.events, log->events, at * sizeof *e);
	more.events[at] = *e;
	memcpy(more.events + at + 1, log->events + at, (log->n - at) * sizeof *e);
	more.n++;
	return more;
}

/* T-60: whatever event is repeated, and wherever: separators, authorities behind them, a second start of the kernel. */
static void t060_every_event_put_in_everywhere(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	for (size_t e = 0; e < f.log.n; e++) {
		for (size_t at = 0; at <= f.log.n; at++) {
			COF_AUTO(cof_eventlog) log = with_event(&f.log, at, &f.log.events[e]);
			cof_event_diff d;
			assert_true(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
			assert_int_equal(d.reg, f.log.events[e].reg);
			assert_false(d.missing);
		}
	}
}

static void t060_every_event_left_out_everywhere(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	for (size_t gone = 0; gone < f.n; gone++) {
		cof_ref_event fewer[EVENTS_MAX];
		cof_event_diff d;
		memcpy(fewer, f.want, gone * sizeof f.want[0]);
		memcpy(fewer + gone, f.want + gone + 1, (f.n - gone - 1) * sizeof f.want[0]);
		assert_true(cof_ref_events_differ(fewer, f.n - 1, judged, &f.log, &d)); /* the log has one too many */
		assert_int_equal(d.reg, f.want[gone].reg);
		memmove(&f.log.events[gone], &f.log.events[gone + 1], (f.log.n - gone - 1) * sizeof f.log.events[0]);
		f.log.n--;
		assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d)); /* the log has one too few */
		assert_int_equal(d.reg, f.want[gone].reg);
		cof_eventlog_release(&f.log);
		assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA256, &f.log, &err));
	}
}

static void t060_a_second_separator(void **state)
{
	(void)state;
	for (uint32_t pcr = 0; pcr <= 7; pcr++) {
		COF_AUTO(fixture) f = {0};
		COF_AUTO(cof_eventlog) log = {0};
		cof_event_diff d;
		set_up(&f);
		put_separator(&f.bytes, pcr);
		assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA256, &log, &err));
		assert_true(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
		assert_true(d.surplus);
		assert_int_equal(d.reg, pcr);
		assert_string_equal(d.name, "separator");
		assert_int_equal(d.found_type, COF_EV_SEPARATOR);
	}
}

/* T-60: what secure boot lets in after the separator is measured behind it. */
static void t060_an_authority_behind_the_separator(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_event_diff d;
	set_up(&f);
	put_event(&f.bytes, 7, COF_EV_EFI_VARIABLE_AUTHORITY, cof_span_str("cert"), cof_span_str("cert"));
	assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA256, &log, &err));
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
	assert_true(d.surplus);
	assert_int_equal(d.reg, 7);
	assert_string_equal(d.name, "authority");
}

/* T-60: a boot whose first attempt failed ran something else before: its log ends as a good one does, but is longer. */
static void t060_a_failed_first_attempt(void **state)
{
	(void)state;
	static const char start[] = "Calling EFI Application from Boot Option";
	static const char back[] = "Returning from EFI Application from Boot Option";
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_buf) b = {0};
	cof_event_diff d;
	set_up(&f);
	put_spec_id(&b, both_algs, 2);
	put_event(&b, 0, COF_EV_S_CRTM_VERSION, cof_span_of("v\0\0\0", 4), cof_span_of("v\0\0\0", 4));
	put_event(&b, 4, COF_EV_EFI_ACTION, cof_span_str(start), cof_span_str(start));
	put_event(&b, 4, COF_EV_EFI_ACTION, cof_span_str(back), cof_span_str(back));
	put_event(&b, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("kernel bytes"), cof_span_str("a path"));
	put_event(&b, 4, COF_EV_EFI_ACTION, cof_span_str(start), cof_span_str(start));
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
	assert_int_equal(d.reg, 4);
	assert_string_equal(d.name, "kernel");
	/* And when the kernel came first, returned, and came again. */
	put_event(&f.bytes, 4, COF_EV_EFI_ACTION, cof_span_str(back), cof_span_str(back));
	cof_eventlog_release(&log);
	assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA256, &log, &err));
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
	assert_true(d.surplus);
	assert_string_equal(d.name, "boot-attempt-failed");
}

static void t060_digests_of_another_bank_never_match(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_eventlog) sha1 = {0};
	cof_event_diff d;
	set_up(&f);
	assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA1, &sha1, &err));
	assert_int_equal(sha1.n, f.log.n);
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &sha1, &d));
	assert_string_equal(d.name, "crtm-version");
}

static void t060_order_within_a_register_counts(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	cof_event_diff d;
	set_up(&f);
	cof_log_event last = f.log.events[f.log.n - 1];
	f.log.events[f.log.n - 1] = f.log.events[f.log.n - 2];
	f.log.events[f.log.n - 2] = last;
	assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
	assert_string_equal(d.name, "cmdline");
}

static void order_between_registers_does_not(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	cof_event_diff d;
	set_up(&f);
	cof_log_event first = f.log.events[0]; /* PCR 0, and the next is PCR 4 */
	f.log.events[0] = f.log.events[1];
	f.log.events[1] = first;
	assert_false(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
}

static void other_registers_are_not_looked_at(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_event_diff d;
	set_up(&f);
	put_separator(&f.bytes, 8);
	put_separator(&f.bytes, 10);
	assert_ok(cof_eventlog_parse(cof_buf_span(&f.bytes), COF_SHA256, &log, &err));
	assert_int_equal(log.n, f.log.n + 2);
	assert_false(cof_ref_events_differ(f.want, f.n, judged, &log, &d));
}

static void replay_equals_the_logs(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	cof_digest a[COF_REGS_MAX], b[COF_REGS_MAX];
	set_up(&f);
	assert_ok(cof_ref_events_replay(f.want, f.n, COF_LOG_TPM, COF_SHA256, a, &err));
	assert_ok(cof_eventlog_replay(&f.log, b, &err));
	assert_memory_equal(a, b, sizeof a);
	f.want[0].reg = COF_PCRS;
	assert_fails(cof_ref_events_replay(f.want, f.n, COF_LOG_TPM, COF_SHA256, a, &err), "reference-malformed");
}

/* References of a TDX guest: every RTMR but the last, which the guest's own user space extends. */
static void rtmrs_are_judged_alike(void **state)
{
	(void)state;
	static const cof_reg_set rtmrs = 0xe;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_eventlog) longer = {0};
	cof_ref_event want[EVENTS_MAX];
	cof_event_diff d;
	cof_digest predicted[COF_REGS_MAX], logged[COF_REGS_MAX];
	put_cc_boot(&b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA384, &log, &err));
	size_t n = refs_of(&log, want);
	assert_int_equal(n, log.n);
	assert_false(cof_ref_events_differ(want, n, rtmrs, &log, &d));
	assert_ok(cof_ref_events_replay(want, n, COF_LOG_CCEL, COF_SHA384, predicted, &err));
	assert_ok(cof_eventlog_replay(&log, logged, &err));
	for (uint32_t i = 0; i < COF_CC_REGS; i++)
		assert_true(cof_digest_equal(&predicted[i], &logged[i]));
	put_cc_separator(&b, 4);
	put_cc_separator(&b, 2);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA384, &longer, &err));
	assert_true(cof_ref_events_differ(want, n, rtmrs, &longer, &d));
	assert_true(d.surplus);
	assert_int_equal(d.reg, 2);
}

static void references_that_cannot_be_replayed(void **state)
{
	(void)state;
	cof_digest regs[COF_REGS_MAX] = {{.bytes = {77}}};
	cof_ref_event e = {.reg = 0, .type = COF_EV_SEPARATOR, .digest = {.alg = COF_SHA384}};
	assert_fails(cof_ref_events_replay(&e, 1, COF_LOG_CCEL, COF_SHA384, regs, &err), "reference-malformed");
	e.reg = 5;
	assert_fails(cof_ref_events_replay(&e, 1, COF_LOG_CCEL, COF_SHA384, regs, &err), "reference-malformed");
	e.reg = 1;
	assert_fails(cof_ref_events_replay(&e, 1, COF_LOG_TPM, COF_SHA256, regs, &err), "reference-malformed");
	assert_int_equal(regs[0].bytes[0], 77);
}

/* Two machines of one kind, of which one's firmware separates a register twice and another not at all. */
static void t060_a_real_log_with_a_moved_separator(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) good = {0};
	COF_AUTO(cof_buf) odd = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_eventlog) other = {0};
	cof_event_diff d;
	vector_read("ccel/gce-tdx-cos113.bin", &good);
	vector_read("ccel/gce-tdx-cos113-dupsep.bin", &odd);
	assert_ok(cof_eventlog_parse(cof_buf_span(&good), COF_SHA384, &log, &err));
	assert_ok(cof_eventlog_parse(cof_buf_span(&odd), COF_SHA384, &other, &err));
	COF_AUTO_FREE cof_ref_event *want = calloc(log.n, sizeof *want);
	assert_non_null(want);
	for (size_t i = 0; i < log.n; i++)
		want[i] = (cof_ref_event){
			.reg = log.events[i].reg, .type = log.events[i].type, .digest = log.events[i].digest};
	assert_false(cof_ref_events_differ(want, log.n, 0x1e, &log, &d));
	/* As if the two were one firmware: only where they log what remains different. */
	assert_int_equal(other.n, log.n);
	for (size_t i = 0; i < log.n; i++) {
		if (want[i].reg == other.events[i].reg && want[i].type == other.events[i].type)
			want[i].digest = other.events[i].digest;
	}
	assert_true(cof_ref_events_differ(want, log.n, 0x1e, &other, &d));
	assert_int_equal(d.reg, 1);
	assert_int_equal(d.found_type, COF_EV_SEPARATOR);
	assert_int_equal(d.expected_type, COF_EV_EFI_VARIABLE_AUTHORITY);
}

/* T-60: an open event takes any digest, and nothing but the digest: its place, type and number still count. */
static void t060_an_open_event_is_still_one_event(void **state)
{
	(void)state;
	for (size_t i = 0;; i++) {
		COF_AUTO(fixture) f = {0};
		cof_event_diff d;
		cof_digest regs[COF_REGS_MAX];
		set_up(&f);
		if (i == f.log.n)
			break;
		f.want[i].open = true;
		assert_fails(cof_ref_events_replay(f.want, f.n, COF_LOG_TPM, COF_SHA256, regs, &err),
			     "reference-malformed");
		f.log.events[i].digest.bytes[0] ^= 1;
		assert_false(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
		f.log.events[i].type ^= 1;
		assert_true(cof_ref_events_differ(f.want, f.n, judged, &f.log, &d));
		assert_int_equal(d.reg, f.want[i].reg);
		f.log.events[i].type ^= 1;
		f.log.n = i;
		assert_true(cof_ref_events_differ(f.want, i + 1, judged, &f.log, &d));
		assert_true(d.missing);
		assert_string_equal(d.name, f.want[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_every_changed_event_is_named),
		cmocka_unit_test(t060_events_left_out),
		cmocka_unit_test(t060_events_put_in),
		cmocka_unit_test(t060_every_event_put_in_everywhere),
		cmocka_unit_test(t060_every_event_left_out_everywhere),
		cmocka_unit_test(t060_a_second_separator),
		cmocka_unit_test(t060_an_authority_behind_the_separator),
		cmocka_unit_test(t060_a_failed_first_attempt),
		cmocka_unit_test(t060_digests_of_another_bank_never_match),
		cmocka_unit_test(t060_order_within_a_register_counts),
		cmocka_unit_test(order_between_registers_does_not),
		cmocka_unit_test(t060_an_open_event_is_still_one_event),
		cmocka_unit_test(other_registers_are_not_looked_at),
		cmocka_unit_test(replay_equals_the_logs),
		cmocka_unit_test(rtmrs_are_judged_alike),
		cmocka_unit_test(references_that_cannot_be_replayed),
		cmocka_unit_test(t060_a_real_log_with_a_moved_separator),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
