/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_tpm.h"

#include "attestation/verify/public.h"

static EVP_PKEY *key;

typedef struct shape {
	uint16_t type, name_alg;
	uint32_t attributes;
	uint16_t sym, scheme, hash, bits;
	uint32_t exponent;
	size_t modulus;
	uint8_t first;
	uint16_t curve, kdf;
	size_t x;
} shape;

static const shape rsa = {.type = 1,
			  .name_alg = 0xb,
			  .attributes = AK_BITS,
			  .sym = 0x10,
			  .scheme = 0x14,
			  .hash = 0xb,
			  .bits = 2048,
			  .modulus = 256,
			  .first = 0x80};

static void make(const shape *s, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	ret->len = 0;
	size_t mark = cof_wr_begin_u16be(&w);
	cof_wr_u16be(&w, s->type);
	cof_wr_u16be(&w, s->name_alg);
	cof_wr_u32be(&w, s->attributes);
	cof_wr_u16be(&w, 0);
	cof_wr_u16be(&w, s->sym);
	cof_wr_u16be(&w, s->scheme);
	if (s->scheme != 0x10)
		cof_wr_u16be(&w, s->hash);
	if (s->type == 1) {
		cof_wr_u16be(&w, s->bits);
		cof_wr_u32be(&w, s->exponent);
		size_t n = cof_wr_begin_u16be(&w);
		if (s->modulus > 0)
			cof_wr_u8(&w, s->first);
		cof_wr_zeros(&w, s->modulus > 0 ? s->modulus - 1 : 0);
		cof_wr_end_u16be(&w, n);
	} else {
		cof_wr_u16be(&w, s->curve);
		cof_wr_u16be(&w, s->kdf);
		for (int i = 0; i < 2; i++) {
			size_t n = cof_wr_begin_u16be(&w);
			cof_wr_zeros(&w, s->x);
			cof_wr_end_u16be(&w, n);
		}
	}
	cof_wr_end_u16be(&w, mark);
	assert_ok(cof_wr_done(&w, &err));
}

static int parse(const shape *s, cof_tpm_public *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	make(s, &b);
	return cof_tpm_public_parse(cof_buf_span(&b), ret, err);
}

static void t079_every_truncation_and_a_tail(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tpm_public p;
	soft_public(key, AK_BITS, 0x14, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_fails(cof_tpm_public_parse(cof_span_of(b.data, n), &p, &err), "tpm-malformed");
	/* cut inside, with the outer length made to fit */
	for (size_t n = 2; n < b.len; n++) {
		uint8_t copy[512];
		memcpy(copy, b.data, n);
		copy[0] = (uint8_t)((n - 2) >> 8);
		copy[1] = (uint8_t)(n - 2);
		assert_fails(cof_tpm_public_parse(cof_span_of(copy, n), &p, &err), "tpm-malformed");
	}
	assert_ok(cof_buf_add(&b, "", 1, &err));
	assert_fails(cof_tpm_public_parse(cof_buf_span(&b), &p, &err), "tpm-malformed");
	b.data[1]++; /* now the tail is inside */
	assert_fails(cof_tpm_public_parse(cof_buf_span(&b), &p, &err), "tpm-malformed");
}

static void t079_numbers_that_are_no_key(void **state)
{
	(void)state;
	cof_tpm_public p;
	shape s = rsa;
	s.type = 8;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s = rsa;
	s.bits = 1024;
	s.modulus = 128;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s = rsa;
	s.modulus = 255;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s = rsa;
	s.first = 0x7f; /* a shorter number than it claims */
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s = rsa;
	s.exponent = 3;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s = rsa;
	s.name_alg = 4;
	assert_fails(parse(&s, &p, &err), "tpm-hash");
	s.name_alg = 0x10;
	assert_fails(parse(&s, &p, &err), "tpm-hash");
}

static void t079_points(void **state)
{
	(void)state;
	cof_tpm_public p;
	EVP_PKEY *out = NULL;
	shape s = {.type = 0x23,
		   .name_alg = 0xb,
		   .sym = 0x10,
		   .scheme = 0x18,
		   .hash = 0xb,
		   .curve = 3,
		   .kdf = 0x10,
		   .x = 32};
	COF_AUTO(cof_buf) b = {0};
	make(&s, &b);
	assert_ok(cof_tpm_public_parse(cof_buf_span(&b), &p, &err));
	assert_fails(cof_tpm_public_key(&p, &out, &err), "tpm-malformed"); /* (0, 0) is not on the curve */
	s.x = 33;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s.x = 0;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s.x = 32;
	s.curve = 0x10;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
	s.curve = 3;
	s.kdf = 0x20;
	assert_fails(parse(&s, &p, &err), "tpm-malformed");
}

static void t025_every_attribute_of_an_ak(void **state)
{
	(void)state;
	static const uint32_t needed[] = {COF_TPM_FIXED_TPM, COF_TPM_FIXED_PARENT, COF_TPM_SENSITIVE_DATA_ORIGIN,
					  COF_TPM_RESTRICTED, COF_TPM_SIGN};
	cof_tpm_public p;
	shape s = rsa;
	assert_ok(parse(&s, &p, &err));
	assert_ok(cof_tpm_ak_check(&p, &err));
	for (size_t i = 0; i < COF_COUNT(needed); i++) {
		s.attributes = AK_BITS & ~needed[i];
		assert_ok(parse(&s, &p, &err));
		assert_fails(cof_tpm_ak_check(&p, &err), "ak-attributes");
	}
	s.attributes = AK_BITS | COF_TPM_DECRYPT;
	assert_ok(parse(&s, &p, &err));
	assert_fails(cof_tpm_ak_check(&p, &err), "ak-attributes");
	s.attributes = AK_BITS;
	static const uint16_t schemes[] = {0x10, 0x15, 0x18, 0x5};
	for (size_t i = 0; i < COF_COUNT(schemes); i++) {
		s.scheme = schemes[i];
		assert_ok(parse(&s, &p, &err));
		assert_fails(cof_tpm_ak_check(&p, &err), "ak-attributes");
	}
	s.scheme = 0x14;
	s.hash = 4;
	assert_ok(parse(&s, &p, &err));
	assert_fails(cof_tpm_ak_check(&p, &err), "ak-attributes");
}

static void name_and_key(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_tpm_public p;
	EVP_PKEY *out = NULL;
	uint8_t digest[32];
	soft_public(key, EK_BITS, 0, &b);
	assert_ok(cof_tpm_public_parse(cof_buf_span(&b), &p, &err));
	assert_ok(cof_sha256(cof_span_of(b.data + 2, b.len - 2), digest, &err));
	assert_int_equal(p.name_len, 34);
	assert_int_equal(p.name[0], 0);
	assert_int_equal(p.name[1], 0xb);
	assert_memory_equal(p.name + 2, digest, 32);
	assert_ok(cof_tpm_ek_check(&p, &err));
	assert_ok(cof_tpm_public_key(&p, &out, &err));
	assert_int_equal(EVP_PKEY_eq(out, key), 1);
	EVP_PKEY_free(out);
}

static int setup(void **state)
{
	(void)state;
	key = EVP_RSA_gen(2048);
	return key == NULL;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_every_truncation_and_a_tail),
		cmocka_unit_test(t079_numbers_that_are_no_key),
		cmocka_unit_test(t079_points),
		cmocka_unit_test(t025_every_attribute_of_an_ak),
		cmocka_unit_test(name_and_key),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
