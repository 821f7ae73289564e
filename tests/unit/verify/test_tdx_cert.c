/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as text, and the SGX extension as it is shown. */
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/verify/tdx_pck.h"

static soft_tdx t;

static void assert_malformed(cof_span pem, size_t n)
{
	cof_tdx_chain c = {.n = 77};
	assert_fails(cof_tdx_chain_read(pem, n, &c, &err), "certificate-malformed");
	assert_int_equal(c.n, 77);
}

static void assert_same(const cof_x509 *is, X509 *want)
{
	uint8_t *der = NULL;
	int n = i2d_X509(want, &der);
	assert_span_equal(cof_buf_span(&is->der), der, (size_t)n);
	OPENSSL_free(der);
}

static void chains(void **state)
{
	(void)state;
	COF_AUTO(cof_tdx_chain) c = {0};
	COF_AUTO(cof_tdx_chain) with_nul = {0};
	assert_ok(cof_tdx_chain_read(cof_buf_span(&t.chain), 3, &c, &err));
	assert_int_equal(c.n, 3);
	assert_same(c.cert[0], t.x509[SOFT_PCK]);
	assert_same(c.cert[2], t.x509[SOFT_ROOT]);
	/* cof_buf keeps a NUL behind its bytes */
	assert_ok(cof_tdx_chain_read((cof_span){t.chain.data, t.chain.len + 1}, 3, &with_nul, &err));
}

static void chains_of_another_shape(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_malformed(cof_buf_span(&t.chain), 2);
	assert_malformed(cof_buf_span(&t.signing), 3);
	assert_malformed(cof_buf_span(&t.chain), 0);
	assert_malformed(cof_buf_span(&t.chain), COF_TDX_CHAIN_MAX + 1);
	assert_malformed((cof_span){0}, 3);
	assert_malformed((cof_span){t.chain.data, (64 << 10) + 1}, 3);
	soft_add(&b, "\n");
	assert_ok(cof_buf_add(&b, t.chain.data, t.chain.len, &err));
	assert_malformed(cof_buf_span(&b), 3);
	b.len = 0;
	assert_ok(cof_buf_add(&b, t.chain.data, t.chain.len, &err));
	soft_add(&b, "text behind");
	assert_malformed(cof_buf_span(&b), 3);
	b.len = t.chain.len;
	assert_ok(cof_buf_add(&b, "\0\0", 2, &err));
	assert_malformed(cof_buf_span(&b), 3);
}

static void every_truncation(void **state)
{
	(void)state;
	/* without the last newline it is still whole */
	for (size_t len = 0; len + 1 < t.chain.len; len++)
		assert_malformed(cof_span_of(t.chain.data, len), 3);
}

static void der_is_strict(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) longer = {0};
	cof_x509 *c = NULL;
	assert_ok(cof_tdx_cert_read(cof_buf_span(&t.root_der), &c, &err));
	cof_x509_free(c);
	c = NULL;
	for (size_t len = 0; len < t.root_der.len; len++)
		assert_fails(cof_tdx_cert_read(cof_span_of(t.root_der.data, len), &c, &err), "certificate-malformed");
	assert_ok(cof_buf_add(&longer, t.root_der.data, t.root_der.len, &err));
	soft_add(&longer, "x");
	assert_fails(cof_tdx_cert_read(cof_buf_span(&longer), &c, &err), "certificate-malformed");
	/* 30 82 nn nn written with a length of three bytes: BER, not DER */
	longer.len = 0;
	assert_ok(cof_buf_add(&longer, "\x30\x83\x00", 3, &err));
	assert_ok(cof_buf_add(&longer, t.root_der.data + 2, t.root_der.len - 2, &err));
	assert_fails(cof_tdx_cert_read(cof_buf_span(&longer), &c, &err), "certificate-malformed");
	assert_null(c);
}

static void the_sgx_extension(void **state)
{
	(void)state;
	COF_AUTO(cof_tdx_chain) c = {0};
	cof_tdx_pck p;
	json_t *o = NULL;
	assert_ok(cof_tdx_chain_read(cof_buf_span(&t.chain), 3, &c, &err));
	assert_ok(cof_tdx_pck_read(c.cert[0], &p, &err));
	assert_int_equal(p.components[0], 7);
	assert_int_equal(p.components[3], 2);
	assert_int_equal(p.pcesvn, 11);
	assert_int_equal(p.fmspc[1], 0x80);
	assert_true(p.has_instance && p.configuration[2] && !p.configuration[0]);
	assert_ok(cof_tdx_pck_json(&p, &c, &o, &err));
	assert_string_equal(json_string_value(json_object_get(o, "ppid")), "000102030405060708090a0b0c0d0e0f");
	assert_string_equal(json_string_value(json_object_get(o, "ca")), "platform");
	assert_string_equal(json_string_value(json_object_get(o, "serial")), "03");
	json_decref(o);
	assert_fails(cof_tdx_pck_read(c.cert[1], &p, &err), "pck-extension-missing");
}

static int setup(void **state)
{
	(void)state;
	soft_tdx keys = {0};
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(chains), cmocka_unit_test(chains_of_another_shape),
					   cmocka_unit_test(every_truncation), cmocka_unit_test(der_is_strict),
					   cmocka_unit_test(the_sgx_extension)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
