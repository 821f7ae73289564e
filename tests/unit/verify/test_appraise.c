/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement alone, over registers that are facts; and the claims made of it. */
#include "tests/unit/verify/soft_tpm.h"

#include "attestation/verify/appraise.h"
#include "attestation/verify/claims.h"

static const uint8_t initdata[32] = {7};

typedef struct ctx {
	cof_buf bytes;
	cof_eventlog log;
	json_t *refs;
	cof_tpm_verify_in in;
	cof_tpm_verdict v;
} ctx;

static void ctx_release(ctx *c)
{
	cof_eventlog_release(&c->log);
	cof_buf_release(&c->bytes);
	cof_tpm_verdict_release(&c->v);
	json_decref(c->refs);
}
COF_DEFINE_AUTO(ctx, ctx_release)

/* The registers as the log says. */
static void replay(ctx *c)
{
	cof_digest pcrs[COF_REGS_MAX];
	assert_ok(cof_eventlog_replay(&c->log, pcrs, &err));
	for (size_t i = 0; i < COF_PCRS; i++)
		memcpy(c->v.pcrs[i], pcrs[i].bytes, COF_SHA256_LEN);
}

static void bind_initdata(ctx *c)
{
	cof_digest pcr = {.alg = COF_SHA256}, field = {.alg = COF_SHA256};
	memcpy(field.bytes, initdata, sizeof initdata);
	assert_ok(cof_reg_extend(&pcr, &field, &err));
	memcpy(c->v.pcrs[8], pcr.bytes, COF_SHA256_LEN);
}

static void begin(ctx *c)
{
	*c = (ctx){0};
	put_boot(&c->bytes);
	assert_ok(cof_eventlog_parse(cof_buf_span(&c->bytes), COF_SHA256, &c->log, &err));
	replay(c);
	bind_initdata(c);
	c->refs = json_pack("[o]", soft_reference(&c->bytes, "one"));
	c->in = (cof_tpm_verify_in){.references = c->refs, .initdata_digests = cof_span_of(initdata, 32)};
	c->v.pcr = -1;
}

static void t009_events_missing_and_surplus(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	size_t n = c.log.n;
	c.log.n--; /* a boot without initrd */
	replay(&c);
	assert_ok(cof_tpm_appraise(&c.in, &c.log, &c.v, &err));
	assert_string_equal(c.v.reason, "pcr-mismatch");
	assert_string_equal(c.v.event, "initrd");
	assert_string_equal(c.v.found, "");
	assert_int_equal(strlen(c.v.expected), 64);
	c.log.n = n;
	put_event(&c.bytes, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("bootkit"), cof_span_str("p"));
	cof_eventlog_release(&c.log);
	assert_ok(cof_eventlog_parse(cof_buf_span(&c.bytes), COF_SHA256, &c.log, &err));
	replay(&c);
	assert_ok(cof_tpm_appraise(&c.in, &c.log, &c.v, &err));
	assert_int_equal(c.v.pcr, 4);
	assert_string_equal(c.v.expected, "");
	assert_int_equal(strlen(c.v.found), 64);
}

static void t017_registers_that_no_reference_names(void **state)
{
	(void)state;
	for (uint32_t pcr = 11; pcr <= 22; pcr++) {
		COF_AUTO(ctx) c;
		begin(&c);
		c.v.pcrs[pcr][0] ^= 1;
		assert_ok(cof_tpm_appraise(&c.in, &c.log, &c.v, &err));
		assert_int_equal(c.v.status, pcr == 16 ? COF_STATUS_AFFIRMING : COF_STATUS_CONTRAINDICATED);
		assert_int_equal(c.v.pcr, pcr == 16 ? -1 : (int)pcr);
	}
}

static void t077_one_of_several_references(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	COF_AUTO(cof_buf) other = {0};
	begin(&c);
	put_spec_id(&other, both_algs, 2);
	put_separator(&other, 0);
	(void)json_array_insert_new(c.refs, 0, soft_reference(&other, "zero"));
	assert_ok(cof_tpm_appraise(&c.in, &c.log, &c.v, &err));
	assert_int_equal(c.v.status, COF_STATUS_AFFIRMING);
	assert_string_equal(c.v.reference, "one");
	assert_string_equal(c.v.reason, "");
	assert_string_equal(c.v.expected, "");
	while (json_array_size(c.refs) <= COF_TPM_REFERENCES_MAX)
		(void)json_array_append(c.refs, json_array_get(c.refs, 0));
	assert_fails(cof_tpm_appraise(&c.in, &c.log, &c.v, &err), "reference-malformed");
}

static void t009_boot_before_initdata(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.v.pcrs[0][0] ^= 1;
	memset(c.v.pcrs[8], 0, 32);
	assert_ok(cof_tpm_appraise(&c.in, NULL, &c.v, &err));
	assert_string_equal(c.v.reason, "pcr-mismatch");
	assert_int_equal(c.v.pcr, 0);
	assert_int_equal(c.v.trust[COF_TRUST_CONFIGURATION], 96); /* both are said */
	assert_int_equal(c.v.trust[COF_TRUST_EXECUTABLES], 96);
	assert_false(c.v.has_initdata);
}

static void t025_claims_say_what_the_tpm_is(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	COF_AUTO_PTR(json_t) claims = NULL;
	begin(&c);
	assert_ok(cof_tpm_appraise(&c.in, &c.log, &c.v, &err));
	assert_ok(cof_tpm_claims(&c.v, cof_span_str("spki"), cof_span_of(initdata, 32), false, &claims, &err));
	assert_string_equal(json_string_value(json_object_get(claims, "tier")), "measured");
	assert_false(json_boolean_value(json_object_get(claims, "eventlog")));
	assert_string_equal(json_string_value(json_object_get(claims, "reference")), "one");
	assert_string_equal(json_string_value(json_object_get(claims, "ak_public")), "c3BraQ==");
	assert_true(json_equal(json_object_get(claims, "init_data"), json_object_get(claims, "pcr08")));
	for (unsigned i = 0; i < 24; i++) {
		char key[16];
		(void)snprintf(key, sizeof key, "pcr%02u", i);
		assert_int_equal(json_string_length(json_object_get(claims, key)), 64);
	}
	c.v.reference[0] = '\0';
	json_decref(cof_steal(&claims));
	assert_ok(cof_tpm_claims(&c.v, cof_span_str("spki"), cof_span_of(initdata, 32), true, &claims, &err));
	assert_true(json_is_null(json_object_get(claims, "reference")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t009_events_missing_and_surplus),
		cmocka_unit_test(t017_registers_that_no_reference_names),
		cmocka_unit_test(t077_one_of_several_references),
		cmocka_unit_test(t009_boot_before_initdata),
		cmocka_unit_test(t025_claims_say_what_the_tpm_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
