/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/vectors.h"

#include "attestation/verify/ek.h"
#include "attestation/verify/quote.h"
#include "common/wr.h"
#include "firmware/eventlog.h"

/* ---- quotes made here ---- */

typedef struct maker {
	uint32_t magic;
	uint16_t type;
	size_t extra;
	uint8_t safe;
	uint32_t n_select;
	uint16_t bank[5];
	uint8_t select_len;
	uint8_t select[8];
	size_t tail;
} maker;

static const maker good = {.magic = 0xff544347,
			   .type = 0x8018,
			   .extra = 32,
			   .safe = 1,
			   .n_select = 1,
			   .bank = {COF_TPM_ALG_SHA256, COF_TPM_ALG_SHA384, COF_TPM_ALG_SHA512, 0x27, 0x28},
			   .select_len = 3,
			   .select = {0xff, 0xff, 0xff}};

static void make(const maker *m, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	uint8_t signer[34] = {0, 0xb}, digest[32] = {7};
	cof_wr_u32be(&w, m->magic);
	cof_wr_u16be(&w, m->type);
	cof_wr_span_u16be(&w, cof_span_of(signer, sizeof signer));
	size_t mark = cof_wr_begin_u16be(&w);
	cof_wr_zeros(&w, m->extra);
	cof_wr_end_u16be(&w, mark);
	cof_wr_u64be(&w, 5);
	cof_wr_u32be(&w, 6);
	cof_wr_u32be(&w, 7);
	cof_wr_u8(&w, m->safe);
	cof_wr_u64be(&w, 8);
	cof_wr_u32be(&w, m->n_select);
	for (uint32_t i = 0; i < m->n_select && i < COF_COUNT(m->bank); i++) {
		cof_wr_u16be(&w, m->bank[i]);
		cof_wr_u8(&w, m->select_len);
		cof_wr_bytes(&w, cof_span_of(m->select, m->select_len));
	}
	cof_wr_span_u16be(&w, cof_span_of(digest, sizeof digest));
	cof_wr_zeros(&w, m->tail);
	assert_ok(cof_wr_done(&w, &err));
}

static int parse(const maker *m, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_tpm_quote q;
	make(m, &b);
	return cof_tpm_quote_parse(cof_buf_span(&b), &q, err);
}

static void t025_signed_data_that_is_no_quote(void **state)
{
	(void)state;
	maker m = good;
	m.magic = 0xff544346;
	assert_fails(parse(&m, &err), "quote-magic");
	static const uint16_t types[] = {0x8014, 0x8016, 0x8017, 0x8019, 0x801a, 0, 0xffff};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		m = good;
		m.type = types[i];
		assert_fails(parse(&m, &err), "quote-type");
	}
}

static void t060_selection_is_read_one_way_only(void **state)
{
	(void)state;
	maker m = good;
	m.n_select = 0;
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.n_select = 5;
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.n_select = 2;
	m.bank[1] = m.bank[0];
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.select_len = 0;
	assert_fails(parse(&m, &err), "quote-malformed");
	m.select_len = 5;
	assert_fails(parse(&m, &err), "quote-malformed");
	m.select_len = 4;
	m.select[3] = 1; /* PCR 24 */
	assert_fails(parse(&m, &err), "quote-malformed");
	m.select[3] = 0;
	assert_ok(parse(&m, &err));
}

static void t060_lengths_and_leftovers(void **state)
{
	(void)state;
	maker m = good;
	m.tail = 1;
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.extra = 65;
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.safe = 2;
	assert_fails(parse(&m, &err), "quote-malformed");
	m = good;
	m.tail = 2000;
	assert_fails(parse(&m, &err), "quote-malformed");
}

static void t060_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tpm_quote q;
	make(&good, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_fails(cof_tpm_quote_parse(cof_span_of(b.data, n), &q, &err), "quote-malformed");
	assert_ok(cof_tpm_quote_parse(cof_buf_span(&b), &q, &err));
	assert_int_equal(q.clock, 5);
	assert_int_equal(q.reset_count, 6);
	assert_int_equal(q.restart_count, 7);
	assert_int_equal(q.firmware_version, 8);
	assert_int_equal(q.n_select, 1);
	assert_int_equal(q.select[0].mask, COF_TPM_ALL_PCRS);
	assert_int_equal(q.extra.len, 32);
}

