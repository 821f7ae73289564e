/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence that a guest sends: what is in it, what is never in it, and quotes that do not fit the registers. */
#include "tests/unit/evidence/odd_tpm.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/hex.h"

static const uint8_t nonce[COF_TPM_EXTRA_LEN] = {0x4e, 9, 8, 7};
static const uint8_t credential[32] = {0xc4, 5, 6};

static void load(odd_tpm *o, void **state)
{
	odd_open(o, *state);
	assert_ok(cof_tpm_load_keys(&o->t, &err));
}

static void in_box(const tpmbox *b, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", b->dir, name);
}

static void bytes_of(const json_t *o, const char *key, cof_buf *ret)
{
	assert_ok(cof_json_b64(o, key, ret, &err));
}

/* ---- registers and quote ---- */

static void change_values(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	resp[*len - 1] ^= 1;
}

static void t009_registers_that_are_not_the_quoted_ones(void **state)
{
	odd_tpm o;
	json_t *e = NULL;
	load(&o, state);
	o.target = TPM2_CC_PCR_Read;
	o.answer = change_values;
	assert_fails(cof_tpm_evidence(&o.t, nonce, NULL, &e, &err), "tpm-pcrs-moving");
	assert_null(e);
	assert_int_equal(o.commands, 15); /* five tries of three reads */
	odd_close(&o);
}

static void change_once(odd_tpm *o, uint8_t *resp, size_t *len)
{
	if (o->commands == 2)
		resp[*len - 1] ^= 1;
}

static void a_register_that_moved_between_quote_and_read(void **state)
{
	odd_tpm o;
	COF_AUTO_PTR(json_t) e = NULL;
	load(&o, state);
	o.target = TPM2_CC_PCR_Read;
	o.answer = change_once;
	assert_ok(cof_tpm_evidence(&o.t, nonce, NULL, &e, &err));
	assert_int_equal(o.commands, 6);
	odd_close(&o);
}

static void garble_quote(odd_tpm *o, uint8_t *resp, size_t *len)
{
	/* head, parameter size, TPM2B size, then the attestation: four bytes of magic, its type */
	(void)len;
	resp[20 + o->arg] ^= 0xff;
}

static void t061_quotes_that_are_none(void **state)
{
	for (size_t at = 0; at < 2; at++) {
		odd_tpm o;
		json_t *e = NULL;
		load(&o, state);
		o.target = TPM2_CC_Quote;
		o.answer = garble_quote;
		o.arg = at;
		assert_fails(cof_tpm_evidence(&o.t, nonce, NULL, &e, &err), "tpm-failed");
		assert_null(e);
		odd_close(&o);
	}
}

static void refuse(odd_tpm *o, uint8_t *resp, size_t *len)
{
	(void)o;
	odd_says(resp, len, TPM2_RC_FAILURE);
}

static void a_tpm_that_quotes_nothing(void **state)
{
	odd_tpm o;
	json_t *e = NULL;
	load(&o, state);
	o.target = TPM2_CC_Quote;
	o.answer = refuse;
	assert_fails(cof_tpm_evidence(&o.t, nonce, NULL, &e, &err), "tpm-failed");
	assert_int_equal(o.commands, 1);
	odd_close(&o);
}

/* ---- the event log ---- */

static void t062_an_event_log_without_end(void **state)
{
	odd_tpm o;
	json_t *e = NULL;
	char path[128];
	load(&o, state);
	in_box(*state, "log", path);
	uint8_t *big = calloc(1, COF_TPM_EVENTLOG_FILE_MAX + 1);
	assert_non_null(big);
	assert_ok(cof_file_write(path, cof_span_of(big, COF_TPM_EVENTLOG_FILE_MAX + 1), 0600, &err));
	cof_err why = {0};
	assert_true(cof_tpm_evidence(&o.t, nonce, path, &e, &why) < 0);
	assert_true(cof_tpm_evidence(&o.t, nonce, "/dev/zero", &e, &why) < 0);
	assert_true(cof_tpm_evidence(&o.t, nonce, "/nonexistent/log", &e, &why) < 0);
	assert_null(e);
	free(big);
	odd_close(&o);
}

/* ---- activation ---- */

