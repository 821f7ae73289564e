/* SPDX-License-Identifier: Apache-2.0 */
/* Measurements after boot in a real software TPM, and that the quote's log replays to them. */
#include "tests/unit/evidence/tpmbox.h"

#include "attestation/evidence/attester.h"
#include "common/hex.h"
#include "common/json.h"
#include "firmware/eventlog.h"
#include "tests/unit/firmware/make_log.h"

static const uint8_t nonce[32] = {1, 2, 3};

typedef struct rig {
	tpmbox box;
	char log[96], runtime[96];
	const cof_attester_backend *b;
	cof_attester *a;
} rig;

static int make_box(void **state)
{
	static rig r;
	(void)setenv("TSS2_LOG", "all+none", 1);
	(void)tpmbox_make(&r.box);
	*state = &r;
	return 0;
}

static int drop_box(void **state)
{
	tpmbox_drop(&((rig *)*state)->box);
	return 0;
}

/* A machine whose firmware measured nothing: its log is a head. */
static void start(rig *r)
{
	COF_AUTO(cof_buf) head = {0};
	if (!r->box.there)
		skip();
	tpmbox_on(&r->box);
	put_spec_id(&head, both_algs, 2);
	(void)snprintf(r->log, sizeof r->log, "%s/log", r->box.dir);
	(void)snprintf(r->runtime, sizeof r->runtime, "%s/runtime", r->box.dir);
	(void)unlink(r->runtime);
	assert_ok(cof_file_write(r->log, cof_buf_span(&head), 0600, &err));
	const cof_attester_opts opts = {.tcti = r->box.tcti, .eventlog = r->log, .runtime_log = r->runtime};
	assert_ok(cof_attester_backend_by_name("tpm", &r->b, &err));
	assert_ok(r->b->open(&r->a, &opts, &err));
}

static int measure(rig *r, int index, cof_err *err)
{
	const cof_runtime_event e = {"coffer.test", "Step", "one", index};
	return cof_attester_extend_runtime(r->b, r->a, &e, err);
}

/* The log in the evidence against the registers in it. */
static void assert_replays(rig *r, size_t events)
{
	COF_AUTO_PTR(json_t) e = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	assert_ok(r->b->evidence(r->a, cof_span_of(nonce, 32), &e, &err));
	assert_ok(cof_json_b64(e, "eventlog", &text, &err));
	assert_ok(cof_eventlog_parse(cof_buf_span(&text), COF_SHA256, &log, &err));
	assert_int_equal(log.n, events);
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	const json_t *pcrs = json_object_get(json_object_get(e, "tpm_quote"), "pcrs");
	for (size_t i = 0; i < 16; i++) {
		char hex[65];
		cof_hex(cof_digest_span(&regs[i]), hex);
		assert_string_equal(json_string_value(json_array_get(pcrs, i)), hex);
	}
}

static void what_is_measured_replays(void **state)
{
	rig *r = *state;
	start(r);
	assert_replays(r, 0);
	assert_ok(measure(r, -1, &err));
	assert_ok(measure(r, 15, &err)); /* the same register */
	assert_ok(measure(r, 11, &err));
	assert_replays(r, 3);
	r->b->free(r->a);
}

static void reserved_registers(void **state)
{
	static const int bad[] = {0, 7, 8, 9, 10, 16, 17, 23, 24, -2, INT32_MIN, INT32_MAX};
	rig *r = *state;
	start(r);
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(measure(r, bad[i], &err), "register-reserved");
	assert_replays(r, 0);
	r->b->free(r->a);
}

static void only_with_a_log(void **state)
{
	rig *r = *state;
	cof_attester *a = NULL;
	const cof_runtime_event e = {"coffer.test", "Step", "one", -1};
	start(r);
	r->b->free(r->a);
	assert_ok(r->b->open(&a, &(cof_attester_opts){.tcti = r->box.tcti}, &err));
	assert_fails(cof_attester_extend_runtime(r->b, a, &e, &err), "extend-unsupported");
	r->b->free(a);
}

/* A process that is killed leaves its log; the next one goes on where it was. */
static void t059_another_process_goes_on(void **state)
{
	rig *r = *state;
	start(r);
	assert_ok(measure(r, 14, &err));
	r->b->free(r->a);
	const cof_attester_opts opts = {.tcti = r->box.tcti, .eventlog = r->log, .runtime_log = r->runtime};
	assert_ok(r->b->open(&r->a, &opts, &err));
	assert_ok(measure(r, 14, &err));
	assert_replays(r, 2);
	r->b->free(r->a);
}

static void t061_a_tpm_that_was_reset(void **state)
{
	rig *r = *state;
	json_t *none = NULL;
	start(r);
	assert_ok(measure(r, 14, &err));
	assert_ok(measure(r, 14, &err));
	r->b->free(r->a);
	tpmbox_off(&r->box);
	tpmbox_on(&r->box);
	const cof_attester_opts opts = {.tcti = r->box.tcti, .eventlog = r->log, .runtime_log = r->runtime};
	assert_ok(r->b->open(&r->a, &opts, &err));
	assert_fails(r->b->evidence(r->a, cof_span_of(nonce, 32), &none, &err), "runtime-log-broken");
	r->b->free(r->a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_measured_replays),  cmocka_unit_test(reserved_registers),
		cmocka_unit_test(only_with_a_log),	     cmocka_unit_test(t059_another_process_goes_on),
		cmocka_unit_test(t061_a_tpm_that_was_reset),
	};
	return cmocka_run_group_tests(tests, make_box, drop_box);
}
