/* SPDX-License-Identifier: Apache-2.0 */
/* The whole verifier, with evidence in which one thing at a time is wrong. */
#include "tests/unit/verify/soft_tpm.h"

static soft_keys keys; /* of this program only */

/* What the broker knows of one handshake. */
typedef struct ctx {
	soft_tpm t;
	json_t *e;
	json_t *refs;
	cof_buf text, ak;
	uint8_t credential[32], nonce[32], initdata[32];
	cof_tpm_verify_in in;
} ctx;

static void begin(ctx *c)
{
	*c = (ctx){0};
	soft_boot(&c->t, &keys);
	memcpy(c->credential, c->t.credential, 32);
	memcpy(c->nonce, c->t.nonce, 32);
	memcpy(c->initdata, c->t.initdata, 32);
	c->refs = json_pack("[o]", soft_reference(&c->t.log, "guest/default"));
	soft_public(keys.ak, AK_BITS, 0x14, &c->ak);
	c->in = (cof_tpm_verify_in){.report_data = cof_span_of(c->nonce, 32),
				    .credential = cof_span_of(c->credential, 32),
				    .ak_public = cof_buf_span(&c->ak),
				    .ek_roots = cof_buf_span(&keys.root_pem),
				    .references = c->refs,
				    .initdata_digests = cof_span_of(c->initdata, 32),
				    .initdata_digest = cof_span_of(c->initdata, 32),
				    .now = SOFT_NOW};
}

static void ctx_release(ctx *c)
{
	soft_tpm_release(&c->t);
	json_decref(c->e);
	json_decref(c->refs);
	cof_buf_release(&c->text);
	cof_buf_release(&c->ak);
}
COF_DEFINE_AUTO(ctx, ctx_release)

/* The evidence as it is now, unless a test has put its own into c->e. */
static int verify(ctx *c, cof_tpm_verdict *v, cof_err *err)
{
	if (c->e == NULL)
		c->e = soft_evidence(&c->t);
	c->text.len = 0;
	int r = cof_json_dump(c->e, &c->text, err);
	c->in.evidence = cof_buf_span(&c->text);
	json_decref(c->e);
	c->e = NULL;
	return r < 0 ? r : cof_tpm_verify(&c->in, v, err);
}

static void refused(ctx *c, const char *reason)
{
	cof_tpm_verdict v = {0};
	assert_fails(verify(c, &v, &err), reason);
	assert_null(v.claims); /* nothing is written on failure */
}

static void contra(ctx *c, const char *reason, int pcr, const char *event)
{
	COF_AUTO(cof_tpm_verdict) v = {0};
	assert_ok(verify(c, &v, &err));
	assert_int_equal(v.status, COF_STATUS_CONTRAINDICATED);
	assert_string_equal(v.reason, reason);
	assert_int_equal(v.pcr, pcr);
	assert_string_equal(v.event, event);
	assert_int_equal(cof_trust_worst(v.trust), COF_STATUS_CONTRAINDICATED);
	assert_string_equal(v.reference, strcmp(reason, "initdata-mismatch") == 0 ? "guest/default" : "");
}

static void affirming(ctx *c)
{
	COF_AUTO(cof_tpm_verdict) v = {0};
	assert_ok(verify(c, &v, &err));
	if (v.status != COF_STATUS_AFFIRMING)
		fail_msg("%s: %s", v.reason, v.text);
}

static void a_good_boot(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	COF_AUTO(cof_tpm_verdict) v = {0};
	assert_ok(verify(&c, &v, &err));
	assert_int_equal(v.status, COF_STATUS_AFFIRMING);
	assert_string_equal(v.reason, "");
	assert_int_equal(v.pcr, -1);
	assert_true(v.has_initdata);
	assert_memory_equal(v.initdata_digest, c.initdata, 32);
	assert_string_equal(v.reference, "guest/default");
	assert_int_equal(cof_trust_worst(v.trust), COF_STATUS_AFFIRMING);
	assert_int_equal(v.trust[COF_TRUST_HARDWARE], 0);
	assert_int_equal(strlen(json_string_value(json_object_get(v.claims, "pcr23"))), 64);
}

