/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/tpm_keys.h"

static soft_keys keys;

/* R and S as a TPM may write them, and as it may not. */
static void t022_numbers_of_a_curve(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		EVP_PKEY *key = EVP_EC_gen(curves[i]);
		size_t full = (size_t)(EVP_PKEY_get_bits(key) + 7) / 8;
		s->ak = s->signer = key;
		s->ak_area.scheme = s->sig_scheme = 0x18;
		/* each signature is a new one: some have zeros in front, which may be left out or not */
		for (int n = 0; n < 40; n++)
			assert_quote(s, curves[i], NULL);
		s->sig_pad_r = (uint8_t)full;
		assert_quote(s, "R longer than the order", "signature-range");
		s->sig_pad_r = 0;
		s->sig_zero_r = 1;
		assert_quote(s, "R of zero", "signature-range");
		s->sig_zero_r = 0;
		s->sig_zero_s = 1;
		assert_quote(s, "S of zero", "signature-range");
		s->sig_zero_s = 0;
		s->sig_big_s = 1;
		assert_quote(s, "S of the order", "signature-range");
		s->sig_big_s = 0;
		s->sig_tail = 1;
		assert_quote(s, "a byte behind S", "signature-malformed");
		s->sig_tail = 0;
		s->sig_scheme = 0x14;
		assert_quote(s, "RSA's scheme", "signature-malformed");
		EVP_PKEY_free(key);
	}
}

static void t022_weak_hashes(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->send_ak_public = false;
	s->send_ak_pem = true;
	s->policy = "{\"trust_ak\":true}";
	assert_quote(s, "SHA-256", NULL);
	s->sig_hash = 0xc;
	assert_quote(s, "SHA-384", NULL);
	s->sig_hash = 0xd;
	assert_quote(s, "SHA-512", NULL);
	s->sig_hash = 0x4;
	assert_quote(s, "SHA-1", "signature-hash");
	s->sig_hash = 0x12;
	assert_quote(s, "SM3", "signature-hash");
	s->sig_hash = 0x10;
	assert_quote(s, "none", "signature-hash");
	s->sig_hash = 0xb;
	s->sig_scheme = 0x18;
	assert_quote(s, "a scheme of EC under RSA", "signature-malformed");
}

static void t060_every_truncation(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	static cof_verdict v;
	soft_quote_make(s);
	for (size_t f = 0; f < s->n_files; f++) {
		bool is_log = strcmp(s->files[f].role, "event_log") == 0;
		for (size_t n = 0; n < s->made[f].len; n += is_log || n > 40 ? 17 : 1) {
			s->files[f].bytes = cof_span_of(s->made[f].data, n);
			soft_judge(s, &v);
			if (v.accepted)
				fail_msg("%s of %zu bytes", s->files[f].role, n);
			cof_verdict_release(&v);
		}
		s->files[f].bytes = cof_buf_span(&s->made[f]);
	}
}

/* Nothing in quote, signature and public area may change unseen. */
static void t022_every_bit(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	static cof_verdict v;
	soft_quote_make(s);
	for (size_t f = 0; f < s->n_files; f++) {
		const char *role = s->files[f].role;
		if (strcmp(role, "quote") != 0 && strcmp(role, "signature") != 0 && strcmp(role, "ak_public") != 0)
			continue;
		/* of an area, what no check asks for is part of the name, which an owner enrols */
		size_t to = strcmp(role, "ak_public") == 0 ? 2 : 0;
		for (size_t bit = 0; bit < 8 * s->made[f].len; bit += 5) {
			if (to > 0 && bit >= 32 && bit < 80)
				continue;
			s->made[f].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			soft_judge(s, &v);
			s->made[f].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (v.accepted)
				fail_msg("%s with bit %zu flipped", role, bit);
			cof_verdict_release(&v);
		}
	}
}

/* ---- a key in PEM ---- */

static EVP_PKEY *with_exponent(unsigned long e)
{
	EVP_PKEY *key = NULL;
	BIGNUM *n = BN_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_int_equal(BN_set_word(n, e), 1);
	assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) > 0);
	assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, n) > 0 && EVP_PKEY_keygen(ctx, &key) > 0);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	return key;
}

static void t079_keys_in_pem(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) pem = {0};
	EVP_PKEY *key = NULL;
	EVP_PKEY *const bad[] = {EVP_EC_gen("secp256k1"), EVP_RSA_gen(1024), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
				 with_exponent(3)};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		pem.len = 0;
		soft_put_pem(bad[i], &pem);
		assert_fails(cof_tpm_pem_parse(cof_buf_span(&pem), &key, &err), "ak-malformed");
		EVP_PKEY_free(bad[i]);
	}
	pem.len = 0;
	soft_put_pem(keys.ak, &pem);
	for (size_t n = 0; n + 2 < pem.len; n++)
		assert_fails(cof_tpm_pem_parse(cof_span_of(pem.data, n), &key, &err), "ak-malformed");
	size_t len = pem.len;
	assert_ok(cof_buf_add_str(&pem, "\r\n\n", &err));
	assert_ok(cof_tpm_pem_parse(cof_buf_span(&pem), &key, &err));
	EVP_PKEY_free(key);
	key = NULL;
	assert_ok(cof_buf_add_str(&pem, "more", &err));
	assert_fails(cof_tpm_pem_parse(cof_buf_span(&pem), &key, &err), "ak-malformed");
	pem.len = len;
	soft_put_pem(keys.other, &pem);
	assert_fails(cof_tpm_pem_parse(cof_buf_span(&pem), &key, &err), "ak-malformed");
	assert_fails(cof_tpm_pem_parse(cof_span_str(" -----BEGIN PUBLIC KEY-----\n"), &key, &err), "ak-malformed");
	assert_fails(cof_tpm_pem_parse((cof_span){0}, &key, &err), "ak-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t022_numbers_of_a_curve), cmocka_unit_test(t022_weak_hashes),
		cmocka_unit_test(t060_every_truncation),   cmocka_unit_test(t022_every_bit),
		cmocka_unit_test(t079_keys_in_pem),
	};
	soft_keys_make(&keys);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	soft_keys_drop(&keys);
	return failed;
}