/* ---- registers ---- */

static cof_tpm_quote quote_of(uint32_t mask, const cof_digest *d)
{
	cof_tpm_quote q = {.n_select = 1, .select = {{COF_TPM_ALG_SHA256, mask}}};
	q.pcr_digest = cof_digest_span(d);
	return q;
}

static void t060_values_outside_the_selection_are_no_facts(void **state)
{
	(void)state;
	cof_digest d;
	uint8_t two[64] = {0};
	cof_tpm_bank b = {.bank = COF_TPM_ALG_SHA256, .mask = 3};
	assert_ok(cof_digest_of(COF_SHA256, cof_span_of(two, 64), &d, &err));
	cof_tpm_quote q = quote_of(3, &d);
	assert_ok(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err));
	b.mask = 7; /* one more value than was quoted */
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "pcr-selection");
	b.mask = 1;
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "pcr-selection");
	b.mask = 3;
	b.bank = COF_TPM_ALG_SHA384;
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "pcr-selection");
	b.bank = COF_TPM_ALG_SHA256;
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 0, &err), "pcr-selection");
	b.pcrs[1][31] ^= 1;
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "pcr-digest");
}

static void t060_a_bank_that_was_not_quoted(void **state)
{
	(void)state;
	cof_digest d;
	uint8_t two[64] = {0};
	const cof_tpm_bank b[2] = {{.bank = COF_TPM_ALG_SHA256, .mask = 3}, {.bank = COF_TPM_ALG_SHA384, .mask = 3}};
	assert_ok(cof_digest_of(COF_SHA256, cof_span_of(two, 64), &d, &err));
	cof_tpm_quote q = quote_of(3, &d);
	assert_ok(cof_tpm_quote_check_pcrs(&q, COF_SHA256, b, 1, &err));
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, b, 2, &err), "pcr-selection");
}

static void t060_empty_selection_and_sha1_bank(void **state)
{
	(void)state;
	cof_digest d;
	cof_tpm_bank b = {.bank = COF_TPM_ALG_SHA256, .mask = 0};
	assert_ok(cof_digest_of(COF_SHA256, cof_span_str(""), &d, &err));
	cof_tpm_quote q = quote_of(0, &d);
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "pcr-selection");
	q = quote_of(1, &d);
	q.select[0].bank = COF_TPM_ALG_SHA1;
	b.bank = COF_TPM_ALG_SHA1;
	b.mask = 1;
	assert_fails(cof_tpm_quote_check_pcrs(&q, COF_SHA256, &b, 1, &err), "tpm-hash");
}

/* ---- signatures ---- */

static void signature_shapes(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	const json_t *v = vector_by_id(index, "tpm/swtpm-rsa-quote");
	COF_AUTO(cof_buf) pub = {0};
	COF_AUTO(cof_buf) attest = {0};
	COF_AUTO(cof_buf) sig = {0};
	cof_tpm_public ak;
	cof_hash h;
	vector_file(v, "ak_public", &pub);
	vector_file(v, "quote", &attest);
	vector_file(v, "signature", &sig);
	assert_ok(cof_tpm_public_parse(cof_buf_span(&pub), &ak, &err));
	for (size_t n = 0; n < sig.len; n++)
		assert_fails(
			cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_span_of(sig.data, n), &ak, &h, &err),
			"signature-malformed");
	for (size_t bit = 0; bit < sig.len * 8; bit += bit < 64 ? 1 : 41) {
		sig.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_true(cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, NULL) <
			    0);
		sig.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (size_t bit = 0; bit < attest.len * 8; bit += 7) {
		attest.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_fails(cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, &err),
			     "quote-signature");
		attest.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_ok(cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, &err));
	assert_int_equal(h, COF_SHA256);
	ak.scheme = COF_TPM_ALG_RSAPSS; /* the key fixes another scheme than the signature's */
	assert_fails(cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, &err),
		     "quote-signature");
	ak.scheme = COF_TPM_ALG_RSASSA;
	ak.scheme_hash = COF_TPM_ALG_SHA384;
	assert_fails(cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, &err),
		     "quote-signature");
}

/* ---- all vectors ---- */