/* ---- the quote ---- */

static void t025_quote_by_another_key(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.t.signer = keys.other;
	refused(&c, "quote-signature");
}

static void t025_magic_and_type(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.t.magic = 0xff544348;
	refused(&c, "quote-magic");
	c.t.magic = 0xff544347;
	c.t.type = 0x8017;
	refused(&c, "quote-type");
}

static void t064_replay_with_another_nonce(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.nonce[31] ^= 1;
	refused(&c, "nonce-mismatch");
	c.nonce[31] ^= 1;
	affirming(&c);
}

static void t064_absent_expectations_never_skip_a_check(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.in.report_data = (cof_span){0};
	refused(&c, "report-data");
	c.in.report_data = cof_span_of(c.nonce, 31);
	refused(&c, "report-data");
	c.in.report_data = cof_span_of(c.nonce, 32);
	c.in.credential = cof_span_of(c.credential, 16);
	refused(&c, "credential-size");
	c.in.credential = (cof_span){0}; /* no activation and no enrolment: nobody vouches for the AK */
	refused(&c, "ak-not-enrolled");
}

static void t025_ak_attributes(void **state)
{
	(void)state;
	static const uint32_t bad[] = {0x00040472, 0x00050470, 0x00050462, 0x00050452,
				       0x00010472, 0x00070472, 0x00050c72, 0};
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		c.t.ak_attributes = bad[i];
		soft_public(keys.ak, bad[i], 0x14, &c.ak);
		c.in.ak_public = cof_buf_span(&c.ak);
		refused(&c, "ak-attributes");
	}
	c.t.ak_attributes = AK_BITS;
	c.t.ak_scheme = 0x10; /* no scheme fixed: the host chooses the hash */
	soft_public(keys.ak, AK_BITS, 0x10, &c.ak);
	c.in.ak_public = cof_buf_span(&c.ak);
	refused(&c, "ak-attributes");
}

static void t025_another_ak_than_the_handshakes(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	soft_public(keys.other, AK_BITS, 0x14, &c.ak);
	c.in.ak_public = cof_buf_span(&c.ak);
	refused(&c, "ak-mismatch");
	c.in.ak_public = (cof_span){0};
	refused(&c, "ak-mismatch");
}

static void t025_der_key_and_tpm_key_differ(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	uint8_t *spki = NULL;
	begin(&c);
	c.e = soft_evidence(&c.t);
	int n = i2d_PUBKEY(keys.other, &spki);
	(void)json_object_set_new(c.e, "ak_public", soft_b64(cof_span_of(spki, (size_t)n)));
	OPENSSL_free(spki);
	refused(&c, "ak-mismatch");
}

static void t025_activation(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.t.credential[0] ^= 1; /* what a TPM without this AK could not learn */
	refused(&c, "activation-mismatch");
	c.t.credential[0] ^= 1;
	c.t.activate = false;
	refused(&c, "activation-mismatch");
	c.t.activate = true;
	c.e = soft_evidence(&c.t);
	(void)json_object_set_new(c.e, "activation", json_string(""));
	refused(&c, "activation-mismatch");
}

static void t025_enrolled_ak(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	uint8_t names[64] = {0};
	begin(&c);
	c.in.credential = (cof_span){0};
	c.in.ak_public = (cof_span){0};
	c.in.enrolled_aks = cof_span_of(names, 64);
	refused(&c, "ak-not-enrolled");
	assert_ok(cof_sha256(cof_span_of(c.ak.data + 2, c.ak.len - 2), names + 32, &err));
	affirming(&c);
	c.in.enrolled_aks = cof_span_of(names, 63); /* a list that is no list of names */
	refused(&c, "ak-not-enrolled");
	c.in.enrolled_aks = cof_span_of(names, 64);
	c.e = soft_evidence(&c.t);
	(void)json_object_del(c.e, "ak_tpm_public");
	refused(&c, "ak-not-enrolled");
}

