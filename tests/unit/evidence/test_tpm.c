/* SPDX-License-Identifier: Apache-2.0 */
/* The attester against a real software TPM, and its evidence before the verifier. */
#include "tests/unit/evidence/tpmbox.h"

#include "attestation/evidence/esys.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/public.h"
#include "attestation/verify/tpm.h"
#include "common/hex.h"
#include "tests/unit/firmware/make_log.h"

enum { NOW = 1800000000 };

static const uint8_t initdata[32] = {0x17, 1, 2, 3};
static const uint8_t nonce[32] = {0x4e, 9, 8, 7};
static const uint8_t credential[32] = {0xc4, 5, 6};

static int make_box(void **state)
{
	static tpmbox box;
	(void)setenv("TSS2_LOG", "all+none", 1);
	(void)tpmbox_make(&box);
	*state = &box;
	return 0;
}

static int drop_box(void **state)
{
	tpmbox_drop(*state);
	return 0;
}

static cof_tpm *powered(void **state)
{
	tpmbox *b = *state;
	cof_tpm *t = NULL;
	if (!b->there)
		skip();
	tpmbox_on(b);
	assert_ok(cof_tpm_open(&t, b->tcti, &err));
	return t;
}

static void extend(cof_tpm *t, uint32_t pcr, const uint8_t digest[32])
{
	TPML_DIGEST_VALUES v = {.count = 1};
	v.digests[0].hashAlg = TPM2_ALG_SHA256;
	memcpy(v.digests[0].digest.sha256, digest, 32);
	assert_int_equal(Esys_PCR_Extend(t->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &v),
			 0);
}

/* What firmware and kernel do: measure, and log. Leaves the log in the box's folder. */
static void boot(tpmbox *b, cof_tpm *t, cof_eventlog *ret, cof_buf *keep)
{
	char path[96];
	put_boot(keep);
	assert_ok(cof_eventlog_parse(cof_buf_span(keep), COF_SHA256, ret, &err));
	for (size_t i = 0; i < ret->n; i++)
		extend(t, ret->events[i].reg, ret->events[i].digest.bytes);
	(void)snprintf(path, sizeof path, "%s/eventlog", b->dir);
	assert_ok(cof_file_write(path, cof_buf_span(keep), 0600, &err));
}

/* A reference that is exactly this boot. */
static json_t *reference_of(const cof_eventlog *log)
{
	cof_digest pcrs[COF_REGS_MAX];
	char hex[65], key[8];
	assert_ok(cof_eventlog_replay(log, pcrs, &err));
	json_t *o = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", "coffer-reference-values/1", "tee", "tpm",
			      "name", "test/default", "pcrs", "events");
	for (uint32_t i = 0; i < 10; i++) {
		cof_hex(cof_digest_span(&pcrs[i]), hex);
		(void)snprintf(key, sizeof key, "%u", i);
		if (i != 8)
			(void)json_object_set_new(json_object_get(o, "pcrs"), key, json_string(hex));
	}
	for (size_t i = 0; i < log->n; i++) {
		char name[COF_EVENT_NAME_MAX];
		const cof_log_event *e = &log->events[i];
		cof_event_name(e, name);
		cof_hex(cof_digest_span(&e->digest), hex);
		(void)json_array_append_new(json_object_get(o, "events"),
					    json_pack("{s:i, s:s, s:s, s:s}", "pcr", (int)e->reg, "type",
						      cof_event_type_name(e->type), "name", name, "digest", hex));
	}
	return json_pack("[o]", o);
}

static void bind_and_activate(tpmbox *b, cof_tpm *t)
{
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	const cof_tpm_bind_in in = {.ek_cert = cof_tpm_ek_cert(t),
				    .ek_public = cof_tpm_ek_public(t),
				    .ak_public = cof_tpm_ak_public(t),
				    .credential = cof_span_of(credential, 32),
				    .ek_roots = cof_buf_span(&b->ca_pem),
				    .now = NOW};
	assert_ok(cof_tpm_bind(&in, &blob, &secret, &err));
	assert_ok(cof_tpm_activate(t, cof_buf_span(&blob), cof_buf_span(&secret), &err));
}

