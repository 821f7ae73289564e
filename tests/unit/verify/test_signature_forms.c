/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other forms of a good ECDSA signature, wherever one is read: numbers out of range, numbers that are the same below
 * the order, DER that is BER, DER where raw numbers are asked for. The other half of a signature (the order less S) is
 * one that the key's holder could have made, and holds: nothing here is known by its signature.
 */
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/refvalue/cosekey.h"
#include "attestation/token/jws.h"
#include "attestation/verify/tdx_cert.h"
#include "common/hex.h"
#include "common/ossl.h"

typedef struct numbers {
	BIGNUM *r, *s, *order;
} numbers;

static numbers numbers_of(EVP_PKEY *key, const BIGNUM *r, const BIGNUM *s)
{
	numbers n = {.r = BN_dup(r), .s = BN_dup(s)};
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &n.order), 1);
	return n;
}

static void numbers_drop(numbers *n)
{
	BN_free(n->r);
	BN_free(n->s);
	BN_free(n->order);
}

/* ---- raw numbers: JWS and COSE ---- */

static EVP_PKEY *key;
static const char payload[] = "{\"a\":1}";
static cof_buf token;
static size_t head; /* what comes before the token's signature */

static bool token_holds(cof_span raw)
{
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO_PTR(json_t) p = NULL;
	COF_AUTO_FREE char *third = cof_b64url_dup(raw);
	assert_ok(cof_buf_add(&t, token.data, head, &err));
	assert_ok(cof_buf_add_str(&t, third, &err));
	return cof_jws_verify(cof_buf_span(&t), key, NULL, &p, NULL) == 0;
}

static bool cose_holds(cof_span raw)
{
	int64_t alg = 0;
	assert_ok(cof_cose_key_alg(key, &alg, &err));
	return cof_cose_key_verify(key, alg, cof_span_str(payload), raw, NULL) == 0;
}

typedef bool holds_fn(cof_span raw);

static bool with(holds_fn *holds, const BIGNUM *r, const BIGNUM *s, size_t len)
{
	uint8_t raw[96];
	assert_int_equal(BN_bn2binpad(r, raw, (int)len), (int)len);
	assert_int_equal(BN_bn2binpad(s, raw + len, (int)len), (int)len);
	return holds(cof_span_of(raw, 2 * len));
}

static void raw_forms(holds_fn *holds, cof_span good)
{
	size_t len = good.len / 2;
	uint8_t der[120], *at = der;
	BIGNUM *r = BN_bin2bn(good.data, (int)len, NULL), *s = BN_bin2bn(good.data + len, (int)len, NULL);
	BIGNUM *zero = BN_new(), *other = BN_new(), *ones = BN_new();
	numbers n = numbers_of(key, r, s);
	assert_true(holds(good));
	BN_zero(zero);
	assert_false(with(holds, zero, s, len));
	assert_false(with(holds, r, zero, len));
	assert_false(with(holds, zero, zero, len));
	assert_false(with(holds, n.order, s, len));
	assert_false(with(holds, r, n.order, len));
	assert_int_equal(BN_set_bit(ones, (int)len * 8), 1);
	assert_int_equal(BN_sub_word(ones, 1), 1);
	assert_false(with(holds, ones, s, len));
	assert_false(with(holds, r, ones, len));
	assert_int_equal(BN_sub(other, n.order, s), 1);
	assert_true(with(holds, r, other, len));
	assert_false(with(holds, s, r, len));
	ECDSA_SIG *sig = ECDSA_SIG_new();
	assert_int_equal(ECDSA_SIG_set0(sig, r, s), 1);
	int der_len = i2d_ECDSA_SIG(sig, &at);
	assert_true(der_len > 0 && der_len <= (int)sizeof der);
	assert_false(holds(cof_span_of(der, (size_t)der_len)));
	ECDSA_SIG_free(sig);
	BN_free(zero);
	BN_free(other);
	BN_free(ones);
	numbers_drop(&n);
}

static void raw_on(const char *curve)
{
	COF_AUTO_PTR(json_t) p = json_pack("{s:i}", "a", 1);
	COF_AUTO_PTR(json_t) h = json_object();
	COF_AUTO(cof_buf) raw = {0};
	key = EVP_EC_gen(curve);
	token.len = 0;
	assert_ok(cof_jws_sign(key, h, p, &token, &err));
	for (head = token.len; token.data[head - 1] != '.';)
		head--;
	assert_ok(cof_unb64url(cof_span_of(token.data + head, token.len - head), &raw, &err));
	raw_forms(token_holds, cof_buf_span(&raw));
	raw.len = 0;
	assert_ok(cof_cose_key_sign(key, cof_span_str(payload), &raw, &err));
	raw_forms(cose_holds, cof_buf_span(&raw));
	EVP_PKEY_free(key);
	cof_buf_release(&token);
}

static void t064_tokens_and_manifests(void **state)
{
	(void)state;
	raw_on("P-256");
	raw_on("P-384");
}

/* ---- DER: certificates ---- */

static soft_tdx t;

/* Whether the root still counts as signed by itself, with this in place of its signature. */
static bool root_holds(cof_span signature)
{
	static cof_checks checks;
	const ASN1_BIT_STRING *in = NULL;
	X509 *c = X509_dup(t.x509[SOFT_ROOT]);
	COF_AUTO_PTR(cof_x509) read = NULL;
	COF_AUTO_PTR(cof_x509) root = NULL;
	uint8_t *der = NULL;
	bool holds = true;
	X509_get0_signature(&in, NULL, c);
	assert_int_equal(ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)in, signature.data, (int)signature.len), 1);
	int n = i2d_X509(c, &der);
	assert_true(n > 0);
	assert_ok(cof_tdx_cert_read(cof_span_of(der, (size_t)n), &read, &err));
	OPENSSL_free(der);
	der = NULL;
	n = i2d_X509(t.x509[SOFT_ROOT], &der);
	assert_ok(cof_tdx_cert_read(cof_span_of(der, (size_t)n), &root, &err));
	checks = (cof_checks){0};
	(void)cof_tdx_cert_check(&checks, COF_STAGE_CHAIN, &cof_tdx_rule_root, read, root, SOFT_NOW);
	for (size_t i = 0; i < checks.n; i++)
		holds = holds && (checks.list[i].passed || strcmp(checks.list[i].name, "certificate-signature") != 0);
	OPENSSL_free(der);
	X509_free(c);
	return holds;
}