static void t060_selection_must_be_all_of_sha256(void **state)
{
	(void)state;
	static const uint32_t masks[] = {0, 1, 0x7fffff, 0xfffeff, 0xfffffe};
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i < COF_COUNT(masks); i++) {
		c.t.mask = masks[i];
		refused(&c, "pcr-selection");
	}
	c.t.mask = 0xffffff;
	c.t.bank = 0x4;
	refused(&c, "pcr-selection");
	c.t.bank = 0xc;
	refused(&c, "pcr-selection");
}

static void t060_values_that_were_not_quoted(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i < 24; i++) {
		char hex[65] = {0};
		memset(hex, 'a', 64);
		c.e = soft_evidence(&c.t);
		(void)json_array_set_new(json_object_get(json_object_get(c.e, "tpm_quote"), "pcrs"), i,
					 json_string(hex));
		refused(&c, "pcr-digest");
	}
}

/* ---- the EK's certificate, repeated in the evidence ---- */

static void t022_ek_chain(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.in.now = SOFT_NOW + 5000;
	refused(&c, "ek-untrusted");
	c.in.now = SOFT_NOW - 5000;
	refused(&c, "ek-untrusted");
	c.in.now = SOFT_NOW;
	c.in.ek_roots = (cof_span){0};
	refused(&c, "ek-untrusted");
	c.in.ek_roots = cof_span_str("not PEM");
	refused(&c, "ek-roots");
	c.in.ek_roots = cof_buf_span(&keys.root_pem);
	c.t.ek_cert.data[c.t.ek_cert.len - 1] ^= 1;
	refused(&c, "ek-untrusted");
	c.t.ek_cert.data[c.t.ek_cert.len - 1] ^= 1;
	c.t.send_cert = false; /* it was judged when the credential was made */
	affirming(&c);
}

/* ---- the log ---- */

static void log_of(ctx *c, void (*put)(cof_buf *))
{
	c->t.log.len = 0;
	put(&c->t.log);
}

static void put_reordered(cof_buf *b)
{
	put_spec_id(b, both_algs, 2);
	put_separator(b, 0);
	put_event(b, 0, COF_EV_S_CRTM_VERSION, cof_span_of("v\0\0\0", 4), cof_span_of("v\0\0\0", 4));
}

static void put_nothing(cof_buf *b)
{
	put_spec_id(b, both_algs, 2);
}

static void t060_log_that_does_not_replay(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	log_of(&c, put_reordered);
	refused(&c, "eventlog-replay");
	log_of(&c, put_nothing);
	refused(&c, "eventlog-replay");
	log_of(&c, put_boot);
	put_separator(&c.t.log, 5); /* one event too many */
	refused(&c, "eventlog-replay");
}

static void t060_extends_that_the_log_hides(void **state)
{
	(void)state;
	for (uint32_t pcr = 0; pcr < 16; pcr++) {
		COF_AUTO(ctx) c;
		if (pcr == 8 || pcr == 10)
			continue;
		begin(&c);
		soft_extend(&c.t, pcr, c.initdata);
		refused(&c, "eventlog-replay");
	}
}

static void t060_log_cut_or_flipped(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	cof_tpm_verdict v = {0};
	begin(&c);
	size_t whole = c.t.log.len;
	for (size_t n = 1; n < whole; n += 13) {
		c.t.log.len = n;
		assert_true(verify(&c, &v, NULL) < 0);
	}
	c.t.log.len = whole;
	for (size_t i = 0; i < whole; i += 17) {
		COF_AUTO(cof_tpm_verdict) got = {0};
		c.t.log.data[i] ^= 0x20;
		/* SHA-1 digests and labels are nobody's facts: then the boot itself must still be the same */
		if (verify(&c, &got, NULL) == 0)
			assert_memory_equal(got.pcrs, c.t.pcrs, sizeof got.pcrs);
		c.t.log.data[i] ^= 0x20;
	}
	affirming(&c);
}