static void evidence_text(tpmbox *b, cof_tpm *t, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) e = NULL;
	char path[96];
	(void)snprintf(path, sizeof path, "%s/eventlog", b->dir);
	assert_ok(cof_tpm_evidence(t, nonce, path, &e, &err));
	assert_ok(cof_json_dump(e, ret, &err));
}

static cof_tpm_verify_in want(tpmbox *b, cof_tpm *t, const cof_buf *evidence, const json_t *references)
{
	return (cof_tpm_verify_in){.evidence = cof_buf_span(evidence),
				   .report_data = cof_span_of(nonce, 32),
				   .credential = cof_span_of(credential, 32),
				   .ak_public = cof_tpm_ak_public(t),
				   .ek_roots = cof_buf_span(&b->ca_pem),
				   .references = references,
				   .initdata_digests = cof_span_of(initdata, 32),
				   .initdata_digest = cof_span_of(initdata, 32),
				   .now = NOW};
}

static void t025_credential_for_another_ak_or_tpm(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	tpmbox *b = *state;
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	COF_AUTO(cof_buf) other = {0};
	assert_ok(cof_buf_add(&other, cof_tpm_ak_public(t).data, cof_tpm_ak_public(t).len, &err));
	other.data[other.len - 1] ^= 1; /* an AK that is nowhere in this TPM */
	const cof_tpm_bind_in in = {.ek_cert = cof_tpm_ek_cert(t),
				    .ek_public = cof_tpm_ek_public(t),
				    .ak_public = cof_buf_span(&other),
				    .credential = cof_span_of(credential, 32),
				    .ek_roots = cof_buf_span(&b->ca_pem),
				    .now = NOW};
	assert_ok(cof_tpm_bind(&in, &blob, &secret, &err));
	assert_fails(cof_tpm_activate(t, cof_buf_span(&blob), cof_buf_span(&secret), &err), "activation-refused");
	bind_and_activate(b, t); /* the TPM is still usable */
}

static void t061_damaged_credentials(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	uint8_t blob[70] = {0, 68, 0, 32}, secret[258] = {1, 0};
	assert_fails(cof_tpm_activate(t, cof_span_of(blob, 70), cof_span_of(secret, 258), &err), "activation-refused");
	assert_fails(cof_tpm_activate(t, cof_span_of(blob, 69), cof_span_of(secret, 258), &err),
		     "credential-malformed");
	assert_fails(cof_tpm_activate(t, cof_span_of(blob, 70), cof_span_of(secret, 10), &err), "credential-malformed");
	assert_fails(cof_tpm_activate(t, (cof_span){0}, (cof_span){0}, &err), "credential-malformed");
	uint8_t huge[4096] = {0x0f, 0xfe};
	assert_fails(cof_tpm_activate(t, cof_span_of(huge, sizeof huge), cof_span_of(secret, 258), &err),
		     "credential-malformed");
}

static void t009_initdata_is_bound_once(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	uint8_t pcrs[24][32], both[64] = {0}, expected[32];
	assert_ok(cof_tpm_bind_initdata(t, initdata, &err));
	assert_ok(cof_tpm_pcrs(t, pcrs, &err));
	memcpy(both + 32, initdata, 32);
	assert_ok(cof_sha256(cof_span_of(both, 64), expected, &err));
	assert_memory_equal(pcrs[8], expected, 32);
	assert_fails(cof_tpm_bind_initdata(t, initdata, &err), "initdata-bound");
}

static void a_boot_that_is_the_reference(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	COF_AUTO(cof_buf) log_bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_tpm_verdict) v = {0};
	boot(*state, t, &log, &log_bytes);
	COF_AUTO_PTR(json_t) refs = reference_of(&log);
	assert_ok(cof_tpm_bind_initdata(t, initdata, &err));
	bind_and_activate(*state, t);
	evidence_text(*state, t, &text);
	const cof_tpm_verify_in in = want(*state, t, &text, refs);
	assert_ok(cof_tpm_verify(&in, &v, &err));
	if (v.status != COF_STATUS_AFFIRMING)
		fail_msg("%s: %s", v.reason, v.text);
	assert_string_equal(v.reference, "test/default");
	assert_true(v.has_initdata);
	assert_string_equal(json_string_value(json_object_get(v.claims, "tier")), "measured");
}