static void t061_the_proof_is_over_this_quote_and_given_once(void **state)
{
	odd_tpm o;
	uint8_t want[32];
	COF_AUTO(cof_buf) attest = {0};
	COF_AUTO(cof_buf) mac = {0};
	COF_AUTO_PTR(json_t) first = NULL;
	COF_AUTO_PTR(json_t) second = NULL;
	load(&o, state);
	assert_ok(cof_secret_from(&o.t.credential, cof_span_of(credential, 32), &err));
	json_t *none = NULL;
	assert_true(cof_tpm_evidence(&o.t, nonce, "/nonexistent/log", &none, NULL) < 0);
	assert_ok(cof_tpm_evidence(&o.t, nonce, NULL, &first, &err)); /* a failure used nothing up */
	bytes_of(first, "activation", &mac);
	bytes_of(json_object_get(first, "tpm_quote"), "message", &attest);
	assert_ok(cof_hmac_sha256(cof_span_of(credential, 32), cof_buf_span(&attest), want, &err));
	assert_span_equal(cof_buf_span(&mac), want, 32);
	assert_int_equal(o.t.credential.len, 0);
	assert_ok(cof_tpm_evidence(&o.t, nonce, NULL, &second, &err));
	assert_null(json_object_get(second, "activation"));
	odd_close(&o);
}

/* ---- all of it ---- */

static void is_signed(const json_t *e)
{
	COF_AUTO(cof_buf) spki = {0};
	COF_AUTO(cof_buf) attest = {0};
	COF_AUTO(cof_buf) sig = {0};
	const json_t *q = json_object_get(e, "tpm_quote");
	bytes_of(e, "ak_public", &spki);
	bytes_of(q, "message", &attest);
	bytes_of(q, "signature", &sig);
	const uint8_t *der = spki.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)spki.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_non_null(key);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	/* spec: TPM 2.0 part 2, TPMT_SIGNATURE: algorithm, hash, size, bytes */
	assert_int_equal(EVP_DigestVerify(ctx, sig.data + 6, sig.len - 6, attest.data, attest.len), 1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	assert_non_null(memmem(attest.data, attest.len, nonce, sizeof nonce));
}

static void what_is_in_it(void **state)
{
	odd_tpm o;
	char path[128], hex[65];
	uint8_t pcrs[COF_TPM_PCRS][32];
	COF_AUTO(cof_buf) log = {0};
	COF_AUTO_PTR(json_t) e = NULL;
	load(&o, state);
	in_box(*state, "log", path);
	assert_ok(cof_file_write(path, cof_span_str("any bytes"), 0600, &err));
	assert_ok(cof_tpm_evidence(&o.t, nonce, path, &e, &err));
	assert_ok(cof_tpm_pcrs(&o.t, pcrs, &err));
	is_signed(e);
	const json_t *list = json_object_get(json_object_get(e, "tpm_quote"), "pcrs");
	assert_int_equal(json_array_size(list), COF_TPM_PCRS);
	for (size_t i = 0; i < COF_TPM_PCRS; i++) {
		cof_hex(cof_span_of(pcrs[i], 32), hex);
		assert_string_equal(json_string_value(json_array_get(list, i)), hex);
	}
	bytes_of(e, "eventlog", &log);
	assert_span_equal(cof_buf_span(&log), "any bytes", 9);
	static const char *const keys[] = {"tpm_quote", "ak_public", "ak_tpm_public", "ek_cert", "eventlog"};
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		assert_non_null(json_object_get(e, keys[i]));
	assert_int_equal(json_object_size(e), COF_COUNT(keys)); /* and nothing else leaves the guest */
	odd_close(&o);
}

static void without_log_and_certificate(void **state)
{
	odd_tpm o;
	COF_AUTO_PTR(json_t) e = NULL;
	load(&o, state);
	o.t.ek_cert.len = 0;
	assert_ok(cof_tpm_evidence(&o.t, nonce, NULL, &e, &err));
	assert_null(json_object_get(e, "eventlog"));
	assert_null(json_object_get(e, "ek_cert"));
	odd_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t009_registers_that_are_not_the_quoted_ones),
		cmocka_unit_test(t061_quotes_that_are_none),
		cmocka_unit_test(t061_the_proof_is_over_this_quote_and_given_once),
		cmocka_unit_test(t062_an_event_log_without_end),
		cmocka_unit_test(a_tpm_that_quotes_nothing),
		cmocka_unit_test(a_register_that_moved_between_quote_and_read),
		cmocka_unit_test(what_is_in_it),
		cmocka_unit_test(without_log_and_certificate),
	};
	return cmocka_run_group_tests(tests, odd_make_box, odd_drop_box);
}