static void t060_data_that_is_not_what_was_measured(void **state)
{
	(void)state;
	static const char start[] = "Calling EFI Application from Boot Option";
	COF_AUTO(ctx) c;
	begin(&c);
	for (size_t i = 0; i + sizeof start - 1 <= c.t.log.len; i++) {
		if (memcmp(c.t.log.data + i, start, sizeof start - 1) == 0)
			c.t.log.data[i] = 'X'; /* the digest stays, and the replay with it */
	}
	refused(&c, "eventlog-data-mismatch");
}

static void without_a_log_registers_still_decide(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	c.t.send_log = false;
	affirming(&c);
	soft_extend(&c.t, 4, c.initdata);
	contra(&c, "pcr-mismatch", 4, "");
}

/* ---- the boot ---- */

static void t017_every_register_is_judged(void **state)
{
	(void)state;
	for (uint32_t pcr = 0; pcr < 24; pcr++) {
		COF_AUTO(ctx) c;
		begin(&c);
		c.t.send_log = false;
		soft_extend(&c.t, pcr, c.nonce);
		if (pcr == 10 || pcr == 16 || pcr == 23)
			affirming(&c); /* resettable, or extended by the kernel after boot */
		else if (pcr == 8)
			contra(&c, "initdata-mismatch", 8, "initdata");
		else
			contra(&c, "pcr-mismatch", (int)pcr, "");
	}
}

static void put_other_initrd(cof_buf *b)
{
	COF_AUTO(cof_buf) good = {0};
	put_boot(&good);
	size_t last = 4 + 4 + 4 + 2 + 20 + 2 + 32 + 4 + 8;
	assert_ok(cof_buf_add(b, good.data, good.len - last, &err));
	put_event(b, 9, COF_EV_EVENT_TAG, cof_span_str("another initrd"), cof_span_of("\xec\x22\x3b\x8f\0\0\0\0", 8));
}

static void t009_another_initrd_is_named(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	log_of(&c, put_other_initrd);
	soft_reset_pcrs(&c.t);
	soft_measure(&c.t);
	soft_extend(&c.t, 8, c.initdata);
	COF_AUTO(cof_tpm_verdict) v = {0};
	assert_ok(verify(&c, &v, &err));
	assert_string_equal(v.reason, "pcr-mismatch");
	assert_int_equal(v.pcr, 9);
	assert_string_equal(v.event, "initrd");
	uint8_t want[32];
	char hex[65];
	assert_ok(cof_sha256(cof_span_str("initrd bytes"), want, &err));
	cof_hex(cof_span_of(want, 32), hex);
	assert_string_equal(v.expected, hex);
	assert_ok(cof_sha256(cof_span_str("another initrd"), want, &err));
	cof_hex(cof_span_of(want, 32), hex);
	assert_string_equal(v.found, hex);
	/* with two references registered, the one that is closer explains */
	log_of(&c, put_boot);
	COF_AUTO(cof_buf) far = {0};
	put_spec_id(&far, both_algs, 2);
	put_separator(&far, 0);
	(void)json_array_insert_new(c.refs, 0, soft_reference(&far, "far"));
	log_of(&c, put_other_initrd);
	contra(&c, "pcr-mismatch", 9, "initrd");
}

static void t007_nothing_registered_matches_nothing(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	COF_AUTO_PTR(json_t) none = json_array();
	begin(&c);
	c.in.references = NULL;
	contra(&c, "reference-missing", -1, "");
	c.in.references = none;
	contra(&c, "reference-missing", -1, "");
}

static void t017_a_broken_reference_is_an_error(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	begin(&c);
	(void)json_object_del(json_object_get(json_array_get(c.refs, 0), "pcrs"), "9");
	refused(&c, "reference-malformed");
}

/* ---- initdata ---- */