static int pem_of(const json_t *v, const char *role, cof_buf *ret)
{
	COF_AUTO(cof_buf) der = {0};
	if (!vector_has(v, role))
		return 0;
	vector_file(v, role, &der);
	COF_AUTO_FREE char *b64 = cof_b64_dup(cof_buf_span(&der));
	int r = cof_buf_add_str(ret, "-----BEGIN CERTIFICATE-----\n", NULL);
	for (size_t at = 0; r == 0 && at < strlen(b64); at += 64)
		r = cof_buf_printf(ret, NULL, "%.64s\n", b64 + at);
	return r < 0 ? r : cof_buf_add_str(ret, "-----END CERTIFICATE-----\n", NULL);
}

static int banks_of(const json_t *v, cof_tpm_bank *banks, size_t *ret_n, cof_err *err)
{
	static const struct {
		const char *name;
		uint16_t alg;
		size_t len;
	} algs[] = {
		{"sha1", COF_TPM_ALG_SHA1, 20}, {"sha256", COF_TPM_ALG_SHA256, 32}, {"sha384", COF_TPM_ALG_SHA384, 48}};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	vector_file(v, "pcrs", &text);
	if (cof_json_parse(cof_buf_span(&text), &doc, err) < 0)
		return -1;
	*ret_n = 0;
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		const char *key;
		json_t *value, *bank = json_object_get(doc, algs[i].name);
		if (bank == NULL)
			continue;
		cof_tpm_bank *b = &banks[(*ret_n)++];
		*b = (cof_tpm_bank){.bank = algs[i].alg};
		json_object_foreach (bank, key, value) {
			unsigned long pcr = strtoul(key, NULL, 10);
			assert_true(pcr < COF_TPM_BANK_PCRS);
			b->mask |= 1u << pcr;
			if (cof_unhex(json_string_value(value), b->pcrs[pcr], algs[i].len, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_required(const json_t *v, const cof_tpm_quote *q, cof_err *err)
{
	const char *bank;
	json_t *list, *value;
	size_t i;
	json_object_foreach (json_object_get(json_object_get(v, "policy"), "required_pcrs"), bank, list) {
		uint32_t want = 0, have = 0;
		uint16_t alg = strcmp(bank, "sha256") == 0 ? COF_TPM_ALG_SHA256 : COF_TPM_ALG_SHA384;
		json_array_foreach (list, i, value)
			want |= 1u << json_integer_value(value);
		for (size_t k = 0; k < q->n_select; k++)
			have |= q->select[k].bank == alg ? q->select[k].mask : 0;
		if ((want & ~have) != 0)
			return cof_err_set(err, COF_E_CRYPTO, "pcr-selection", "not quoted");
	}
	return 0;
}

/* As the verifier does it: the log against the SHA-256 values that were quoted. */
static int check_log(const json_t *v, const cof_tpm_bank *banks, size_t n, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	if (!vector_has(v, "event_log"))
		return 0;
	vector_file(v, "event_log", &bytes);
	if (cof_eventlog_parse(cof_buf_span(&bytes), COF_SHA256, &log, err) < 0 ||
	    cof_eventlog_replay(&log, pcrs, err) < 0)
		return -1;
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < 10 && banks[k].bank == COF_TPM_ALG_SHA256; i++) {
			if ((banks[k].mask & (1u << i)) != 0 && memcmp(pcrs[i].bytes, banks[k].pcrs[i], 32) != 0)
				return cof_err_set(err, COF_E_CRYPTO, "eventlog-replay", "PCR %zu", i);
		}
	}
	return 0;
}

static int check_ek(const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) roots = {0};
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) pub = {0};
	cof_tpm_public ek;
	if (!vector_has(v, "ek_cert"))
		return 0;
	assert_int_equal(pem_of(v, "ek_root", &roots), 0);
	/* The intermediate is an input here; were it enrolled, a root of somebody else's would not matter. */
	vector_file(v, "ek_cert", &cert);
	vector_file(v, "ek_public", &pub);
	int r = cof_tpm_public_parse(cof_buf_span(&pub), &ek, err);
	if (r == 0)
		r = cof_tpm_ek_check(&ek, err);
	if (r == 0)
		r = cof_ek_cert_is_of(cof_buf_span(&cert), &ek, err);
	if (r < 0 || strstr(jstr(v, "id"), "ek-root") == NULL)
		assert_int_equal(pem_of(v, "ek_intermediate", &roots), 0);
	return r < 0 ? r : cof_ek_cert_check(cof_buf_span(&cert), cof_buf_span(&roots), vector_time(v), err);
}