/* INTEGER of exactly these bytes, whatever they mean. */
static void put_integer(cof_wr *w, const uint8_t *bytes, size_t n)
{
	cof_wr_u8(w, 2);
	cof_wr_u8(w, (uint8_t)n);
	cof_wr_bytes(w, cof_span_of(bytes, n));
}

/* A number with so many zeros in front (0: as DER has it, -1: without the one that its first bit asks for). */
static size_t integer_bytes(const BIGNUM *v, int zeros, uint8_t out[64])
{
	int len = BN_num_bytes(v);
	uint8_t be[48];
	assert_int_equal(BN_bn2binpad(v, be, len), len);
	int pad = (be[0] >> 7) + zeros;
	assert_true(pad >= 0 && len + pad <= 64);
	memset(out, 0, (size_t)pad);
	memcpy(out + pad, be, (size_t)len);
	return (size_t)(len + pad);
}

typedef struct form {
	int r_zeros, s_zeros;
	bool long_length, trailing_inside, trailing_outside;
} form;

static bool in_form(const BIGNUM *r, const BIGNUM *s, const form *f)
{
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) der = {0};
	cof_wr w = cof_wr_to(&body), out = cof_wr_to(&der);
	uint8_t bytes[64];
	size_t n = integer_bytes(r, f->r_zeros, bytes);
	put_integer(&w, bytes, n);
	n = integer_bytes(s, f->s_zeros, bytes);
	put_integer(&w, bytes, n);
	if (f->trailing_inside)
		cof_wr_bytes(&w, cof_span_of("\5\0", 2));
	cof_wr_u8(&out, 0x30);
	if (f->long_length)
		cof_wr_u8(&out, 0x81);
	cof_wr_u8(&out, (uint8_t)body.len);
	cof_wr_bytes(&out, cof_buf_span(&body));
	if (f->trailing_outside)
		cof_wr_u8(&out, 0);
	return root_holds(cof_buf_span(&der));
}

static numbers root_numbers(void)
{
	const ASN1_BIT_STRING *in = NULL;
	X509_get0_signature(&in, NULL, t.x509[SOFT_ROOT]);
	const uint8_t *at = ASN1_STRING_get0_data(in);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(in));
	numbers n = numbers_of(t.keys[SOFT_ROOT], ECDSA_SIG_get0_r(sig), ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	return n;
}

/* spec: X.690, 10.1 and 8.3.2 */
static void t064_der_that_is_not(void **state)
{
	(void)state;
	static const form good = {0};
	static const form bad[] = {{.r_zeros = 1},
				   {.s_zeros = 1},
				   {.long_length = true},
				   {.trailing_inside = true},
				   {.trailing_outside = true}};
	numbers n = root_numbers();
	assert_true(in_form(n.r, n.s, &good));
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_false(in_form(n.r, n.s, &bad[i]));
	numbers_drop(&n);
}

/* A first bit without its zero makes a number negative; S is the other half where this one's bit is clear. */
static void t064_negative_numbers(void **state)
{
	(void)state;
	static const form good = {0};
	numbers n = root_numbers();
	BIGNUM *other = BN_new();
	assert_int_equal(BN_sub(other, n.order, n.s), 1);
	const BIGNUM *high = BN_cmp(other, n.s) > 0 ? other : n.s;
	assert_true(in_form(n.r, high, &good));
	if (BN_num_bits(high) % 8 == 0)
		assert_false(in_form(n.r, high, &(form){.s_zeros = -1}));
	if (BN_num_bits(n.r) % 8 == 0)
		assert_false(in_form(n.r, high, &(form){.r_zeros = -1}));
	BN_free(other);
	numbers_drop(&n);
}

static void t064_numbers_out_of_range(void **state)
{
	(void)state;
	static const form good = {0};
	numbers n = root_numbers();
	BIGNUM *zero = BN_new(), *more = BN_new();
	uint8_t none[1] = {0};
	BN_zero(zero);
	/* zero is one byte in DER */
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_u8(&w, 0x30);
	cof_wr_u8(&w, 6);
	put_integer(&w, none, 1);
	put_integer(&w, none, 1);
	assert_false(root_holds(cof_buf_span(&b)));
	assert_false(in_form(n.order, n.s, &good));
	assert_false(in_form(n.r, n.order, &good));
	assert_int_equal(BN_add(more, n.r, n.order), 1);
	assert_false(in_form(more, n.s, &good));
	assert_int_equal(BN_add(more, n.s, n.order), 1);
	assert_false(in_form(n.r, more, &good));
	assert_false(root_holds((cof_span){0}));
	BN_free(zero);
	BN_free(more);
	numbers_drop(&n);
}

static int setup(void **state)
{
	(void)state;
	static soft_tdx keys;
	soft_keys(&keys);
	soft_start(&t, &keys);
	soft_finish(&t);
	soft_drop(&keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_drop(&t);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t064_tokens_and_manifests),
		cmocka_unit_test(t064_der_that_is_not),
		cmocka_unit_test(t064_negative_numbers),
		cmocka_unit_test(t064_numbers_out_of_range),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