static void t061_one_credential_answers_for_one_quote(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	COF_AUTO(cof_buf) log_bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) second = {0};
	COF_AUTO(cof_tpm_verdict) v = {0};
	boot(*state, t, &log, &log_bytes);
	bind_and_activate(*state, t);
	evidence_text(*state, t, &first);
	evidence_text(*state, t, &second);
	cof_tpm_verify_in in = want(*state, t, &second, NULL);
	assert_fails(cof_tpm_verify(&in, &v, &err), "activation-mismatch");
	in.evidence = cof_buf_span(&first);
	assert_ok(cof_tpm_verify(&in, &v, &err));
	assert_string_equal(v.reason, "reference-missing");
}

static void t009_a_changed_event_is_named(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	COF_AUTO(cof_buf) log_bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_tpm_verdict) v = {0};
	boot(*state, t, &log, &log_bytes);
	/* the owner expects another initrd: the last event of PCR 9 */
	uint8_t was = log.events[log.n - 1].digest.bytes[0];
	log.events[log.n - 1].digest.bytes[0] = (uint8_t)(was ^ 0xff);
	COF_AUTO_PTR(json_t) refs = reference_of(&log);
	assert_ok(cof_tpm_bind_initdata(t, initdata, &err));
	bind_and_activate(*state, t);
	evidence_text(*state, t, &text);
	const cof_tpm_verify_in in = want(*state, t, &text, refs);
	assert_ok(cof_tpm_verify(&in, &v, &err));
	assert_int_equal(v.status, COF_STATUS_CONTRAINDICATED);
	assert_string_equal(v.reason, "pcr-mismatch");
	assert_int_equal(v.pcr, 9);
	assert_string_equal(v.event, "initrd");
	assert_int_equal(strlen(v.found), 64);
	assert_string_not_equal(v.found, v.expected);
}

static void a_killed_user_leaves_no_slot_taken(void **state)
{
	cof_tpm *t = powered(state);
	tpmbox *b = *state;
	for (int i = 0; i < 5; i++) {
		/* as after kill -9: contexts stay in the TPM */
		Esys_Finalize(&t->esys);
		Tss2_Tcti_Finalize(t->tcti);
		free(t->tcti);
		t->tcti = NULL;
		cof_tpm_free(t);
		assert_ok(cof_tpm_open(&t, b->tcti, &err));
	}
	bind_and_activate(b, t);
	cof_tpm_free(t);
}

static void the_ak_stays_the_same(void **state)
{
	COF_AUTO_PTR(cof_tpm) t = powered(state);
	COF_AUTO(cof_buf) ak = {0};
	cof_tpm_public p;
	assert_ok(cof_buf_add(&ak, cof_tpm_ak_public(t).data, cof_tpm_ak_public(t).len, &err));
	assert_ok(cof_tpm_public_parse(cof_buf_span(&ak), &p, &err));
	assert_ok(cof_tpm_ak_check(&p, &err));
	assert_ok(cof_tpm_public_parse(cof_tpm_ek_public(t), &p, &err));
	assert_ok(cof_tpm_ek_check(&p, &err));
	cof_tpm_free(cof_steal(&t));
	t = powered(state);
	assert_span_equal(cof_tpm_ak_public(t), ak.data, ak.len);
}

static void no_tpm_there(void **state)
{
	(void)state;
	cof_tpm *t = NULL;
	assert_fails(cof_tpm_open(&t, "mssim:host=x", &err), "tcti-unknown");
	assert_fails(cof_tpm_open(&t, "", &err), "tcti-unknown");
	assert_fails(cof_tpm_open(&t, "device:/nonexistent/tpm", &err), "tpm-unreachable");
	assert_fails(cof_tpm_open(&t, "swtpm:path=/nonexistent/sock", &err), "tpm-unreachable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tpm_there),
		cmocka_unit_test(t025_credential_for_another_ak_or_tpm),
		cmocka_unit_test(t061_damaged_credentials),
		cmocka_unit_test(t009_initdata_is_bound_once),
		cmocka_unit_test(t061_one_credential_answers_for_one_quote),
		cmocka_unit_test(t009_a_changed_event_is_named),
		cmocka_unit_test(a_boot_that_is_the_reference),
		cmocka_unit_test(a_killed_user_leaves_no_slot_taken),
		cmocka_unit_test(the_ak_stays_the_same),
	};
	return cmocka_run_group_tests(tests, make_box, drop_box);
}