static int read_ak(const json_t *v, cof_tpm_public *ret, cof_buf *keep, cof_err *err)
{
	vector_file(v, "ak_public", keep);
	int r = cof_tpm_public_parse(cof_buf_span(keep), ret, err);
	if (r == 0)
		r = cof_tpm_ak_check(ret, err);
	return r;
}

static int judge(const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) pub = {0};
	COF_AUTO(cof_buf) attest = {0};
	COF_AUTO(cof_buf) sig = {0};
	cof_tpm_public ak;
	cof_tpm_quote q;
	cof_hash h;
	cof_tpm_bank banks[COF_TPM_BANKS_MAX];
	size_t n = 0;
	vector_file(v, "quote", &attest);
	vector_file(v, "signature", &sig);
	int r = read_ak(v, &ak, &pub, err);
	if (r == 0)
		r = cof_tpm_quote_check_signature(cof_buf_span(&attest), cof_buf_span(&sig), &ak, &h, err);
	if (r == 0)
		r = cof_tpm_quote_parse(cof_buf_span(&attest), &q, err);
	if (r < 0)
		return r;
	COF_AUTO_FREE char *nonce = cof_hex_dup(q.extra);
	if (strcmp(nonce, jstr(json_object_get(v, "policy"), "nonce")) != 0)
		return cof_err_set(err, COF_E_CRYPTO, "nonce-mismatch", "nonce");
	r = banks_of(v, banks, &n, err);
	if (r == 0)
		r = cof_tpm_quote_check_pcrs(&q, h, banks, n, err);
	if (r == 0)
		r = check_required(v, &q, err);
	if (r == 0)
		r = check_log(v, banks, n, err);
	return r < 0 ? r : check_ek(v, err);
}

static void all_quote_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, done = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		cof_err err = {0};
		if (strcmp(jstr(v, "kind"), "tpm-quote") != 0 || !vector_has(v, "ak_public"))
			continue;
		bool valid = strcmp(jstr(json_object_get(v, "expect"), "verdict"), "valid") == 0;
		int r = judge(v, &err);
		if ((r == 0) != valid)
			fail_msg("%s: %s: %s", jstr(v, "id"), r == 0 ? "accepted" : err.reason, err.text);
		done++;
	}
	assert_true(done >= 39);
}

static void vector_fields(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	static const char *const ids[] = {"tpm/swtpm-rsa-quote", "tpm/swtpm-ecc-quote"};
	for (size_t i = 0; i < COF_COUNT(ids); i++) {
		const json_t *v = vector_by_id(index, ids[i]);
		const json_t *f = json_object_get(v, "fields");
		const json_t *a = json_object_get(f, "attest");
		COF_AUTO(cof_buf) attest = {0};
		COF_AUTO(cof_buf) pub = {0};
		cof_tpm_quote q;
		cof_tpm_public ak;
		vector_file(v, "quote", &attest);
		vector_file(v, "ak_public", &pub);
		assert_ok(cof_tpm_quote_parse(cof_buf_span(&attest), &q, &err));
		assert_ok(cof_tpm_public_parse(cof_buf_span(&pub), &ak, &err));
		assert_hex(q.qualified_signer, jstr(a, "qualified_signer"));
		assert_hex(q.extra, jstr(a, "extra_data"));
		assert_hex(q.pcr_digest, jstr(a, "pcr_digest"));
		assert_int_equal(q.clock, json_integer_value(json_object_get(a, "clock")));
		assert_int_equal(q.reset_count, json_integer_value(json_object_get(a, "reset_count")));
		assert_hex(cof_tpm_public_name(&ak), jstr(json_object_get(f, "ak"), "name"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t025_signed_data_that_is_no_quote),
		cmocka_unit_test(t060_selection_is_read_one_way_only),
		cmocka_unit_test(t060_lengths_and_leftovers),
		cmocka_unit_test(t060_every_truncation),
		cmocka_unit_test(t060_values_outside_the_selection_are_no_facts),
		cmocka_unit_test(t060_a_bank_that_was_not_quoted),
		cmocka_unit_test(t060_empty_selection_and_sha1_bank),
		cmocka_unit_test(signature_shapes),
		cmocka_unit_test(all_quote_vectors),
		cmocka_unit_test(vector_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