static void t009_initdata_must_be_bound_and_registered(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	uint8_t two[64] = {0};
	begin(&c);
	memset(c.t.pcrs[8], 0, 32);
	contra(&c, "initdata-mismatch", 8, "initdata"); /* never bound */
	soft_extend(&c.t, 8, c.nonce);
	contra(&c, "initdata-mismatch", 8, "initdata"); /* somebody else's */
	memset(c.t.pcrs[8], 0, 32);
	soft_extend(&c.t, 8, c.initdata);
	c.in.initdata_digests = (cof_span){0};
	contra(&c, "initdata-mismatch", 8, "initdata"); /* none registered */
	memcpy(two + 32, c.initdata, 32);
	c.in.initdata_digests = cof_span_of(two, 64);
	affirming(&c);
	soft_extend(&c.t, 8, c.initdata);
	contra(&c, "initdata-mismatch", 8, "initdata"); /* bound twice */
}

static void t009_initdata_sent_is_not_the_one_bound(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	uint8_t other[32] = {9};
	begin(&c);
	c.in.initdata_digest = cof_span_of(other, 32);
	contra(&c, "initdata-mismatch", 8, "initdata");
	c.in.initdata_digest = cof_span_of(other, 31);
	refused(&c, "initdata-digest");
	c.in.initdata_digest = (cof_span){0}; /* none came: PCR 8 decides alone */
	affirming(&c);
	c.in.initdata_digests = cof_span_of(c.initdata, 31);
	refused(&c, "initdata-digest");
}

/* ---- mutations of the whole ---- */

static void t079_no_mutation_is_affirmed(void **state)
{
	(void)state;
	COF_AUTO(ctx) c;
	static const char *const members[] = {"ak_public", "ak_tpm_public", "activation"};
	static const char *const inner[] = {"signature", "message"};
	begin(&c);
	for (size_t m = 0; m < COF_COUNT(members) + COF_COUNT(inner); m++) {
		for (size_t byte = 0; byte < 280; byte += byte < 12 ? 1 : 19) {
			COF_AUTO(cof_buf) raw = {0};
			cof_tpm_verdict v = {0};
			c.e = soft_evidence(&c.t);
			json_t *o = m < 3 ? c.e : json_object_get(c.e, "tpm_quote");
			const char *key = m < 3 ? members[m] : inner[m - 3];
			assert_ok(cof_json_b64(o, key, &raw, &err));
			if (byte < raw.len) {
				raw.data[byte] ^= (uint8_t)(1u << (byte % 8));
				(void)json_object_set_new(o, key, soft_b64(cof_buf_span(&raw)));
				assert_true(verify(&c, &v, NULL) < 0);
			}
			json_decref(c.e);
			c.e = NULL;
		}
	}
}

static int setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	const soft_cert root = soft_root_cert(&keys);
	soft_pem(&root, &keys.root_pem);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t025_quote_by_another_key),
		cmocka_unit_test(t025_magic_and_type),
		cmocka_unit_test(t064_replay_with_another_nonce),
		cmocka_unit_test(t064_absent_expectations_never_skip_a_check),
		cmocka_unit_test(t025_ak_attributes),
		cmocka_unit_test(t025_another_ak_than_the_handshakes),
		cmocka_unit_test(t025_der_key_and_tpm_key_differ),
		cmocka_unit_test(t025_activation),
		cmocka_unit_test(t025_enrolled_ak),
		cmocka_unit_test(t060_selection_must_be_all_of_sha256),
		cmocka_unit_test(t060_values_that_were_not_quoted),
		cmocka_unit_test(t022_ek_chain),
		cmocka_unit_test(t060_log_that_does_not_replay),
		cmocka_unit_test(t060_extends_that_the_log_hides),
		cmocka_unit_test(t060_log_cut_or_flipped),
		cmocka_unit_test(t060_data_that_is_not_what_was_measured),
		cmocka_unit_test(without_a_log_registers_still_decide),
		cmocka_unit_test(t017_every_register_is_judged),
		cmocka_unit_test(t009_another_initrd_is_named),
		cmocka_unit_test(t007_nothing_registered_matches_nothing),
		cmocka_unit_test(t017_a_broken_reference_is_an_error),
		cmocka_unit_test(t009_initdata_must_be_bound_and_registered),
		cmocka_unit_test(t009_initdata_sent_is_not_the_one_bound),
		cmocka_unit_test(t079_no_mutation_is_affirmed),
		cmocka_unit_test(a_good_boot),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
