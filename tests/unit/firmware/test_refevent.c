/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "firmware/refevent.h"
#include "tests/unit/firmware/make_log.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t017_every_changed_event_is_named),
		cmocka_unit_test(t060_events_left_out),
		cmocka_unit_test(t060_events_put_in),
		cmocka_unit_test(t060_order_within_a_register_counts),
		cmocka_unit_test(order_between_registers_does_not),
		cmocka_unit_test(other_registers_are_not_looked_at),
		cmocka_unit_test(replay_equals_the_logs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
